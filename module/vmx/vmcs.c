// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a VMCS; vmx.h says which states it knows.
 */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <linux/smp.h>
#include <asm/debugreg.h>
#include <asm/mmu_context.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/tlbflush.h>
#include <asm/trapnr.h>

#include "access.h"
#include "apicv.h"
#include "base/params.h"
#include "caps.h"
#include "cpu/debug_regs.h"
#include "cr.h"
#include "mem/tdp.h"
#include "model/tsc.h"
#include "vmcs.h"
#include "vmx.h"

static void vmx_vmcs_clear(void *vmcs)
{
	u64 pa = __pa(vmcs);

	asm volatile("1: vmclear %0\n2:\n\t" _ASM_EXTABLE(1b, 2b)::"m"(pa) : "cc", "memory");
}

/* This CPU, interrupts off. */
static void vmx_deactivate(struct vmx_cpu *c, struct vmx_vcpu *s)
{
	vmx_vmcs_clear(s->vmcs);
	s->entry.flags &= ~VMX_ENTRY_LAUNCHED;
	if (c->current_vmcs == s)
		c->current_vmcs = NULL;
	list_del(&s->link);
	WRITE_ONCE(s->cpu, -1);
}

/* Interrupt, or this CPU with interrupts off. The CPU may have been emptied (vmx_clear_all()) before it came. */
static void vmx_deactivate_here(void *data)
{
	struct vmx_vcpu *s = data;

	if (s->cpu == smp_processor_id())
		vmx_deactivate(this_cpu_ptr(&vmx_cpus), s);
}

void vmx_clear_all(struct vmx_cpu *c)
{
	struct vmx_vcpu *s, *next;

	list_for_each_entry_safe(s, next, &c->active, link)
		vmx_deactivate(c, s);
}

static void vmx_deactivate_anywhere(struct vmx_vcpu *s)
{
	int cpu = READ_ONCE(s->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, vmx_deactivate_here, s, 1);
}

void vmx_make_current(struct vmx_vcpu *s)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpus);
	int cpu = smp_processor_id();
	unsigned long flags;
	u64 pa = __pa(s->vmcs);

	if (likely(c->current_vmcs == s && s->cpu == cpu))
		return;
	if (s->cpu != cpu)
		vmx_deactivate_anywhere(s);
	local_irq_save(flags);
	/* Off: the host is going down; accesses will fault and be skipped. */
	if (likely(c->enabled)) {
		if (s->cpu != cpu) {
			s->cpu = cpu;
			list_add(&s->link, &c->active);
		}
		asm volatile("vmptrld %0" ::"m"(pa) : "cc", "memory");
		c->current_vmcs = s;
	}
	local_irq_restore(flags);
}

/* A VMCS's contents are undefined until VMCLEAR has seen it (SDM vol. 3, "Initializing a VMCS"). */
int vmx_vmcs_create(struct vcpu *v)
{
	preempt_disable();
	vmx_vmcs_clear(v->vmx->vmcs);
	preempt_enable();
	return 0;
}

void vmx_vmcs_destroy(struct vcpu *v)
{
	preempt_disable();
	vmx_deactivate_anywhere(v->vmx);
	preempt_enable();
}
