// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer of the ioctls.
 *
 *   fuzz_ioctl SECONDS [SEED]
 *
 * A round is a process with four threads that share a handful of descriptors:
 * devices, VMs, vCPUs, statistics, eventfds. Each thread makes calls picked by
 * the seed: valid ones, valid ones with a few bits changed, wrong descriptors,
 * wrong pointers, wrong order; it closes descriptors that others use, unmaps
 * guest memory, forks. Another thread interrupts them, so that no thread stays in
 * KVM_RUN. Some rounds are killed at a random time.
 *
 * Requirements: each round ends in time, by itself or killed, and all its pinned
 * and allocated memory is released. The caller checks the kernel log. Threads
 * race, so a seed gives the same calls in varying order.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define THREADS 4
#define ROUND_MS 400
#define ROUND_LIMIT_MS 15000
#define ARENA_SIZE (8u << 20)
#define BUFFER_SIZE 16384
#define SLACK_KB (64 << 10)

enum kind { SYSTEM, VM, VCPU, STATS, EVENT, NR_KINDS };
#define ON(kind) (1u << (kind))
#define PER_KIND 4

/* Shared by the threads of a round without locks, on purpose. */
static int fds[NR_KINDS][PER_KIND];
static struct kvm_run *runs[PER_KIND];
static u8 *arena;
static volatile bool round_over;
static pid_t workers[THREADS];

struct worker {
	struct rng rng;
	u8 *buffer; /* BUFFER_SIZE bytes; the page after it is not mapped */
	unsigned int id;
};

struct call {
	unsigned long cmd;
	unsigned int on; /* kinds of descriptors that accept it */
	void (*fill)(struct worker *w, u8 *arg, size_t size);
	size_t size; /* size of the argument, if the command does not encode it */
	bool by_value;
	unsigned long get; /* fills in a valid argument */
};

static int pick_fd(struct worker *w, enum kind kind)
{
	return fds[kind][rng_below(&w->rng, PER_KIND)];
}

static u8 *pick_address(struct worker *w)
{
	switch (rng_below(&w->rng, 16)) {
	case 0:
		return NULL;
	case 1:
		return (u8 *)rng_interesting(&w->rng);
	case 2:
		return arena + ARENA_SIZE - rng_below(&w->rng, 64);
	default:
		return arena + rng_below(&w->rng, ARENA_SIZE / PAGE) * PAGE;
	}
}

static void fill_words(struct worker *w, u8 *arg, size_t size)
{
	size_t i;

	rng_fill(&w->rng, arg, size);
	for (i = 0; i + 8 <= size && i < 512; i += 8) {
		u64 v = rng_interesting(&w->rng);

		memcpy(arg + i, &v, 8);
	}
}

static void fill_small(struct worker *w, u8 *arg, size_t size)
{
	size_t i;

	memset(arg, 0, size);
	for (i = 0; i + 4 <= size && i < 64; i += 4)
		arg[i] = rng_below(&w->rng, 32);
}

static void fill_region(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_userspace_memory_region *r = (void *)arg;

	memset(arg, 0, size);
	r->slot = rng_one_in(&w->rng, 20) ? rng_next(&w->rng) : rng_below(&w->rng, 6);
	r->flags = rng_one_in(&w->rng, 3) ? rng_below(&w->rng, 8) : 0;
	r->guest_phys_addr = rng_one_in(&w->rng, 4) ? rng_interesting(&w->rng) : rng_below(&w->rng, 2048) * PAGE;
	r->memory_size = rng_one_in(&w->rng, 6) ? rng_interesting(&w->rng) : rng_below(&w->rng, 1024) * PAGE;
	r->userspace_addr = (uintptr_t)pick_address(w);
	if (rng_one_in(&w->rng, 20))
		r->userspace_addr = (uintptr_t)runs[rng_below(&w->rng, PER_KIND)];
}

static void fill_irqfd(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_irqfd *f = (void *)arg;

	memset(arg, 0, size);
	f->fd = pick_fd(w, rng_one_in(&w->rng, 16) ? rng_below(&w->rng, NR_KINDS) : EVENT);
	f->gsi = rng_one_in(&w->rng, 16) ? rng_next(&w->rng) : rng_below(&w->rng, 24);
	f->flags = rng_below(&w->rng, rng_one_in(&w->rng, 10) ? 256 : 4);
	f->resamplefd = pick_fd(w, EVENT);
}

static void fill_ioeventfd(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_ioeventfd *f = (void *)arg;

	memset(arg, 0, size);
	f->fd = pick_fd(w, rng_one_in(&w->rng, 16) ? rng_below(&w->rng, NR_KINDS) : EVENT);
	f->addr = rng_one_in(&w->rng, 4) ? rng_interesting(&w->rng) : rng_below(&w->rng, 4) * 4;
	f->len = rng_one_in(&w->rng, 8) ? rng_next(&w->rng) : 1u << rng_below(&w->rng, 4);
	f->flags = rng_below(&w->rng, rng_one_in(&w->rng, 10) ? 256 : 8);
	f->datamatch = rng_below(&w->rng, 4);
}

static void fill_routing(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_irq_routing *r = (void *)arg;
	u32 i, n = rng_below(&w->rng, 64);

	memset(arg, 0, size);
	r->nr = rng_one_in(&w->rng, 10) ? rng_next(&w->rng) : n;
	for (i = 0; i < n; i++) {
		struct kvm_irq_routing_entry *e = &r->entries[i];

		e->gsi = rng_one_in(&w->rng, 20) ? rng_next(&w->rng) : i;
		e->type = rng_one_in(&w->rng, 20) ? rng_below(&w->rng, 8) : 1 + rng_below(&w->rng, 2);
		if (e->type == KVM_IRQ_ROUTING_MSI) {
			e->u.msi.address_lo = 0xfee00000 | rng_below(&w->rng, 1 << 20);
			e->u.msi.data = rng_next(&w->rng);
		} else {
			e->u.irqchip.irqchip = rng_below(&w->rng, 4);
			e->u.irqchip.pin = rng_below(&w->rng, 26);
		}
	}
}

static void fill_msrs(struct worker *w, u8 *arg, size_t size)
{
	static const u32 known[] = {
		0x10, 0x1b, 0x3a, 0x3b, 0x48, 0x49, 0x8b, 0xce, 0xfe, 0x10a, 0x10b, 0x140, 0x174, 0x175, 0x176,
		0x179, 0x17a, 0x17b, 0x198, 0x199, 0x1a0, 0x1d9, 0x200, 0x20f, 0x250, 0x258, 0x268, 0x277, 0x280,
		0x2ff, 0x400, 0x47f, 0x6e0, 0x800, 0x808, 0x80b, 0x80f, 0x830, 0x832, 0x838, 0x83f, 0xda0, 0x11, 0x12,
		0x4b564d00, 0x4b564d01, 0x4b564d02, 0x4b564d03, 0x4b564d04, 0x4b564d05, 0x4b564d06, 0xc0000080,
		0xc0000081, 0xc0000082, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010000,
		0xc0010015, 0xc001001f, 0xc0010114, 0xc0010117, 0xc0011029, 0xc001011f,
	};
	struct kvm_msrs *m = (void *)arg;
	u32 i, n = rng_below(&w->rng, 24);

	memset(arg, 0, size);
	m->nmsrs = rng_one_in(&w->rng, 12) ? rng_next(&w->rng) : n;
	for (i = 0; i < n; i++) {
		m->entries[i].index = known[rng_below(&w->rng, ARRAY_SIZE(known))] + rng_below(&w->rng, 2);
		if (rng_one_in(&w->rng, 8))
			m->entries[i].index = rng_interesting(&w->rng);
		m->entries[i].data = rng_interesting(&w->rng);
	}
}

static void fill_msr_filter(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_msr_filter *f = (void *)arg;
	unsigned int i;

	memset(arg, 0, size);
	f->flags = rng_one_in(&w->rng, 4) ? rng_below(&w->rng, 4) : 0;
	for (i = 0; i < rng_below(&w->rng, KVM_MSR_FILTER_MAX_RANGES); i++) {
		f->ranges[i].flags = 1 + rng_below(&w->rng, 3);
		f->ranges[i].nmsrs = rng_one_in(&w->rng, 8) ? rng_interesting(&w->rng) : rng_below(&w->rng, 256);
		f->ranges[i].base = rng_one_in(&w->rng, 2) ? 0xc0000080 : rng_interesting(&w->rng);
		f->ranges[i].bitmap = pick_address(w);
	}
}

static void fill_cap(struct worker *w, u8 *arg, size_t size)
{
	static const u32 caps[] = {
		KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API, KVM_CAP_X86_DISABLE_EXITS, KVM_CAP_DISABLE_QUIRKS,
		KVM_CAP_DISABLE_QUIRKS2, KVM_CAP_MSR_PLATFORM_INFO, KVM_CAP_EXCEPTION_PAYLOAD,
		KVM_CAP_X86_TRIPLE_FAULT_EVENT, KVM_CAP_X86_USER_SPACE_MSR, KVM_CAP_EXIT_ON_EMULATION_FAILURE,
		KVM_CAP_EXIT_HYPERCALL, KVM_CAP_MAX_VCPU_ID, KVM_CAP_HALT_POLL, KVM_CAP_ENFORCE_PV_FEATURE_CPUID,
	};
	struct kvm_enable_cap *c = (void *)arg;

	memset(arg, 0, size);
	c->cap = rng_one_in(&w->rng, 16) ? rng_below(&w->rng, 300) : caps[rng_below(&w->rng, ARRAY_SIZE(caps))];
	c->args[0] = rng_one_in(&w->rng, 3) ? rng_interesting(&w->rng) : rng_below(&w->rng, 32);
	c->flags = rng_one_in(&w->rng, 32);
}

static void fill_cpuid(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_cpuid2 *c = (void *)arg;
	unsigned int i;

	memset(arg, 0, size);
	c->nent = 100;
	ioctl(pick_fd(w, SYSTEM), KVM_GET_SUPPORTED_CPUID, c);
	if (c->nent > 256 || rng_one_in(&w->rng, 16))
		c->nent = rng_next(&w->rng);
	for (i = rng_below(&w->rng, 6); i; i--)
		c->entries[rng_below(&w->rng, 100)].eax = rng_interesting(&w->rng);
}

static void fill_count(struct worker *w, u8 *arg, size_t size)
{
	u32 n = rng_one_in(&w->rng, 4) ? rng_interesting(&w->rng) : rng_below(&w->rng, 256);

	memset(arg, 0, size);
	memcpy(arg, &n, sizeof(n));
}

static void fill_dirty_log(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_dirty_log *l = (void *)arg;

	memset(arg, 0, size);
	l->slot = rng_below(&w->rng, 6);
	l->dirty_bitmap = pick_address(w);
}

static void fill_device_attr(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_device_attr *a = (void *)arg;

	memset(arg, 0, size);
	a->group = rng_one_in(&w->rng, 8) ? rng_next(&w->rng) : 0;
	a->attr = rng_one_in(&w->rng, 8) ? rng_next(&w->rng) : 0;
	a->addr = (uintptr_t)pick_address(w);
}

static void fill_debug(struct worker *w, u8 *arg, size_t size)
{
	struct kvm_guest_debug *d = (void *)arg;

	fill_words(w, arg, size);
	d->control = rng_one_in(&w->rng, 8) ? rng_next(&w->rng) : rng_below(&w->rng, 4) | rng_below(&w->rng, 16) << 16;
}

static void fill_signals(struct worker *w, u8 *arg, size_t size)
{
	memset(arg, 0, size);
	arg[0] = rng_one_in(&w->rng, 8) ? rng_next(&w->rng) : 8;
	/* The signal that ends KVM_RUN stays unblocked. */
	rng_fill(&w->rng, arg + 4, 8);
	arg[4 + (SIGUSR1 - 1) / 8] &= ~(1u << (SIGUSR1 - 1) % 8);
}

#define PAIR(kind, GET, SET) { .cmd = GET, .on = ON(kind) }, { .cmd = SET, .on = ON(kind), .get = GET }

static const struct call calls[] = {
	{ .cmd = KVM_GET_API_VERSION, .on = ON(SYSTEM), .by_value = true },
	{ .cmd = KVM_CREATE_VM, .on = ON(SYSTEM), .by_value = true },
	{ .cmd = KVM_GET_MSR_INDEX_LIST, .on = ON(SYSTEM), .fill = fill_count, .size = 2048 },
	{ .cmd = KVM_GET_MSR_FEATURE_INDEX_LIST, .on = ON(SYSTEM), .fill = fill_count, .size = 2048 },
	{ .cmd = KVM_CHECK_EXTENSION, .on = ON(SYSTEM) | ON(VM), .by_value = true },
	{ .cmd = KVM_GET_VCPU_MMAP_SIZE, .on = ON(SYSTEM), .by_value = true },
	{ .cmd = KVM_GET_SUPPORTED_CPUID, .on = ON(SYSTEM), .fill = fill_count, .size = 11000 },
	{ .cmd = KVM_GET_EMULATED_CPUID, .on = ON(SYSTEM), .fill = fill_count, .size = 11000 },
	{ .cmd = KVM_X86_GET_MCE_CAP_SUPPORTED, .on = ON(SYSTEM), .size = 8 },
	{ .cmd = KVM_GET_MSRS, .on = ON(SYSTEM) | ON(VCPU), .fill = fill_msrs, .size = 4096 },
	{ .cmd = KVM_SET_MSRS, .on = ON(VCPU), .fill = fill_msrs, .size = 4096 },
	{ .cmd = KVM_SET_MSRS, .on = ON(VCPU), .fill = fill_msrs, .size = 4096 },
	{ .cmd = KVM_CREATE_VCPU, .on = ON(VM), .by_value = true },
	{ .cmd = KVM_CREATE_VCPU, .on = ON(VM), .by_value = true },
	{ .cmd = KVM_GET_DIRTY_LOG, .on = ON(VM), .fill = fill_dirty_log },
	{ .cmd = KVM_SET_TSS_ADDR, .on = ON(VM), .by_value = true },
	{ .cmd = KVM_SET_IDENTITY_MAP_ADDR, .on = ON(VM) },
	{ .cmd = KVM_SET_BOOT_CPU_ID, .on = ON(VM), .by_value = true },
	{ .cmd = KVM_SET_USER_MEMORY_REGION, .on = ON(VM), .fill = fill_region },
	{ .cmd = KVM_SET_USER_MEMORY_REGION, .on = ON(VM), .fill = fill_region },
	{ .cmd = KVM_SET_USER_MEMORY_REGION2, .on = ON(VM), .fill = fill_region },
	{ .cmd = KVM_CREATE_IRQCHIP, .on = ON(VM), .by_value = true },
	{ .cmd = KVM_CREATE_PIT, .on = ON(VM), .by_value = true },
	{ .cmd = KVM_CREATE_PIT2, .on = ON(VM), .fill = fill_small },
	{ .cmd = KVM_IRQ_LINE, .on = ON(VM), .fill = fill_small },
	{ .cmd = KVM_IRQ_LINE_STATUS, .on = ON(VM), .fill = fill_small },
	{ .cmd = KVM_SIGNAL_MSI, .on = ON(VM) },
	{ .cmd = KVM_REGISTER_COALESCED_MMIO, .on = ON(VM) },
	{ .cmd = KVM_UNREGISTER_COALESCED_MMIO, .on = ON(VM) },
	{ .cmd = KVM_SET_GSI_ROUTING, .on = ON(VM), .fill = fill_routing, .size = 4096 },
	{ .cmd = KVM_IRQFD, .on = ON(VM), .fill = fill_irqfd },
	{ .cmd = KVM_IRQFD, .on = ON(VM), .fill = fill_irqfd },
	{ .cmd = KVM_IOEVENTFD, .on = ON(VM), .fill = fill_ioeventfd },
	{ .cmd = KVM_REINJECT_CONTROL, .on = ON(VM), .fill = fill_small },
	{ .cmd = KVM_ENABLE_CAP, .on = ON(VM) | ON(VCPU), .fill = fill_cap },
	{ .cmd = KVM_X86_SET_MSR_FILTER, .on = ON(VM), .fill = fill_msr_filter },
	{ .cmd = KVM_GET_STATS_FD, .on = ON(VM) | ON(VCPU), .by_value = true },
	PAIR(VM, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP),
	PAIR(VM, KVM_GET_PIT, KVM_SET_PIT),
	PAIR(VM, KVM_GET_PIT2, KVM_SET_PIT2),
	PAIR(VM, KVM_GET_CLOCK, KVM_SET_CLOCK),
	PAIR(VCPU, KVM_GET_REGS, KVM_SET_REGS),
	PAIR(VCPU, KVM_GET_SREGS, KVM_SET_SREGS),
	PAIR(VCPU, KVM_GET_SREGS2, KVM_SET_SREGS2),
	PAIR(VCPU, KVM_GET_FPU, KVM_SET_FPU),
	PAIR(VCPU, KVM_GET_XSAVE, KVM_SET_XSAVE),
	PAIR(VCPU, KVM_GET_XCRS, KVM_SET_XCRS),
	PAIR(VCPU, KVM_GET_LAPIC, KVM_SET_LAPIC),
	PAIR(VCPU, KVM_GET_MP_STATE, KVM_SET_MP_STATE),
	PAIR(VCPU, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS),
	PAIR(VCPU, KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS),
	{ .cmd = KVM_GET_XSAVE2, .on = ON(VCPU), .size = 8192 },
	{ .cmd = KVM_TRANSLATE, .on = ON(VCPU) },
	{ .cmd = KVM_INTERRUPT, .on = ON(VCPU), .fill = fill_small },
	{ .cmd = KVM_NMI, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_SMI, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_SET_CPUID, .on = ON(VCPU), .fill = fill_cpuid, .size = 8192 },
	{ .cmd = KVM_SET_CPUID2, .on = ON(VCPU), .fill = fill_cpuid, .size = 11000 },
	{ .cmd = KVM_GET_CPUID2, .on = ON(VCPU), .fill = fill_count, .size = 11000 },
	{ .cmd = KVM_SET_SIGNAL_MASK, .on = ON(VCPU), .fill = fill_signals, .size = 16 },
	{ .cmd = KVM_TPR_ACCESS_REPORTING, .on = ON(VCPU), .fill = fill_small },
	{ .cmd = KVM_SET_VAPIC_ADDR, .on = ON(VCPU) },
	{ .cmd = KVM_X86_SETUP_MCE, .on = ON(VCPU) },
	{ .cmd = KVM_X86_SET_MCE, .on = ON(VCPU) },
	{ .cmd = KVM_SET_GUEST_DEBUG, .on = ON(VCPU), .fill = fill_debug },
	{ .cmd = KVM_SET_TSC_KHZ, .on = ON(VM) | ON(VCPU), .by_value = true },
	{ .cmd = KVM_GET_TSC_KHZ, .on = ON(VM) | ON(VCPU), .by_value = true },
	{ .cmd = KVM_KVMCLOCK_CTRL, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_HAS_DEVICE_ATTR, .on = ON(SYSTEM) | ON(VCPU), .fill = fill_device_attr },
	{ .cmd = KVM_GET_DEVICE_ATTR, .on = ON(SYSTEM) | ON(VCPU), .fill = fill_device_attr },
	{ .cmd = KVM_SET_DEVICE_ATTR, .on = ON(VCPU), .fill = fill_device_attr },
	{ .cmd = KVM_RUN, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_RUN, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_RUN, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_RUN, .on = ON(VCPU), .by_value = true },
	{ .cmd = KVM_RUN, .on = ON(VCPU), .by_value = true },
};

/* Stores a new descriptor; closes the old one, even if another thread uses it. */
static void keep_fd(struct worker *w, enum kind kind, int fd)
{
	int old = __atomic_exchange_n(&fds[kind][rng_below(&w->rng, PER_KIND)], fd, __ATOMIC_RELAXED);

	if (old >= 0)
		close(old);
}

static void keep_vcpu(struct worker *w, int fd)
{
	unsigned int place = rng_below(&w->rng, PER_KIND);
	void *run = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int old;

	if (run != MAP_FAILED)
		__atomic_store_n(&runs[place], run, __ATOMIC_RELAXED); /* stays mapped: others write to it */
	old = __atomic_exchange_n(&fds[VCPU][place], fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

/* Changes the argument in up to three places: replaces eight bytes, or flips a bit. */
static void mutate(struct worker *w, u8 *arg, size_t size)
{
	unsigned int n = rng_below(&w->rng, 4);

	while (n-- && size >= 8) {
		size_t at = rng_below(&w->rng, size - 7);
		u64 v = rng_interesting(&w->rng);

		if (rng_one_in(&w->rng, 2))
			memcpy(arg + at, &v, 8);
		else
			arg[at] ^= 1u << rng_below(&w->rng, 8);
	}
}

/* Excludes the states of spare_emulator() after mutations. True if arg is one. */
static bool spare_emulator_argument(unsigned long cmd, u8 *arg, size_t size)
{
	struct kvm_msrs *m = (void *)arg;
	size_t i;

	if (cmd == KVM_SET_SREGS || cmd == KVM_SET_SREGS2) {
		/* Both structures are the same up to EFER. */
		spare_emulator((struct kvm_sregs *)arg);
		return true;
	}
	/* Breakpoints at wild addresses: QEMU's TCG sets up watchpoints at VMRUN, and aborts over some. */
	if (cmd == KVM_SET_DEBUGREGS) {
		((struct kvm_debugregs *)arg)->dr7 &= ~(u64)DR7_ENABLES;
		return true;
	}
	if (cmd == KVM_SET_GUEST_DEBUG) {
		((struct kvm_guest_debug *)arg)->arch.debugreg[7] &= ~(u64)DR7_ENABLES;
		return true;
	}
	if (cmd != KVM_SET_MSRS)
		return false;
	for (i = 0; i < (size - sizeof(*m)) / sizeof(m->entries[0]); i++)
		if (m->entries[i].index == MSR_EFER)
			m->entries[i].data &= ~(u64)EFER_LME;
	return true;
}

static u8 *make_argument(struct worker *w, const struct call *c, int fd)
{
	size_t size = c->size ? c->size : _IOC_SIZE(c->cmd);
	u8 *arg = w->buffer;

	if (rng_one_in(&w->rng, 12))
		return rng_one_in(&w->rng, 2) ? pick_address(w) : (u8 *)rng_interesting(&w->rng);
	/* Often the argument ends at the end of the mapping: an access to one more byte faults. */
	if (size <= BUFFER_SIZE && rng_one_in(&w->rng, 2))
		arg += BUFFER_SIZE - size;
	if (c->get) {
		memset(arg, 0, size);
		if (c->cmd == KVM_SET_IRQCHIP)
			arg[0] = rng_below(&w->rng, 3);
		if (ioctl(fd, c->get, arg))
			fill_words(w, arg, size);
	} else if (c->fill) {
		c->fill(w, arg, size);
	} else {
		fill_words(w, arg, size);
	}
	/* A mask that blocks SIGUSR1 would keep the thread in KVM_RUN, correctly. */
	if (c->cmd == KVM_SET_SIGNAL_MASK)
		return arg;
	mutate(w, arg, size > 512 && rng_one_in(&w->rng, 2) ? 512 : size);
	if (spare_emulator_argument(c->cmd, arg, size))
		return arg;
	if (rng_one_in(&w->rng, 20) && size > 16)
		arg += 8 + rng_below(&w->rng, 8);
	return arg;
}

static unsigned long make_value(struct worker *w, const struct call *c)
{
	if (c->cmd == KVM_CREATE_VCPU)
		return rng_one_in(&w->rng, 10) ? rng_interesting(&w->rng) : rng_below(&w->rng, 6);
	if (c->cmd == KVM_CHECK_EXTENSION)
		return rng_below(&w->rng, 300);
	return rng_one_in(&w->rng, 10) ? rng_interesting(&w->rng) : 0;
}

static void keep_result(struct worker *w, const struct call *c, int kind, long r)
{
	if (r < 0)
		return;
	if (c->cmd == KVM_CREATE_VM && kind == SYSTEM)
		keep_fd(w, VM, r);
	else if (c->cmd == KVM_CREATE_VCPU && kind == VM)
		keep_vcpu(w, r);
	else if (c->cmd == KVM_GET_STATS_FD && (kind == VM || kind == VCPU))
		keep_fd(w, STATS, r);
}

static void one_ioctl(struct worker *w)
{
	const struct call *c = &calls[rng_below(&w->rng, ARRAY_SIZE(calls))];
	unsigned long cmd = c->cmd, arg;
	enum kind kind;
	int fd;

	do
		kind = rng_below(&w->rng, NR_KINDS);
	while (!(c->on & ON(kind)) && !rng_one_in(&w->rng, 40));
	fd = pick_fd(w, kind);
	arg = c->by_value ? make_value(w, c) : (unsigned long)make_argument(w, c, fd);
	if (rng_one_in(&w->rng, 60))
		cmd ^= 1u << rng_below(&w->rng, 32);
	keep_result(w, c, kind, ioctl(fd, cmd, arg));
}

static void scribble_run(struct worker *w)
{
	struct kvm_run *run = runs[rng_below(&w->rng, PER_KIND)];
	u8 *bytes = (u8 *)run;

	if (!run)
		return;
	switch (rng_below(&w->rng, 4)) {
	case 0:
		run->immediate_exit = rng_below(&w->rng, 2);
		break;
	case 1:
		run->kvm_valid_regs = rng_below(&w->rng, 8);
		run->kvm_dirty_regs = rng_below(&w->rng, 8);
		break;
	case 2:
		run->request_interrupt_window = rng_below(&w->rng, 2);
		break;
	default:
		rng_fill(&w->rng, bytes + rng_below(&w->rng, 3 * PAGE - 8), 8);
	}
}

static void disturb_memory(struct worker *w)
{
	u8 *at = arena + rng_below(&w->rng, ARENA_SIZE / PAGE) * PAGE;
	size_t size = (1 + rng_below(&w->rng, 64)) * PAGE;

	if (size > (size_t)(arena + ARENA_SIZE - at))
		size = arena + ARENA_SIZE - at;
	switch (rng_below(&w->rng, 4)) {
	case 0:
		munmap(at, size);
		break;
	case 1:
		madvise(at, size, MADV_DONTNEED);
		break;
	case 2:
		mprotect(at, size, rng_below(&w->rng, 4));
		break;
	default:
		mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
}

static void use_stats(struct worker *w)
{
	int fd = pick_fd(w, STATS);

	lseek(fd, rng_interesting(&w->rng), SEEK_SET);
	if (read(fd, w->buffer, rng_below(&w->rng, BUFFER_SIZE)) < 0 &&
	    pread(fd, w->buffer, BUFFER_SIZE, rng_interesting(&w->rng)) < 0)
		return;
}

static void use_event(struct worker *w)
{
	u64 v = 1;
	int fd = pick_fd(w, EVENT);
	struct pollfd p = { .fd = pick_fd(w, rng_below(&w->rng, NR_KINDS)), .events = POLLIN };

	if (rng_one_in(&w->rng, 8))
		keep_fd(w, EVENT, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	else if (write(fd, &v, sizeof(v)) < 0)
		poll(&p, 1, 0);
}

/* The child has the descriptors but another address space: its calls fail. */
static void fork_child(struct worker *w)
{
	pid_t child = fork();
	unsigned int i;

	if (!child) {
		alarm(5);
		for (i = 0; i < 20; i++)
			one_ioctl(w);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void close_something(struct worker *w)
{
	enum kind kind = rng_below(&w->rng, NR_KINDS);
	int fd = __atomic_exchange_n(&fds[kind][rng_below(&w->rng, PER_KIND)], -1, __ATOMIC_RELAXED);

	if (fd >= 0)
		close(fd);
	if (kind == SYSTEM)
		keep_fd(w, SYSTEM, client_open());
}

/* A state in which a guest runs: real mode, at the arena's instructions. */
static void make_runnable(struct worker *w)
{
	int fd = pick_fd(w, VCPU);
	struct kvm_regs regs = { .rip = rng_below(&w->rng, 64), .rsp = 0x800, .rflags = 2 | rng_below(&w->rng, 2) << 9 };
	struct kvm_sregs s;

	if (ioctl(fd, KVM_GET_SREGS, &s))
		return;
	s.cs.base = 0;
	s.cs.selector = 0;
	spare_emulator(&s);
	if (!ioctl(fd, KVM_SET_SREGS, &s))
		ioctl(fd, KVM_SET_REGS, &regs);
}

static void map_guest_memory(struct worker *w)
{
	machine_slot(pick_fd(w, VM), 0, 0, 0, 64 * PAGE, arena + rng_below(&w->rng, 1024) * PAGE);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	workers[w->id] = syscall(SYS_gettid);
	while (!round_over) {
		u32 dice = rng_below(&w->rng, 200);

		if (dice < 150)
			one_ioctl(w);
		else if (dice < 160)
			scribble_run(w);
		else if (dice < 165)
			disturb_memory(w);
		else if (dice < 170)
			use_stats(w);
		else if (dice < 180)
			use_event(w);
		else if (dice < 181)
			fork_child(w);
		else if (dice < 183)
			close_something(w);
		else if (dice < 192)
			make_runnable(w);
		else
			map_guest_memory(w);
	}
	return NULL;
}

static void no_action(int signal)
{
	(void)signal;
}

static u8 *guarded_buffer(void)
{
	u8 *p = mmap(NULL, BUFFER_SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p + BUFFER_SIZE, PAGE))
		_exit(2);
	return p;
}

static void fill_arena(struct rng *r)
{
	/* hlt; out; in; memory accesses beyond the slot; cpuid; rdmsr; int3; jumps back */
	static const u8 code[] = { 0xf4, 0xe6, 0x80, 0xe4, 0x80, 0xa0, 0x00, 0xf0, 0x0f, 0xa2, 0x0f, 0x32, 0xcc,
				   0xfb, 0xfa, 0x0f, 0x01, 0xd9, 0xcd, 0x20, 0xeb, 0xe0 };
	unsigned int i;

	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		_exit(2);
	for (i = 0; i < ARENA_SIZE; i += PAGE) {
		unsigned int k;

		for (k = 0; k < 128; k++)
			arena[i + k] = rng_one_in(r, 6) ? rng_next(r) : code[k % sizeof(code)];
	}
}

static void setup_fds(struct worker *w)
{
	unsigned int kind, i;

	memset(fds, 0xff, sizeof(fds));
	for (i = 0; i < PER_KIND; i++) {
		fds[SYSTEM][i] = client_open();
		fds[EVENT][i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	}
	for (i = 0; i < 2; i++) {
		struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
		int vm = ioctl(fds[SYSTEM][0], KVM_CREATE_VM, 0);

		fds[VM][i] = vm;
		kind = rng_below(&w->rng, 3);
		if (kind == IRQCHIP_SPLIT)
			ioctl(vm, KVM_ENABLE_CAP, &split);
		else if (kind == IRQCHIP_FULL)
			ioctl(vm, KVM_CREATE_IRQCHIP, 0);
		map_guest_memory(w);
		keep_vcpu(w, ioctl(vm, KVM_CREATE_VCPU, 0));
		keep_vcpu(w, ioctl(vm, KVM_CREATE_VCPU, 1));
	}
}

static void describe_stuck(pid_t child)
{
	char command[128], line[256];
	FILE *f;

	snprintf(command, sizeof(command), "cd /proc/%d/task && head -n 12 */stack */syscall; grep -E \"^(State|Sig|Shd)\" */status", child);
	f = popen(command, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		pclose(f);
	fflush(stdout);
}

static void interrupt_all(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (workers[i])
			syscall(SYS_tgkill, getpid(), workers[i], SIGUSR1);
}

/* One round, in its own process. */
static void round_run(u64 seed)
{
	struct sigaction sa = { .sa_handler = no_action };
	static struct worker w[THREADS];
	pthread_t threads[THREADS];
	u64 end = now_ms() + ROUND_MS;
	unsigned int i;

	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < THREADS; i++) {
		w[i].rng.state = seed * THREADS + i;
		w[i].id = i;
		w[i].buffer = guarded_buffer();
	}
	fill_arena(&w[0].rng);
	setup_fds(&w[0]);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &w[i]))
			_exit(2);
	while (now_ms() < end) {
		sleep_us(2000);
		interrupt_all();
	}
	round_over = true;
	end = now_ms() + ROUND_LIMIT_MS;
	for (i = 0; i < THREADS; i++)
		while (pthread_tryjoin_np(threads[i], NULL) == EBUSY && now_ms() < end) {
			interrupt_all();
			sleep_us(1000);
		}
	if (now_ms() < end)
		_exit(0);
	describe_stuck(getpid());
	_exit(3);
}

/* NULL, or the failure. A crash of the client is no failure, as its threads change each other's memory. */
static const char *one_round(u64 seed, struct rng *r)
{
	pid_t child = fork();
	int status;

	if (!child)
		round_run(seed);
	if (child < 0)
		return "fork failed";
	if (rng_one_in(r, 3)) {
		sleep_us(rng_below(r, ROUND_MS * 1000));
		kill(child, SIGKILL);
	}
	if (!reap(child, ROUND_MS + ROUND_LIMIT_MS + 5000, &status)) {
		describe_stuck(child);
		return "a killed client does not die";
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		return "a thread does not return from its call";
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return "the round could not be set up";
	return NULL;
}

int main(int argc, char **argv)
{
	const char *name = "ioctls: any call, any argument, any order, from four threads, killed at any moment";
	u64 end, seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, rounds = 0;
	struct rng r = { .state = seed };
	const char *wrong = NULL;
	struct ledger before;

	if (argc < 2) {
		fprintf(stderr, "usage: fuzz_ioctl SECONDS [SEED]\n");
		return 2;
	}
	end = now_ms() + strtoull(argv[1], NULL, 10) * 1000;
	ledger_take(&before);
	while (!wrong && now_ms() < end) {
		wrong = one_round(seed + rounds, &r);
		rounds++;
		if (!wrong && rounds % 8 == 0)
			wrong = ledger_check(&before, SLACK_KB);
	}
	if (!wrong)
		wrong = ledger_check(&before, SLACK_KB);
	printf("# fuzz_ioctl: %llu rounds, seeds %llu to %llu\n", (unsigned long long)rounds,
	       (unsigned long long)seed, (unsigned long long)(seed + rounds - 1));
	if (wrong)
		report_failed(name, "%s (seed %llu)", wrong, (unsigned long long)(seed + rounds - 1));
	else
		report_ok(name);
	return report_failures != 0;
}
