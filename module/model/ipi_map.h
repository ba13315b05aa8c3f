/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt messages and the destination map: which vCPUs does a message
 * (ICR write, MSI, IOAPIC pin, KVM_HC_SEND_IPI) reach?
 *
 * A vCPU comes into the map and leaves it again by itself, at a cost that does
 * not depend on how many there are. Writers exclude each other. A reader may
 * run beside a writer: it then finds some mixture of before and after, at a
 * bounded cost and without harm, and has to look again (irq/destmap.c: how it is
 * told). The caller's cursor of the lowest-priority arbitration is the only
 * word that a reader changes. Nothing here delivers anything.
 */
#ifndef TAXCUT_MODEL_IPI_MAP_H
#define TAXCUT_MODEL_IPI_MAP_H

#include "port.h"

#define IPI_MAP_VCPUS 1024 /* equals HV_MAX_VCPUS */
#define IPI_MAP_IDS 4096 /* equals HV_MAX_VCPU_ID: APIC IDs 0..4095 can be addressed */
#define IPI_SET_WORDS (IPI_MAP_VCPUS / 64)

/*
 * vCPUs by index. Most sets have one word; the others are neither cleared nor
 * looked at, so a set on the stack is __uninitialized until ipi_set_init().
 */
struct ipi_set {
	u32 used; /* the words that are valid; none of them is 0 */
	u64 word[IPI_SET_WORDS];
};

static inline void ipi_set_init(struct ipi_set *s)
{
	s->used = 0;
}

static inline bool ipi_set_empty(const struct ipi_set *s)
{
	return !s->used;
}

static inline bool ipi_set_single(const struct ipi_set *s)
{
	u64 bits;

	if (!s->used || s->used & (s->used - 1))
		return false;
	bits = s->word[__builtin_ctz(s->used)];
	return !(bits & (bits - 1));
}

/* Or 64 bits into a word. */
static inline void ipi_set_or(struct ipi_set *s, unsigned int w, u64 bits)
{
	if (!bits)
		return;
	s->word[w] = s->used & BIT(w) ? s->word[w] | bits : bits;
	s->used |= (u32)BIT(w);
}

static inline void ipi_set_add(struct ipi_set *s, unsigned int index)
{
	ipi_set_or(s, index / 64, BIT_ULL(index & 63));
}

static inline void ipi_set_remove(struct ipi_set *s, unsigned int index)
{
	unsigned int w = index / 64;

	if (!(s->used & BIT(w)))
		return;
	s->word[w] &= ~BIT_ULL(index & 63);
	if (!s->word[w])
		s->used &= ~(u32)BIT(w);
}

/* Take the lowest index out; -1 when there is none. */
static inline int ipi_set_take(struct ipi_set *s)
{
	unsigned int w;
	u64 bits;

	if (!s->used)
		return -1;
	w = (unsigned int)__builtin_ctz(s->used);
	bits = s->word[w];
	s->word[w] = bits & (bits - 1);
	if (!s->word[w])
		s->used &= s->used - 1;
	return (int)(w * 64) + __builtin_ctzll(bits);
}

/* Delivery mode, as encoded in ICR, MSI data, LVT and redirection entries. */
enum apic_delivery {
	APIC_MSG_FIXED = 0,
	APIC_MSG_LOWEST = 1,
	APIC_MSG_SMI = 2,
	APIC_MSG_RESERVED = 3, /* reaches no LAPIC */
	APIC_MSG_NMI = 4,
	APIC_MSG_INIT = 5,
	APIC_MSG_STARTUP = 6,
	APIC_MSG_EXTINT = 7,
};

/* Destination shorthand, as encoded in ICR bits 19:18. */
enum apic_shorthand {
	APIC_TO_DEST = 0,
	APIC_TO_SELF = 1,
	APIC_TO_ALL = 2,
	APIC_TO_OTHERS = 3,
};

/* One interrupt message: an IPI, an MSI or a pin's. */
struct apic_msg {
	u32 dest; /* APIC ID, or logical destination */
	u8 vector;
	u8 delivery; /* enum apic_delivery */
	u8 shorthand; /* enum apic_shorthand */
	bool logical; /* dest is a logical destination */
	bool level; /* trigger mode */
	bool assert; /* false only for INIT level de-assert: ignore the message */
	bool one; /* MSI redirection hint: one of the destinations takes it */
	bool ipi; /* sent by a vCPU; otherwise by a device */
	bool wide; /* 32-bit destination (broadcast 0xffffffff); else 8-bit (0xff) */
};

enum apic_mode {
	APIC_MODE_DISABLED, /* IA32_APIC_BASE.EN clear: receives nothing */
	APIC_MODE_XAPIC,
	APIC_MODE_X2APIC,
};

/* What one vCPU contributes to the map. All zero: nothing. */
struct ipi_map_vcpu {
	bool enabled; /* software enable bit of SVR: may take part in arbitration */
	bool pic; /* wired to the 8259's INTR: lapic_accepts_pic() */
	u8 mode; /* enum apic_mode */
	u8 xapic_id; /* bits 31:24 of the ID register; used in xAPIC mode */
	u32 x2apic_id; /* the vCPU's immutable APIC ID */
	u32 ldr; /* LDR and DFR register values; used in xAPIC mode */
	u32 dfr;
};

/* 21.9 KiB; begins as zeroes. Readers never look at prev. */
struct ipi_map {
	unsigned int words; /* of the sets below that are in use */
	bool strict_broadcast; /* device messages to 0xff are no broadcast in x2APIC mode */
	u16 first[IPI_MAP_IDS]; /* by APIC ID: index + 1 of the vCPU that has it; bit 15: others have it too */
	u16 next[IPI_MAP_VCPUS]; /* by index: index + 1 of another one with the same ID, which a guest can give them */
	u16 prev[IPI_MAP_VCPUS];
	u64 present[IPI_SET_WORDS]; /* vCPUs whose APIC is globally enabled */
	u64 enabled[IPI_SET_WORDS]; /* of these, software enabled */
	u64 x2apic[IPI_SET_WORDS]; /* of present, in x2APIC mode */
	u64 pic[IPI_SET_WORDS]; /* wired to the 8259 */
	u64 flat[8][IPI_SET_WORDS]; /* xAPIC flat model, by LDR bit */
	u64 cluster[16][4][IPI_SET_WORDS]; /* xAPIC cluster model, by cluster and LDR bit */
};

/*
 * The vCPU with this index (below IPI_MAP_VCPUS) comes to stand in the map as
 * *v, where it stood as *old: what the last call gave it, at first all zero. A
 * vCPU whose APIC ID does not fit the map is left out of everything but
 * broadcasts.
 */
void ipi_map_change(struct ipi_map *m, unsigned int index, const struct ipi_map_vcpu *old,
		    const struct ipi_map_vcpu *v);

/* KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK was requested. */
void ipi_map_set_strict_broadcast(struct ipi_map *m);

/*
 * The vCPUs that receive msg. self is the sender's index, or -1 for a device.
 * Lowest priority (and msg->one) picks one software-enabled candidate, round
 * robin; cursor is the VM's arbitration state: any word, started at 0, updated
 * without ordering, never trusted. Callable from any thread. (SDM 3
 * "Determining IPI Destination"; APM 2, 16.6.)
 */
void ipi_map_resolve(const struct ipi_map *m, const struct apic_msg *msg, int self, u32 *cursor,
		     struct ipi_set *to);

/*
 * The short way for most messages, those to one APIC ID, or to the sender: the
 * index of the only vCPU that it reaches, or -1: ask ipi_map_resolve(). It looks
 * at one word of the map, so what it finds needs no second look.
 */
int ipi_map_resolve_one(const struct ipi_map *m, const struct apic_msg *msg, int self);

/* Pick one vCPU out of *set, round robin; all others leave it. */
void ipi_map_arbitrate(struct ipi_set *set, u32 *cursor);

/* The vCPUs that are wired to the 8259. */
void ipi_map_pic(const struct ipi_map *m, struct ipi_set *to);

/*
 * Destinations of KVM_HC_SEND_IPI: bit i of the two bitmap words stands for
 * APIC ID min + i. Each word carries 64 bits for a 64-bit guest, 32 otherwise.
 * IDs without a vCPU are skipped.
 */
void ipi_map_pv(const struct ipi_map *m, u64 low, u64 high, u64 min, bool is_64bit, struct ipi_set *to);

/*
 * Decode the icr argument of KVM_HC_SEND_IPI: any vector and delivery mode, as
 * in KVM, which also takes trigger mode and level at their word in all modes.
 * -EINVAL (answer -KVM_EINVAL) for a shorthand or a logical destination.
 */
int ipi_pv_decode(u64 icr, struct apic_msg *msg);
/* It reaches LAPICs: it is not ExtINT, and not the end of a level. */
bool ipi_pv_arrives(const struct apic_msg *msg);

/*
 * Decode an ICR value. x2apic: bits 63:32 are the destination; otherwise bits
 * 63:56 are. Illegal values decode too: check with apic_msg_valid().
 */
void ipi_decode(u64 icr, bool x2apic, struct apic_msg *msg);

/* Can be sent: the delivery mode is not reserved or ExtINT, a fixed vector is 16..255. */
bool apic_msg_valid(const struct apic_msg *msg);

/* How destination IDs above 255 are written into an MSI address. */
#define MSI_DEST_HI32 1u /* bits 63:40 hold ID bits 31:8 (KVM_X2APIC_API_USE_32BIT_IDS) */
#define MSI_DEST_EXT15 2u /* bits 11:5 hold ID bits 14:8 (KVM_FEATURE_MSI_EXT_DEST_ID) */

/* -EINVAL if address bits that must be zero for these MSI_DEST_* flags are set. */
int msi_check(u64 address, unsigned int flags);

/*
 * Decode an MSI. The 0xfee00000 prefix is not looked at: routes may carry any.
 * (SDM 3 "Message Signalled Interrupts".)
 */
void msi_decode(u64 address, u32 data, unsigned int flags, struct apic_msg *msg);

#endif /* TAXCUT_MODEL_IPI_MAP_H */
