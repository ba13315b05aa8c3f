// SPDX-License-Identifier: GPL-2.0-only
/* The module, its device, and other hypervisors that may use the virtualization hardware. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "host/cuts.h"
#include "host/device.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "module.h"

/* The oldest kernel that the module builds for, as 100 * major + minor. */
#define KERNEL_MIN 601

static struct finding check_kernel(const struct doctor *d)
{
	int major, minor;

	if (sscanf(d->release, "%d.%d", &major, &minor) != 2)
		return found(CHECK_WARN, xstrdup("the kernel release is unknown"), NULL);
	if (100 * major + minor < KERNEL_MIN)
		return found(CHECK_FAIL, xasprintf("Linux %s is older than 6.1", d->release),
			     xstrdup("boot the kernel of Debian 12 (6.1), of Debian 13 (6.12) or a newer one"));
	return found_ok("Linux %s", d->release);
}

static bool module_installed(const struct doctor *d)
{
	char *dep = sys_read("/lib/modules/%s/modules.dep", d->release);
	bool yes = dep && (strstr(dep, "/taxcut.ko") || !strncmp(dep, "taxcut.ko", 9));

	free(dep);
	return yes;
}

static struct finding check_module(const struct doctor *d)
{
	char *version = sys_read("/sys/module/taxcut/version");
	struct finding f;

	if (strcmp(d->device, TAXCUT_DEVICE))
		f = found_ok("not needed for %s", d->device);
	else if (version && strcmp(version, TAXCUT_VERSION))
		f = found(CHECK_WARN, xasprintf("taxcut.ko %s is loaded, this tool is %s", version, TAXCUT_VERSION),
			  xstrdup("build and install both from one source: make native && make install"));
	else if (sys_exists("/sys/module/taxcut"))
		f = found_ok("taxcut.ko%s%s is loaded", version ? " " : "", version ? version : "");
	else if (module_installed(d))
		f = found(CHECK_FAIL, xstrdup("taxcut.ko is installed but not loaded"),
			  xstrdup("modprobe taxcut"));
	else if (sys_exists("/lib/modules/%s/build/Makefile", d->release))
		f = found(CHECK_FAIL, xstrdup("taxcut.ko is not installed for this kernel"),
			  xstrdup("make native && make install, then modprobe taxcut"));
	else
		f = found(CHECK_FAIL,
			  xstrdup("taxcut.ko is not installed, and this kernel's headers are missing"),
			  xasprintf("install linux-headers-%s, build and install the module", d->release));
	free(version);
	return f;
}

static struct finding check_signing(const struct doctor *d)
{
	char *lockdown = sys_read("/sys/kernel/security/lockdown");
	char *enforce = sys_read("/sys/module/module/parameters/sig_enforce");
	bool locked = lockdown && !strstr(lockdown, "[none]");
	bool enforced = enforce && *enforce == 'Y';

	(void)d;
	free(lockdown);
	free(enforce);
	if (!locked && !enforced)
		return found_ok("unsigned modules are accepted");
	return found(CHECK_WARN, xasprintf("modules must be signed (%s)",
					   locked ? "lockdown" : "module.sig_enforce"),
		     xstrdup("sign taxcut.ko with a key that the kernel trusts (mokutil --import), or disable Secure Boot"));
}

/*
 * Linux 6.12 and newer enable SVM or VMX when KVM loads, unless enable_virt_at_load is 0.
 * Older kernels enable it when the first virtual machine starts.
 */
static bool kvm_takes_hardware_at_load(void)
{
	char *at_load = sys_read("/sys/module/kvm/parameters/enable_virt_at_load");
	bool yes = at_load && *at_load == 'Y';

	free(at_load);
	return yes;
}

static struct finding rival_builtin(const char *name)
{
	if (sys_exists("/sys/module/taxcut") || !kvm_takes_hardware_at_load())
		return found(CHECK_WARN, xasprintf("%s is built into the kernel", name),
			     xstrdup("start no virtual machine on it"));
	return found(CHECK_FAIL, xasprintf("%s is built into the kernel and holds the hardware", name),
		     xstrdup("boot with kvm.enable_virt_at_load=0"));
}

static struct finding rival_found(const char *name)
{
	uint64_t refs = 0;

	if (!sys_exists("/sys/module/%s/refcnt", name))
		return rival_builtin(name);
	sys_read_u64(&refs, "/sys/module/%s/refcnt", name);
	if (refs)
		return found(CHECK_FAIL, xasprintf("%s is in use (%llu references)", name,
						   (unsigned long long)refs),
			     xasprintf("stop its virtual machines, then modprobe -r %s", name));
	return found(CHECK_WARN, xasprintf("%s is loaded and may hold the hardware", name),
		     xasprintf("modprobe -r %s, and blacklist it", name));
}

static struct finding check_rivals(const struct doctor *d)
{
	static const struct {
		const char *module;
		const char *flag;
	} rivals[] = {
		{ "kvm_amd", "svm" }, { "kvm_intel", "vmx" }, { "vboxdrv", "" }, { "vmmon", "" },
	};

	if (strcmp(d->device, TAXCUT_DEVICE))
		return found_ok("not relevant for %s", d->device);
	for (size_t i = 0; i < ARRAY_LEN(rivals); i++)
		if (sys_exists("/sys/module/%s", rivals[i].module) &&
		    (!*rivals[i].flag || has_word(d->flags, rivals[i].flag)))
			return rival_found(rivals[i].module);
	return found_ok("no other hypervisor module");
}

static struct finding device_refused(const struct doctor *d)
{
	switch (errno) {
	case ENOENT:
		return found(CHECK_FAIL, xasprintf("%s does not exist", d->device),
			     xstrdup(strcmp(d->device, TAXCUT_DEVICE) ?
					     "give the hypervisor's device with --device; the default is " TAXCUT_DEVICE :
					     "load the module: modprobe taxcut; the kernel log shows why it fails"));
	case EACCES:
	case EPERM:
		return found(CHECK_FAIL, xasprintf("no permission for %s", d->device),
			     xstrdup("join the device's group (usermod -aG kvm USER, then log in again) or run as root"));
	default:
		return found(CHECK_FAIL, xasprintf("%s: %s", d->device, strerror(errno)), NULL);
	}
}

static struct finding check_device(const struct doctor *d)
{
	char *path = sys_path(d->device);
	int fd = open(path, O_RDWR | O_CLOEXEC), api, err;

	free(path);
	if (fd < 0)
		return device_refused(d);
	api = ioctl(fd, KVM_GET_API_VERSION, 0);
	err = errno;
	close(fd);
	if (api == KVM_API_VERSION)
		return found_ok("%s has API version %d", d->device, api);
	if (api < 0)
		return found(CHECK_FAIL, xasprintf("%s does not support KVM's API: %s", d->device,
						   strerror(err)),
			     xstrdup("check this device node"));
	return found(CHECK_FAIL, xasprintf("%s has API version %d, not %d", d->device, api,
					   KVM_API_VERSION),
		     xstrdup("use the tool and the module of one release"));
}

/* The module's parameter "missing_features" lists missing CPU features. Cuts that need them fall back to paths with exits. */
static struct finding check_cuts(const struct doctor *d)
{
	char *missing, *names;
	struct finding f;

	if (strcmp(d->device, TAXCUT_DEVICE))
		return found_ok("not checked: %s is not taxcut's", d->device);
	missing = sys_read("/sys/module/taxcut/parameters/missing_features");
	if (!missing)
		return found(CHECK_WARN, xstrdup("the cuts that this processor supports are unknown"),
			     xstrdup("load the module, then check again"));
	names = cuts_needing(missing);
	if (*names)
		f = found(CHECK_WARN,
			  xasprintf("without %s: %s, and interrupts for a running vCPU, take exits",
				    missing, names),
			  xstrdup("they need posted interrupts: an Intel processor with APICv, and the module parameter posted_interrupts=1"));
	else
		f = found_ok("all%s%s", *missing ? ", though without " : "", missing);
	free(names);
	free(missing);
	return f;
}

const struct check doctor_module_checks[] = {
	{ "kernel", check_kernel },
	{ "module", check_module },
	{ "signing", check_signing },
	{ "other-hypervisor", check_rivals },
	{ "device", check_device },
	{ "cuts", check_cuts },
	{ NULL, NULL }
};
