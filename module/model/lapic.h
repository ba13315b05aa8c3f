/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One local APIC: the register page, acceptance and priority of interrupts.
 * The timer's arithmetic is in lapic_timer.h, destinations in ipi_map.h.
 * (SDM 3 "Advanced Programmable Interrupt Controller"; APM 2, chapter 16.)
 *
 * Who may touch what
 *   Any thread, at any time, without a lock: lapic_set_irr(),
 *   lapic_local_deliver(), lapic_post*(), lapic_accepts_pic() and the inline
 *   predicates. They use atomic operations on IRR, TMR, pending, esr_new and
 *   irr_words, and only read the rest.
 *   Everything else belongs to the vCPU's own thread, or to the holder of the
 *   vCPU's mutex.
 *   Order of acceptance: TMR bit, IRR bit, irr_words, then the caller's kick.
 *   The owner clears a bit of irr_words only before it looks at that word of
 *   IRR again, so what appears meanwhile is found now or by the next look.
 *
 * A CPU that delivers interrupts itself
 *   Then the register page is the CPU's while the guest runs, and IRR is
 *   private to it: lapic_set_irr() puts an edge-triggered vector into
 *   lapic.pi_desc, where the CPU finds it, and one with a listener for its EOI
 *   of into lapic.held, where only the owner does. lapic_sync_pir_to_irr() moves both
 *   into IRR. The order is: vector, then posted->on; the owner, and the CPU,
 *   clear posted->on before they look for vectors.
 *
 * Functions that take effects only add to it: start with a zeroed struct, and
 * act on it after the call.
 */
#ifndef TAXCUT_MODEL_LAPIC_H
#define TAXCUT_MODEL_LAPIC_H

#include <linux/kvm.h>

#include "ipi_map.h"
#include "port.h"

/* Register offsets; an x2APIC MSR number is 0x800 + offset / 16. */
#define LAPIC_ID 0x020
#define LAPIC_VERSION 0x030
#define LAPIC_TPR 0x080
#define LAPIC_APR 0x090
#define LAPIC_PPR 0x0a0
#define LAPIC_EOI 0x0b0
#define LAPIC_RRD 0x0c0
#define LAPIC_LDR 0x0d0
#define LAPIC_DFR 0x0e0
#define LAPIC_SVR 0x0f0
#define LAPIC_ISR 0x100
#define LAPIC_TMR 0x180
#define LAPIC_IRR 0x200
#define LAPIC_ESR 0x280
#define LAPIC_LVTCMCI 0x2f0
#define LAPIC_ICR 0x300
#define LAPIC_ICR2 0x310
#define LAPIC_LVTT 0x320
#define LAPIC_LVTTHMR 0x330
#define LAPIC_LVTPC 0x340
#define LAPIC_LVT0 0x350
#define LAPIC_LVT1 0x360
#define LAPIC_LVTERR 0x370
#define LAPIC_TMICT 0x380
#define LAPIC_TMCCT 0x390
#define LAPIC_TDCR 0x3e0
#define LAPIC_SELF_IPI 0x3f0

#define LAPIC_MSR_FIRST 0x800
#define LAPIC_MSR_LAST 0x8ff

#define LAPIC_BASE_BSP BIT_ULL(8)
#define LAPIC_BASE_X2APIC BIT_ULL(10)
#define LAPIC_BASE_ENABLE BIT_ULL(11)
#define LAPIC_BASE_DEFAULT 0xfee00000ULL

#define LAPIC_SVR_ENABLE BIT(8)
#define LAPIC_SVR_NO_EOI_BROADCAST BIT(12)
#define LAPIC_LVT_MASKED BIT(16)

#define LAPIC_FIRST_LEGAL_VECTOR 16

/* ESR bits (SDM 3 "Error Handling"). */
#define LAPIC_ESR_SEND_VECTOR 5
#define LAPIC_ESR_RECEIVE_VECTOR 6
#define LAPIC_ESR_REGISTER 7

/* Posted interrupts, as the CPU reads them (SDM 3 "Posted-Interrupt Processing"). 64-byte aligned. */
struct lapic_pi_desc {
	u32 pir[8];
	u32 on; /* bit 0: something was posted since it was last clear */
	u32 rest[7];
};

struct lapic {
	struct lapic_pi_desc *pi_desc; /* NULL: vectors go straight into IRR */
	u32 eoi_exit_pending[8], eoi_exit_pending_any;
	u32 eoi_exit_bitmap[8]; /* vectors whose end must be heard of; the owner's */
	bool irr_moved, eoi_exit_bitmap_changed; /* the owner's: lapic_sync_pir_to_irr() found something */
	u8 *regs; /* 4 KiB, 4-byte aligned at least; KVM_GET_LAPIC's layout */
	u64 base; /* IA32_APIC_BASE; change with lapic_set_base() */
	u32 x2apic_id; /* equals the vCPU id */
	bool bsp;

	/* Configuration from CPUID and capabilities; set before the guest runs. */
	u8 phys_bits; /* MAXPHYADDR: IA32_APIC_BASE bits above are reserved; 36..52 */
	bool has_x2apic; /* CPUID.1:ECX.21 */
	bool has_tsc_deadline; /* CPUID.1:ECX.24 */
	bool has_eoi_suppress; /* version bit 24: SVR bit 12 may be set */

	int isr_highest; /* highest bit in ISR, -1 for none */
	u32 irr_words; /* bit n: word n of IRR may hold something; clear: it holds nothing */
	u32 pending; /* bits 1 << enum lapic_pending */
	u32 sipi_vector; /* valid when LAPIC_PENDING_SIPI is taken */
	u32 esr_new; /* errors since the last write to ESR, not yet visible */
	u32 esr_disarmed; /* bit 0: LVTERR has fired since the last write to ESR */
};

/* What the caller must do after a register access. */
struct lapic_effects {
	bool ipi; /* send msg */
	struct apic_msg msg;
	bool eoi; /* an interrupt was in service: eoi_vector has ended */
	u8 eoi_vector;
	bool eoi_level; /* and the IOAPICs must hear of it (TMR set, broadcast not suppressed) */
	bool timer; /* timer_reg was written (0: all of them, see lapic_timer_restore()) */
	u32 timer_reg; /* LAPIC_LVTT, LAPIC_TMICT or LAPIC_TDCR */
	bool map; /* ID, LDR, DFR, mode or software enable changed: lapic_map_entry() may differ */
	bool event; /* look again for an interrupt to inject */
	bool lvt0; /* LVT0 or the enable state changed: lapic_accepts_pic() may differ, and lapic_map_entry() */
};

enum lapic_irr_result {
	LAPIC_NEW, /* the bit was clear: notify the vCPU */
	LAPIC_ALREADY, /* it was set already: coalesced */
	LAPIC_REJECTED, /* APIC disabled */
	LAPIC_ILLEGAL, /* taken, but no interrupt can have that vector: logged in ESR */
	LAPIC_ERROR, /* the same, and the error interrupt has come of it: notify the vCPU */
};

enum lapic_pending {
	LAPIC_PENDING_INIT,
	LAPIC_PENDING_SIPI,
};

enum lapic_local {
	LAPIC_LOCAL_MASKED, /* nothing to do */
	LAPIC_LOCAL_FIXED, /* IRR has been set: notify the vCPU */
	LAPIC_LOCAL_COALESCED, /* IRR was set already */
	LAPIC_LOCAL_ERROR, /* illegal vector, and the error interrupt has set IRR: notify the vCPU */
	LAPIC_LOCAL_NMI,
	LAPIC_LOCAL_SMI,
	LAPIC_LOCAL_INIT,
	LAPIC_LOCAL_EXTINT, /* the vector comes from the PIC */
};

static inline u32 *lapic_word(const struct lapic *l, u32 offset)
{
	return (u32 *)(l->regs + offset);
}

static inline u32 lapic_reg(const struct lapic *l, u32 offset)
{
	return word_load(lapic_word(l, offset));
}

/* The mode that an IA32_APIC_BASE value selects. */
static inline enum apic_mode lapic_base_mode(u64 base)
{
	if (!(base & LAPIC_BASE_ENABLE))
		return APIC_MODE_DISABLED;
	return base & LAPIC_BASE_X2APIC ? APIC_MODE_X2APIC : APIC_MODE_XAPIC;
}

static inline enum apic_mode lapic_mode(const struct lapic *l)
{
	return lapic_base_mode(READ_ONCE(l->base));
}

/* Globally enabled: answers on MMIO or as MSRs. */
static inline bool lapic_hw_enabled(const struct lapic *l)
{
	return READ_ONCE(l->base) & LAPIC_BASE_ENABLE;
}

/* Globally and software enabled: accepts fixed interrupts. */
static inline bool lapic_enabled(const struct lapic *l)
{
	return lapic_hw_enabled(l) && (lapic_reg(l, LAPIC_SVR) & LAPIC_SVR_ENABLE);
}

/* Base address of the MMIO page; meaningful in xAPIC mode. */
static inline u64 lapic_mmio_base(const struct lapic *l)
{
	return READ_ONCE(l->base) & GENMASK_ULL(51, 12);
}

/*
 * Power-up state: *l is overwritten, regs (4 KiB, kept by the caller as long as
 * *l lives) is cleared. phys_bits is 52 and has_* false until the caller sets
 * them.
 */
void lapic_init(struct lapic *l, u8 *regs, u32 x2apic_id, bool bsp);

/*
 * Reset. init: INIT signal, which keeps IA32_APIC_BASE and the APIC ID (SDM 3
 * "Local APIC State After It Receives an INIT Reset"); otherwise power-up.
 * Pending NMI, SMI, INIT and SIPI stay: they are the caller's to judge.
 * Effects: map, timer (all), lvt0, event.
 */
void lapic_reset(struct lapic *l, bool init, struct lapic_effects *e);

/*
 * Write IA32_APIC_BASE. -EINVAL (#GP) for reserved bits, x2APIC without
 * CPUID.x2APIC, and illegal transitions (SDM 3 "x2APIC State Transitions").
 * host: from KVM_SET_SREGS/KVM_SET_MSRS, any transition between legal states.
 * Effects: map, lvt0, event; timer (all) when the APIC was disabled.
 */
int lapic_set_base(struct lapic *l, u64 value, bool host, struct lapic_effects *e);

/*
 * KVM_GET_LAPIC. x2apic_format: KVM_X2APIC_API_USE_32BIT_IDS is on. Call
 * lapic_set_current_count() first.
 */
void lapic_state_get(const struct lapic *l, struct kvm_lapic_state *s, bool x2apic_format);

/*
 * KVM_SET_LAPIC, for the mode that IA32_APIC_BASE has now. Reserved bits are
 * dropped. -EINVAL if the ID is wrong for x2apic_format (nothing is changed).
 * Effects: map, timer (all), lvt0, event.
 */
int lapic_state_set(struct lapic *l, const struct kvm_lapic_state *s, bool x2apic_format,
		    struct lapic_effects *e);

/* Store the timer's current count where reads of TMCCT find it. */
void lapic_set_current_count(struct lapic *l, u32 count);

/*
 * xAPIC MMIO at offset (0..4095) into the page, len 1, 2, 4 or 8 bytes.
 * Reads return zero for what is not a readable register, which is an ESR error
 * where the access lies within a register; only aligned 4-byte writes have an
 * effect. Before a read of LAPIC_TMCCT call
 * lapic_set_current_count(). Valid in xAPIC mode only: the caller checks.
 */
void lapic_mmio_read(struct lapic *l, u32 offset, unsigned int len, void *data,
		     struct lapic_effects *e);
void lapic_mmio_write(struct lapic *l, u32 offset, unsigned int len, const void *data,
		      struct lapic_effects *e);

/*
 * One register by offset (multiple of 16), as in xAPIC mode. Unknown registers
 * read 0.
 */
u32 lapic_read(struct lapic *l, u32 offset);
void lapic_write(struct lapic *l, u32 offset, u32 value, struct lapic_effects *e);

/*
 * x2APIC MSRs LAPIC_MSR_FIRST..LAPIC_MSR_LAST. -EINVAL (#GP) outside x2APIC
 * mode, for reserved registers, write-only reads, read-only writes and reserved
 * bits. Before a read of TMCCT (0x839) call lapic_set_current_count().
 */
int lapic_msr_read(struct lapic *l, u32 msr, u64 *value);
int lapic_msr_write(struct lapic *l, u32 msr, u64 value, struct lapic_effects *e);

/*
 * Accept a fixed (or arbitrated) interrupt: any thread, lock-free. level: the
 * trigger mode, recorded in TMR. After LAPIC_NEW notify the vCPU.
 */
enum lapic_irr_result lapic_set_irr(struct lapic *l, u8 vector, bool level);

/* The same for an edge-triggered interrupt with a listener for its EOI. */
enum lapic_irr_result lapic_set_irr_eoi_exit(struct lapic *l, u8 vector);

/* Something was posted or held since the last lapic_sync_pir_to_irr(). */
static inline bool lapic_has_pir(const struct lapic *l)
{
	return l->pi_desc && (word_load(&l->pi_desc->on) | word_load(&l->eoi_exit_pending_any));
}

/* The CPU has put vectors into IRR, this one the highest that is left. Owner only. */
void lapic_irr_was_filled(struct lapic *l, u8 highest);

/* Move what others have posted into IRR. Owner only, with the guest stopped. */
void lapic_sync_pir_to_irr(struct lapic *l);

/* Highest bit in IRR, -1 for none, whatever the priority. Owner only. */
int lapic_highest_irr(struct lapic *l);

/* The vector to inject next: highest IRR above PPR, -1 for none. Owner only. */
int lapic_pending_vector(struct lapic *l);

/* The vector goes to the CPU: IRR to ISR, PPR rises. */
void lapic_accept(struct lapic *l, u8 vector);

/* End of interrupt: the highest vector leaves ISR. Effects: eoi*, event. */
void lapic_eoi(struct lapic *l, struct lapic_effects *e);

/* The end of this vector concerns the IOAPICs: it was level-triggered, and broadcasts are not suppressed. */
bool lapic_eoi_exit_is_level(const struct lapic *l, u8 vector);

/* TPR seen as CR8 (0..15); set returns true if PPR fell: look for an interrupt. */
u8 lapic_get_cr8(const struct lapic *l);
bool lapic_set_cr8(struct lapic *l, u8 cr8);

/* Recompute PPR from TPR and ISR; true if it fell. (SDM 3 "Task and Processor Priorities".) */
bool lapic_update_ppr(struct lapic *l);

/*
 * A local source fires: lvt is LAPIC_LVTT, LAPIC_LVTTHMR, LAPIC_LVTPC,
 * LAPIC_LVT0, LAPIC_LVT1 or LAPIC_LVTERR. Any thread. A performance interrupt masks its own
 * entry (SDM 3 "Local Vector Table").
 */
enum lapic_local lapic_local_deliver(struct lapic *l, u32 lvt);

/* The PIC's INTR reaches this vCPU: LVT0 unmasked ExtINT, or APIC globally disabled. */
bool lapic_accepts_pic(const struct lapic *l);

/* Post and take pending events; post returns true if it was not pending before. */
bool lapic_post(struct lapic *l, enum lapic_pending what);
bool lapic_post_sipi(struct lapic *l, u8 vector);
bool lapic_take(struct lapic *l, enum lapic_pending what);

static inline bool lapic_is_pending(const struct lapic *l, enum lapic_pending what)
{
	return word_load(&l->pending) & BIT(what);
}

/* What this LAPIC contributes to the destination map. */
void lapic_map_entry(const struct lapic *l, struct ipi_map_vcpu *entry);

#endif /* TAXCUT_MODEL_LAPIC_H */
