// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: its device node, the system ioctls, and the physical CPUs.
 *
 * SVM (or VMX) is switched on, on every CPU, for as long as the module is
 * loaded; a CPU that comes up later is enabled by the hotplug callback. No
 * vCPU is loaded on a CPU while its callback runs: the callback runs in a
 * thread of that CPU, and a loaded vCPU has preemption off.
 *
 * Suspend: the freezer ends every KVM_RUN, and CPUs leave and come as with
 * hotplug, but for the last one, which the syscore callbacks disable and enable.
 *
 * Reboot and kexec: every VM is marked dead first (its vCPUs leave and never
 * enter again: REQ_VM_DEAD is looked at with interrupts off before each
 * entry), then each CPU is disabled by an interrupt, which cannot come between
 * that look and the end of the stay in the guest.
 *
 * A crash: nothing is done. The kernel has one hook for that, and KVM, loaded
 * while we own the CPUs, finds it taken and complains loudly before it fails.
 * A crash kernel starts as well with SVM on: GIF is set wherever the NMI that
 * stops a CPU can come, so INIT is not held back (APM vol. 2, 15.17). With VMX
 * on it does not, from Linux 6.7 on: the way there clears CR4.VMXE, which
 * faults (SDM vol. 3, "Restrictions on VMX Operation"), and the machine resets.
 */
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/suspend.h>
#include <linux/uaccess.h>

#include "apic.h"
#include "clock.h"
#include "compat.h"
#include "cpuid.h"
#include "host_mitigations.h"
#include "msr.h"
#include "params.h"
#include "pure/timer_advance.h"
#include "pv.h"
#include "state.h"
#include "version.h"
#include "vm.h"

bool param_mitigations = true;
module_param_named(mitigations, param_mitigations, bool, 0444);
MODULE_PARM_DESC(mitigations, "Flush branch predictors when a core changes hands between vCPUs; on AMD, keep guests out of the host's predictions (SRSO); on Intel, flush the L1 cache and map guests with small pages where the CPU needs that (default: on)");

bool param_posted_interrupts = true;
module_param_named(posted_interrupts, param_posted_interrupts, bool, 0444);
MODULE_PARM_DESC(posted_interrupts, "Interrupts reach a running vCPU without an exit; reads N where the CPU cannot (default: on)");

bool param_posted_guard;
module_param_named(posted_guard, param_posted_guard, bool, 0444);
MODULE_PARM_DESC(posted_guard, "VMX: for emulated CPUs that deliver vector 255 when they are notified and nothing is posted (default: off)");

unsigned int param_guest_slice_us;
module_param_named(guest_slice_us, param_guest_slice_us, uint, 0444);
MODULE_PARM_DESC(guest_slice_us, "VMX: longest stay in a guest that has interrupts off, in us, for emulated CPUs that do not exit for the host's interrupts then; 0: no limit (default: 0)");

bool param_take_exceptions;
module_param_named(take_exceptions, param_take_exceptions, bool, 0444);
MODULE_PARM_DESC(take_exceptions, "VMX: exit for every exception and inject it, for emulated CPUs that lose a handler's address when an exit follows the exception at once (default: off)");

unsigned int param_halt_poll_ns = 200000;
module_param_named(halt_poll_ns, param_halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns, "Ceiling of halt polling in the host, in ns; 0 switches it off (default: 200000)");

unsigned int param_halt_poll_ns_grow_start = 10000;
module_param_named(halt_poll_ns_grow_start, param_halt_poll_ns_grow_start, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow_start, "First window of halt polling, in ns (default: 10000)");

unsigned int param_halt_poll_ns_grow = 2;
module_param_named(halt_poll_ns_grow, param_halt_poll_ns_grow, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow, "Factor by which the halt-polling window grows; 0: never (default: 2)");

unsigned int param_halt_poll_ns_shrink;
module_param_named(halt_poll_ns_shrink, param_halt_poll_ns_shrink, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_shrink, "Divisor by which it shrinks; 0: to nothing at once (default: 0)");

int param_timer_advance_ns = -1;

static int set_timer_advance(const char *value, const struct kernel_param *param)
{
	int ns, r = kstrtoint(value, 0, &ns);

	if (!r && (ns < -1 || ns > TIMER_ADVANCE_MAX_NS))
		r = -ERANGE;
	if (r) {
		pr_err("timer_advance_ns: '%s' is not a number from -1 to %d\n", value, TIMER_ADVANCE_MAX_NS);
		return r;
	}
	WRITE_ONCE(*(int *)param->arg, ns);
	return 0;
}

static const struct kernel_param_ops timer_advance_ops = { .set = set_timer_advance, .get = param_get_int };
module_param_cb(timer_advance_ns, &timer_advance_ops, &param_timer_advance_ns, 0644);
__MODULE_PARM_TYPE(timer_advance_ns, "int");
MODULE_PARM_DESC(timer_advance_ns,
		 "How early LAPIC timers fire in the host, in ns; 0: not early, -1: as early as the latency seen (default: -1)");

const struct hv_ops *hv;

static int lacks_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", hv && hv->lacks ? hv->lacks : "");
}

static const struct kernel_param_ops lacks_ops = { .get = lacks_get };
module_param_cb(lacks, &lacks_ops, NULL, 0444);
MODULE_PARM_DESC(lacks, "Useful things this CPU's virtualization does without (read-only)");

static int hotplug_state;

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

static int cpu_comes_up(unsigned int cpu)
{
	unsigned long flags;
	int r;

	if (READ_ONCE(vms_stopping))
		return 0;
	local_irq_save(flags);
	r = hv->cpu_enable();
	local_irq_restore(flags);
	if (r)
		pr_err("CPU %u: %s\n", cpu,
		       r == -EBUSY ? "another hypervisor has virtualization switched on" : "cannot be enabled");
	return r;
}

static int cpu_goes_down(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	hv->cpu_disable();
	local_irq_restore(flags);
	return 0;
}

static void disable_this_cpu(void *unused)
{
	hv->cpu_disable();
}

static void for_all_vcpus(void (*fn)(struct vcpu *v))
{
	struct vm *vm;
	int i, n;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, link) {
		n = smp_load_acquire(&vm->nr_vcpus);
		for (i = 0; i < n; i++)
			fn(vm->vcpus[i]);
	}
	mutex_unlock(&vms_lock);
}

static void kill_all_vms(void)
{
	struct vm *vm;
	int i;

	mutex_lock(&vms_lock);
	list_for_each_entry(vm, &vms, link) {
		WRITE_ONCE(vm->dead, true);
		for (i = 0; i < vm->nr_vcpus; i++) {
			vcpu_request(vm->vcpus[i], REQ_VM_DEAD);
			vcpu_kick(vm->vcpus[i]);
		}
	}
	mutex_unlock(&vms_lock);
}

static int on_reboot(struct notifier_block *nb, unsigned long action, void *unused)
{
	WRITE_ONCE(vms_stopping, true);
	kill_all_vms();
	on_each_cpu(disable_this_cpu, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block reboot_notifier = { .notifier_call = on_reboot };

/*
 * Called for every kind of sleep; suspend to idle calls neither the hotplug nor
 * the syscore callbacks. PREPARE comes before user space is frozen, POST after it
 * was thawed.
 */
static int on_pm(struct notifier_block *nb, unsigned long action, void *unused)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		for_all_vcpus(pv_host_suspends);
		return NOTIFY_OK;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		for_all_vcpus(apic_timer_host_resumed);
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block pm_notifier = { .notifier_call = on_pm };

/* Suspend: one CPU is left, interrupts are off, user space is frozen. */
static int on_suspend(void)
{
	struct vm *vm;

	list_for_each_entry(vm, &vms, link)
		clock_suspend(vm);
	hv->cpu_disable();
	return 0;
}

static void on_resume(void)
{
	struct vm *vm;

	WARN_ON(hv->cpu_enable());
	list_for_each_entry(vm, &vms, link)
		clock_resume(vm);
}

HV_SYSCORE(on_suspend, on_resume);

#define HV_DEFINE_CALL(name) DEFINE_STATIC_CALL_NULL(hv_##name, HV_CALL_TYPE(name));
HV_HOT_OPS(HV_DEFINE_CALL)

#define HV_UPDATE_CALL(name) static_call_update(hv_##name, hv->name);
static void hv_update_calls(void)
{
	HV_HOT_OPS(HV_UPDATE_CALL)
}

static int choose_backend(void)
{
	/* The CPU's own word: the kernel hides VMX where the firmware has switched it off. */
	const struct hv_ops *ops = cpuid_ecx(1) & BIT(X86_FEATURE_VMX & 31) ? &vmx_ops : &svm_ops;
	const char *why_not = NULL;

	if (!boot_cpu_has(X86_FEATURE_XSAVE)) {
		pr_err("this CPU has no XSAVE\n");
		return -ENODEV;
	}
	if (!ops->supported(&why_not)) {
		pr_err("this host cannot run guests: %s\n", why_not);
		return -ENODEV;
	}
	hv = ops;
	hv_update_calls();
	return 0;
}

static int __init taxcut_init(void)
{
	int r = choose_backend();

	if (r)
		return r;
	mitigations_init();
	r = hv->setup();
	if (r)
		goto no_backend;
	param_posted_interrupts = hv->posted; /* from here on it says what is, not what was asked for */
	state_init_host();
	msr_probe_host_reads();
	r = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "taxcut:online", cpu_comes_up, cpu_goes_down);
	if (r < 0)
		goto no_backend;
	hotplug_state = r;
	register_reboot_notifier(&reboot_notifier);
	register_pm_notifier(&pm_notifier);
	hv_register_syscore();
	r = misc_register(&dev);
	if (r)
		goto no_device;
	pr_info("%s backend ready\n", hv->name);
	return 0;

no_device:
	hv_unregister_syscore();
	unregister_pm_notifier(&pm_notifier);
	unregister_reboot_notifier(&reboot_notifier);
	cpuhp_remove_state(hotplug_state);
no_backend:
	hv->teardown();
	return r;
}

static void __exit taxcut_exit(void)
{
	misc_deregister(&dev);
	hv_unregister_syscore();
	unregister_pm_notifier(&pm_notifier);
	unregister_reboot_notifier(&reboot_notifier);
	cpuhp_remove_state(hotplug_state);
	/* Delayed frees of VMs long gone may still be on their way. */
	rcu_barrier();
	hv->teardown();
}

module_init(taxcut_init);
module_exit(taxcut_exit);

MODULE_DESCRIPTION("taxcut: a hypervisor for dedicated instances");
MODULE_LICENSE("GPL");
MODULE_VERSION(TAXCUT_VERSION);
