// SPDX-License-Identifier: GPL-2.0-only
/*
 * path: the time that each kind of exit takes from the guest, in TSC ticks, for
 * an emulated host whose time is the number of executed instructions
 * (bench/path/boot), where every run has the same result. Prints one line per
 * kind: NAME MEDIAN LEAST.
 *
 * Each kind begins at a whole second, so that the distance to the host's next
 * timer tick does not depend on earlier measurements. Results are printed at the
 * end.
 */
#include "harness.h"

#include <linux/kvm_para.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#define SAMPLES 500 /* as in guest.c */

struct kind {
	const char *name, *function;
	u64 arg;
	const char *partner; /* function of a second vCPU, which answers */
	int crowd; /* number of further vCPUs, which do not run; their LAPICs accept interrupts */
};

static const struct kind kinds[] = {
	{ "cpuid", "p_cpuid", 0, NULL, 0 },
	{ "msr_read", "p_rdmsr", 0x8b, NULL, 0 },
	{ "msr_write", "p_wrmsr", 0x8b, NULL, 0 },
	{ "apic_base_read", "p_rdmsr", 0x1b, NULL, 0 },
	{ "kernel_port_read", "p_kernel_port", 0x21, NULL, 0 },
	{ "user_port_write", "p_user_port", 0xe0, NULL, 0 },
	{ "user_mmio_read", "p_mmio_read", GPA_MMIO, NULL, 0 },
	{ "user_mmio_write", "p_mmio_write", GPA_MMIO, NULL, 0 },
	{ "hypercall", "p_hypercall", KVM_HC_VAPIC_POLL_IRQ, NULL, 0 },
	{ "hypercall_unknown", "p_hypercall", 0x7777, NULL, 0 },
	{ "self_ipi_eoi", "p_self_ipi", 0, NULL, 0 },
	{ "hlt_wake", "p_hlt_wake", 0, NULL, 0 },
	{ "timer_arm", "p_timer_arm", 0, NULL, 0 },
	{ "timer_fire", "p_timer_fire", 0, NULL, 0 },
	{ "timer_fire_hlt", "p_timer_fire_hlt", 0, NULL, 0 },
	{ "timer_taken", "p_timer_taken", 0, NULL, 0 },
	{ "ipi", "p_ipi", 0, "p_partner", 0 },
	{ "ipi_hlt_exchange", "p_exchange", 0, "p_partner_hlt", 0 },
	{ "ipi_of_512", "p_ipi", 0, "p_partner", 510 },
	{ "ipi_all_8", "p_ipi_all", 0, NULL, 7 },
	{ "ipi_all_512", "p_ipi_all", 0, NULL, 511 },
};

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "path: %s:%d: ", file, line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(1);
}

void test_skip(const char *why)
{
	test_fail("path", 0, "%s", why);
}

void test_register(struct test *t)
{
	(void)t;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void run_to_end(struct vcpu *v)
{
	for (;;) {
		u32 reason = vcpu_run(v);

		if (reason == KVM_EXIT_MMIO || (reason == KVM_EXIT_IO && v->run->io.port == 0xe0))
			continue;
		break;
	}
	vcpu_check_done(v);
}

/* Until the next whole second. */
static void align(void)
{
	struct timespec t;

	CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	t.tv_sec++;
	t.tv_nsec = 0;
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
}

/* vCPUs first to first + n - 1: x2APIC mode, software enabled. */
static void add_crowd(struct vm *vm, int first, int n)
{
	struct kvm_cpuid2 *offered = n ? offered_cpuid() : NULL;

	for (int i = 0; i < n; i++) {
		struct vcpu *v = vcpu_create_bare(vm, first + i);

		CHECK_EQ(ioctl(v->fd, KVM_SET_CPUID2, offered), 0);
		CHECK_EQ(vcpu_set_msr(v, 0x1b, 0xfee00c00), 1);
		CHECK_EQ(vcpu_set_msr(v, 0x80f, 0x1ff), 1);
	}
	free(offered);
}

/* Sorted samples of one kind, measured in a new VM. */
static const u64 *measure(const struct kind *k)
{
	static u64 sorted[SAMPLES];
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);

	if (k->partner)
		vcpu_start(vcpu_create(vm, 1), k->partner, 0);
	add_crowd(vm, k->partner ? 2 : 1, k->crowd);
	vcpu_start(v, k->function, k->arg);
	align();
	if (k->partner)
		vcpu_thread(vm->vcpus[1]);
	run_to_end(v);
	if (k->partner)
		vcpu_join(vm->vcpus[1]);
	memcpy(sorted, guest_symbol(vm, "samples"), sizeof(sorted));
	qsort(sorted, SAMPLES, sizeof(sorted[0]), compare);
	vm_close(vm);
	return sorted;
}

/* No names: all of them. */
static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++) {
		if (!strcmp(name, *names))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	const struct kind empty = { "empty", "p_empty", 0, NULL, 0 };
	char report[4096];
	size_t used = 0;
	u64 base;

	if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: [TAXCUT_DEV=/dev/kvm] path [NAME...]\n");
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	CHECK_EQ(mlockall(MCL_CURRENT), 0);
	base = measure(&empty)[0];
	for (u32 i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const u64 *s;

		if (!wanted(kinds[i].name, argv + 1))
			continue;
		s = measure(&kinds[i]);
		used += snprintf(report + used, sizeof(report) - used, "%s %llu %llu\n", kinds[i].name,
				 (unsigned long long)(s[SAMPLES / 2] - base), (unsigned long long)(s[0] - base));
		CHECK(used < sizeof(report));
	}
	fputs(report, stdout);
	return 0;
}
