// SPDX-License-Identifier: GPL-2.0-only
/* The life of a VM. */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "base/clock.h"
#include "base/vcpu.h"
#include "cpu/msr_filter.h"
#include "irq/irq_vm.h"
#include "mem/memslot.h"
#include "vcpu.h"
#include "vm.h"

LIST_HEAD(vms);
DEFINE_MUTEX(vms_lock);
bool vms_stopping;

void vm_get(struct vm *vm)
{
	refcount_inc(&vm->refs);
}

static void vm_destroy(struct vm *vm)
{
	int i;

	mutex_lock(&vms_lock);
	list_del(&vm->link);
	mutex_unlock(&vms_lock);
	irq_release_vm(vm);
	mem_stop(vm);
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_destroy(vm->vcpus[i]);
	vm->nr_vcpus = 0;
	irq_destroy_vm(vm);
	mem_destroy(vm);
	msr_vm_destroy(vm);
	clock_vm_destroy(vm);
	mmdrop(vm->mm);
	kvfree(vm);
	module_put(THIS_MODULE);
}

void vm_put(struct vm *vm)
{
	if (refcount_dec_and_test(&vm->refs))
		vm_destroy(vm);
}

static int vm_init(struct vm *vm)
{
	int r;

	mutex_init(&vm->lock);
	init_rwsem(&vm->mem_sem);
	refcount_set(&vm->refs, 1);
	vm->mm = current->mm;
	vm->owner_pid = task_tgid_nr(current);
	mmgrab(vm->mm);
	vm->max_vcpu_id = HV_MAX_VCPU_ID;
	vm->apic_bus_cycle_ns = 1;
	snprintf(vm->stats_name, sizeof(vm->stats_name), "taxcut-%d", task_pid_nr(current));
	mutex_lock(&vms_lock);
	vm->dead = READ_ONCE(vms_stopping);
	list_add_tail(&vm->link, &vms);
	mutex_unlock(&vms_lock);
	r = mem_create(vm);
	if (!r)
		r = clock_vm_create(vm);
	if (!r)
		r = irq_create_vm(vm);
	return r;
}

int vm_check_caller(const struct vm *vm)
{
	return vm->mm == current->mm && !READ_ONCE(vm->dead) ? 0 : -EIO;
}

struct vm *vm_create(void)
{
	struct vm *vm = kvzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int r;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	__module_get(THIS_MODULE);
	r = vm_init(vm);
	if (r) {
		vm_put(vm);
		return ERR_PTR(r);
	}
	return vm;
}
