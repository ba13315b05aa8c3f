/* SPDX-License-Identifier: GPL-2.0-only */
/* The outer loop of KVM_RUN. */
#ifndef TAXCUT_RUN_RUN_H
#define TAXCUT_RUN_RUN_H

struct vcpu;

/* 0 with vcpu->run filled, or -errno. The vCPU's own thread, not loaded; may sleep. */
int vcpu_outer_loop(struct vcpu *v);

#endif /* TAXCUT_RUN_RUN_H */
