/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading guest code, and moving RIP past an intercepted instruction. Loaded, vm->mem_sem held. */
#ifndef TAXCUT_RUN_INSN_SKIP_H
#define TAXCUT_RUN_INSN_SKIP_H

#include "base/vcpu.h"
#include "model/insn/insn.h"

struct skip_ctx {
	struct vcpu *v;
	struct hv_paging p;
	struct insn_ctx insn;
};

/* Up to len bytes of code at a linear address: their number, -EFAULT with *fault, or -ENXIO (not memory). */
int skip_fetch(struct vcpu *v, const struct hv_paging *p, u64 lin, u8 *buf, unsigned int len,
	       struct insn_fault *fault);
/* CPU features on which instruction lengths depend. */
void skip_describe_cpu(struct insn_cpu *cpu);
void skip_queue_fault(struct vcpu *v, const struct insn_fault *f);

/* Its length, 0 when it cannot be found (a fault or failure is queued). opcode: its usual bytes, a short cut; may be NULL. */
unsigned int skip_length(struct vcpu *v, const char *opcode, unsigned int oplen);
bool skip_insn(struct vcpu *v, const char *opcode, unsigned int oplen);
void skip_finish_slowly(struct vcpu *v);
/* The instruction is done: RIP, RF, interrupt shadow, single step. */
static inline void skip_finish_at(struct vcpu *v, u64 rip)
{
	v->rip = rip;
	v->rflags &= ~(u64)X86_EFLAGS_RF;
	if (unlikely(v->may_have_shadow || (v->rflags & X86_EFLAGS_TF)))
		skip_finish_slowly(v);
}
/* The first bytes at RIP; what lies behind an unreadable page is 0. False: a fault is queued. */
bool skip_peek(struct vcpu *v, u8 *bytes, unsigned int len);
/* Overwrite code at RIP as the guest itself could; false: a fault is queued. */
bool skip_poke(struct vcpu *v, const char *bytes, unsigned int len);
/* The same without consequences: the number of bytes read. */
unsigned int skip_peek_quiet(struct vcpu *v, u8 *bytes, unsigned int len);

#endif /* TAXCUT_RUN_INSN_SKIP_H */
