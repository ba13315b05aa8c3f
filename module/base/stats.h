/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of a VM and of a vCPU, readable through KVM_GET_STATS_FD.
 *
 * Every statistic is one row of a list below; the structures and the
 * descriptors that user space sees are both generated from the lists. Names
 * are KVM's where the meaning is KVM's.
 *
 * Writers: struct vcpu_stats belongs to the vCPU's thread, which counts with
 * plain ++ (a reader copies whole u64s and may see one counter a little ahead
 * of another). Fields that other threads touch (irq code) may lose a count in
 * a race; none of them steers anything. struct vm_stats changes under vm->lock
 * or vm->mem_sem held for writing.
 *
 * exits is the sum of exit_reason[]; count both with stats_count_exit(). Every
 * word of a structure has exactly one descriptor: clients rely on the sizes
 * adding up.
 */
#ifndef TAXCUT_BASE_STATS_H
#define TAXCUT_BASE_STATS_H

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "exit.h"
#include "model/port.h"

#define STATS_HIST_BUCKETS 32

/* One row per enum hv_exit_reason, in its order: X(enumerator, name of the statistic). */
#define EXIT_STATS(X)                                                                              \
	X(HV_EXIT_NONE, backend_exits)                                                             \
	X(HV_EXIT_INTR, irq_exits)                                                                 \
	X(HV_EXIT_NMI, nmi_exits)                                                                  \
	X(HV_EXIT_CPUID, cpuid_exits)                                                              \
	X(HV_EXIT_MSR, msr_exits)                                                                  \
	X(HV_EXIT_IO, io_exits)                                                                    \
	X(HV_EXIT_MEMORY, memory_exits)                                                            \
	X(HV_EXIT_HLT, halt_exits)                                                                 \
	X(HV_EXIT_HYPERCALL, hypercalls)                                                           \
	X(HV_EXIT_IRQ_WINDOW, irq_window_exits)                                                    \
	X(HV_EXIT_NMI_WINDOW, nmi_window_exits)                                                    \
	X(HV_EXIT_CR, cr_exits)                                                                    \
	X(HV_EXIT_CR8, cr8_exits)                                                                  \
	X(HV_EXIT_DR, dr_exits)                                                                    \
	X(HV_EXIT_XSETBV, xsetbv_exits)                                                            \
	X(HV_EXIT_WBINVD, wbinvd_exits)                                                            \
	X(HV_EXIT_INVD, invd_exits)                                                                \
	X(HV_EXIT_MONITOR, monitor_exits)                                                          \
	X(HV_EXIT_MWAIT, mwait_exits)                                                              \
	X(HV_EXIT_PAUSE, pause_exits)                                                              \
	X(HV_EXIT_RDPMC, rdpmc_exits)                                                              \
	X(HV_EXIT_TASK_SWITCH, task_switch_exits)                                                  \
	X(HV_EXIT_EOI, eoi_exits)                                                                  \
	X(HV_EXIT_UNDEFINED, undefined_insn_exits)                                                 \
	X(HV_EXIT_EXCEPTION, exception_exits)                                                      \
	X(HV_EXIT_SHUTDOWN, shutdown_exits)                                                        \
	X(HV_EXIT_FAILED_ENTRY, failed_entry_exits)                                                \
	X(HV_EXIT_UNKNOWN, unknown_exits)

#define STATS_COUNT_ROW(reason, name) +1
#define NR_EXIT_STATS (0 EXIT_STATS(STATS_COUNT_ROW))

/*
 * X(kind, unit, name, number of u64). Kinds: CUMULATIVE (only grows), INSTANT,
 * LOG_HIST (bucket 0 counts 0, bucket n counts [2^(n-1), 2^n)). Units: NONE,
 * NS, CYCLES (of the host TSC), BYTES, BOOLEAN.
 */
#define VCPU_STATS(X)                                                                              \
	X(CUMULATIVE, NONE, exits, 1)                                                              \
	X(CUMULATIVE, CYCLES, outside_cycles, 1) /* out of the guest while it could run */         \
	X(CUMULATIVE, NONE, userspace_exits, 1)                                                    \
	X(CUMULATIVE, NONE, signal_exits, 1)                                                       \
	X(CUMULATIVE, NONE, pf_taken, 1) /* memory that had to be mapped, or fetched, first */     \
	X(CUMULATIVE, NONE, mmio_exits, 1) /* MMIO that went to user space */                      \
	X(CUMULATIVE, NONE, request_irq_exits, 1) /* KVM_EXIT_IRQ_WINDOW_OPEN */                   \
	X(CUMULATIVE, NONE, host_state_reload, 1) /* times the vCPU was loaded on a CPU */         \
	X(CUMULATIVE, NONE, fpu_reload, 1)                                                         \
	X(CUMULATIVE, NONE, insn_emulation, 1)                                                     \
	X(CUMULATIVE, NONE, insn_emulation_fail, 1)                                                \
	X(CUMULATIVE, NONE, tlb_flush, 1)                                                          \
	X(CUMULATIVE, NONE, irq_injections, 1)                                                     \
	X(CUMULATIVE, NONE, nmi_injections, 1)                                                     \
	X(CUMULATIVE, NONE, req_event, 1)                                                          \
	X(CUMULATIVE, NONE, preemption_reported, 1)                                                \
	X(CUMULATIVE, NONE, directed_yield_attempted, 1)                                           \
	X(CUMULATIVE, NONE, directed_yield_successful, 1)                                          \
	X(CUMULATIVE, NONE, halt_successful_poll, 1)                                               \
	X(CUMULATIVE, NONE, halt_attempted_poll, 1)                                                \
	X(CUMULATIVE, NONE, halt_poll_invalid, 1) /* 0, as KVM has it on x86 */                    \
	X(CUMULATIVE, NONE, halt_wakeup, 1)                                                        \
	X(CUMULATIVE, NS, halt_poll_success_ns, 1)                                                 \
	X(CUMULATIVE, NS, halt_poll_fail_ns, 1)                                                    \
	X(CUMULATIVE, NS, halt_wait_ns, 1)                                                         \
	X(LOG_HIST, NS, halt_poll_success_hist, STATS_HIST_BUCKETS)                                \
	X(LOG_HIST, NS, halt_poll_fail_hist, STATS_HIST_BUCKETS)                                   \
	X(LOG_HIST, NS, halt_wait_hist, STATS_HIST_BUCKETS)                                        \
	X(INSTANT, BOOLEAN, blocking, 1)                                                           \
	X(CUMULATIVE, NONE, lapic_timer_arms, 1)                                                   \
	X(CUMULATIVE, NONE, lapic_timer_fires, 1)                                                  \
	X(CUMULATIVE, NONE, lapic_timer_posted, 1) /* of these, by a housekeeping CPU */           \
	X(CUMULATIVE, NONE, lapic_timer_calls, 1) /* of that CPU, to set its timer */              \
	X(INSTANT, NONE, lapic_timer_cpu, 1) /* where the timer was set last */                    \
	X(INSTANT, NS, lapic_timer_advance_ns, 1) /* of the last arming */                         \
	X(CUMULATIVE, NONE, lapic_timer_early, 1) /* entries ready before its time */              \
	X(CUMULATIVE, NONE, lapic_timer_late, 1) /* or not */                                      \
	X(LOG_HIST, NS, lapic_timer_late_hist, STATS_HIST_BUCKETS)                                 \
	X(CUMULATIVE, NS, lapic_timer_wait_ns, 1) /* by early entries */                           \
	X(CUMULATIVE, NONE, ipis_sent, 1)                                                          \
	X(CUMULATIVE, NONE, pv_ipis, 1)                                                            \
	X(CUMULATIVE, NONE, irqs_posted, 1) /* to a running vCPU, without an exit */               \
	X(CUMULATIVE, NONE, pv_eois, 1)                                                            \
	X(CUMULATIVE, NONE, kicks, 1)

#define VM_STATS(X)                                                                                \
	X(CUMULATIVE, NONE, remote_tlb_flush, 1) /* all vCPUs taken out of the guest */            \
	X(INSTANT, NONE, pages_4k, 1)                                                              \
	X(INSTANT, NONE, pages_2m, 1)                                                              \
	X(INSTANT, NONE, pages_1g, 1)                                                              \
	X(INSTANT, BYTES, pinned_bytes, 1)

#define STATS_FIELD_1(name) u64 name;
#define STATS_FIELD_STATS_HIST_BUCKETS(name) u64 name[STATS_HIST_BUCKETS];
#define STATS_FIELD(kind, unit, name, count) STATS_FIELD_##count(name)

struct vcpu_stats {
	VCPU_STATS(STATS_FIELD)
	u64 exit_reason[NR_EXIT_STATS]; /* indexed by enum hv_exit_reason */
};

struct vm_stats {
	VM_STATS(STATS_FIELD)
};

/* reason: enum hv_exit_reason. The vCPU's own thread. */
static inline void stats_count_exit(struct vcpu_stats *s, unsigned int reason)
{
	s->exits++;
	s->exit_reason[reason]++;
}

/* Add one sample to a LOG_HIST statistic. */
static inline void stats_hist_add(u64 *hist, u64 value)
{
	unsigned int bucket = value ? ilog2(value) + 1 : 0;

	hist[min(bucket, STATS_HIST_BUCKETS - 1U)]++;
}

#endif /* TAXCUT_BASE_STATS_H */
