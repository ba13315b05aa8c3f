// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual machine: its life, its ioctls, the files of its vCPUs.
 *
 * References: the VM's file, each vCPU's file, each statistics file and the
 * VFIO device's file hold one. The last one to go destroys the VM, in the context of whoever closed
 * that file. vCPUs live as long as the VM.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "apic.h"
#include "clock.h"
#include "compat.h"
#include "irq.h"
#include "memory.h"
#include "msr.h"
#include "state.h"
#include "stats.h"
#include "vcpu.h"
#include "vfio.h"
#include "vm.h"

#define HV_MIN_MMU_PAGES 64 /* what KVM asks for at least */

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
	vm->client = task_tgid_nr(current);
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

static vm_fault_t vcpu_fault(struct vm_fault *vmf)
{
	struct vcpu *v = vmf->vma->vm_file->private_data;
	struct page *page;

	switch (vmf->pgoff) {
	case 0:
		page = virt_to_page(v->run);
		break;
	case KVM_PIO_PAGE_OFFSET:
		page = virt_to_page(v->pio_data);
		break;
	case KVM_COALESCED_MMIO_PAGE_OFFSET:
		page = irq_coalesced_page(v->vm);
		break;
	default:
		return VM_FAULT_SIGBUS;
	}
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = { .fault = vcpu_fault };

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED) && (vma->vm_flags & VM_WRITE))
		return -EINVAL;
	vma->vm_ops = &vcpu_vm_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct vcpu *v = file->private_data;

	vm_put(v->vm);
	return 0;
}

static int vcpu_set_sigmask(struct vcpu *v, const struct kvm_signal_mask __user *arg)
{
	struct kvm_signal_mask head;
	sigset_t set;

	if (!arg) {
		v->sigmask_active = false;
		return 0;
	}
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.len != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, arg->sigset, sizeof(set)))
		return -EFAULT;
	sigdelsetmask(&set, sigmask(SIGKILL) | sigmask(SIGSTOP));
	v->sigmask = set;
	v->sigmask_active = true;
	return 0;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vcpu *v = file->private_data;
	bool handled = true;
	long r;

	r = vm_check_caller(v->vm);
	if (r)
		return r;
	if (_IOC_TYPE(cmd) != KVMIO)
		return -EINVAL;
	if (mutex_lock_killable(&v->mutex))
		return -EINTR;
	switch (cmd) {
	case KVM_RUN:
		r = arg ? -EINVAL : vcpu_run(v);
		break;
	case KVM_SET_SIGNAL_MASK:
		r = vcpu_set_sigmask(v, (void __user *)arg);
		break;
	default:
		r = vcpu_state_ioctl(v, cmd, (void __user *)arg, &handled);
		if (!handled)
			r = -EINVAL;
	}
	mutex_unlock(&v->mutex);
	return r;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.release = vcpu_release,
	.unlocked_ioctl = vcpu_ioctl,
	.mmap = vcpu_mmap,
	.llseek = noop_llseek,
};

static int vm_create_vcpu_locked(struct vm *vm, u32 id)
{
	struct vcpu *v;
	char name[32];
	int fd;

	/* The file first: a published vCPU cannot be taken back. */
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	v = vcpu_create(vm, id);
	if (!IS_ERR(v)) {
		struct file *file;

		snprintf(name, sizeof(name), "kvm-vcpu:%u", id);
		vm_get(vm);
		file = anon_inode_getfile(name, &vcpu_fops, v, O_RDWR);
		if (!IS_ERR(file)) {
			fd_install(fd, file);
			return fd;
		}
		/* It stays in the VM, unreachable, until the VM goes. */
		vm_put(vm);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	put_unused_fd(fd);
	return PTR_ERR(v);
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
	int r;

	if (type != KVM_X86_DEFAULT_VM)
		return -EINVAL;
	vm = kvzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return -ENOMEM;
	__module_get(THIS_MODULE);
	r = vm_init(vm);
	if (!r)
		r = anon_inode_getfd("kvm-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
	if (r < 0)
		vm_put(vm);
	return r;
}
