/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, entry, exit and event injection on AMD. */
#ifndef TAXCUT_SVM_RUN_H
#define TAXCUT_SVM_RUN_H

#include "svm.h"

void svm_cancel_injection(struct vcpu *v);
void svm_load(struct vcpu *v);
bool svm_end_own_step(struct vcpu *v);
void svm_unload(struct vcpu *v);
/* What every entry writes to the VMCB, and takes out of it afterwards: fills v->exit. Loaded. */
void svm_before_entry(struct vcpu *v);
void svm_after_exit(struct vcpu *v);
void svm_run(struct vcpu *v);
void svm_inject_exception(struct vcpu *v);
void svm_inject_irq(struct vcpu *v);
void svm_inject_nmi(struct vcpu *v);
bool svm_irq_allowed(struct vcpu *v);
bool svm_nmi_allowed(struct vcpu *v);
void svm_set_irq_window(struct vcpu *v, bool on);
void svm_set_nmi_window(struct vcpu *v);

#endif /* TAXCUT_SVM_RUN_H */
