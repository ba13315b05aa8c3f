/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by host and guest side of the stress test (stress.c, guest/stress.c). */
#ifndef API_STRESS_H
#define API_STRESS_H

/* Bits of args[1]: the vCPUs' actions. args[0] is the number of vCPUs, args[2] the guest's seed. */
#define STRESS_XAPIC 1 /* MMIO and flat logical IDs; else x2APIC and cluster IDs */
#define STRESS_HYPERCALL 2 /* also sends by KVM_HC_SEND_IPI */
#define STRESS_TIMER 4 /* TSC deadlines, some of them in the past, all the time */
#define STRESS_NMI 8
#define STRESS_PV_EOI 16
#define STRESS_HLT 32 /* waits in HLT; else with PAUSE */
#define STRESS_MSI 64 /* the host sends MSIs, too */

#define STRESS_MAX_CPUS 16
#define STRESS_MSI_VECTOR 0xd0

#endif /* API_STRESS_H */
