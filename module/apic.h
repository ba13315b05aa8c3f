/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's local APIC: the kernel side of pure/lapic.h.
 *
 * The pure LAPIC changes state and says what follows from it; this layer acts
 * on that: it sends the IPI, arms the host timer, wakes the target.
 *
 * Unless a comment says otherwise a function belongs to the vCPU's own thread
 * (or to whoever holds vcpu->mutex). Functions marked "any context" may be
 * called from a hard interrupt; they never sleep.
 *
 * Every function but apic_create() may be called when vcpu->apic is NULL only
 * where its comment says so.
 */
#ifndef TAXCUT_APIC_H
#define TAXCUT_APIC_H

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "hv.h"
#include "pure/lapic.h"
#include "pure/lapic_timer.h"
#include "pure/timer_advance.h"

/* The last firing of the timer, from the LAPIC to the guest (apic_timer.c). */
struct apic_firing {
	bool pending; /* the guest may not notice before at */
	bool measure; /* the host's timer was set for it: its latency is of interest */
	bool was_halted;
	u8 vector;
	struct lapic_timer_next at;
	u64 exits; /* stats.exits then */
};

struct apic {
	struct lapic l;
	u8 *pv_eoi_word; /* the guest may end the highest ISR vector here; NULL outside an entry */
	u64 pv_eoi_gpa; /* 0: PV EOI off */
	struct lapic_timer timer; /* ns: CLOCK_MONOTONIC */
	raw_spinlock_t timer_lock; /* timer, and all that apic_timer.c lists */
	struct hrtimer hrtimer;
	bool remote; /* a housekeeping CPU waits for the timer, and fires it */
	bool asked; /* start_here is on its way */
	u64 due_ns; /* remote: what hrtimer is set to there; U64_MAX: not known to be */
	u64 calls_until_ns; /* the calls of a housekeeping CPU so far are paid for by then */
	call_single_data_t start_here;
	int house; /* that CPU, for the one that the vCPU was loaded on last; -1 for none. The owner's */
	unsigned long house_sought; /* jiffies, then. The owner's */
	struct vcpu *vcpu;
	struct ipi_map_vcpu mapped; /* how the vCPU stands in the destination map. The owner's */
	bool cpu_delivers; /* the CPU moves IRR to ISR and ends interrupts without us (hv->apic_changed()) */
	int timer_cpu; /* where hrtimer was last armed */
	bool host_armed; /* hrtimer was set for what the timer is set to */
	bool wakes_halted; /* the last firing met a halted vCPU */
	u32 host_advance; /* by so many ns ahead of it */
	struct timer_advance advance[2]; /* of a running vCPU, of a halted one */
	struct apic_firing firing;

	/* Open to any thread. */
	u32 wire_extint; /* bit 0: an ExtINT message (IOAPIC virtual wire) came in */
	u32 unhalted; /* bit 0: KVM_HC_KICK_CPU */

	DECLARE_BITMAP(ioapic_eoi, 256); /* ended vectors to tell user space about */
};

/* apic_pending_vector(): an 8259-style interrupt waits; its vector is known only after apic_ack(). */
#define APIC_EXTINT 256

/* What apic_take_init_sipi() found. */
enum apic_startup { APIC_STARTUP_NONE, APIC_STARTUP_INIT, APIC_STARTUP_SIPI };

/* Sets v->apic; 0 or -ENOMEM. Call it only when the VM has an in-kernel LAPIC, before the vCPU is published. */
int apic_create(struct vcpu *v);
/* After the vCPU was unpublished; stops the timer. NULL is fine. */
void apic_destroy(struct vcpu *v);
/* Power-up (init_event false: also IA32_APIC_BASE) or INIT reset. NULL apic is fine. */
void apic_reset(struct vcpu *v, bool init_event);
/* The guest's CPUID was set (x2APIC, TSC-deadline, address width). NULL apic is fine. */
void apic_cpuid_changed(struct vcpu *v);

/* IA32_APIC_BASE (MSR 0x1b). -EINVAL: inject #GP. host: user space writes; any legal end state is taken. NULL apic is fine. */
int apic_set_base(struct vcpu *v, u64 value, bool host);
u64 apic_get_base(const struct vcpu *v);

/*
 * gpa lies in the LAPIC's page, and the LAPIC answers there. Disabled or in
 * x2APIC mode it does not on hardware, either; but by KVM's quirk
 * LAPIC_MMIO_HOLE the page is then a hole, which user space never hears of.
 * NULL apic is fine.
 */
static inline bool apic_mmio_hit(const struct vcpu *v, u64 gpa)
{
	const struct apic *a = v->apic;

	return a && (gpa & ~0xfffULL) == lapic_mmio_base(&a->l) &&
	       (lapic_mode(&a->l) == APIC_MODE_XAPIC ||
		!(v->vm->disabled_quirks & KVM_X86_QUIRK_LAPIC_MMIO_HOLE));
}

/*
 * gpa as accepted by apic_mmio_hit(); always 0: what the LAPIC cannot do with len reads as zero, or is dropped. The
 * hole reads as all ones.
 */
int apic_mmio_read(struct vcpu *v, u64 gpa, void *data, unsigned int len);
int apic_mmio_write(struct vcpu *v, u64 gpa, const void *data, unsigned int len);

/* x2APIC MSRs 0x800..0x8ff: 0, or -EINVAL (inject #GP; also when not in x2APIC mode). NULL apic is fine. */
int apic_msr_read(struct vcpu *v, u32 index, u64 *value);
int apic_msr_write(struct vcpu *v, u32 index, u64 value);

/* MSR IA32_TSC_DEADLINE, in guest TSC ticks; 0 = disarmed. Writes are ignored outside TSC-deadline mode (SDM 3, 11.5.4.1). */
u64 apic_tsc_deadline_get(struct vcpu *v);
void apic_tsc_deadline_set(struct vcpu *v, u64 tsc);

/*
 * The interrupt the guest would take now if its IF were open: -1 none,
 * APIC_EXTINT when the PIC (or, with a split irqchip, KVM_INTERRUPT) has one,
 * else the highest vector in IRR above PPR. NULL apic: KVM_INTERRUPT only.
 */
int apic_pending_vector(struct vcpu *v);
/* The same, less what the CPU delivers by itself. */
int apic_injectable_vector(struct vcpu *v);
/*
 * Take what apic_injectable_vector() has just found: IRR to ISR, or, for
 * APIC_EXTINT, acknowledge the PIC or consume vcpu->ev.user_irq. Returns the
 * vector, -1 when it has gone meanwhile.
 */
int apic_ack(struct vcpu *v, int pending);
/*
 * An interrupt waits that would wake a halted vCPU whose IF is open. An expired
 * timer (REQ_TIMER) is served here. NMI, INIT, SIPI and apic_take_kick() are
 * the caller's to look at. NULL apic is fine.
 */
bool apic_has_event(struct vcpu *v);
/*
 * KVM_HC_KICK_CPU has come for this vCPU since the last call: if it is halted,
 * it wakes even with IF closed. NULL apic is fine.
 */
bool apic_take_kick(struct vcpu *v);

/* apic_take_kick() would say yes. NULL apic is fine. */
static inline bool apic_kick_pending(const struct vcpu *v)
{
	return v->apic && READ_ONCE(v->apic->unhalted);
}

/*
 * An interrupt was accepted (LAPIC_NEW), edge-triggered and unwatched: tell the
 * CPU, if the vCPU is in the guest there and takes it without an exit. False:
 * REQ_EVENT is set, and a kick is due. Any context.
 */
bool apic_notify(struct vcpu *v);
/* HV_EXIT_EOI: the CPU has ended this interrupt, and somebody may wait for that. */
void apic_ended(struct vcpu *v, u8 vector);
/* Something waits that was posted. NULL apic is fine. */
static inline bool apic_has_posted(const struct vcpu *v)
{
	return v->apic && lapic_has_posted(&v->apic->l);
}

/* An IRR vector waits only because of TPR: the backend has to watch CR8. */
bool apic_blocked_by_tpr(struct vcpu *v);
/* This vCPU takes ExtINT from a PIC now (user space's, too). NULL apic: true. */
bool apic_accepts_extint(struct vcpu *v);

/* CR8: bits 7:4 of TPR. NULL apic: set is ignored, get returns 0. */
void apic_set_tpr(struct vcpu *v, u8 cr8);
u8 apic_get_tpr(const struct vcpu *v);

/* REQ_TIMER: deliver what expired, arm the next period. */
void apic_timer_expired(struct vcpu *v);
/* The timer's interrupt is on its way into the guest, perhaps ahead of its time. NULL apic is fine. */
static inline bool apic_timer_firing(const struct vcpu *v)
{
	return v->apic && v->apic->firing.pending;
}

/*
 * apic_timer_firing(): the next entry would inject the interrupt so many ns too
 * early (0..TIMER_WAIT_MAX_NS); do not enter before it is 0. Call it when the
 * entry is ready: the first call measures the firing's latency.
 */
u32 apic_timer_early_ns(struct vcpu *v);

void apic_timer_wait(struct vcpu *v);
/* Wait (at most TIMER_WAIT_MAX_NS) until nobody could tell that the timer fired early. NULL apic is fine. */
static inline void apic_timer_settle(struct vcpu *v)
{
	if (unlikely(apic_timer_firing(v)))
		apic_timer_wait(v);
}
/* The vCPU's thread is now on this CPU: the host timer follows. Preemption off. NULL apic is fine. */
void apic_timer_load(struct vcpu *v);
/* tsc_offset or tsc_khz changed: a TSC deadline means another host time now. NULL apic is fine. */
void apic_timer_tsc_changed(struct vcpu *v);
/* The host is back from a suspend. Any thread. */
void apic_timer_host_resumed(struct vcpu *v);

/* INIT or SIPI waits (REQ_INIT_SIPI is set, too). NULL apic is fine. */
bool apic_init_sipi_pending(const struct vcpu *v);
/*
 * Take the next one. A SIPI is handed out only while v->mp_state is
 * KVM_MP_STATE_INIT_RECEIVED, otherwise it is dropped as by hardware; so set
 * mp_state (vcpu_reset()) before asking again after an INIT. Loop until NONE.
 */
enum apic_startup apic_take_init_sipi(struct vcpu *v, u8 *sipi_vector);

/*
 * KVM_HC_SEND_IPI. low/high: bitmap of APIC IDs from min on (64 + 64 bits, or
 * 32 + 32 when the guest is not in 64-bit mode: long_mode false). Returns the
 * number of vCPUs the IPI reached, -KVM_EINVAL for a bad icr, or, for a NULL
 * apic, -KVM_EOPNOTSUPP.
 */
long apic_send_ipi_pv(struct vcpu *v, u64 low, u64 high, u64 min, u64 icr, bool long_mode);
/* KVM_HC_KICK_CPU: wake the vCPU with that APIC ID out of HLT even when its IF is closed. */
void apic_kick_pv(struct vm *vm, u64 apic_id);
/* The vCPU whose (x2)APIC ID is apic_id, whatever the guest says it is; NULL when there is none. Any context. */
struct vcpu *apic_find(struct vm *vm, u64 apic_id);

/* KVM_GET_LAPIC, KVM_SET_LAPIC; -EINVAL for a state no LAPIC can be in. */
int apic_get_state(struct vcpu *v, struct kvm_lapic_state *s);
int apic_set_state(struct vcpu *v, const struct kvm_lapic_state *s);

/* MSR_KVM_PV_EOI_EN: gpa of the flag word (4-byte aligned), 0 = off. NULL apic is fine. */
void apic_pv_eoi_set(struct vcpu *v, u64 gpa);
void apic_pv_eoi_offer(struct vcpu *v);
void apic_pv_eoi_collect(struct vcpu *v);

/* Bracket every entry with these two; vm->mem_sem is held (as always in the run loop). NULL apic is fine. */
static inline void apic_pv_eoi_before_entry(struct vcpu *v)
{
	if (v->apic && v->apic->pv_eoi_gpa && v->apic->l.isr_highest >= 0 && !v->apic->cpu_delivers)
		apic_pv_eoi_offer(v);
}

static inline void apic_pv_eoi_after_exit(struct vcpu *v)
{
	if (v->apic && v->apic->pv_eoi_word)
		apic_pv_eoi_collect(v);
}

/* For irq.c and apic_timer.c: act on what the pure LAPIC reported. */
void apic_apply_effects(struct vcpu *v, const struct lapic_effects *e);
void apic_timer_changed(struct vcpu *v, u32 reg);
void apic_timer_init(struct vcpu *v);
void apic_timer_destroy(struct apic *a);
/* Current count into the register page, before it is read. */
void apic_timer_publish_count(struct vcpu *v);

#endif /* TAXCUT_APIC_H */
