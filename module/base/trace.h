/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, in /sys/kernel/tracing/events/taxcut (docs/tracing.md).
 *
 * A tracepoint that is off costs one no-op instruction, so its arguments are
 * what is at hand where it stands; everything else is worked out here, when it
 * is on. Each one stands beside the statistic that counts the same (stats.h),
 * and traces exactly what that counts.
 *
 * Events may come from any context that the function they stand in allows.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM taxcut

#if !defined(TAXCUT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TAXCUT_TRACE_H

#include <linux/tracepoint.h>

#include "model/lapic.h"
#include "model/lapic_timer.h"
#include "stats.h"
#include "vcpu.h"

/* Tools that read the buffer in binary are told what the names in its format mean. */
#define TRACE_REASON_VALUE(reason, name) TRACE_DEFINE_ENUM(reason);
EXIT_STATS(TRACE_REASON_VALUE)

#define TRACE_REASON_NAME(reason, name) , { reason, #name }
#define TRACE_SYMBOL(...) __print_symbolic(__VA_ARGS__)

/* Which vCPU it is about: the process that made its VM, and its id there. */
#define TRACE_VCPU_FIELDS __field(s32, vm) __field(u32, vcpu)
#define TRACE_VCPU_ASSIGN(v)                                                                       \
	do {                                                                                       \
		__entry->vm = (v)->vm->owner_pid;                                                     \
		__entry->vcpu = (v)->id;                                                           \
	} while (0)

/* clang-format off */

/* On the way into the guest, interrupts off. As many as exits, but for one that is in the guest now. */
TRACE_EVENT(taxcut_entry,
	TP_PROTO(const struct vcpu *v),
	TP_ARGS(v),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u64, rip)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->rip = v->rip;
	),
	TP_printk("vm=%d vcpu=%u rip=0x%llx", __entry->vm, __entry->vcpu, __entry->rip)
);

/*
 * Right after an exit, interrupts off; the reason by the name of the statistic
 * that counts it. detail: the MSR's index, the port, the guest physical
 * address, the CPUID leaf, the hypercall's number, the vector of an exception
 * or of the interrupt that ended, or the CPU's own number of a reason that has
 * no name. write: to an MSR, port or memory.
 */
TRACE_EVENT(taxcut_exit,
	TP_PROTO(const struct vcpu *v),
	TP_ARGS(v),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u32, reason)
		__field(bool, write)
		__field(u64, rip)
		__field(u64, detail)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->reason = v->exit.reason;
		__entry->write = trace_exit_writes(v);
		__entry->rip = v->rip;
		__entry->detail = trace_exit_detail(v);
	),
	TP_printk("vm=%d vcpu=%u reason=%s rip=0x%llx detail=0x%llx write=%u", __entry->vm, __entry->vcpu,
		  TRACE_SYMBOL(__entry->reason EXIT_STATS(TRACE_REASON_NAME)), __entry->rip, __entry->detail,
		  __entry->write)
);

/*
 * The next entry delivers this. again: an exit cut the delivery short, or the
 * entry did not happen; as in the statistics, it does not count.
 */
TRACE_EVENT(taxcut_inject,
	TP_PROTO(const struct vcpu *v, bool again),
	TP_ARGS(v, again),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u8, kind)
		__field(u8, vector)
		__field(bool, again)
		__field(u32, error)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->kind = trace_injected_kind(&v->ev);
		__entry->vector = trace_injected_vector(&v->ev);
		__entry->again = again;
		__entry->error = v->ev.exc.injected && v->ev.exc.has_error ? v->ev.exc.error : 0;
	),
	TP_printk("vm=%d vcpu=%u kind=%s vector=0x%x error=0x%x again=%u", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->kind, { 0, "irq" }, { 1, "nmi" }, { 2, "exception" }), __entry->vector,
		  __entry->error, __entry->again)
);

/*
 * An interrupt has come for a vCPU's local APIC and is new there; the current
 * task sends it. posted: the CPU takes it to the running guest without an exit.
 */
TRACE_EVENT(taxcut_deliver,
	TP_PROTO(const struct vcpu *v, u8 vector, bool level, bool posted),
	TP_ARGS(v, vector, level, posted),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u8, vector)
		__field(bool, level)
		__field(bool, posted)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->vector = vector;
		__entry->level = level;
		__entry->posted = posted;
	),
	TP_printk("vm=%d vcpu=%u vector=0x%x level=%u posted=%u", __entry->vm, __entry->vcpu, __entry->vector,
		  __entry->level, __entry->posted)
);

/*
 * The host's timer is set, to this time of CLOCK_MONOTONIC (ns), which is
 * advance ns before the guest's. cpu: where it is to wait; a housekeeping CPU,
 * if that will post the interrupt.
 */
TRACE_EVENT(taxcut_timer_arm,
	TP_PROTO(const struct vcpu *v, int cpu, u64 expires, u32 advance),
	TP_ARGS(v, cpu, expires, advance),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u32, advance)
		__field(s32, cpu)
		__field(u64, expires)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->advance = advance;
		__entry->cpu = cpu;
		__entry->expires = expires;
	),
	TP_printk("vm=%d vcpu=%u expires=%llu advance=%u cpu=%d", __entry->vm, __entry->vcpu, __entry->expires,
		  __entry->advance, __entry->cpu)
);

/*
 * The guest's timer fires: its interrupt is pending in the local APIC. late: ns
 * after its time; below 0, so much before it, and the guest sees nothing of it.
 */
TRACE_EVENT(taxcut_timer_fire,
	TP_PROTO(const struct vcpu *v, u32 lvtt, const struct lapic_timer_next *at, u64 now),
	TP_ARGS(v, lvtt, at, now),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u8, vector)
		__field(bool, masked)
		__field(s64, late)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->vector = (u8)lvtt;
		__entry->masked = lvtt & LAPIC_LVT_MASKED;
		__entry->late = trace_late_ns(v, at, now);
	),
	TP_printk("vm=%d vcpu=%u vector=0x%x masked=%u late=%lld", __entry->vm, __entry->vcpu, __entry->vector,
		  __entry->masked, __entry->late)
);

/*
 * A vCPU had nothing to do and waited. poll: none, or whether it was over
 * before its thread slept. polled, slept: ns; next: the window of the next poll
 * while nothing changes, ns.
 */
TRACE_EVENT(taxcut_halt_poll,
	TP_PROTO(const struct vcpu *v, u32 window, u64 polled, u64 slept, bool success),
	TP_ARGS(v, window, polled, slept, success),
	TP_STRUCT__entry(
		TRACE_VCPU_FIELDS
		__field(u8, poll)
		__field(u32, window)
		__field(u32, next)
		__field(u64, polled)
		__field(u64, slept)
	),
	TP_fast_assign(
		TRACE_VCPU_ASSIGN(v);
		__entry->poll = window ? 1 + success : 0;
		__entry->window = window;
		__entry->next = v->halt_poll_ns;
		__entry->polled = window ? polled : 0;
		__entry->slept = slept;
	),
	TP_printk("vm=%d vcpu=%u poll=%s window=%u polled=%llu slept=%llu next=%u", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->poll, { 0, "none" }, { 1, "failed" }, { 2, "success" }), __entry->window,
		  __entry->polled, __entry->slept, __entry->next)
);

/* clang-format on */

#endif /* TAXCUT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
