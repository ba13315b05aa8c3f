// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: loading it, and the physical CPUs.
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
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "base/backend.h"
#include "base/clock.h"
#include "base/compat.h"
#include "base/emulator_quirks.h"
#include "base/host_cpu.h"
#include "base/host_mitigations.h"
#include "base/kick.h"
#include "base/params.h"
#include "base/version.h"
#include "core/core.h"
#include "cpu/msr.h"
#include "cpu/pv.h"
#include "dev.h"
#include "irq/vlapic_timer.h"
#include "run/vm.h"
#include "svm/backend.h"
#include "vmx/backend.h"

static int taxcut_missing_features_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", hv && hv->missing_features ? hv->missing_features : "");
}

static const struct kernel_param_ops missing_features_ops = { .get = taxcut_missing_features_get };
module_param_cb(missing_features, &missing_features_ops, NULL, 0444);
MODULE_PARM_DESC(missing_features, "Useful things this CPU's virtualization does without (read-only)");

static int hotplug_state;

static int taxcut_cpu_comes_up(unsigned int cpu)
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

static int taxcut_cpu_goes_down(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	hv->cpu_disable();
	local_irq_restore(flags);
	return 0;
}

static void taxcut_disable_this_cpu(void *unused)
{
	hv->cpu_disable();
}

static void taxcut_for_all_vcpus(void (*fn)(struct vcpu *v))
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

static void taxcut_kill_all_vms(void)
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

static int taxcut_on_reboot(struct notifier_block *nb, unsigned long action, void *unused)
{
	WRITE_ONCE(vms_stopping, true);
	taxcut_kill_all_vms();
	core_stop_all();
	on_each_cpu(taxcut_disable_this_cpu, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block reboot_notifier = { .notifier_call = taxcut_on_reboot };

/*
 * Called for every kind of sleep; suspend to idle calls neither the hotplug nor
 * the syscore callbacks. PREPARE comes before user space is frozen, POST after it
 * was thawed.
 */
static int taxcut_on_pm(struct notifier_block *nb, unsigned long action, void *unused)
{
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		/* They would run on while the host sleeps, and be gone when it wakes up. */
		if (core_count()) {
			pr_err("no suspend while CPUs are owned\n");
			return notifier_from_errno(-EBUSY);
		}
		taxcut_for_all_vcpus(pv_host_suspends);
		return NOTIFY_OK;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		taxcut_for_all_vcpus(vlapic_timer_host_resumed);
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block pm_notifier = { .notifier_call = taxcut_on_pm };

/* Suspend: one CPU is left, interrupts are off, user space is frozen. */
static int taxcut_on_suspend(void)
{
	struct vm *vm;

	list_for_each_entry(vm, &vms, link)
		clock_suspend(vm);
	hv->cpu_disable();
	return 0;
}

static void taxcut_on_resume(void)
{
	struct vm *vm;

	WARN_ON(hv->cpu_enable());
	list_for_each_entry(vm, &vms, link)
		clock_resume(vm);
}

HV_SYSCORE(taxcut_on_suspend, taxcut_on_resume);

static int taxcut_choose_backend(void)
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
	backend_use(ops);
	return 0;
}

static int __init taxcut_init(void)
{
	int r;

	emulator_quirks_init();
	host_mitigations_init();
	r = taxcut_choose_backend();
	if (r)
		return r;
	r = hv->setup();
	if (r)
		goto no_backend;
	param_posted_interrupts = hv->pi_desc; /* from here on it says what is, not what was asked for */
	host_cpu_init();
	msr_probe_host_reads();
	r = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "taxcut:online", taxcut_cpu_comes_up, taxcut_cpu_goes_down);
	if (r < 0)
		goto no_backend;
	hotplug_state = r;
	if (core_init())
		pr_info("no owned cores: they need x2APIC mode, no memory encryption, and an interrupt\n");
	register_reboot_notifier(&reboot_notifier);
	register_pm_notifier(&pm_notifier);
	hv_register_syscore();
	r = dev_register();
	if (r)
		goto no_device;
	pr_info("%s backend ready\n", hv->name);
	return 0;

no_device:
	hv_unregister_syscore();
	unregister_pm_notifier(&pm_notifier);
	unregister_reboot_notifier(&reboot_notifier);
	core_exit();
	cpuhp_remove_state(hotplug_state);
no_backend:
	hv->teardown();
	return r;
}

static void __exit taxcut_exit(void)
{
	dev_unregister();
	hv_unregister_syscore();
	unregister_pm_notifier(&pm_notifier);
	unregister_reboot_notifier(&reboot_notifier);
	core_exit();
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
