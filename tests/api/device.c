// SPDX-License-Identifier: GPL-2.0-only
#include "device.h"

static void answer_mmio(struct kvm_run *run, struct device *d)
{
	u64 at = run->mmio.phys_addr - GPA_MMIO;

	CHECK_RANGE(run->mmio.len, 1, 8);
	CHECK(at + run->mmio.len <= sizeof(d->mem));
	if (run->mmio.is_write)
		memcpy(d->mem + at, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, d->mem + at, run->mmio.len);
}

static void answer_port(struct kvm_run *run, struct device *d)
{
	u8 *data = (u8 *)run + run->io.data_offset;
	u32 len = run->io.size * run->io.count;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		while (len--)
			*data++ = d->next++;
		return;
	}
	CHECK(d->out_len + len <= sizeof(d->out));
	memcpy(d->out + d->out_len, data, len);
	d->out_len += len;
}

u32 device_run(struct vcpu *v, struct device *d)
{
	for (;;) {
		u32 reason = vcpu_run(v);

		if (reason == KVM_EXIT_MMIO)
			answer_mmio(v->run, d);
		else if (reason == KVM_EXIT_IO && v->run->io.port == PORT_STREAM)
			answer_port(v->run, d);
		else
			return reason;
	}
}
