/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading guest code, shared by skip.c and emul.c. Loaded, vm->mem_sem held. */
#ifndef TAXCUT_SKIP_H
#define TAXCUT_SKIP_H

#include "hv.h"
#include "pure/insn.h"

struct skip_ctx {
	struct vcpu *v;
	struct hv_paging p;
	struct insn_ctx insn;
};

/* Up to len bytes of code at a linear address: their number, -EFAULT with *fault, or -ENXIO (not memory). */
int skip_fetch(struct vcpu *v, const struct hv_paging *p, u64 lin, u8 *buf, unsigned int len,
	       struct insn_fault *fault);
/* What of the host's CPU makes instructions differ. */
void skip_describe_cpu(struct insn_cpu *cpu);
void skip_queue_fault(struct vcpu *v, const struct insn_fault *f);

#endif /* TAXCUT_SKIP_H */
