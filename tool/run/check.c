// SPDX-License-Identifier: GPL-2.0-only
/* The checks before QEMU starts. Each failure has a message and a hint. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "drive.h"
#include "host/cpus.h"
#include "host/cuts.h"
#include "host/instance.h"
#include "host/qemu.h"
#include "lib/cpulist.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "own.h"
#include "plan.h"
#include "usage.h"

static int check_readable(const char *what, const char *file, int mode)
{
	struct stat st;

	if (stat(file, &st))
		return fail("%s '%s': %m", what, file);
	if (S_ISDIR(st.st_mode))
		return fail("%s '%s' is a directory", what, file);
	if (access(file, mode))
		return fail("%s '%s' is not %s: %m", what, file,
			    mode & W_OK ? "writable (add ,readonly to use it read-only)" : "readable");
	return EXIT_OK;
}

/* Linux boot protocol (Documentation/arch/x86/boot.rst): "HdrS" at 0x202; or ELF for PVH. */
static int check_kernel_image(const char *file)
{
	unsigned char head[0x206] = { 0 };
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	if (f)
		fclose(f);
	if ((n == sizeof(head) && !memcmp(head + 0x202, "HdrS", 4)) ||
	    (n >= 4 && !memcmp(head, "\177ELF", 4)))
		return EXIT_OK;
	fail("kernel '%s' is neither a Linux bzImage nor an ELF image", file);
	hint("give a file such as the distribution's /boot/vmlinuz-RELEASE");
	return EXIT_FAILED;
}

static int check_drive(const char *drive)
{
	char *file = drive_file(drive);
	int ret = check_readable("disk image", file,
				 drive_readonly(drive) ? R_OK : R_OK | W_OK);

	free(file);
	return ret;
}

static int check_files(const struct run_plan *plan)
{
	struct stat st;
	int ret = EXIT_OK;

	if (plan->kernel)
		ret = check_readable("kernel", plan->kernel, R_OK);
	if (!ret && plan->kernel)
		ret = check_kernel_image(plan->kernel);
	if (!ret && plan->initrd)
		ret = check_readable("initrd", plan->initrd, R_OK);
	if (!ret && plan->disk)
		ret = check_drive(plan->disk);
	for (size_t i = 0; !ret && i < plan->drives.n; i++)
		ret = check_drive(plan->drives.v[i]);
	if (!ret && plan->share && (stat(plan->share, &st) || !S_ISDIR(st.st_mode)))
		ret = fail("--share '%s' is not a directory", plan->share);
	return ret;
}

/*
 * QEMU uses memory from files, and thus reserved huge pages, only when the hypervisor
 * has KVM_CAP_SYNC_MMU: it follows changes of the mapping.
 */
static int check_file_memory(const struct run_plan *plan, int fd)
{
	if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_MMU))
		return EXIT_OK;
	fail("--hugepages: QEMU cannot use reserved huge pages on %s (no KVM_CAP_SYNC_MMU)",
	     plan->device);
	hint("omit --hugepages: pinned memory uses transparent huge pages (/sys/kernel/mm/transparent_hugepage/enabled: always or madvise)");
	return EXIT_FAILED;
}

/* The /dev of a test (TAXCUT_SYSROOT) has regular files. */
static bool is_character_device(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode);
}

static bool is_hypervisor(int fd)
{
	return !is_character_device(fd) || ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
}

/* The first Hyper-V property in a list in the format of -cpu, or NULL; the caller frees it. */
static char *hyperv_property(const char *list)
{
	while (list && *list) {
		size_t n = strcspn(list, ",");
		const char *name = list + (*list == '+' || *list == '-');

		if (*list != '-' && (!strncmp(name, "hv-", 3) || !strncmp(name, "hv_", 3)) &&
		    !(n > 4 && !strncmp(list + n - 4, "=off", 4)))
			return xasprintf("%.*s", (int)(n - (size_t)(name - list)), name);
		list += n + (list[n] == ',');
	}
	return NULL;
}

/*
 * QEMU (at least 10.0) does not check Hyper-V properties against a hypervisor without
 * Hyper-V interface: it fails an assertion later, or ignores the properties.
 */
static int check_hyperv(const struct run_plan *plan, int fd)
{
	char *property = hyperv_property(plan->cpu_properties);

	for (size_t i = 0; !property && i + 1 < plan->extra.n; i++)
		if (!strcmp(plan->extra.v[i], "-cpu") || !strcmp(plan->extra.v[i], "--cpu"))
			property = hyperv_property(plan->extra.v[i + 1]);
	if (!property || (is_character_device(fd) && ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_HYPERV) > 0)) {
		free(property);
		return EXIT_OK;
	}
	fail("%s has no Hyper-V interface, so there is no CPU property '%s'", plan->device, property);
	hint("leave the Hyper-V properties (hv-*) out");
	free(property);
	return EXIT_FAILED;
}

static int check_device(const struct run_plan *plan)
{
	char *path = sys_path(plan->device);
	int fd = open(path, O_RDWR | O_CLOEXEC), err = errno, ret;

	free(path);
	if (fd >= 0) {
		ret = EXIT_OK;
		if (!is_hypervisor(fd))
			ret = fail("%s is not a hypervisor's device (no KVM API version %d)", plan->device,
				   KVM_API_VERSION);
		else if (plan->hugepage)
			ret = check_file_memory(plan, fd);
		if (!ret)
			ret = check_hyperv(plan, fd);
		if (!ret && plan->own_cores)
			ret = own_check(fd);
		if (!ret && is_character_device(fd))
			ret = cuts_check(plan->cuts, plan->device, fd);
		close(fd);
		return ret;
	}
	fail("cannot open %s: %s", plan->device, strerror(err));
	hint("%s", err == ENOENT ? "load the module that creates it (modprobe taxcut for /dev/taxcut); `taxcut doctor' shows what else is missing" :
	       "join the device's group or run as root; see `taxcut doctor'");
	return EXIT_FAILED;
}

/* QEMU would create a missing tap interface, which is connected to nothing. */
static int check_network(const struct run_plan *plan)
{
	char *name, *path;
	int ret = EXIT_OK;

	if (!plan->net || strncmp(plan->net, "tap=", 4))
		return EXIT_OK;
	name = xasprintf("/sys/class/net/%s/tun_flags", plan->net + 4);
	path = sys_path(name);
	if (access(path, F_OK)) {
		ret = fail("--net: there is no tap interface '%s'", plan->net + 4);
		hint("create it: ip tuntap add mode tap name %s", plan->net + 4);
	}
	free(name);
	free(path);
	return ret;
}

static int check_qemu(const struct run_plan *plan)
{
	int code = 0;
	char *version = qemu_version(plan->qemu, &code);
	int ret = EXIT_OK;

	if (!version) {
		ret = fail("%s does not run", plan->qemu);
		hint("install QEMU 8.2 or newer (Debian: qemu-system-x86), or give its path with --qemu");
	} else if (code < QEMU_MIN_VERSION && strcmp(plan->device, "/dev/kvm")) {
		ret = fail("QEMU %s supports no device but /dev/kvm", version);
		hint("install QEMU 8.2 or newer");
	}
	free(version);
	return ret;
}

/* taxcut pins all guest memory at the start; on stock KVM it may exceed the host's memory. */
static int check_pinnable(const struct run_plan *plan)
{
	char *total = sys_line("/proc/meminfo", "MemTotal:");
	unsigned long long kib = total ? strtoull(total, NULL, 10) : 0;
	char *wanted;

	free(total);
	if (!kib || plan->memory >> 10 <= kib || !strcmp(plan->device, "/dev/kvm"))
		return EXIT_OK;
	wanted = format_mem(plan->memory);
	fail("the guest's memory is pinned, and %s is more than the %llu MiB of this host", wanted, kib >> 10);
	hint("lower --mem; `taxcut doctor' shows how much is available");
	free(wanted);
	return EXIT_FAILED;
}

static int check_memory(const struct run_plan *plan)
{
	unsigned long long kib = plan->hugepage >> 10, need;
	uint64_t unused = 0;

	if (!plan->hugepage)
		return check_pinnable(plan);
	need = plan->memory / plan->hugepage;
	sys_read_u64(&unused, "/sys/kernel/mm/hugepages/hugepages-%llukB/free_hugepages", kib);
	if (unused >= need)
		return EXIT_OK;
	fail("%llu huge pages of %llu KiB are needed, %llu are free", need, kib,
	     (unsigned long long)unused);
	hint("echo N > /sys/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages, or reserve them at boot (hugepagesz=, hugepages=)",
	       kib);
	return EXIT_FAILED;
}

/* The instance that owns @cpu, or NULL. */
static const struct instance *owner(const struct instances *all, int cpu)
{
	for (size_t i = 0; i < all->n; i++)
		for (int j = 0; j < all->v[i]->cpus.n; j++)
			if (all->v[i]->cpus.cpu[j] == cpu)
				return all->v[i];
	return NULL;
}

static void owned_mask(const struct instances *all, struct cpu_mask *owned)
{
	struct cpu_mask one;

	*owned = (struct cpu_mask){ 0 };
	for (size_t i = 0; i < all->n; i++) {
		cpulist_mask(&all->v[i]->cpus, &one);
		mask_or(owned, &one);
	}
}

static void keep_usable(struct cpu_mask *m, const struct host_cpus *hc)
{
	struct cpu_mask beyond = *m;

	mask_remove(&beyond, &hc->usable);
	mask_remove(m, &beyond);
}

/* Without --cpus: the first isolated CPUs that this process may use and no instance owns. */
static int choose_cpus(struct run_plan *plan, const struct host_cpus *hc,
		       const struct cpu_mask *owned)
{
	struct cpu_mask unused = hc->isolated;
	char *list;

	if (!mask_count(&hc->isolated)) {
		fail("no CPU of this host is isolated, and --cpus names none");
		hint("boot with isolcpus=LIST nohz_full=LIST, or choose CPUs with --cpus LIST (--cpus none: do not pin)");
		return EXIT_FAILED;
	}
	mask_remove(&unused, owned);
	keep_usable(&unused, hc);
	if (!plan->vcpus)
		plan->vcpus = (uint64_t)mask_count(&unused);
	if (!plan->vcpus || plan->vcpus > (uint64_t)mask_count(&unused)) {
		list = mask_format(&unused);
		if (plan->vcpus)
			fail("%llu vCPUs are requested, but the free isolated CPUs are: %s",
			     (unsigned long long)plan->vcpus, list);
		else
			fail("no CPU is left for this instance: the free isolated CPUs are: %s", list);
		hint("lower --vcpus, stop another instance (`taxcut list'), or choose CPUs with --cpus");
		free(list);
		return EXIT_FAILED;
	}
	for (int cpu = mask_next(&unused, 0); cpu >= 0 && plan->cpus.n < (int)plan->vcpus;
	     cpu = mask_next(&unused, cpu + 1))
		plan->cpus.cpu[plan->cpus.n++] = cpu;
	return EXIT_OK;
}

static int check_one_cpu(const struct run_plan *plan, const struct host_cpus *hc, const struct instances *all, int cpu)
{
	const struct instance *in = owner(all, cpu);
	char *online;

	if (!mask_test(&hc->online, cpu)) {
		online = mask_format(&hc->online);
		fail("CPU %d is not online", cpu);
		hint("choose from %s, or echo 1 > /sys/devices/system/cpu/cpu%d/online", online, cpu);
		free(online);
		return EXIT_FAILED;
	}
	if (!mask_test(&hc->usable, cpu)) {
		fail("CPU %d belongs to another cgroup partition, or is not in the cgroup of this process", cpu);
		hint("start taxcut in a cgroup that has it: echo $$ > /sys/fs/cgroup/NAME/cgroup.procs");
		return EXIT_FAILED;
	}
	if (in) {
		fail("CPU %d belongs to the instance '%s' (pid %d)", cpu, in->name, (int)in->pid);
		hint("choose another CPU, or stop that instance");
		return EXIT_FAILED;
	}
	if (!plan->own_cores && !mask_test(&hc->isolated, cpu))
		info("note: CPU %d is not isolated; other tasks can run on it (isolcpus=, nohz_full=, or a cgroup partition)", cpu);
	return EXIT_OK;
}

static int check_given_cpus(const struct run_plan *plan, const struct host_cpus *hc,
		     const struct instances *all)
{
	int ret = EXIT_OK;

	for (int i = 0; !ret && i < plan->cpus.n; i++)
		ret = check_one_cpu(plan, hc, all, plan->cpus.cpu[i]);
	return ret;
}

static int check_housekeeping(struct run_plan *plan, const struct host_cpus *hc,
			      const struct cpu_mask *mine, const struct cpu_mask *owned)
{
	if (plan->housekeeping_arg) {
		if (!mask_subset(&plan->housekeeping, &hc->online))
			return fail("--housekeeping '%s' names a CPU that is not online",
				    plan->housekeeping_arg);
		if (mask_intersects(&plan->housekeeping, mine) ||
		    mask_intersects(&plan->housekeeping, owned))
			return fail("--housekeeping '%s' names a CPU that an instance owns",
				    plan->housekeeping_arg);
		return EXIT_OK;
	}
	plan->housekeeping = hc->online;
	mask_remove(&plan->housekeeping, &hc->isolated);
	keep_usable(&plan->housekeeping, hc);
	mask_remove(&plan->housekeeping, mine);
	mask_remove(&plan->housekeeping, owned);
	if (mask_count(&plan->housekeeping))
		return EXIT_OK;
	fail("no housekeeping CPU is left for QEMU's own threads and the host");
	hint("use fewer CPUs: one CPU that is neither isolated nor owned, and that this cgroup may use, must remain");
	return EXIT_FAILED;
}

static void note_siblings(const struct run_plan *plan)
{
	struct cpu_mask siblings, shared = { 0 };
	char *list;

	for (int i = 0; i < plan->cpus.n; i++) {
		host_siblings(plan->cpus.cpu[i], &siblings);
		mask_or(&shared, &siblings);
	}
	if (!mask_intersects(&shared, &plan->housekeeping))
		return;
	siblings = shared;
	mask_remove(&siblings, &plan->housekeeping);
	mask_remove(&shared, &siblings);
	list = mask_format(&shared);
	info("note: housekeeping CPUs %s share a core with this instance (SMT)", list);
	free(list);
}

/* The NUMA node of all CPUs, to which memory is bound, or -1. */
static int common_node(const struct run_plan *plan)
{
	int node = plan->cpus.n ? host_node(plan->cpus.cpu[0]) : -1;

	for (int i = 1; node >= 0 && i < plan->cpus.n; i++) {
		if (host_node(plan->cpus.cpu[i]) == node)
			continue;
		info("note: the instance's CPUs are on several NUMA nodes; its memory is not bound to a node");
		return -1;
	}
	return node;
}

static int check_cpus(struct run_plan *plan, const struct instances *all)
{
	static struct host_cpus hc;
	struct cpu_mask owned, mine;
	int ret;

	plan->node = -1;
	if (!host_cpus_read(&hc))
		return fail("/sys does not list the CPUs; is sysfs mounted?");
	owned_mask(all, &owned);
	if (!run_pinned(plan)) {
		/* All threads may run wherever this process may. */
		plan->vcpus += !plan->vcpus;
		if (affinity_get(0, &plan->housekeeping))
			return fail("cannot read the CPU affinity of this process");
		return EXIT_OK;
	}
	ret = plan->cpus_arg ? check_given_cpus(plan, &hc, all) : choose_cpus(plan, &hc, &owned);
	if (ret)
		return ret;
	cpulist_mask(&plan->cpus, &mine);
	ret = check_housekeeping(plan, &hc, &mine, &owned);
	if (ret)
		return ret;
	note_siblings(plan);
	plan->node = common_node(plan);
	return EXIT_OK;
}

static int check_name(const struct run_plan *plan, const struct instances *all)
{
	const struct instance *in = instances_find(all, plan->name);

	if (in && !strcmp(in->name, plan->name))
		return fail("an instance named '%s' runs already (pid %d)", in->name, (int)in->pid);
	return EXIT_OK;
}

int run_check_place(struct run_plan *plan)
{
	struct instances all;
	int ret;

	instances_read(&all);
	ret = check_name(plan, &all);
	if (!ret)
		ret = check_files(plan);
	if (!ret)
		ret = check_memory(plan);
	if (!ret)
		ret = check_cpus(plan, &all);
	instances_free(&all);
	return ret;
}

int run_check(struct run_plan *plan)
{
	int ret = run_check_place(plan);

	if (!ret)
		ret = check_network(plan);
	if (!ret)
		ret = check_device(plan);
	if (!ret)
		ret = check_qemu(plan);
	/* Pinned vCPUs own their CPUs: the guest gets the hint by default. */
	if (plan->cpus.n && plan->cuts[CUT_HINT] == CUT_DEFAULT)
		plan->cuts[CUT_HINT] = CUT_ON;
	return ret;
}
