// SPDX-License-Identifier: GPL-2.0-only
/* See client.h. */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIVE_BACK_MS 10000

unsigned int report_failures;

u64 rng_next(struct rng *r)
{
	u64 z;

	r->state += 0x9e3779b97f4a7c15ULL;
	z = r->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u32 rng_below(struct rng *r, u32 n)
{
	return rng_next(r) % n;
}

bool rng_one_in(struct rng *r, u32 n)
{
	return !rng_below(r, n);
}

u64 rng_interesting(struct rng *r)
{
	u64 v;

	switch (rng_below(r, 10)) {
	case 0:
		return 0;
	case 1:
		return ~0ULL;
	case 2:
		return 1ULL << rng_below(r, 64);
	case 3:
		return (1ULL << rng_below(r, 64)) - 1;
	case 4:
		return -(1ULL << rng_below(r, 64));
	case 5:
		return rng_below(r, 256);
	case 6:
		return (u64)rng_below(r, 1024) * PAGE;
	case 7:
		return 0xfee00000 + rng_below(r, 0x1000);
	case 8:
		v = rng_next(r);
		return v >> rng_below(r, 64);
	default:
		return rng_next(r);
	}
}

void rng_fill(struct rng *r, void *buf, size_t len)
{
	u8 *p = buf;

	while (len) {
		u64 v = rng_next(r);
		size_t n = len < sizeof(v) ? len : sizeof(v);

		memcpy(p, &v, n);
		p += n;
		len -= n;
	}
}

u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void sleep_us(unsigned int us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L };

	nanosleep(&ts, NULL);
}

static const char *device(void)
{
	const char *path = getenv("TAXCUT_DEV");

	return path && *path ? path : "/dev/taxcut";
}

int client_open(void)
{
	return open(device(), O_RDWR | O_CLOEXEC);
}

const char *client_module(void)
{
	return strcmp(device(), "/dev/kvm") ? "taxcut" : "kvm_amd";
}

int machine_slot(int vm, u32 slot, u32 flags, u64 gpa, u64 size, const void *hva)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r);
}

static bool machine_irqchip(struct machine *m, enum irqchip irqchip)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (irqchip == IRQCHIP_SPLIT)
		return !ioctl(m->vm, KVM_ENABLE_CAP, &cap);
	if (irqchip == IRQCHIP_FULL)
		return !ioctl(m->vm, KVM_CREATE_IRQCHIP, 0) && !ioctl(m->vm, KVM_CREATE_PIT2, &pit);
	return true;
}

static bool machine_vcpu(struct machine *m, unsigned int i)
{
	m->vcpu[i] = ioctl(m->vm, KVM_CREATE_VCPU, i);
	if (m->vcpu[i] < 0)
		return false;
	m->run[i] = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu[i], 0);
	return m->run[i] != MAP_FAILED;
}

bool machine_create(struct machine *m, enum irqchip irqchip, unsigned int nr_vcpus, size_t ram_size)
{
	unsigned int i;
	int size;

	memset(m, 0, sizeof(*m));
	m->vm = -1;
	for (i = 0; i < MACHINE_VCPUS; i++) {
		m->vcpu[i] = -1;
		m->run[i] = MAP_FAILED;
	}
	m->ram_size = ram_size;
	m->nr = nr_vcpus;
	m->ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m->dev = client_open();
	if (m->ram == MAP_FAILED || m->dev < 0)
		return false;
	size = ioctl(m->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->vm = ioctl(m->dev, KVM_CREATE_VM, 0);
	if (size < 0 || m->vm < 0 || !machine_irqchip(m, irqchip))
		return false;
	m->run_size = size;
	if (machine_slot(m->vm, 0, 0, 0, ram_size, m->ram))
		return false;
	for (i = 0; i < nr_vcpus; i++)
		if (!machine_vcpu(m, i))
			return false;
	return true;
}

void machine_destroy(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < MACHINE_VCPUS; i++) {
		if (m->run[i] != MAP_FAILED)
			munmap(m->run[i], m->run_size);
		if (m->vcpu[i] >= 0)
			close(m->vcpu[i]);
	}
	if (m->vm >= 0)
		close(m->vm);
	if (m->dev >= 0)
		close(m->dev);
	if (m->ram != MAP_FAILED)
		munmap(m->ram, m->ram_size);
}

int machine_cpuid(struct machine *m, unsigned int i)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} c;
	u32 k;

	memset(&c, 0, sizeof(c));
	c.head.nent = ARRAY_SIZE(c.entries);
	if (ioctl(m->dev, KVM_GET_SUPPORTED_CPUID, &c))
		return -1;
	for (k = 0; k < c.head.nent; k++) {
		struct kvm_cpuid_entry2 *e = &c.entries[k];

		if (e->function == 1)
			e->ebx = (e->ebx & 0xffffff) | i << 24;
		if (e->function == 0xb || e->function == 0x1f)
			e->edx = i;
	}
	return ioctl(m->vcpu[i], KVM_SET_CPUID2, &c);
}

void mode_tables(struct machine *m, u64 gpa)
{
	u64 *pml4 = (u64 *)(m->ram + gpa), *pdpt = pml4 + 512, *pd = pdpt + 512;
	unsigned int i;

	memset(pml4, 0, 3 * PAGE);
	pml4[0] = (gpa + PAGE) | 7;
	pdpt[0] = (gpa + 2 * PAGE) | 7;
	pdpt[3] = 0xc0000000 | 0x87;
	for (i = 0; i < 512; i++)
		pd[i] = (u64)i << 21 | 0x87;
	pd[gpa >> 21] = 0;
}

static struct kvm_segment flat_segment(enum cpu_mode mode, bool code)
{
	struct kvm_segment s = {
		.limit = mode == MODE_16 ? 0xffff : 0xffffffff,
		.selector = mode == MODE_16 ? 0 : code ? 8 : 16,
		.type = code ? 11 : 3,
		.present = 1,
		.s = 1,
		.db = mode == MODE_32 || (mode == MODE_64 && !code),
		.l = mode == MODE_64 && code,
		.g = mode != MODE_16,
	};

	return s;
}

void spare_emulator(struct kvm_sregs *s)
{
	/* Without paging the guest could clear PAE. */
	if (!(s->cr0 & 1u << 31))
		s->efer &= ~(u64)EFER_LME;
	if (s->efer & EFER_LME)
		s->cr4 |= 1u << 5; /* PAE */
}

int machine_enter(struct machine *m, unsigned int i, enum cpu_mode mode, u64 rip, u64 rsp)
{
	struct kvm_regs regs = { .rip = rip, .rsp = rsp, .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(m->vcpu[i], KVM_GET_SREGS, &s))
		return -1;
	s.cs = flat_segment(mode, true);
	s.ds = flat_segment(mode, false);
	s.es = s.ds;
	s.fs = s.ds;
	s.gs = s.ds;
	s.ss = s.ds;
	s.cr0 = 0x10 | (mode != MODE_16);
	s.cr4 = 0;
	s.efer = 0;
	if (mode == MODE_64) {
		s.cr0 |= 1u << 31;
		s.cr3 = MODE_TABLES_GPA;
		s.cr4 = 1 << 5 | 3 << 9; /* PAE, OSFXSR, OSXMMEXCPT */
		s.efer = 0x500;
	}
	if (ioctl(m->vcpu[i], KVM_SET_SREGS, &s))
		return -1;
	return ioctl(m->vcpu[i], KVM_SET_REGS, &regs);
}

/* The number after key in a file of "key number" lines; 0 without key. */
static u64 file_number(const char *path, const char *key)
{
	char line[256];
	u64 value = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(key);

		if (!strncmp(line, key, n) && (line[n] == ' ' || line[n] == ':'))
			value = strtoull(line + n + 1, NULL, 10);
	}
	fclose(f);
	return value;
}

static long module_refs(void)
{
	char path[128], text[32];
	long refs = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", client_module());
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fgets(text, sizeof(text), f))
		refs = strtol(text, NULL, 10);
	fclose(f);
	return refs;
}

void ledger_take(struct ledger *l)
{
	l->pinned = file_number("/proc/vmstat", "nr_foll_pin_acquired") -
		    file_number("/proc/vmstat", "nr_foll_pin_released");
	l->available_kb = file_number("/proc/meminfo", "MemAvailable");
	l->slab_kb = file_number("/proc/meminfo", "SUnreclaim");
	l->module_refs = module_refs();
}

static const char *ledger_missing(const struct ledger *before, const struct ledger *now, u64 slack_kb)
{
	static char text[128];

	if (now->pinned > before->pinned)
		snprintf(text, sizeof(text), "%llu pages are still pinned",
			 (unsigned long long)(now->pinned - before->pinned));
	else if (now->module_refs > before->module_refs)
		snprintf(text, sizeof(text), "the module is still in use %ld times",
			 now->module_refs - before->module_refs);
	else if (now->available_kb + slack_kb < before->available_kb)
		snprintf(text, sizeof(text), "%llu KiB less memory is available",
			 (unsigned long long)(before->available_kb - now->available_kb));
	else if (now->slab_kb > before->slab_kb + slack_kb)
		snprintf(text, sizeof(text), "kernel memory has grown by %llu KiB",
			 (unsigned long long)(now->slab_kb - before->slab_kb));
	else
		return NULL;
	return text;
}

const char *ledger_check(const struct ledger *before, u64 slack_kb)
{
	u64 end = now_ms() + GIVE_BACK_MS;
	const char *missing;
	struct ledger now;

	for (;;) {
		ledger_take(&now);
		missing = ledger_missing(before, &now, slack_kb);
		if (!missing || now_ms() > end)
			return missing;
		sleep_us(50000);
	}
}

void report_ok(const char *name)
{
	printf("ok %s\n", name);
	fflush(stdout);
}

void report_failed(const char *name, const char *format, ...)
{
	va_list args;

	report_failures++;
	printf("not ok %s: ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

bool reap(pid_t child, unsigned int limit_ms, int *status)
{
	u64 end = now_ms() + limit_ms;
	bool killed = false;

	for (;;) {
		pid_t got = waitpid(child, status, WNOHANG);

		if (got == child)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (now_ms() > end) {
			if (killed)
				return false;
			kill(child, SIGKILL);
			killed = true;
			end = now_ms() + GIVE_BACK_MS;
		}
		sleep_us(1000);
	}
}
