/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What /dev/taxcut has beside KVM's ABI; docs/abi.md. For the module and for user space. */
#ifndef TAXCUT_UAPI_TAXCUT_H
#define TAXCUT_UAPI_TAXCUT_H

#include <linux/kvm.h>

/* KVM_CHECK_EXTENSION: 1 where TAXCUT_OWN_CPU works. */
#define TAXCUT_CAP_OWNED_CORES 0x7478

/* Of a vCPU: owns this CPU from here on, or, with TAXCUT_OWN_NONE, none. */
#define TAXCUT_OWN_CPU _IOW(KVMIO, 0xf0, __s32)
#define TAXCUT_OWN_NONE (-1)

#endif /* TAXCUT_UAPI_TAXCUT_H */
