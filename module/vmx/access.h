/* SPDX-License-Identifier: GPL-2.0-only */
/* VMREAD and VMWRITE. */
#ifndef TAXCUT_VMX_ACCESS_H
#define TAXCUT_VMX_ACCESS_H

#include "vmx.h"

void vmx_access_failed(unsigned long field, const char *what);

/*
 * The vCPU's VMCS is current. After VMX was switched off under a loaded vCPU
 * (reboot) these fault, and are skipped: reads give 0.
 */
static inline u64 vmx_read(unsigned long field)
{
	u64 value = 0;
	bool failed = false;

	asm volatile("1: vmread %[field], %[value]\n\tsetbe %[failed]\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : [value] "+r"(value), [failed] "+q"(failed)
		     : [field] "r"(field)
		     : "cc");
	if (unlikely(failed))
		vmx_access_failed(field, "read");
	return value;
}

static inline void vmx_write(unsigned long field, u64 value)
{
	bool failed = false;

	asm volatile("1: vmwrite %[value], %[field]\n\tsetbe %[failed]\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : [failed] "+q"(failed)
		     : [field] "r"(field), [value] "r"(value)
		     : "cc", "memory");
	if (unlikely(failed))
		vmx_access_failed(field, "written");
}

#endif /* TAXCUT_VMX_ACCESS_H */
