// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOV to CR0 and CR4 that exits: what the CPU would check, and what it would
 * do. CR3 never exits. (SDM vol. 2, "MOV - Move to/from Control Registers";
 * APM vol. 2, 3.1; both vol. 3 and vol. 2 on activating long mode.)
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "cpu/event.h"
#include "cr.h"
#include "insn_skip.h"

#define CR0_DEFINED                                                                                \
	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | \
	 X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)

static int cr_guest_writes_cr0(struct vcpu *v, const struct hv_paging *p, u64 cr0)
{
	bool paging = cr0 & X86_CR0_PG, was_paging = p->cr0 & X86_CR0_PG;
	u64 efer = p->efer;

	if (cr0 >> 32)
		return -EINVAL;
	cr0 = (cr0 & CR0_DEFINED) | X86_CR0_ET;
	if (((cr0 & X86_CR0_NW) && !(cr0 & X86_CR0_CD)) || (paging && !(cr0 & X86_CR0_PE)))
		return -EINVAL;
	if (paging && !was_paging && (efer & EFER_LME)) {
		if (!(p->cr4 & X86_CR4_PAE) || (p->cs_attr & CS_ATTR_L))
			return -EINVAL;
		efer |= EFER_LMA;
	} else if (!paging && was_paging) {
		if (hv_in_64bit_code(p) || (p->cr4 & X86_CR4_PCIDE))
			return -EINVAL;
		efer &= ~(u64)EFER_LMA;
	}
	return hv->take_cr0(v, cr0, efer);
}

static int cr_guest_writes_cr4(struct vcpu *v, const struct hv_paging *p, u64 cr4)
{
	bool long_mode = p->efer & EFER_LMA;
	u64 changed = cr4 ^ p->cr4;

	if (cr4 & v->cr4_reserved)
		return -EINVAL;
	if (long_mode && (!(cr4 & X86_CR4_PAE) || (changed & X86_CR4_LA57)))
		return -EINVAL;
	if ((cr4 & changed & X86_CR4_PCIDE) && (!long_mode || (p->cr3 & 0xfff)))
		return -EINVAL;
	return hv->take_cr4(v, cr4);
}

int cr_write(struct vcpu *v, unsigned int cr, u64 value)
{
	struct hv_paging p;
	int r = -EINVAL;

	hv_call(get_paging)(v, &p);
	if (!hv_in_64bit_code(&p))
		value = (u32)value;
	if (!p.cpl)
		r = cr ? cr_guest_writes_cr4(v, &p, value) : cr_guest_writes_cr0(v, &p, value);
	if (r)
		event_queue_gp(v);
	else
		skip_insn(v, NULL, 0);
	return RUN_GUEST;
}
