/* SPDX-License-Identifier: GPL-2.0-only */
/* The device nodes of the hypervisors. */
#ifndef TAXCUT_HOST_DEVICE_H
#define TAXCUT_HOST_DEVICE_H

#define TAXCUT_DEVICE "/dev/taxcut"
#define KVM_DEVICE "/dev/kvm"

#endif
