/* SPDX-License-Identifier: GPL-2.0-only */
/* A device at GPA_MMIO that is like memory, and a port that counts up. */
#ifndef API_DEVICE_H
#define API_DEVICE_H

#include "harness.h"

#define PORT_STREAM 0x1100

struct device {
	u8 mem[0x3000];
	u8 next; /* what the port gives next, byte by byte */
	u8 out[0x1000]; /* what it was given */
	u32 out_len;
};

/* Run until another exit than those that the device answers. */
u32 device_run(struct vcpu *v, struct device *d);

#endif /* API_DEVICE_H */
