// SPDX-License-Identifier: GPL-2.0-only
/* A VMREAD or VMWRITE failed. */
#include "access.h"
#include "caps.h"

void vmx_access_failed(unsigned long field, const char *what)
{
	if (this_cpu_read(vmx_cpus.enabled))
		pr_err_ratelimited("VMCS field %#lx cannot be %s: VM-instruction error\n", field, what);
}
