/* SPDX-License-Identifier: GPL-2.0-only */
/* Running one guest instruction in software. */
#ifndef TAXCUT_RUN_EMULATE_H
#define TAXCUT_RUN_EMULATE_H

#include <linux/types.h>

struct insn_ctx;
struct vcpu;

/* Loaded. An enum run_next; RUN_DISPATCH: vcpu->exit says what the instruction would have exited with. */
int emul_instruction(struct vcpu *v);
/* It cannot be done: #UD in user mode, KVM_EXIT_INTERNAL_ERROR otherwise. */
int emul_failed(struct vcpu *v);
/* User space answered; not loaded. 0, RUN_USER or RUN_EMULATE. */
int emul_complete(struct vcpu *v);
/* RUN_EMULATE: the instruction goes on. Loaded. An enum run_next. */
int emul_resume(struct vcpu *v);
void emul_reset(struct vcpu *v);
/*
 * The emulator's view of the registers and its access to memory (ctx->ops), for what else is done in software: loaded
 * from the vCPU, and stored back.
 */
struct insn_ctx *emul_context(struct vcpu *v);
void emul_commit(struct vcpu *v);
int emul_create(struct vcpu *v);
void emul_destroy(struct vcpu *v);

#endif /* TAXCUT_RUN_EMULATE_H */
