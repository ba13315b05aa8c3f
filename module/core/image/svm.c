// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest on an owned core, AMD SVM.
 *
 * GIF is clear from before the look at `kick` to the entry: an NMI that comes in
 * between is taken as the first #VMEXIT of the stay (APM vol. 2, 15.17), so a
 * kick is not missed. What made the exit stays pending, and the core's own
 * handler takes it when GIF is set.
 */
#include "cpu.h"
#include "svm.h"
#include "switch.h"

#define MSR_EFER 0xc0000080
#define EFER_SVME (1ULL << 12)
#define MSR_VM_HSAVE_PA 0xc0010117
#define MSR_SPEC_CTRL 0x48
#define MSR_TSC_AUX 0xc0000103
#define MSR_TSC_RATIO 0xc0000104
#define MSR_XSS 0xda0

/* The parts of the VMCB that are touched here (APM vol. 2, appendix B). */
struct vmcb {
	u8 intercepts[0x5c];
	u8 tlb_control;
	u8 pad0[3 + 0x10];
	u64 exit_code;
	u64 exit_info[2];
	u64 exit_int_info;
	u8 pad1[0x18];
	u64 event_inj;
	u8 pad2[0x10];
	u64 clean;
};

_Static_assert(__builtin_offsetof(struct vmcb, tlb_control) == 0x5c, "TLB_CONTROL");
_Static_assert(__builtin_offsetof(struct vmcb, exit_code) == 0x70, "EXITCODE");
_Static_assert(__builtin_offsetof(struct vmcb, exit_int_info) == 0x88, "EXITINTINFO");
_Static_assert(__builtin_offsetof(struct vmcb, event_inj) == 0xa8, "EVENTINJ");
_Static_assert(__builtin_offsetof(struct vmcb, clean) == 0xc0, "VMCB clean bits");

#define vmcb ((struct vmcb *)CORE_VA_VMCB)

#define EXIT_INTR 0x60
#define EXIT_NMI 0x61
#define EXIT_INT_INFO_VALID (1ULL << 31)
#define TYPE_EXCEPTION 3
#define TYPE_SOFT_INT 4
/* Self NMI: delivery mode 4, shorthand 1. */
#define ICR_SELF_NMI 0x40400

void svm_start(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, mailbox->hsave_pa);
}

static void load_guest(void)
{
	u32 lo = (u32)mailbox->xcr0, hi = (u32)(mailbox->xcr0 >> 32);

	xsetbv(mailbox->xcr0);
	asm volatile("xrstor64 %0" ::"m"(*(u8 *)CORE_VA_XSTATE), "a"(lo), "d"(hi) : "memory");
	xsetbv(mailbox->guest_xcr0);
	if (mailbox->flags & CORE_RUN_XSS)
		wrmsr(MSR_XSS, 0);
	if (mailbox->flags & CORE_RUN_DEBUG_REGS) {
		asm volatile("mov %0, %%db0" ::"r"(mailbox->dr[0]));
		asm volatile("mov %0, %%db1" ::"r"(mailbox->dr[1]));
		asm volatile("mov %0, %%db2" ::"r"(mailbox->dr[2]));
		asm volatile("mov %0, %%db3" ::"r"(mailbox->dr[3]));
	}
	if (mailbox->flags & CORE_RUN_TSC_AUX)
		wrmsr(MSR_TSC_AUX, mailbox->tsc_aux);
	if (mailbox->flags & CORE_RUN_TSC_RATIO)
		wrmsr(MSR_TSC_RATIO, mailbox->tsc_ratio);
	if (mailbox->flags & CORE_RUN_SPEC_CTRL)
		wrmsr(MSR_SPEC_CTRL, mailbox->guest_spec_ctrl);
	asm volatile("vmload %0" ::"a"(mailbox->control_pa) : "memory");
}

static void save_guest(void)
{
	u32 lo = (u32)mailbox->xcr0, hi = (u32)(mailbox->xcr0 >> 32);

	asm volatile("vmsave %0" ::"a"(mailbox->control_pa) : "memory");
	if (mailbox->flags & CORE_RUN_TSC_AUX)
		mailbox->tsc_aux = rdmsr(MSR_TSC_AUX);
	if (mailbox->flags & CORE_RUN_SPEC_CTRL) {
		mailbox->guest_spec_ctrl = (u32)rdmsr(MSR_SPEC_CTRL);
		wrmsr(MSR_SPEC_CTRL, 0);
	}
	xsetbv(mailbox->xcr0);
	asm volatile("xsave64 %0" : "=m"(*(u8 *)CORE_VA_XSTATE) : "a"(lo), "d"(hi) : "memory");
}

/* Takes what is pending: the NMI of a kick, or an interrupt that should not have come. */
static void take_pending(void)
{
	asm volatile("stgi; nop; clgi" ::: "memory");
}

static void take_stray(void)
{
	asm volatile("stgi; sti; nop; cli; clgi" ::: "memory");
}

/* The event whose delivery the exit cut short. INT n, INT3 and INTO execute again (APM vol. 2, 15.20). */
static u64 cut_short(void)
{
	u64 info = vmcb->exit_int_info, vector = info & 0xff, type = info >> 8 & 7;

	if (!(info & EXIT_INT_INFO_VALID) || type == TYPE_SOFT_INT)
		return 0;
	return type == TYPE_EXCEPTION && (vector == 3 || vector == 4) ? 0 : info;
}

/* The exit is the core's own: true, and the guest goes on. */
static int finish_here(void)
{
	if (vmcb->exit_code == EXIT_NMI)
		take_pending();
	else if (vmcb->exit_code == EXIT_INTR)
		take_stray();
	else
		return 0;
	vmcb->event_inj = cut_short();
	vmcb->tlb_control = 0;
	return 1;
}

void svm_turn(void)
{
	load_guest();
	mailbox->entered = 0;
	asm volatile("clgi" ::: "memory");
	while (!__atomic_load_n(&mailbox->kick, __ATOMIC_ACQUIRE)) {
		mailbox->entered = 1;
		mailbox->entries++;
		if (mailbox->flags & CORE_RUN_LEAVE_AT_ONCE)
			wrmsr(MSR_X2APIC_ICR, ICR_SELF_NMI);
		switch_svm_enter(mailbox->regs, mailbox->control_pa);
		if (mailbox->flags & CORE_RUN_LEAVE_AT_ONCE) {
			take_pending();
			break;
		}
		if (vmcb->exit_code == EXIT_NMI && __atomic_load_n(&mailbox->kick, __ATOMIC_ACQUIRE)) {
			mailbox->kicks++;
			take_pending();
			break;
		}
		if (!finish_here())
			break;
	}
	asm volatile("stgi" ::: "memory");
	save_guest();
}
