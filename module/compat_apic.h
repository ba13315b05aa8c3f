/* SPDX-License-Identifier: GPL-2.0-only */
/* compat.h's part about the host's own APIC; apart, because the kernel, too, has a struct apic. */
#ifndef TAXCUT_COMPAT_APIC_H
#define TAXCUT_COMPAT_APIC_H

#include <linux/version.h>
#include <asm/apic.h>

/* Any context, preemption off or the CPU's number stable. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define hv_send_ipi(cpu, vector) __apic_send_IPI_mask(cpumask_of(cpu), vector)
#else
#define hv_send_ipi(cpu, vector) apic->send_IPI_mask(cpumask_of(cpu), vector)
#endif

#endif /* TAXCUT_COMPAT_APIC_H */
