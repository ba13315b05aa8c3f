/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's way to an owned core and back, on AMD; struct hv_ops has the rules. */
#ifndef TAXCUT_SVM_OWNED_H
#define TAXCUT_SVM_OWNED_H

#include "core/core.h"
#include "svm.h"

void svm_core_setup(struct vcpu *v, struct core_setup *setup);
void svm_core_put(struct vcpu *v, struct core_mailbox *m);
void svm_core_get(struct vcpu *v, const struct core_mailbox *m);
void svm_core_exited(struct vcpu *v);

#endif /* TAXCUT_SVM_OWNED_H */
