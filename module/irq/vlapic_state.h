/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's local APIC with its timer: the data. irq/vlapic.h says who may touch it. */
#ifndef TAXCUT_IRQ_VLAPIC_STATE_H
#define TAXCUT_IRQ_VLAPIC_STATE_H

#include <linux/hrtimer.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "model/ipi_map.h"
#include "model/lapic.h"
#include "model/lapic_timer.h"
#include "model/timer_advance.h"

struct vcpu;

/* The last firing of the timer, from the LAPIC to the guest (vlapic_timer.c). */
struct vlapic_expired {
	bool pending; /* the guest may not notice before at */
	bool measure; /* the host's timer was set for it: its latency is of interest */
	bool was_halted;
	u8 vector;
	struct lapic_timer_next at;
	u64 exits; /* stats.exits then */
};

struct vlapic {
	struct lapic l;
	u8 *pv_eoi_word; /* the guest may end the highest ISR vector here; NULL outside an entry */
	u64 pv_eoi_gpa; /* 0: PV EOI off */
	struct lapic_timer timer; /* ns: CLOCK_MONOTONIC */
	raw_spinlock_t timer_lock; /* timer, and all that vlapic_timer.c lists */
	struct hrtimer hrtimer;
	bool remote; /* a housekeeping CPU waits for the timer, and fires it */
	bool call_sent; /* remote_arm is on its way */
	u64 due_ns; /* remote: what hrtimer is set to there; U64_MAX: not known to be */
	u64 calls_paid_until_ns; /* the calls of a housekeeping CPU so far are paid for by then */
	call_single_data_t remote_arm;
	int housekeeping_cpu; /* that CPU, for the one that the vCPU was loaded on last; -1 for none. The owner's */
	unsigned long housekeeping_sought; /* jiffies, then. The owner's */
	struct vcpu *vcpu;
	struct ipi_map_vcpu mapped; /* how the vCPU stands in the destination map. The owner's */
	bool apicv_active; /* the CPU moves IRR to ISR and ends interrupts without us (hv->vlapic_changed()) */
	int armed_cpu; /* where hrtimer was last armed */
	bool host_armed; /* hrtimer was set for what the timer is set to */
	bool wakes_halted; /* the last firing met a halted vCPU */
	u32 host_advance; /* by so many ns ahead of it */
	struct timer_advance advance[2]; /* of a running vCPU, of a halted one */
	struct vlapic_expired expired;

	/* Open to any thread. */
	u32 wire_extint; /* bit 0: an ExtINT message (IOAPIC virtual wire) came in */
	u32 unhalted; /* bit 0: KVM_HC_KICK_CPU */

	DECLARE_BITMAP(ioapic_eoi, 256); /* ended vectors to tell user space about */
};

#endif /* TAXCUT_IRQ_VLAPIC_STATE_H */
