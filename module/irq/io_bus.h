/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel devices behind guest physical addresses and I/O ports: PIC,
 * IOAPIC, PIT, ioeventfds and coalesced zones. (The LAPIC page is each vCPU's
 * own: vlapic_mmio_hit().)
 *
 * All calls belong to the vCPU's thread, take no lock but RCU on the look-up
 * and never sleep. len: 1, 2, 4 or 8 bytes; an access that reaches across the
 * end of a device is not the device's.
 */
#ifndef TAXCUT_IRQ_IO_BUS_H
#define TAXCUT_IRQ_IO_BUS_H

#include <linux/types.h>

struct vcpu;

/* 0: done in the kernel (device, ioeventfd or coalesced ring). -EOPNOTSUPP: user space has to do it. */
int io_bus_write(struct vcpu *v, bool pio, u64 addr, unsigned int len, const void *data);
int io_bus_read(struct vcpu *v, bool pio, u64 addr, unsigned int len, void *data);
/* Of a port, len 1, 2 or 4: the value, or -1: user space has to do it. */
s64 io_bus_port_read(struct vcpu *v, u16 port, unsigned int len);

#endif /* TAXCUT_IRQ_IO_BUS_H */
