/* SPDX-License-Identifier: GPL-2.0-only */
/* The VM ioctls of interrupts and in-kernel devices. */
#ifndef TAXCUT_UAPI_IRQ_IOCTL_H
#define TAXCUT_UAPI_IRQ_IOCTL_H

#include <linux/types.h>

struct vm;

/*
 * The VM ioctls of interrupts and in-kernel devices: CREATE_IRQCHIP,
 * CREATE_PIT, CREATE_PIT2, GET/SET_PIT, GET/SET_PIT2, REINJECT_CONTROL,
 * GET/SET_IRQCHIP, IRQ_LINE, IRQ_LINE_STATUS, SIGNAL_MSI, SET_GSI_ROUTING,
 * IRQFD, IOEVENTFD, (UN)REGISTER_COALESCED_MMIO. *handled is set for these
 * only. Takes vm->lock itself; the caller holds nothing.
 */
long irq_vm_ioctl(struct vm *vm, unsigned int cmd, unsigned long arg, bool *handled);

#endif /* TAXCUT_UAPI_IRQ_IOCTL_H */
