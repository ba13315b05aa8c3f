// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control registers. The guest owns the bits of CR0 and CR4 that concern
 * it alone; it sees the host's bits as it left them, in the read shadow,
 * and writing them differently exits (SDM vol. 3, "Guest/Host Masks and Read
 * Shadows for CR0 and CR4"). CR3 never exits. The VMCS is current throughout.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/tlbflush.h>

#include "access.h"
#include "caps.h"
#include "cr.h"
#include "mem/gpa.h"
#include "run/cr.h"
#include "run/emulate.h"
#include "vmx.h"

/* With unrestricted guest, PE too; PG is ours, because EFER.LMA and the entry controls follow it. */
#define CR0_GUESTS (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_WP | X86_CR0_AM)

/* VMXE must be on and MCE the host's; what the guest's CPUID denies must fault. */
#define CR4_GUESTS                                                                                 \
	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE | X86_CR4_PGE | \
	 X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_UMIP | X86_CR4_LA57 | X86_CR4_FSGSBASE | \
	 X86_CR4_PCIDE | X86_CR4_OSXSAVE | X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PKE)

/* Changing one of these reloads the PDPTEs (SDM vol. 3, 5.4.1). */
#define CR4_PAGING (X86_CR4_PAE | X86_CR4_PSE | X86_CR4_PGE | X86_CR4_SMEP)

#define PDPTE_PRESENT BIT_ULL(0)
#define PDPTE_RESERVED (GENMASK_ULL(2, 1) | GENMASK_ULL(8, 5))
#define CR3_PDPT GENMASK_ULL(31, 5)

/* Exit qualification. */
#define CR_NUMBER(q) ((q) & 15)
#define CR_ACCESS(q) ((q) >> 4 & 3)
#define CR_ACCESS_WRITE 0
#define CR_GPR(q) ((q) >> 8 & 15)

u64 vmx_cr0(const struct vmx_vcpu *s)
{
	return (vmx_read(GUEST_CR0) & CR0_GUESTS) | (s->cr0_shadow & ~(u64)CR0_GUESTS);
}

u64 vmx_cr4(const struct vmx_vcpu *s)
{
	return (vmx_read(GUEST_CR4) & ~s->cr4_owned) | (s->cr4_shadow & s->cr4_owned);
}

void vmx_write_cr0(struct vcpu *v, u64 cr0)
{
	u64 real = (cr0 | vmx_features.cr0_fixed0) & vmx_features.cr0_fixed1;

	v->vmx->cr0_shadow = cr0;
	/* Caching is the host's business; entry leaves these two alone anyway. */
	vmx_write(GUEST_CR0, real & ~(u64)(X86_CR0_CD | X86_CR0_NW));
	vmx_write(CR0_READ_SHADOW, cr0);
	vmx_write(CR0_GUEST_HOST_MASK, ~(u64)CR0_GUESTS);
}

void vmx_write_cr4(struct vcpu *v, u64 cr4)
{
	u64 host = X86_CR4_VMXE | (cr4_read_shadow() & X86_CR4_MCE);
	struct vmx_vcpu *s = v->vmx;

	s->cr4_owned = ~((u64)CR4_GUESTS & ~v->cr4_reserved & ~vmx_features.cr4_fixed0);
	s->cr4_shadow = cr4;
	vmx_write(GUEST_CR4, ((cr4 & ~(u64)X86_CR4_MCE) | host | vmx_features.cr4_fixed0) & vmx_features.cr4_fixed1);
	vmx_write(CR4_READ_SHADOW, cr4);
	vmx_write(CR4_GUEST_HOST_MASK, s->cr4_owned);
}

void vmx_write_entry_controls(struct vmx_vcpu *s)
{
	u32 controls = vmx_features.entry;

	if (s->efer & EFER_LMA)
		controls |= VM_ENTRY_IA32E_MODE;
	if (s->perf_switch)
		controls |= VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL;
	vmx_write(VM_ENTRY_CONTROLS, controls);
}

void vmx_write_efer(struct vcpu *v, u64 efer)
{
	v->vmx->efer = efer;
	vmx_write(GUEST_IA32_EFER, efer);
	vmx_write_entry_controls(v->vmx);
}

/* -EINVAL where a reserved bit is set, or there is no memory. */
static int vmx_fetch_pdptes(struct vcpu *v, u64 *pdpte)
{
	u64 reserved = PDPTE_RESERVED | ~0ULL << v->maxphyaddr;
	unsigned int i;

	if (gpa_read(v, vmx_read(GUEST_CR3) & CR3_PDPT, pdpte, 4 * sizeof(*pdpte)))
		return -EINVAL;
	for (i = 0; i < 4; i++) {
		if ((pdpte[i] & PDPTE_PRESENT) && (pdpte[i] & reserved))
			return -EINVAL;
	}
	return 0;
}

static void vmx_write_pdptes(const u64 *pdpte)
{
	vmx_write(GUEST_PDPTR0, pdpte[0]);
	vmx_write(GUEST_PDPTR1, pdpte[1]);
	vmx_write(GUEST_PDPTR2, pdpte[2]);
	vmx_write(GUEST_PDPTR3, pdpte[3]);
}

/* After KVM_SET_SREGS; what is not valid counts as not present. */
void vmx_read_pdptes(struct vcpu *v)
{
	u64 pdpte[4];

	if (vmx_fetch_pdptes(v, pdpte))
		memset(pdpte, 0, sizeof(pdpte));
	vmx_write_pdptes(pdpte);
}

/* PAE paging is on with these values: take the PDPTEs as MOV does. */
static int vmx_load_pdptes(struct vcpu *v, u64 cr0, u64 cr4, u64 efer)
{
	u64 pdpte[4];

	if (!(cr0 & X86_CR0_PG) || !(cr4 & X86_CR4_PAE) || (efer & EFER_LMA))
		return 0;
	if (vmx_fetch_pdptes(v, pdpte))
		return -EINVAL;
	vmx_write_pdptes(pdpte);
	return 0;
}

int vmx_take_cr0(struct vcpu *v, u64 cr0, u64 efer)
{
	struct vmx_vcpu *s = v->vmx;
	u64 changed = cr0 ^ vmx_cr0(s);

	if ((changed & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)) && vmx_load_pdptes(v, cr0, vmx_cr4(s), efer))
		return -EINVAL;
	if (efer != s->efer)
		vmx_write_efer(v, efer);
	vmx_write_cr0(v, cr0);
	if (changed & X86_CR0_PG)
		s->flush = true;
	return 0;
}

int vmx_take_cr4(struct vcpu *v, u64 cr4)
{
	struct vmx_vcpu *s = v->vmx;

	if (((cr4 ^ vmx_cr4(s)) & CR4_PAGING) && vmx_load_pdptes(v, vmx_cr0(s), cr4, s->efer))
		return -EINVAL;
	vmx_write_cr4(v, cr4);
	s->flush = true;
	return 0;
}

/* The low bits of CR0 are the guest's, so CLTS and LMSW never come here. */
int vmx_exit_cr(struct vcpu *v)
{
	u64 q = vmx_read(EXIT_QUALIFICATION);

	if (CR_ACCESS(q) != CR_ACCESS_WRITE || (CR_NUMBER(q) != 0 && CR_NUMBER(q) != 4))
		return emul_failed(v);
	return cr_write(v, CR_NUMBER(q), v->regs[CR_GPR(q)]);
}
