// SPDX-License-Identifier: GPL-2.0-only
/* A VM's file and its ioctls. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "base/clock.h"
#include "base/compat.h"
#include "base/stats.h"
#include "caps.h"
#include "cpu/msr.h"
#include "cpu/msr_filter.h"
#include "irq/irq_vm.h"
#include "irq/vlapic.h"
#include "irq_ioctl.h"
#include "mem/memslot.h"
#include "run/run.h"
#include "run/load.h"
#include "run/vcpu.h"
#include "run/vm.h"
#include "stats_fd.h"
#include "vcpu_fd.h"
#include "vcpu_state.h"
#include "vfio.h"
#include "vm_fd.h"

#define HV_MIN_MMU_PAGES 64 /* what KVM asks for at least */

static int vm_create_vcpu_locked(struct vm *vm, u32 id)
{
	struct file *file = NULL;
	struct vcpu *v;
	int fd;

	/* The descriptor first: a published vCPU cannot be taken back. */
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	v = vcpu_create(vm, id, &thread_runner);
	if (!IS_ERR(v))
		file = vcpu_file_create(v); /* without one the vCPU stays in the VM, unreachable, until the VM goes */
	if (IS_ERR(v) || IS_ERR(file)) {
		put_unused_fd(fd);
		return IS_ERR(v) ? PTR_ERR(v) : PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static int vm_create_vcpu(struct vm *vm, unsigned long id)
{
	int r;

	if (id > U32_MAX)
		return -EINVAL;
	mutex_lock(&vm->lock);
	r = vm_create_vcpu_locked(vm, id);
	mutex_unlock(&vm->lock);
	return r;
}

static int vm_set_region(struct vm *vm, const void __user *arg)
{
	struct kvm_userspace_memory_region region;

	if (copy_from_user(&region, arg, sizeof(region)))
		return -EFAULT;
	return mem_set_region(vm, &region);
}

static int vm_set_region2(struct vm *vm, const void __user *arg)
{
	struct kvm_userspace_memory_region2 r2;
	struct kvm_userspace_memory_region region;

	if (copy_from_user(&r2, arg, sizeof(r2)))
		return -EFAULT;
	region = (struct kvm_userspace_memory_region){ r2.slot, r2.flags, r2.guest_phys_addr, r2.memory_size,
						       r2.userspace_addr };
	return mem_set_region(vm, &region);
}

static int vm_get_dirty_log(struct vm *vm, const void __user *arg)
{
	struct kvm_dirty_log log;

	if (copy_from_user(&log, arg, sizeof(log)))
		return -EFAULT;
	return mem_get_dirty_log(vm, &log);
}

static int vm_clock_ioctl(struct vm *vm, unsigned int cmd, void __user *arg)
{
	struct kvm_clock_data data = {};
	int r;

	if (cmd == KVM_SET_CLOCK) {
		if (copy_from_user(&data, arg, sizeof(data)))
			return -EFAULT;
		return clock_set(vm, &data);
	}
	r = clock_get(vm, &data);
	if (r)
		return r;
	return copy_to_user(arg, &data, sizeof(data)) ? -EFAULT : 0;
}

static int vm_set_boot_cpu(struct vm *vm, unsigned long id)
{
	int r = 0;

	mutex_lock(&vm->lock);
	if (vm->nr_vcpus)
		r = -EBUSY;
	else if (id > vm->max_vcpu_id)
		r = -EINVAL;
	else
		vm->bsp_id = id;
	mutex_unlock(&vm->lock);
	return r;
}

static int vm_set_identity_map(struct vm *vm, const void __user *arg)
{
	u64 addr;
	int r = 0;

	if (copy_from_user(&addr, arg, sizeof(addr)))
		return -EFAULT;
	mutex_lock(&vm->lock);
	if (vm->nr_vcpus)
		r = -EINVAL;
	else
		vm->identity_map = addr;
	mutex_unlock(&vm->lock);
	return r;
}

/* Real mode needs no helper pages on SVM, nor on VMX with unrestricted guest; the address is only remembered. */
static int vm_set_tss_addr(struct vm *vm, unsigned long addr)
{
	if (addr > (u32)(-3 * (int)PAGE_SIZE))
		return -EINVAL;
	vm->tss_addr = addr;
	return 0;
}

static int vm_tsc_khz(struct vm *vm, unsigned int cmd, unsigned long arg)
{
	int r;

	if (cmd == KVM_GET_TSC_KHZ)
		return READ_ONCE(vm->default_tsc_khz);
	if (arg > U32_MAX)
		return -EINVAL;
	mutex_lock(&vm->lock);
	r = vm->nr_vcpus ? -EINVAL : clock_set_default_tsc_khz(vm, arg);
	mutex_unlock(&vm->lock);
	return r;
}

static int vm_enable_cap(struct vm *vm, const void __user *arg)
{
	struct kvm_enable_cap cap;

	if (copy_from_user(&cap, arg, sizeof(cap)))
		return -EFAULT;
	return caps_enable_vm(vm, &cap);
}

static int vm_set_msr_filter(struct vm *vm, const void __user *arg)
{
	int r;

	mutex_lock(&vm->lock);
	r = msr_set_filter(vm, arg);
	mutex_unlock(&vm->lock);
	return r;
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vm *vm = file->private_data;
	void __user *argp = (void __user *)arg;
	bool handled = false;
	long r;

	r = vm_check_caller(vm);
	if (r)
		return r;
	switch (cmd) {
	case KVM_CREATE_VCPU:
		return vm_create_vcpu(vm, arg);
	case KVM_CHECK_EXTENSION:
		return caps_check(vm, arg);
	case KVM_ENABLE_CAP:
		return vm_enable_cap(vm, argp);
	case KVM_SET_USER_MEMORY_REGION:
		return vm_set_region(vm, argp);
	case KVM_SET_USER_MEMORY_REGION2:
		return vm_set_region2(vm, argp);
	case KVM_GET_DIRTY_LOG:
		return vm_get_dirty_log(vm, argp);
	case KVM_SET_NR_MMU_PAGES:
		/* Second-level tables are built with the slots: there is nothing to limit. */
		return arg < HV_MIN_MMU_PAGES ? -EINVAL : 0;
	case KVM_SET_TSS_ADDR:
		return vm_set_tss_addr(vm, arg);
	case KVM_SET_IDENTITY_MAP_ADDR:
		return vm_set_identity_map(vm, argp);
	case KVM_SET_BOOT_CPU_ID:
		return vm_set_boot_cpu(vm, arg);
	case KVM_GET_CLOCK:
	case KVM_SET_CLOCK:
		return vm_clock_ioctl(vm, cmd, argp);
	case KVM_GET_TSC_KHZ:
	case KVM_SET_TSC_KHZ:
		return vm_tsc_khz(vm, cmd, arg);
	case KVM_X86_SET_MSR_FILTER:
		return vm_set_msr_filter(vm, argp);
	case KVM_GET_STATS_FD:
		return stats_vm_fd(vm);
	case KVM_CREATE_DEVICE:
		return vfio_create_device(vm, argp);
	default:
		r = irq_vm_ioctl(vm, cmd, arg, &handled);
		return handled ? r : -ENOTTY;
	}
}

static int vm_release(struct inode *inode, struct file *file)
{
	struct vm *vm = file->private_data;

	irq_release_vm(vm);
	vm_put(vm);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.release = vm_release,
	.unlocked_ioctl = vm_ioctl,
	.llseek = noop_llseek,
};

int vm_create_fd(unsigned long type)
{
	struct vm *vm;
	int fd;

	if (type != KVM_X86_DEFAULT_VM)
		return -EINVAL;
	vm = vm_create();
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	fd = anon_inode_getfd("kvm-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vm_put(vm);
	return fd;
}
