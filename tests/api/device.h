/* SPDX-License-Identifier: GPL-2.0-only */
/* A device at GPA_MMIO that behaves like memory, and a port whose value counts up. */
#ifndef API_DEVICE_H
#define API_DEVICE_H

#include "harness.h"

#define PORT_STREAM 0x1100

struct device {
	u8 mem[0x3000];
	u8 next; /* the next byte that the port returns */
	u8 out[0x1000]; /* bytes written to it */
	u32 out_len;
};

/* Runs until an exit that is not for the device. */
u32 device_run(struct vcpu *v, struct device *d);

#endif /* API_DEVICE_H */
