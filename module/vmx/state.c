// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest state that VMX keeps in the VMCS: reset, segments, descriptor tables,
 * paging. The vCPU's own thread, or the holder of vcpu->mutex.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "access.h"
#include "controls.h"
#include "cr.h"
#include "irq/vlapic.h"
#include "msr.h"
#include "state.h"
#include "vmcs.h"
#include "vmx.h"

#define SEGMENT_ACCESSED BIT(0)
#define SEGMENT_BUSY BIT(1)
#define SEGMENT_PRESENT BIT(7)
#define SEGMENT_DPL_SHIFT 5
#define CR3_RESERVED_TOP GENMASK_ULL(63, 52)

/* The fields of each segment register are two apart, in the order ES CS SS DS FS GS LDTR TR. */
#define SEGMENT_FIELD(first, seg) ((first) + 2 * (seg))

static_assert(SEG_ES == 0 && SEG_TR == 7);
static_assert(SEGMENT_FIELD(GUEST_ES_SELECTOR, SEG_TR) == GUEST_TR_SELECTOR);
static_assert(SEGMENT_FIELD(GUEST_ES_LIMIT, SEG_TR) == GUEST_TR_LIMIT);
static_assert(SEGMENT_FIELD(GUEST_ES_AR_BYTES, SEG_SS) == GUEST_SS_AR_BYTES);
static_assert(SEGMENT_FIELD(GUEST_ES_BASE, SEG_LDTR) == GUEST_LDTR_BASE);

/* Bits 11:8 of our form are bits 15:12 of the VMCS's; what is not present is "unusable" there. */
static u16 vmx_attr_from_vmx(u32 ar)
{
	u16 attr = (ar & 0xff) | (ar >> 4 & 0xf00);

	return ar & VMX_AR_UNUSABLE_MASK ? attr & ~SEGMENT_PRESENT : attr;
}

/*
 * Entry is refused for states that no CPU can load (SDM vol. 3, "Checks on
 * Guest Segment Registers") but which user space may hand over in good faith:
 * code and data that were never accessed, a task that is not busy, a
 * granularity that the limit in bytes contradicts.
 */
static u32 vmx_attr_to_vmx(const struct hv_segment *in, enum hv_seg seg)
{
	u32 ar = (in->attr & 0xff) | (in->attr & 0xf00) << 4;

	if (seg == SEG_TR)
		ar |= SEGMENT_BUSY | SEGMENT_ACCESSED | SEGMENT_PRESENT;
	else if (!(in->attr & SEGMENT_PRESENT))
		return ar | VMX_AR_UNUSABLE_MASK;
	else if (seg != SEG_LDTR)
		ar |= SEGMENT_ACCESSED;
	if (in->limit >> 20)
		ar |= VMX_AR_G_MASK;
	else if ((in->limit & 0xfff) != 0xfff)
		ar &= ~VMX_AR_G_MASK;
	return ar;
}

static void vmx_read_segment(struct hv_segment *out, enum hv_seg seg)
{
	out->base = vmx_read(SEGMENT_FIELD(GUEST_ES_BASE, seg));
	out->limit = vmx_read(SEGMENT_FIELD(GUEST_ES_LIMIT, seg));
	out->sel = vmx_read(SEGMENT_FIELD(GUEST_ES_SELECTOR, seg));
	out->attr = vmx_attr_from_vmx(vmx_read(SEGMENT_FIELD(GUEST_ES_AR_BYTES, seg)));
}

static void vmx_write_segment(const struct hv_segment *in, enum hv_seg seg)
{
	vmx_write(SEGMENT_FIELD(GUEST_ES_BASE, seg), in->base);
	vmx_write(SEGMENT_FIELD(GUEST_ES_LIMIT, seg), in->limit);
	vmx_write(SEGMENT_FIELD(GUEST_ES_SELECTOR, seg), in->sel);
	vmx_write(SEGMENT_FIELD(GUEST_ES_AR_BYTES, seg), vmx_attr_to_vmx(in, seg));
}

static void vmx_reset_segments(void)
{
	struct hv_segment data = { .attr = 0x93, .limit = 0xffff };
	struct hv_segment code = { .sel = 0xf000, .attr = 0x9b, .limit = 0xffff, .base = 0xffff0000 };
	struct hv_segment ldt = { .attr = 0x82, .limit = 0xffff }, task = { .attr = 0x8b, .limit = 0xffff };
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		vmx_write_segment(i == SEG_CS ? &code : &data, i);
	vmx_write_segment(&ldt, SEG_LDTR);
	vmx_write_segment(&task, SEG_TR);
	vmx_write(GUEST_GDTR_BASE, 0);
	vmx_write(GUEST_GDTR_LIMIT, 0xffff);
	vmx_write(GUEST_IDTR_BASE, 0);
	vmx_write(GUEST_IDTR_LIMIT, 0xffff);
}

/* The state after RESET or INIT (SDM vol. 3, table 10-1). INIT keeps the FPU and most MSRs; common code knows which. */
void vmx_vcpu_reset(struct vcpu *v)
{
	struct vmx_vcpu *s = v->vmx;
	u64 cache = s->cr0_shadow & (X86_CR0_CD | X86_CR0_NW);

	s->vapic = v->vlapic ? v->vlapic->l.regs : s->tpr_page;
	s->stale = 0;
	s->flush = true;
	s->event_info = 0;
	s->cr2 = 0;
	s->hw_rip = 0;
	s->hw_rsp = 0;
	s->hw_rflags = 0; /* not a possible value: the next comparison fails */
	vmx_get(v);
	vmx_write(GUEST_RIP, 0);
	vmx_write(GUEST_RSP, 0);
	vmx_init_controls(v);
	vmx_reset_segments();
	vmx_reset_msrs(v);
	vmx_write_efer(v, 0);
	vmx_write_cr0(v, X86_CR0_ET | (cache ?: X86_CR0_CD | X86_CR0_NW));
	vmx_write_cr4(v, 0);
	vmx_write(GUEST_CR3, 0);
	vmx_write(GUEST_IA32_DEBUGCTL, 0);
	vmx_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmx_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmx_write(GUEST_INTERRUPTIBILITY_INFO, 0);
	s->blocking = 0;
	s->blocking_known = true;
	s->hw_nmi_masked = false;
	vmx_put(v);
	vmx_update_msr_bitmap(v);
}

void vmx_get_sregs(struct vcpu *v, struct hv_sregs *out)
{
	struct vmx_vcpu *s = v->vmx;
	unsigned int i;

	vmx_get(v);
	for (i = 0; i < NR_SEGS; i++)
		vmx_read_segment(&out->seg[i], i);
	out->gdt.base = vmx_read(GUEST_GDTR_BASE);
	out->gdt.limit = vmx_read(GUEST_GDTR_LIMIT);
	out->idt.base = vmx_read(GUEST_IDTR_BASE);
	out->idt.limit = vmx_read(GUEST_IDTR_LIMIT);
	out->cr0 = vmx_cr0(s);
	out->cr2 = s->cr2;
	out->cr3 = vmx_read(GUEST_CR3);
	out->cr4 = vmx_cr4(s);
	out->efer = s->efer;
	vmx_put(v);
}

void vmx_set_sregs(struct vcpu *v, const struct hv_sregs *in)
{
	struct vmx_vcpu *s = v->vmx;
	unsigned int i;

	vmx_get(v);
	for (i = 0; i < NR_SEGS; i++)
		vmx_write_segment(&in->seg[i], i);
	vmx_write(GUEST_GDTR_BASE, in->gdt.base);
	vmx_write(GUEST_GDTR_LIMIT, in->gdt.limit);
	vmx_write(GUEST_IDTR_BASE, in->idt.base);
	vmx_write(GUEST_IDTR_LIMIT, in->idt.limit);
	vmx_write_efer(v, in->efer);
	vmx_write_cr0(v, in->cr0);
	vmx_write_cr4(v, in->cr4);
	/* Entry looks at the reserved bits even while paging is off. */
	vmx_write(GUEST_CR3, in->cr3 & ~CR3_RESERVED_TOP);
	vmx_put(v);
	s->cr2 = in->cr2;
	s->flush = true;
	if ((in->cr0 & X86_CR0_PG) && (in->cr4 & X86_CR4_PAE) && !(in->efer & EFER_LMA))
		vmx_mark_stale(v, VMX_STALE_PDPTES);
}

void vmx_get_paging(struct vcpu *v, struct hv_paging *p)
{
	const struct vmx_vcpu *s = v->vmx;

	vmx_get(v);
	p->cr0 = vmx_cr0(s);
	p->cr3 = vmx_read(GUEST_CR3);
	p->cr4 = vmx_cr4(s);
	p->efer = s->efer;
	p->rflags = v->rflags;
	p->cs_base = vmx_read(GUEST_CS_BASE);
	p->cs_attr = vmx_attr_from_vmx(vmx_read(GUEST_CS_AR_BYTES));
	/* The privilege level, whether SS is usable or not (SDM vol. 3, "Guest Register State"). */
	p->cpl = vmx_read(GUEST_SS_AR_BYTES) >> SEGMENT_DPL_SHIFT & 3;
	vmx_put(v);
}

void vmx_set_cr2(struct vcpu *v, u64 cr2)
{
	v->vmx->cr2 = cr2;
}

void vmx_set_efer(struct vcpu *v, u64 efer)
{
	vmx_get(v);
	vmx_write_efer(v, efer);
	vmx_put(v);
}
