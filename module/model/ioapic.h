/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One IOAPIC with 24 pins (82093AA, version 0x11). The caller holds one lock
 * around every call; functions describe in struct ioapic_out what must be sent,
 * and the caller sends it, under the lock or after it.
 *
 * Level-triggered pins: a message sets remote IRR; the EOI of its vector clears
 * it, in two steps, so that resample listeners can withdraw the line between:
 *     acked = ioapic_eoi(io, vector);
 *     ... tell the listeners of the pins in acked (without the lock) ...
 *     delayed = ioapic_reraise(io, acked, &out);
 *     ... send out; for delayed pins call ioapic_retry() some ms later ...
 * A pin whose line stays high would be raised again at every EOI, for ever:
 * after IOAPIC_STORM_LIMIT of them in a row it is reported as delayed instead.
 */
#ifndef TAXCUT_MODEL_IOAPIC_H
#define TAXCUT_MODEL_IOAPIC_H

#include <linux/kvm.h>

#include "ipi_map.h"
#include "port.h"

#define IOAPIC_PINS KVM_IOAPIC_NUM_PINS
#define IOAPIC_MMIO_BASE 0xfec00000ULL
#define IOAPIC_MMIO_SIZE 0x100
#define IOAPIC_VERSION 0x11
#define IOAPIC_STORM_LIMIT 10000

/* Redirection entry bits; the vector is 7:0, the delivery mode 10:8, the destination 63:56. */
#define IOAPIC_LOGICAL BIT_ULL(11)
#define IOAPIC_STATUS BIT_ULL(12)
#define IOAPIC_LOW_ACTIVE BIT_ULL(13)
#define IOAPIC_REMOTE_IRR BIT_ULL(14)
#define IOAPIC_LEVEL BIT_ULL(15)
#define IOAPIC_MASKED BIT_ULL(16)

struct ioapic {
	u64 base; /* MMIO base address */
	u32 id; /* ID register */
	u32 select; /* IOREGSEL */
	u32 irr; /* by pin: line active */
	u32 irr_delivered; /* by pin: this edge has been sent */
	u32 reserved;
	u64 redir[IOAPIC_PINS];
	u32 sources[IOAPIC_PINS]; /* by pin: which sources hold the line active */
	u32 storm[IOAPIC_PINS]; /* by pin: immediate re-raises in a row */
};

/* A source that only says when its line rises, and that can be asked whether it is still up: a resampling irqfd. */
#define IOAPIC_SOURCE_RESAMPLE 1

/* What the caller must do: messages to send, each from a different pin. */
struct ioapic_out {
	unsigned int nr;
	struct {
		u8 pin;
		struct apic_msg msg;
	} m[IOAPIC_PINS];
	u32 resample; /* pins whose listeners must be asked, see ioapic_mmio_write() */
};

enum ioapic_result {
	IOAPIC_IGNORED = -1, /* masked, or no such pin */
	IOAPIC_COALESCED = 0, /* the line was active already, or remote IRR is set */
	IOAPIC_SENT = 1, /* a message is in out; for level 0: the line is lower now */
};

/* Reset: all pins masked, base IOAPIC_MMIO_BASE. */
void ioapic_reset(struct ioapic *io);

/*
 * Source (0..31) drives pin (0..23) to level. out is appended to. The result
 * is what KVM_IRQ_LINE_STATUS reports, if the message reaches a vCPU.
 */
enum ioapic_result ioapic_set_irq(struct ioapic *io, unsigned int pin, unsigned int source,
				  bool level, struct ioapic_out *out);

/* The message of this pin reached no vCPU: clear remote IRR again. */
void ioapic_unsent(struct ioapic *io, unsigned int pin);

/* EOI of vector, step 1: remote IRR falls; returns the pins (bitmap) that it belonged to. */
u32 ioapic_eoi(struct ioapic *io, u8 vector);

/* EOI, step 2: raise those of pins that are still active; returns pins to retry later. */
u32 ioapic_reraise(struct ioapic *io, u32 pins, struct ioapic_out *out);

/* Raise delayed pins that are still active, and forgive them. */
void ioapic_retry(struct ioapic *io, u32 pins, struct ioapic_out *out);

/*
 * MMIO at offset (0..255) from base, len 1, 2, 4 or 8. Unknown registers read
 * zero and ignore writes. A write may unmask an active pin: out is appended to.
 * If only IOAPIC_SOURCE_RESAMPLE holds the line, that may be old: the device's
 * interrupt came while the pin was masked, and was dealt with before it is
 * unmasked. Nothing is sent, the pin is in out->resample: lower the source and
 * tell its listeners, who raise it again if need be; when there are none, call
 * ioapic_retry().
 */
void ioapic_mmio_read(const struct ioapic *io, u32 offset, unsigned int len, void *data);
void ioapic_mmio_write(struct ioapic *io, u32 offset, unsigned int len, const void *data,
		       struct ioapic_out *out);

/*
 * KVM_GET_IRQCHIP / KVM_SET_IRQCHIP (KVM_IRQCHIP_IOAPIC). Setting raises again
 * what the saved irr holds and remote IRR does not: out is appended to. Line
 * sources are kept.
 */
void ioapic_state_get(const struct ioapic *io, struct kvm_ioapic_state *s);
void ioapic_state_set(struct ioapic *io, const struct kvm_ioapic_state *s,
		      struct ioapic_out *out);

#endif /* TAXCUT_MODEL_IOAPIC_H */
