// SPDX-License-Identifier: GPL-2.0-only
/* The life of a vCPU. */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "base/backend.h"
#include "base/clock.h"
#include "base/runner.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/pv.h"
#include "cpu/xstate.h"
#include "emulate.h"
#include "irq/destmap.h"
#include "irq/irqchip.h"
#include "irq/vlapic.h"
#include "owned.h"
#include "vcpu.h"

#define RDX_RESET 0x600ULL /* family 6, for a vCPU without CPUID */

static int vcpu_create_state(struct vcpu *v)
{
	int r = xstate_create(v);

	if (!r)
		r = msr_vcpu_create(v);
	if (!r)
		r = pv_vcpu_create(v);
	if (r)
		return r;
	v->maxphyaddr = 36;
	v->cr4_reserved = cpuid_host_cr4_reserved();
	v->efer_reserved = cpuid_host_efer_reserved();
	clock_vcpu_create(v);
	return 0;
}

static void vcpu_destroy_state(struct vcpu *v)
{
	cpuid_vcpu_destroy(v);
	pv_vcpu_destroy(v);
	msr_vcpu_destroy(v);
	xstate_destroy(v);
}

/*
 * Reset (init_event false) or INIT of the general registers, RFLAGS, RIP, DRs,
 * XCR0, FPU, MSRs and PV features (SDM vol. 3, table "IA-32 and Intel 64
 * Processor States Following Power-up, Reset, or INIT"). Segments and control
 * registers are hv->vcpu_reset()'s.
 */
static void vcpu_reset_state(struct vcpu *v, bool init_event)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, 1, 0);

	memset(v->regs, 0, sizeof(v->regs));
	v->regs[GPR_RDX] = e ? e->eax : RDX_RESET;
	v->rip = RIP_RESET;
	v->rflags = X86_EFLAGS_FIXED;
	memset(v->dr, 0, sizeof(v->dr));
	v->dr6 = DR6_RESET;
	v->dr7 = DR7_RESET;
	msr_vcpu_reset(v, init_event);
	pv_vcpu_reset(v);
	if (init_event)
		return;
	xstate_reset(v);
	v->xcr0 = 1;
	cpuid_xcr0_changed(v);
}

void vcpu_reset(struct vcpu *v, bool init_event)
{
	memset(&v->ev, 0, sizeof(v->ev));
	atomic_set(&v->nmi_queued, 0);
	emul_reset(v);
	v->completion = COMPLETE_NONE;
	hv->vcpu_reset(v);
	vcpu_reset_state(v, init_event);
	if (v->vlapic)
		vlapic_reset(v, init_event);
	hv->update_dr(v);
	vcpu_request(v, REQ_EVENT);
}

void vcpu_make_runnable_by_sipi(struct vcpu *v, u8 vector)
{
	struct hv_sregs s;

	hv->get_sregs(v, &s);
	s.seg[SEG_CS].sel = vector << 8;
	s.seg[SEG_CS].base = vector << 12;
	hv->set_sregs(v, &s);
	v->rip = 0;
	v->mp_state = KVM_MP_STATE_RUNNABLE;
}

static struct vcpu *vcpu_alloc(struct vm *vm, u32 id, const struct vcpu_runner *runner)
{
	struct vcpu *v = kvzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);

	if (!v)
		return NULL;
	v->vm = vm;
	v->runner = runner;
	v->id = id;
	v->index = vm->nr_vcpus;
	v->cpu = -1;
	if (!zalloc_cpumask_var(&v->caches, GFP_KERNEL_ACCOUNT)) {
		kvfree(v);
		return NULL;
	}
	mutex_init(&v->mutex);
	rcuwait_init(&v->wait);
	v->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	v->pio_data = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	snprintf(v->stats_name, sizeof(v->stats_name), "taxcut-%d/vcpu-%u", task_pid_nr(current), id);
	return v;
}

void vcpu_destroy(struct vcpu *v)
{
	owned_give_back(v);
	vlapic_destroy(v);
	if (v->backend)
		hv->vcpu_destroy(v);
	vcpu_destroy_state(v);
	emul_destroy(v);
	free_page((unsigned long)v->run);
	free_page((unsigned long)v->pio_data);
	free_cpumask_var(v->caches);
	kvfree(v);
}

struct vcpu *vcpu_create(struct vm *vm, u32 id, const struct vcpu_runner *runner)
{
	struct vcpu *v;
	int r;

	if (id >= vm->max_vcpu_id || vm->nr_vcpus >= HV_MAX_VCPUS)
		return ERR_PTR(-EINVAL);
	if (test_bit(id, vm->vcpu_ids))
		return ERR_PTR(-EEXIST);
	v = vcpu_alloc(vm, id, runner);
	if (!v)
		return ERR_PTR(-ENOMEM);
	r = v->run && v->pio_data ? 0 : -ENOMEM;
	if (!r)
		r = emul_create(v);
	if (!r)
		r = vcpu_create_state(v);
	if (!r)
		r = hv->vcpu_create(v);
	if (!r && irq_has_lapic(vm))
		r = vlapic_create(v);
	if (r) {
		vcpu_destroy(v);
		return ERR_PTR(r);
	}
	v->mp_state = !irq_has_lapic(vm) || id == vm->bsp_id ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_UNINITIALIZED;
	vcpu_reset(v, false);
	vm->vcpus[v->index] = v;
	__set_bit(id, vm->vcpu_ids);
	smp_store_release(&vm->nr_vcpus, vm->nr_vcpus + 1);
	destmap_update(v);
	return v;
}
