// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs that own their CPUs; see own.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <uapi/taxcut.h>

#include "host/device.h"
#include "own.h"

#define VCPU_LINK "anon_inode:kvm-vcpu:"

int own_check(int device)
{
	if (ioctl(device, KVM_CHECK_EXTENSION, TAXCUT_CAP_OWNED_CORES) > 0)
		return EXIT_OK;
	fail("--cores owned: this device has no owned cores on this host");
	hint("they need " TAXCUT_DEVICE " and an AMD CPU in x2APIC mode, without memory encryption");
	return EXIT_FAILED;
}

/* The process's descriptor of the vCPU, or -1. */
static int find_vcpu_fd(pid_t pid, int vcpu)
{
	char *folder = xasprintf("/proc/%d/fd", (int)pid), *want = xasprintf(VCPU_LINK "%d", vcpu), link[64];
	DIR *d = opendir(folder);
	struct dirent *de;
	int fd = -1;

	while (d && fd < 0 && (de = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), de->d_name, link, sizeof(link) - 1);

		if (n <= 0)
			continue;
		link[n] = '\0';
		if (!strcmp(link, want))
			fd = atoi(de->d_name);
	}
	if (d)
		closedir(d);
	free(folder);
	free(want);
	return fd;
}

static int own_failed(const struct run_plan *plan, int vcpu, int cpu)
{
	int err = errno;

	fail("%s: vCPU %d cannot own CPU %d: %s", plan->name, vcpu, cpu, strerror(err));
	if (err == EPERM)
		hint("owning CPUs needs root (CAP_SYS_ADMIN)");
	else if (err == EBUSY)
		hint("Linux keeps the boot CPU, and a CPU whose sibling thread is online; "
		     "`taxcut list' shows CPUs that are taken");
	return EXIT_FAILED;
}

static int own_cpu(const struct run_plan *plan, int pidfd, pid_t qemu, int vcpu)
{
	int cpu = plan->cpus.cpu[vcpu], theirs = find_vcpu_fd(qemu, vcpu), ret = EXIT_OK, fd;

	if (theirs < 0)
		return fail("%s: QEMU has no vCPU %d", plan->name, vcpu);
	fd = pidfd_getfd(pidfd, theirs, 0);
	if (fd < 0)
		return fail("%s: pidfd_getfd: %m", plan->name);
	if (ioctl(fd, TAXCUT_OWN_CPU, &cpu))
		ret = own_failed(plan, vcpu, cpu);
	close(fd);
	return ret;
}

int own_cpus(const struct run_plan *plan, pid_t qemu)
{
	int pidfd = pidfd_open(qemu, 0), ret = EXIT_OK;

	if (pidfd < 0)
		return fail("%s: pidfd_open: %m", plan->name);
	for (int i = 0; !ret && i < plan->cpus.n; i++)
		ret = own_cpu(plan, pidfd, qemu, i);
	close(pidfd);
	return ret;
}
