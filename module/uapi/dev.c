// SPDX-License-Identifier: GPL-2.0-only
/* The device node and the system ioctls. */
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "base/host_cpu.h"
#include "caps.h"
#include "cpu/cpuid_supported.h"
#include "cpu/mce.h"
#include "dev.h"
#include "msr_ioctl.h"
#include "run/vm.h"
#include "vm_fd.h"

static long dev_feature_attr(unsigned int cmd, void __user *arg)
{
	struct kvm_device_attr attr;

	if (copy_from_user(&attr, arg, sizeof(attr)))
		return -EFAULT;
	if (attr.flags || attr.group)
		return -ENXIO;
	if (attr.attr != KVM_X86_XCOMP_GUEST_SUPP)
		return -ENXIO;
	if (cmd == KVM_HAS_DEVICE_ATTR)
		return 0;
	return put_user(host_xcr0, (u64 __user *)(unsigned long)attr.addr);
}

static long dev_mce_cap(u64 __user *arg)
{
	return put_user(msr_mce_cap_supported(), arg);
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVM_GET_API_VERSION:
		return arg ? -EINVAL : KVM_API_VERSION;
	case KVM_CREATE_VM:
		return READ_ONCE(vms_stopping) ? -ENODEV : vm_create_fd(arg);
	case KVM_CHECK_EXTENSION:
		return caps_check(NULL, arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg ? -EINVAL : (KVM_COALESCED_MMIO_PAGE_OFFSET + 1) * PAGE_SIZE;
	case KVM_GET_SUPPORTED_CPUID:
		return cpuid_get_supported(argp);
	case KVM_GET_EMULATED_CPUID:
		return cpuid_get_emulated(argp);
	case KVM_GET_MSR_INDEX_LIST:
		return msr_index_list(argp);
	case KVM_GET_MSR_FEATURE_INDEX_LIST:
		return msr_feature_index_list(argp);
	case KVM_GET_MSRS:
		return msr_system_get(argp);
	case KVM_X86_GET_MCE_CAP_SUPPORTED:
		return dev_mce_cap(argp);
	case KVM_GET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		return dev_feature_attr(cmd, argp);
	default:
		return -EINVAL;
	}
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = dev_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "taxcut",
	.fops = &dev_fops,
	.mode = 0660,
};

int dev_register(void)
{
	return misc_register(&dev);
}

void dev_unregister(void)
{
	misc_deregister(&dev);
}
