// SPDX-License-Identifier: GPL-2.0-only
/*
 * path: how long each kind of exit keeps the guest waiting, in TSC ticks;
 * meant for an emulated host that counts instructions as time (lab/lab
 * --icount), where the answer is the same every run. Prints one line per kind:
 * NAME MEDIAN LEAST.
 */
#include "harness.h"

#include <linux/kvm_para.h>
#include <stdarg.h>

#define SAMPLES 500 /* as in guest.c */

struct kind {
	const char *name, *function;
	u64 arg;
	bool partner; /* a second vCPU answers */
};

static const struct kind kinds[] = {
	{ "cpuid", "p_cpuid", 0, false },
	{ "msr_read", "p_rdmsr", 0x8b, false },
	{ "msr_write", "p_wrmsr", 0x8b, false },
	{ "apic_base_read", "p_rdmsr", 0x1b, false },
	{ "kernel_port_read", "p_kernel_port", 0x21, false },
	{ "user_port_write", "p_user_port", 0xe0, false },
	{ "user_mmio_read", "p_mmio_read", GPA_MMIO, false },
	{ "user_mmio_write", "p_mmio_write", GPA_MMIO, false },
	{ "hypercall", "p_hypercall", KVM_HC_VAPIC_POLL_IRQ, false },
	{ "hypercall_unknown", "p_hypercall", 0x7777, false },
	{ "self_ipi_eoi", "p_self_ipi", 0, false },
	{ "deadline_arm", "p_deadline_arm", 0, false },
	{ "deadline_arm_fire", "p_deadline_spin", 0, false },
	{ "deadline_arm_hlt_fire", "p_deadline_hlt", 0, false },
	{ "deadline_taken", "p_deadline_taken", 0, false },
	{ "ipi_hlt_exchange", "p_exchange", 0, true },
};

static void complain(const char *file, int line, const char *format, va_list ap)
{
	fprintf(stderr, "path: %s:%d: ", file, line);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(file, line, format, ap);
	va_end(ap);
	_exit(1);
}

void test_fail_or_emulator(const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(file, line, format, ap);
	va_end(ap);
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

/* Sorted samples of one kind, in a VM of its own. */
static const u64 *measure(const struct kind *k)
{
	static u64 sorted[SAMPLES];
	struct vm *vm = vm_create(CHIP_FULL);
	struct vcpu *v = vcpu_create(vm, 0);

	if (k->partner) {
		vcpu_create(vm, 1);
		vcpu_start(vm->vcpus[1], "p_partner", 0);
		vcpu_thread(vm->vcpus[1]);
	}
	vcpu_start(v, k->function, k->arg);
	run_to_end(v);
	if (k->partner)
		vcpu_join(vm->vcpus[1]);
	memcpy(sorted, guest_symbol(vm, "samples"), sizeof(sorted));
	qsort(sorted, SAMPLES, sizeof(sorted[0]), compare);
	vm_close(vm);
	return sorted;
}

int main(int argc, char **argv)
{
	const struct kind empty = { "empty", "p_empty", 0, false };
	u64 base;

	if (argc > 1) {
		fprintf(stderr, "usage: [TAXCUT_DEV=/dev/kvm] path\n");
		return argv[1] && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	base = measure(&empty)[0];
	for (u32 i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const u64 *s = measure(&kinds[i]);

		printf("%s %llu %llu\n", kinds[i].name, (unsigned long long)(s[SAMPLES / 2] - base),
		       (unsigned long long)(s[0] - base));
	}
	return 0;
}
