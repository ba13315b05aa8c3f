/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two sides of the stress test agree on (stress.c, guest/stress.c). */
#ifndef API_STRESS_H
#define API_STRESS_H

/* Bits of args[1]: what the vCPUs do. args[0] is their number, args[2] the guest's seed. */
#define STRESS_XAPIC 1 /* MMIO and flat logical IDs; else x2APIC and cluster IDs */
#define STRESS_HYPERCALL 2 /* KVM_HC_SEND_IPI as well as the ICR */
#define STRESS_TIMER 4 /* TSC deadlines, some of them in the past, all the time */
#define STRESS_NMI 8
#define STRESS_PV_EOI 16
#define STRESS_HLT 32 /* wait in HLT; else only with PAUSE */
#define STRESS_MSI 64 /* the host sends interrupts, too */

#define STRESS_MAX_CPUS 16
#define STRESS_MSI_VECTOR 0xd0

#endif /* API_STRESS_H */
