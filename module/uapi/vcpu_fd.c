// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's file and its ioctls. */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "base/vcpu.h"
#include "irq/irq_vm.h"
#include "kvm_run.h"
#include "run/owned.h"
#include "run/vm.h"
#include "taxcut.h"
#include "vcpu_fd.h"
#include "vcpu_state.h"

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

static int vcpu_own_cpu(struct vcpu *v, const s32 __user *arg)
{
	s32 cpu;

	if (get_user(cpu, arg))
		return -EFAULT;
	if (cpu == TAXCUT_OWN_NONE) {
		owned_give_back(v);
		return 0;
	}
	return cpu < 0 ? -EINVAL : owned_take(v, cpu);
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vcpu *v = file->private_data;
	bool handled = true;
	long r;

	/* Not only for the VM's creator: `taxcut run` asks for QEMU's vCPUs. */
	if (cmd != TAXCUT_OWN_CPU)
		r = vm_check_caller(v->vm);
	else
		r = READ_ONCE(v->vm->dead) ? -EIO : 0;
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
	case TAXCUT_OWN_CPU:
		r = vcpu_own_cpu(v, (void __user *)arg);
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

struct file *vcpu_file_create(struct vcpu *v)
{
	struct file *file;
	char name[32];

	snprintf(name, sizeof(name), "kvm-vcpu:%u", v->id);
	vm_get(v->vm);
	file = anon_inode_getfile(name, &vcpu_fops, v, O_RDWR);
	if (IS_ERR(file))
		vm_put(v->vm);
	return file;
}
