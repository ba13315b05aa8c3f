/* SPDX-License-Identifier: GPL-2.0-only */
/* One handler per exit reason; see exit.c. */
#ifndef TAXCUT_RUN_EXIT_H
#define TAXCUT_RUN_EXIT_H

#include "base/vcpu.h"

/* Loaded. An enum run_next, or -errno. */
int exit_dispatch(struct vcpu *v);
/* For backends, in run(): #MC ended the stay, or kept it from beginning. Interrupts off. */
void exit_machine_check(void);
/* RUN_SPLIT_LOCK, not loaded: may sleep. False: vcpu->run is filled, SIGBUS is pending. */
bool exit_split_lock(struct vcpu *v);
int exit_debug_step(struct vcpu *v);
/* MOV to or from a control or debug register at RIP. False: a fault is queued, or it is no such instruction. */
bool exit_decode_mov(struct vcpu *v, u8 *opcode, u8 *reg, u8 *rm);
/* KVM_RUN is back: finish what user space was asked for. 0: go on, RUN_USER: another exit is ready, RUN_EMULATE, or -errno. */
int exit_complete_userspace(struct vcpu *v);

#endif /* TAXCUT_RUN_EXIT_H */
