// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery of messages to LAPICs.
 *
 * What a message costs: a look-up per bit of its destination (at most 16 in an
 * ICR, 128 in KVM_HC_SEND_IPI), then an atomic bit and a kick per target. A
 * vCPU's own IPIs and hypercalls run here with interrupts on, however many
 * they wake. A device's message to several vCPUs may come in with interrupts
 * off: then only the bits are set, and deliver_late_kicks() does the waking, and
 * sends the notifications of posted interrupts.
 */
#include "base/kick.h"
#include "base/vcpu.h"
#include "deliver.h"
#include "destmap.h"
#include "irqchip.h"
#include "vlapic_accept.h"
#include "vlapic_state.h"

void deliver_late_kicks(struct work_struct *work)
{
	struct irqchip *irq = container_of(work, struct irqchip, late_kick);
	unsigned int w;

	for (w = 0; w < IPI_SET_WORDS; w++) {
		u64 left = atomic64_read(&irq->late_targets[w]) ? atomic64_xchg(&irq->late_targets[w], 0) : 0;

		for (; left; left &= left - 1) {
			struct vcpu *v = irq->vm->vcpus[w * 64 + __ffs64(left)];
			bool notified = v->vlapic->l.pi_desc && vlapic_notify(v);

			/* NMI, INIT and the like are requests. */
			if (!notified || vcpu_has_request(v))
				vcpu_kick(v);
		}
	}
}

void deliver_kick_later(struct irqchip *irq, const struct ipi_set *targets)
{
	u32 used = targets->used;

	for (; used; used &= used - 1) {
		unsigned int w = __ffs(used);

		atomic64_or(targets->word[w], &irq->late_targets[w]);
	}
	queue_work(system_highpri_wq, &irq->late_kick);
}

static int deliver_many(struct vm *vm, struct ipi_set *targets, u8 vector, u8 mode, bool level, int *coalesced)
{
	struct ipi_set late __uninitialized;
	bool later = irqs_disabled();
	int i, reached = 0, already = 0;

	ipi_set_init(&late);
	while ((i = ipi_set_take(targets)) >= 0) {
		struct vcpu *v = vm->vcpus[i];
		bool kick;
		enum lapic_irr_result r = vlapic_accept(v, vector, mode, level, later, &kick);

		if (kick && later)
			ipi_set_add(&late, i);
		else if (kick)
			vcpu_kick(v);
		already += r == LAPIC_ALREADY;
		reached += r != LAPIC_REJECTED;
	}
	if (!ipi_set_empty(&late))
		deliver_kick_later(vm->irq, &late);
	if (coalesced)
		*coalesced = already;
	return reached;
}

static int deliver_to(struct vcpu *v, u8 vector, u8 mode, bool level, int *coalesced)
{
	bool kick;
	enum lapic_irr_result r = vlapic_accept(v, vector, mode, level, false, &kick);

	if (kick)
		vcpu_kick(v);
	if (coalesced)
		*coalesced = r == LAPIC_ALREADY;
	return r != LAPIC_REJECTED;
}

int deliver_set(struct vm *vm, struct ipi_set *targets, u8 vector, u8 mode, bool level, int *coalesced)
{
	if (ipi_set_single(targets))
		return deliver_to(vm->vcpus[ipi_set_take(targets)], vector, mode, level, coalesced);
	return deliver_many(vm, targets, vector, mode, level, coalesced);
}

int deliver_msg(struct irqchip *irq, const struct apic_msg *msg, int self, int *coalesced)
{
	struct ipi_set targets __uninitialized;
	int one;

	if (coalesced)
		*coalesced = 0;
	if (msg->delivery == APIC_MSG_INIT && msg->level && !msg->assert)
		return 0; /* INIT level de-assert does nothing (SDM 3, "Interrupt Command Register") */
	one = ipi_map_resolve_one(&irq->map, msg, self);
	if (likely(one >= 0))
		return deliver_to(irq->vm->vcpus[one], msg->vector, msg->delivery, msg->level, coalesced);
	destmap_resolve(irq, msg, self, &targets);
	if (ipi_set_empty(&targets))
		return -1;
	return deliver_set(irq->vm, &targets, msg->vector, msg->delivery, msg->level, coalesced);
}

int deliver_msi(struct vm *vm, u64 address, u32 data)
{
	struct apic_msg msg;

	msi_decode(address, data, vm->x2apic_32bit_ids ? MSI_DEST_HI32 : 0, &msg);
	return deliver_msg(vm->irq, &msg, -1, NULL);
}
