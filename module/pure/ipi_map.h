/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt messages and the destination map: which vCPUs does a message
 * (ICR write, MSI, IOAPIC pin, KVM_HC_SEND_IPI) reach?
 *
 * A map is filled once by ipi_map_build() and read-only from then on, so any
 * number of threads may resolve against it while the glue prepares the next
 * one (publish with RCU). The only word that changes is the caller's cursor of
 * the lowest-priority arbitration. Nothing here delivers anything.
 */
#ifndef TAXCUT_PURE_IPI_MAP_H
#define TAXCUT_PURE_IPI_MAP_H

#include "port.h"

#define IPI_MAP_VCPUS 64 /* equals HV_MAX_VCPUS: one bit each in a u64 */
#define IPI_MAP_IDS 1024 /* APIC IDs 0..1023 can be addressed */

/* Delivery mode, as encoded in ICR, MSI data, LVT and redirection entries. */
enum apic_delivery {
	APIC_MSG_FIXED = 0,
	APIC_MSG_LOWEST = 1,
	APIC_MSG_SMI = 2,
	APIC_MSG_RESERVED = 3, /* delivered to nobody */
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

/* One interrupt message, whoever sent it. */
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

/* What one vCPU contributes to the map; the index in the table is its bit. */
struct ipi_map_vcpu {
	bool present; /* there is a vCPU with this index */
	bool enabled; /* software enable bit of SVR: may take part in arbitration */
	u8 mode; /* enum apic_mode */
	u8 xapic_id; /* bits 31:24 of the ID register; used in xAPIC mode */
	u32 x2apic_id; /* the vCPU's immutable APIC ID */
	u32 ldr; /* LDR and DFR register values; used in xAPIC mode */
	u32 dfr;
};

/* 8.6 KiB; memory comes from the caller, contents from ipi_map_build(). */
struct ipi_map {
	u64 present; /* vCPUs whose APIC is globally enabled */
	u64 enabled; /* of these, software enabled */
	u64 x2apic; /* of present, in x2APIC mode */
	bool strict_broadcast; /* device messages to 0xff are no broadcast in x2APIC mode */
	u64 phys[IPI_MAP_IDS]; /* by APIC ID; several bits if a guest made IDs equal */
	u64 flat[8]; /* xAPIC flat model, by LDR bit */
	u64 cluster[16][4]; /* xAPIC cluster model, by cluster and LDR bit */
};

/*
 * Fill *m from the table of nr (at most IPI_MAP_VCPUS) vCPUs. A vCPU whose
 * APIC ID does not fit the map is left out of everything but broadcasts.
 * strict_broadcast: KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK was requested.
 */
void ipi_map_build(struct ipi_map *m, const struct ipi_map_vcpu *vcpus, unsigned int nr,
		   bool strict_broadcast);

/*
 * The vCPUs that receive msg, as a bitmap of indexes; 0 for none. self is the
 * sender's index, or -1 for a device. Lowest priority (and msg->one) picks one
 * software-enabled candidate, round robin; cursor is the VM's arbitration
 * state: any word, started at 0, updated without ordering, never trusted.
 * Callable from any thread. (SDM 3 "Determining IPI Destination"; APM 2, 16.6.)
 */
u64 ipi_map_resolve(const struct ipi_map *m, const struct apic_msg *msg, int self, u32 *cursor);

/* Pick one vCPU of candidates, round robin; returns a bitmap with at most one bit. */
u64 ipi_map_arbitrate(u64 candidates, u32 *cursor);

/*
 * Destinations of KVM_HC_SEND_IPI: bit i of the two bitmap words stands for
 * APIC ID min + i. Each word carries 64 bits for a 64-bit guest, 32 otherwise.
 * IDs that nobody has are skipped.
 */
u64 ipi_map_pv(const struct ipi_map *m, u64 low, u64 high, u64 min, bool is_64bit);

/*
 * Decode the icr argument of KVM_HC_SEND_IPI. Only fixed (vectors 16..255) and
 * NMI, without shorthand or logical destination; otherwise -EINVAL (answer
 * -KVM_EINVAL).
 */
int ipi_pv_decode(u64 icr, struct apic_msg *msg);

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

#endif /* TAXCUT_PURE_IPI_MAP_H */
