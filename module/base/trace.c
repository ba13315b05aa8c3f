// SPDX-License-Identifier: GPL-2.0-only
/* What the tracepoints record (trace.h) that is not at hand where they stand. */
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/trapnr.h>

#include "clock.h"
#include "model/lapic_timer.h"
#include "vcpu.h"

static u64 trace_exit_detail(const struct vcpu *v)
{
	const struct hv_exit *e = &v->exit;

	switch (e->reason) {
	case HV_EXIT_CPUID:
		return (u32)v->regs[GPR_RAX];
	case HV_EXIT_MSR:
		return (u32)v->regs[GPR_RCX];
	case HV_EXIT_IO:
		return e->io.port;
	case HV_EXIT_MEMORY:
		return e->mem.gpa;
	case HV_EXIT_HYPERCALL:
		return v->regs[GPR_RAX];
	case HV_EXIT_EXCEPTION:
		return e->exc.vector;
	case HV_EXIT_EOI:
		return e->eoi_vector;
	case HV_EXIT_FAILED_ENTRY:
	case HV_EXIT_UNKNOWN:
		return e->hw_code;
	default:
		return 0;
	}
}

static bool trace_exit_writes(const struct vcpu *v)
{
	const struct hv_exit *e = &v->exit;

	switch (e->reason) {
	case HV_EXIT_MSR:
		return e->msr.write;
	case HV_EXIT_IO:
		return !e->io.in;
	case HV_EXIT_MEMORY:
		return e->mem.write;
	default:
		return false;
	}
}

/* In the order in which cpu/event.c prefers them: 0 an interrupt, 1 an NMI, 2 an exception. */
static u8 trace_injected_kind(const struct vcpu_events *ev)
{
	return ev->exc.injected ? 2 : ev->nmi_injected ? 1 : 0;
}

static u8 trace_injected_vector(const struct vcpu_events *ev)
{
	return ev->exc.injected ? ev->exc.vector : ev->nmi_injected ? X86_TRAP_NMI : ev->irq.vector;
}

static s64 trace_late_ns(const struct vcpu *v, const struct lapic_timer_next *at, u64 now)
{
	bool early = now < at->when;
	u64 span = early ? at->when - now : now - at->when;

	if (at->unit == LAPIC_TIMER_AT_TSC)
		span = clock_guest_cycles_to_ns(v, span);
	span = min_t(u64, span, S64_MAX);
	return early ? -(s64)span : span;
}

#define CREATE_TRACE_POINTS
#include "trace.h"
