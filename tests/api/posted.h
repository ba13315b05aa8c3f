/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by host and guest side of the posted-interrupt tests. */
#ifndef API_POSTED_H
#define API_POSTED_H

#define POSTED_VECTOR 0x67
#define POSTED_NOISE_VECTOR 0x55
#define POSTED_BATCH 8 /* interrupts that the guest requests at a time */

/* The way that vCPU 0 sends: args[0] of g_posted_sender. */
#define POSTED_BY_ICR 0 /* x2APIC, physical */
#define POSTED_BY_CLUSTER 1
#define POSTED_BY_HYPERCALL 2

#endif /* API_POSTED_H */
