// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs that own CPUs: CPUs taken out of Linux, and given back. */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "harness.h"

#include "../../module/uapi/taxcut.h"

#define ROUNDS 5
#define XAPIC 1 /* eoi_mode of guest/lib.h */

static bool cpu_is_online(int cpu)
{
	char path[80], text[8] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return text[0] == '1';
}

static int own(struct vcpu *v, int cpu)
{
	return ioctl(v->fd, TAXCUT_OWN_CPU, &cpu);
}

/* The last CPU, for the test; the thread runs on the others. */
static int spare_cpu(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (is_stock())
		test_skip("stock KVM has no owned cores");
	if (capability(TAXCUT_CAP_OWNED_CORES) <= 0)
		test_skip("no owned cores on this host");
	if (n < 3)
		test_skip("three CPUs are needed");
	return (int)n - 1;
}

TEST(owned_take_and_give_back)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	for (int i = 0; i < ROUNDS; i++) {
		OK(own(v, cpu));
		CHECK(!cpu_is_online(cpu));
		ERR(own(v, cpu), EBUSY);
		OK(own(v, TAXCUT_OWN_NONE));
		CHECK(cpu_is_online(cpu));
	}
	OK(own(v, cpu));
	vm_close(vm);
	CHECK(cpu_is_online(cpu));
}

TEST(owned_refused)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0), *other = vcpu_create(vm, 1);

	ERR(own(v, -2), EINVAL);
	ERR(own(v, 100000), EINVAL);
	ERR(own(v, 0), EBUSY); /* Linux does not let the first one go */
	OK(own(v, cpu));
	ERR(own(other, cpu), EBUSY);
	/* Linux does not find it, either. */
	CHECK(file_write("/sys/devices/system/cpu/cpu1/online", "1") == 0);
	OK(own(v, TAXCUT_OWN_NONE));
	OK(own(other, cpu));
	vm_close(vm);
	CHECK(cpu_is_online(cpu));
}

/* The guest's program runs there, with exits to the thread and to user space. */
TEST(owned_guest_runs)
{
	int cpu = spare_cpu();
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	OK(own(v, cpu));
	vcpu_call(v, "g_self_ipi", XAPIC);
	OK(own(v, TAXCUT_OWN_NONE));
	vcpu_call(v, "g_self_ipi", XAPIC);
	OK(own(v, cpu));
	vcpu_call(v, "g_timer_hlt", 30);
	vm_close(vm);
	CHECK(cpu_is_online(cpu));
}
