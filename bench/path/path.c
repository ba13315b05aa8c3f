// SPDX-License-Identifier: GPL-2.0-only
/*
 * path: how long each kind of exit keeps the guest waiting, in TSC ticks;
 * meant for an emulated host that counts instructions as time
 * (bench/path/boot), where the answer is the same every run. Prints one line per kind:
 * NAME MEDIAN LEAST.
 *
 * Each kind begins at a whole second, at the same distance from the host's next
 * timer tick whatever was measured before, and nothing is printed until the end.
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
	const char *partner; /* what a second vCPU does, which answers */
};

static const struct kind kinds[] = {
	{ "cpuid", "p_cpuid", 0, NULL },
	{ "msr_read", "p_rdmsr", 0x8b, NULL },
	{ "msr_write", "p_wrmsr", 0x8b, NULL },
	{ "apic_base_read", "p_rdmsr", 0x1b, NULL },
	{ "kernel_port_read", "p_kernel_port", 0x21, NULL },
	{ "user_port_write", "p_user_port", 0xe0, NULL },
	{ "user_mmio_read", "p_mmio_read", GPA_MMIO, NULL },
	{ "user_mmio_write", "p_mmio_write", GPA_MMIO, NULL },
	{ "hypercall", "p_hypercall", KVM_HC_VAPIC_POLL_IRQ, NULL },
	{ "hypercall_unknown", "p_hypercall", 0x7777, NULL },
	{ "self_ipi_eoi", "p_self_ipi", 0, NULL },
	{ "hlt_wake", "p_hlt_wake", 0, NULL },
	{ "timer_arm", "p_timer_arm", 0, NULL },
	{ "timer_fire", "p_timer_fire", 0, NULL },
	{ "timer_fire_hlt", "p_timer_fire_hlt", 0, NULL },
	{ "timer_taken", "p_timer_taken", 0, NULL },
	{ "ipi", "p_ipi", 0, "p_partner" },
	{ "ipi_hlt_exchange", "p_exchange", 0, "p_partner_hlt" },
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

/* Sorted samples of one kind, in a VM of its own. */
static const u64 *measure(const struct kind *k)
{
	static u64 sorted[SAMPLES];
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);

	if (k->partner)
		vcpu_start(vcpu_create(vm, 1), k->partner, 0);
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
	const struct kind empty = { "empty", "p_empty", 0, NULL };
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
