// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of hostile clients and guests, each with a known result.
 *
 *   hostile [STORY...]
 *
 * Each test ("story") runs in its own process with a time limit; afterwards no
 * more memory may be pinned or allocated, and no more references held, than
 * before. The caller checks the kernel log.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

#define STORY_MS 30000
#define SLACK_KB (64 << 10)
#define RAM_SIZE (4u << 20)
#define CODE 0x1000

#define WANT(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			complain(__LINE__, "%s", #cond);                                           \
	} while (0)

/* The call must fail, with one of up to two errors (the second may be 0). */
#define FAILS(call, error, other)                                                                  \
	do {                                                                                       \
		long r_ = (call);                                                                  \
		int e_ = errno;                                                                    \
		if (r_ >= 0 || (e_ != (error) && e_ != (other)))                                   \
			complain(__LINE__, "%s: %s, not %s", #call,                                \
				 r_ >= 0 ? "success" : strerror(e_), strerror(error));             \
	} while (0)

static __attribute__((noreturn, format(printf, 2, 3))) void complain(int line, const char *format, ...)
{
	va_list args;

	printf("# line %d: ", line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static bool is_taxcut(void)
{
	return !strcmp(client_module(), "taxcut");
}

static void no_action(int signal)
{
	(void)signal;
}

static void catch_signal(int signal)
{
	struct sigaction sa = { .sa_handler = no_action };

	sigaction(signal, &sa, NULL);
}

static void create(struct machine *m, enum irqchip irqchip, unsigned int nr)
{
	if (!machine_create(m, irqchip, nr, RAM_SIZE))
		complain(__LINE__, "no VM: %s", strerror(errno));
}

static void load(struct machine *m, u64 at, const void *code, size_t size)
{
	memcpy(m->ram + at, code, size);
}

/* Resets the vCPU's activity: it is not halted and has no pending event. */
static void start_afresh(struct machine *m, unsigned int i, enum cpu_mode mode, u64 at)
{
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_vcpu_events none = { .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW };

	WANT(!machine_enter(m, i, mode, at, 0x8000));
	WANT(!ioctl(m->vcpu[i], KVM_SET_MP_STATE, &mp));
	WANT(!ioctl(m->vcpu[i], KVM_SET_VCPU_EVENTS, &none));
}

/* A guest in real mode that runs code (a byte array) at CODE. */
#define START(m, i, code)                                                                          \
	do {                                                                                       \
		load(m, CODE + (i) * 0x100, code, sizeof(code));                                   \
		start_afresh(m, i, MODE_16, CODE + (i) * 0x100);                                   \
	} while (0)

static const u8 code_spin[] = { 0xeb, 0xfe };
static const u8 code_out[] = { 0xe6, 0x80, 0xeb, 0xfc }; /* out %al, $0x80, in a loop */
static const u8 code_in[] = { 0xe4, 0x80, 0xf4 };
static const u8 code_write[] = { 0x40, 0xa2, 0x00, 0x70, 0xeb, 0xfa }; /* inc ax; mov %al, 0x7000 */

static int run(struct machine *m, unsigned int i)
{
	return ioctl(m->vcpu[i], KVM_RUN, 0);
}

/* Runs to the next exit. EINTR without a signal comes from kernel work for the thread (task work). */
static int run_to_exit(struct machine *m, unsigned int i)
{
	int r;

	do
		r = run(m, i);
	while (r && errno == EINTR);
	return r;
}

struct runner {
	struct machine *m;
	unsigned int i;
	volatile pid_t tid;
	volatile int result, error;
	volatile bool stop;
	pthread_t thread;
};

/* Runs until told to stop; ignores exits. */
static void *runner_main(void *arg)
{
	struct runner *r = arg;

	r->tid = syscall(SYS_gettid);
	do {
		r->result = run(r->m, r->i);
		r->error = r->result ? errno : 0;
	} while (!r->stop && (!r->result || r->error == EINTR || r->error == EAGAIN));
	return NULL;
}

static void runner_start(struct runner *r, struct machine *m, unsigned int i)
{
	*r = (struct runner){ .m = m, .i = i };
	WANT(!pthread_create(&r->thread, NULL, runner_main, r));
	while (!r->tid)
		sleep_us(100);
}

static void runner_stop(struct runner *r)
{
	u64 end = now_ms() + 10000;

	r->stop = true;
	while (pthread_tryjoin_np(r->thread, NULL) == EBUSY) {
		syscall(SYS_tgkill, getpid(), r->tid, SIGUSR1);
		sleep_us(1000);
		if (now_ms() > end)
			complain(__LINE__, "a vCPU thread does not end");
	}
}

/* Runs vCPU 0 for a while; any exit is valid, an error is not. */
static void run_a_while(struct machine *m, unsigned int ms)
{
	struct runner r;

	runner_start(&r, m, 0);
	sleep_us(ms * 1000);
	runner_stop(&r);
	if (r.result && r.error != EINTR && r.error != EAGAIN && is_taxcut())
		complain(__LINE__, "KVM_RUN: %s", strerror(r.error));
}

/* ---- stories ---- */

static void wrong_descriptor(void)
{
	static const unsigned long cmds[] = {
		KVM_CREATE_VM, KVM_CREATE_VCPU, KVM_RUN, KVM_SET_USER_MEMORY_REGION, KVM_GET_REGS, KVM_SET_SREGS,
		KVM_IRQ_LINE, KVM_GET_SUPPORTED_CPUID, KVM_GET_LAPIC, KVM_CREATE_IRQCHIP, KVM_SIGNAL_MSI,
	};
	/* One bit per command and kind of descriptor: the descriptor accepts the command. */
	static const u8 belongs[] = { 1, 2, 4, 2, 4, 4, 2, 1, 4, 2, 2 };
	static u8 buffer[16384];
	struct machine m;
	unsigned int i, k;
	int fds[5];

	create(&m, IRQCHIP_SPLIT, 1);
	fds[0] = m.dev;
	fds[1] = m.vm;
	fds[2] = m.vcpu[0];
	fds[3] = ioctl(m.vcpu[0], KVM_GET_STATS_FD, 0);
	fds[4] = ioctl(m.vm, KVM_GET_STATS_FD, 0);
	WANT(fds[3] >= 0 && fds[4] >= 0);
	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		for (k = 0; k < ARRAY_SIZE(fds); k++)
			if (!(belongs[i] & 1 << k))
				FAILS(ioctl(fds[k], cmds[i], buffer), ENOTTY, EINVAL);
	for (k = 0; k < ARRAY_SIZE(fds); k++) {
		FAILS(ioctl(fds[k], 0, 0), ENOTTY, EINVAL);
		FAILS(ioctl(fds[k], ~0UL, ~0UL), ENOTTY, EINVAL);
	}
	machine_destroy(&m);
}

static void wrong_pointer(void)
{
	static const unsigned long vm_cmds[] = {
		KVM_SET_USER_MEMORY_REGION, KVM_SET_USER_MEMORY_REGION2, KVM_GET_DIRTY_LOG, KVM_IRQ_LINE,
		KVM_IRQ_LINE_STATUS, KVM_SET_GSI_ROUTING, KVM_IRQFD, KVM_IOEVENTFD, KVM_SIGNAL_MSI, KVM_ENABLE_CAP,
		KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, KVM_GET_PIT2, KVM_SET_PIT2, KVM_GET_CLOCK, KVM_SET_CLOCK,
		KVM_X86_SET_MSR_FILTER, KVM_REGISTER_COALESCED_MMIO,
	};
	static const unsigned long vcpu_cmds[] = {
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_FPU, KVM_SET_FPU, KVM_GET_XSAVE,
		KVM_SET_XSAVE, KVM_GET_XCRS, KVM_SET_XCRS, KVM_GET_LAPIC, KVM_SET_LAPIC, KVM_GET_MSRS, KVM_SET_MSRS,
		KVM_SET_CPUID2, KVM_GET_CPUID2, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, KVM_GET_DEBUGREGS,
		KVM_SET_DEBUGREGS, KVM_GET_MP_STATE, KVM_SET_MP_STATE, KVM_SET_GUEST_DEBUG, KVM_TRANSLATE,
	};
	void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const unsigned long where[] = { 8, (unsigned long)hole, 0xffffffff81000000UL, 1UL << 63, ~0xfffUL };
	struct machine m;
	unsigned int i, k;

	create(&m, IRQCHIP_FULL, 1);
	for (k = 0; k < ARRAY_SIZE(where); k++) {
		for (i = 0; i < ARRAY_SIZE(vm_cmds); i++)
			FAILS(ioctl(m.vm, vm_cmds[i], where[k]), EFAULT, 0);
		for (i = 0; i < ARRAY_SIZE(vcpu_cmds); i++)
			FAILS(ioctl(m.vcpu[0], vcpu_cmds[i], where[k]), EFAULT, 0);
	}
	machine_destroy(&m);
}

static void wrong_slots(void)
{
	struct machine m;
	u8 *ram, *gone;
	u32 i;

	create(&m, IRQCHIP_NONE, 0);
	ram = m.ram;
	gone = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(gone + 8 * PAGE, 8 * PAGE);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE - PAGE, 2 * PAGE, ram), EEXIST, 0);
	FAILS(machine_slot(m.vm, 1, 0, 0, PAGE, ram), EEXIST, 0);
	FAILS(machine_slot(m.vm, 1, 0, ~0xfffULL, 2 * PAGE, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, 1ULL << 52, PAGE, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE, ~0xfffULL, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE, PAGE, (void *)~0xfffUL), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE + 1, PAGE, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE, PAGE + 1, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE, PAGE, ram + 1), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 1u << 31, RAM_SIZE, PAGE, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 1, 0, RAM_SIZE, 0, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 0, 0, 0, RAM_SIZE - PAGE, ram), EINVAL, 0);
	FAILS(machine_slot(m.vm, 0, 0, 0, RAM_SIZE, ram + PAGE), EINVAL, 0);
	FAILS(machine_slot(m.vm, 0, KVM_MEM_READONLY, 0, RAM_SIZE, ram), EINVAL, 0);
	if (is_taxcut())
		FAILS(machine_slot(m.vm, 512, 0, RAM_SIZE, PAGE, ram), EINVAL, 0);
	/* A slot may cover addresses without memory. */
	WANT(!machine_slot(m.vm, 1, 0, RAM_SIZE, 16 * PAGE, gone));
	WANT(!machine_slot(m.vm, 1, 0, 0, 0, NULL));
	for (i = 1; i < 500; i++)
		WANT(!machine_slot(m.vm, i, 0, 16 * RAM_SIZE + i * 2 * PAGE, PAGE, ram + i * PAGE));
	for (i = 1; i < 500; i += 2)
		WANT(!machine_slot(m.vm, i, 0, 0, 0, NULL));
	machine_destroy(&m);
	munmap(gone, 8 * PAGE);
}

static void memory_vanishes(void)
{
	struct machine m;
	struct runner r;

	create(&m, IRQCHIP_SPLIT, 1);
	START(&m, 0, code_write);
	runner_start(&r, &m, 0);
	sleep_us(20000);
	munmap(m.ram, m.ram_size);
	sleep_us(50000);
	runner_stop(&r);
	/* Its page tables are gone, too: it cannot continue. */
	WANT(r.result < 0 && r.error == EFAULT);
	m.ram = MAP_FAILED;
	machine_destroy(&m);
}

/* After other memory is mapped at the same address, the guest must see the new pages only. */
static void memory_is_replaced(void)
{
	struct machine m;
	unsigned int i;

	create(&m, IRQCHIP_NONE, 1);
	for (i = 0; i < 6; i++) {
		WANT(!machine_slot(m.vm, 0, 0, 0, 0, NULL));
		if (i & 1)
			WANT(mmap(m.ram, m.ram_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				  -1, 0) == m.ram);
		else
			WANT(!madvise(m.ram, m.ram_size, MADV_DONTNEED));
		WANT(!machine_slot(m.vm, 0, 0, 0, m.ram_size, m.ram));
		START(&m, 0, code_out);
		m.ram[CODE + 1] = 0x90 + i;
		WANT(!run_to_exit(&m, 0));
		WANT(m.run[0]->exit_reason == KVM_EXIT_IO && m.run[0]->io.port == 0x90 + i);
		WANT(!run_to_exit(&m, 0));
	}
	machine_destroy(&m);
}

/* A balloon: the guest's next write goes to the new page. */
static void memory_is_ballooned(void)
{
	struct machine m;
	struct runner r;
	unsigned int i;

	create(&m, IRQCHIP_SPLIT, 1);
	if (ioctl(m.vm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_MMU) <= 0)
		_exit(0);
	START(&m, 0, code_write);
	runner_start(&r, &m, 0);
	for (i = 0; i < 50; i++) {
		u64 end = now_ms() + 3000;

		WANT(!madvise(m.ram + 0x7000, PAGE, MADV_DONTNEED));
		while (!((volatile u8 *)m.ram)[0x7000])
			if (now_ms() > end)
				complain(__LINE__, "round %u: the guest writes to a page that is gone", i);
	}
	runner_stop(&r);
	machine_destroy(&m);
}

static void over_the_memlock_limit(void)
{
	struct rlimit limit = { .rlim_cur = 1 << 20, .rlim_max = 1 << 20 };
	int dev = client_open(), vm;
	u8 *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	WANT(dev >= 0 && ram != MAP_FAILED);
	WANT(!setrlimit(RLIMIT_MEMLOCK, &limit));
	WANT(!setgroups(0, NULL) && !setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534));
	vm = ioctl(dev, KVM_CREATE_VM, 0);
	WANT(vm >= 0);
	if (is_taxcut())
		FAILS(machine_slot(vm, 0, 0, 0, RAM_SIZE, ram), ENOMEM, 0);
	WANT(!machine_slot(vm, 0, 0, 0, 1 << 20, ram));
	WANT(!machine_slot(vm, 0, 0, 0, 0, NULL));
	/* The released amount can be pinned again, elsewhere. */
	WANT(!machine_slot(vm, 0, 0, 0, 1 << 20, ram + (2 << 20)));
}

static void too_many(void)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e[4097];
	} *routes = calloc(1, sizeof(*routes));
	struct kvm_ioeventfd io = { .len = 4, .fd = eventfd(0, 0) };
	struct rlimit limit, few = { 0 };
	struct machine m;
	int i, fd, max;

	create(&m, IRQCHIP_SPLIT, 0);
	routes->head.nr = 4097;
	FAILS(ioctl(m.vm, KVM_SET_GSI_ROUTING, routes), EINVAL, 0);
	routes->head.nr = 1;
	routes->e[0].gsi = 4096;
	routes->e[0].type = KVM_IRQ_ROUTING_MSI;
	FAILS(ioctl(m.vm, KVM_SET_GSI_ROUTING, routes), EINVAL, 0);
	for (i = 0; i < 1100; i++) {
		io.addr = 0xd0000000 + i * 8;
		if (ioctl(m.vm, KVM_IOEVENTFD, &io))
			break;
	}
	if (is_taxcut())
		WANT(i == 1000 && errno == ENOSPC);
	FAILS(ioctl(m.vm, KVM_CREATE_VCPU, 1UL << 32), EINVAL, 0);
	FAILS(ioctl(m.vm, KVM_CREATE_VCPU, 100000), EINVAL, 0);
	/* Without a free descriptor KVM_CREATE_VCPU fails completely. */
	getrlimit(RLIMIT_NOFILE, &limit);
	few.rlim_max = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	FAILS(ioctl(m.vm, KVM_CREATE_VCPU, 0), EMFILE, 0);
	few.rlim_cur = few.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	max = ioctl(m.dev, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	for (i = 0; i < max + 1; i++) {
		fd = ioctl(m.vm, KVM_CREATE_VCPU, i);
		if (fd < 0)
			break;
	}
	if (is_taxcut())
		WANT(i == max && errno == EINVAL);
	FAILS(ioctl(m.vm, KVM_CREATE_VCPU, 3), EEXIST, EINVAL);
	machine_destroy(&m);
	free(routes);
}

struct same_call {
	int fd;
	unsigned long cmd, arg;
	int result;
	pthread_barrier_t *start;
};

static void *same_call_main(void *arg)
{
	struct same_call *c = arg;

	pthread_barrier_wait(c->start);
	c->result = ioctl(c->fd, c->cmd, c->arg);
	return NULL;
}

/* The number of four threads that succeed with the same call. */
static int race(int fd, unsigned long cmd, unsigned long arg)
{
	pthread_barrier_t start;
	struct same_call c[4];
	pthread_t threads[4];
	int i, won = 0;

	pthread_barrier_init(&start, NULL, 4);
	for (i = 0; i < 4; i++) {
		c[i] = (struct same_call){ fd, cmd, arg, 0, &start };
		WANT(!pthread_create(&threads[i], NULL, same_call_main, &c[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		won += c[i].result >= 0;
	}
	pthread_barrier_destroy(&start);
	return won;
}

static void one_winner(void)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_pit_config pit = { 0 };
	struct machine m;
	int i;

	for (i = 0; i < 5; i++) {
		create(&m, IRQCHIP_NONE, 0);
		if (i & 1) {
			WANT(race(m.vm, KVM_ENABLE_CAP, (unsigned long)&split) == 1);
		} else {
			WANT(race(m.vm, KVM_CREATE_IRQCHIP, 0) == 1);
			WANT(race(m.vm, KVM_CREATE_PIT2, (unsigned long)&pit) == 1);
		}
		WANT(race(m.vm, KVM_CREATE_VCPU, 2) == 1);
		machine_destroy(&m);
	}
}

static void two_threads_run_one_vcpu(void)
{
	struct machine m;
	struct runner a, b;
	int i;

	create(&m, IRQCHIP_SPLIT, 1);
	for (i = 0; i < 3; i++) {
		START(&m, 0, code_out);
		runner_start(&a, &m, 0);
		runner_start(&b, &m, 0);
		sleep_us(20000);
		runner_stop(&a);
		runner_stop(&b);
	}
	machine_destroy(&m);
}

static void *scribble(void *arg)
{
	struct runner *r = arg;
	struct rng rng = { .state = 7 };

	while (!r->stop) {
		u8 *bytes = (u8 *)r->m->run[0];

		rng_fill(&rng, bytes + rng_below(&rng, 3 * PAGE - 8), 8);
		r->m->run[0]->immediate_exit = rng_one_in(&rng, 64);
	}
	return NULL;
}

static void run_page_changes_under_it(void)
{
	/* in, out, a store to and a load from a hole, rep outsb */
	static const u8 code[] = { 0xe4, 0x80, 0xe7, 0x80, 0xa3, 0x00, 0x00, 0x00, 0xd0, 0xa1, 0x00, 0x00, 0x00, 0xd0,
				   0xb9, 0x10, 0x00, 0x00, 0x00, 0xf3, 0x6e, 0xeb, 0xe9 };
	struct machine m;
	struct runner r, s;
	int i;

	create(&m, IRQCHIP_SPLIT, 1);
	load(&m, CODE, code, sizeof(code));
	start_afresh(&m, 0, MODE_32, CODE);
	s = (struct runner){ .m = &m };
	WANT(!pthread_create(&s.thread, NULL, scribble, &s));
	for (i = 0; i < 10; i++) {
		runner_start(&r, &m, 0);
		sleep_us(20000);
		runner_stop(&r);
	}
	s.stop = true;
	pthread_join(s.thread, NULL);
	machine_destroy(&m);
}

static int set_msr(struct machine *m, u32 index, u64 value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = index, .data = value } };

	return ioctl(m->vcpu[0], KVM_SET_MSRS, &msrs);
}

/*
 * Clock, steal time and PV EOI at the ends of memory, across pages, in ROM, outside memory; then the memory is
 * removed.
 */
static void paravirtual_structures_nowhere(void)
{
	static const u64 where[] = {
		RAM_SIZE, RAM_SIZE - 4, RAM_SIZE - 64, 0xff0, 0x1000, 0xd0000000, 1ULL << 51, (~0ULL << 6), 2 * RAM_SIZE,
	};
	static const u32 msrs[] = { 0x4b564d01, 0x4b564d03, 0x4b564d04, 0x12 };
	struct machine m;
	unsigned int i, k;

	create(&m, IRQCHIP_SPLIT, 1);
	WANT(!machine_cpuid(&m, 0));
	WANT(!machine_slot(m.vm, 1, KVM_MEM_READONLY, 2 * RAM_SIZE, RAM_SIZE, m.ram));
	for (i = 0; i < ARRAY_SIZE(where); i++) {
		for (k = 0; k < ARRAY_SIZE(msrs); k++)
			set_msr(&m, msrs[k], where[i] | 1);
		set_msr(&m, 0x4b564d00, where[i]);
		START(&m, 0, code_spin);
		run_a_while(&m, 5);
	}
	for (k = 0; k < ARRAY_SIZE(msrs); k++)
		set_msr(&m, msrs[k], 0x2000 | 1);
	START(&m, 0, code_spin);
	run_a_while(&m, 5);
	WANT(!machine_slot(m.vm, 0, 0, 0, 0, NULL));
	if (is_taxcut())
		run_a_while(&m, 5);
	machine_destroy(&m);
}

/* Registers, events and INIT are set while a port or memory read waits for user space's answer. */
static void reset_in_the_middle(void)
{
	static const u8 code_mmio[] = { 0xa1, 0x00, 0x00, 0x00, 0xd0, 0xf4 }; /* mov 0xd0000000, %eax; hlt */
	struct kvm_vcpu_events events;
	struct kvm_lapic_state apic;
	struct kvm_msi init = { .address_lo = 0xfee00000, .data = 0x500 };
	struct kvm_regs regs;
	struct machine m;
	unsigned int i;

	create(&m, IRQCHIP_SPLIT, 1);
	for (i = 0; i < 8; i++) {
		START(&m, 0, code_in);
		if (!(i & 1)) {
			load(&m, CODE, code_mmio, sizeof(code_mmio));
			start_afresh(&m, 0, MODE_32, CODE);
		}
		m.run[0]->immediate_exit = 0;
		WANT(!run_to_exit(&m, 0));
		WANT(m.run[0]->exit_reason == (i & 1 ? KVM_EXIT_IO : KVM_EXIT_MMIO));
		WANT(!ioctl(m.vcpu[0], KVM_GET_REGS, &regs));
		regs.rip = 0x3000;
		if (i < 4)
			WANT(!ioctl(m.vcpu[0], KVM_SET_REGS, &regs));
		WANT(!ioctl(m.vcpu[0], KVM_GET_VCPU_EVENTS, &events));
		events.exception.injected = 1;
		events.exception.nr = 13;
		WANT(!ioctl(m.vcpu[0], KVM_SET_VCPU_EVENTS, &events));
		WANT(!ioctl(m.vcpu[0], KVM_GET_LAPIC, &apic) && !ioctl(m.vcpu[0], KVM_SET_LAPIC, &apic));
		if (i & 2)
			WANT(ioctl(m.vm, KVM_SIGNAL_MSI, &init) >= 0);
		/* The rest of the access may cause another exit, as its instruction is gone. */
		m.run[0]->immediate_exit = 1;
		WANT(!run(&m, 0) || errno == EINTR);
		m.run[0]->immediate_exit = 0;
		run_a_while(&m, 5);
	}
	machine_destroy(&m);
}

static void triple_fault(void)
{
	static const u8 code[] = { 0x0f, 0x01, 0x1e, 0x00, 0x60, 0xcc }; /* lidt 0x6000 (limit 0); int3 */
	struct machine m;
	unsigned int i;

	create(&m, IRQCHIP_FULL, 1);
	for (i = 0; i < 5; i++) {
		memset(m.ram + 0x6000, 0, 16);
		START(&m, 0, code);
		WANT(!run_to_exit(&m, 0));
		WANT(m.run[0]->exit_reason == KVM_EXIT_SHUTDOWN);
		if (i & 1)
			run_a_while(&m, 5); /* the vCPU works after that */
	}
	machine_destroy(&m);
}

static void jump_into_nothing(void)
{
	static const u64 where[] = { RAM_SIZE, 0x3fffff0, 0xd0000000, 0xfee00000, 0xfec00000, 0xfffffff0 };
	struct machine m;
	unsigned int i;

	create(&m, IRQCHIP_FULL, 1);
	for (i = 0; i < ARRAY_SIZE(where); i++) {
		start_afresh(&m, 0, MODE_32, where[i]);
		WANT(!run_to_exit(&m, 0));
		WANT(m.run[0]->exit_reason == KVM_EXIT_INTERNAL_ERROR || m.run[0]->exit_reason == KVM_EXIT_SHUTDOWN);
	}
	machine_destroy(&m);
}

/* In x2APIC mode: the timer with the shortest period, and self-IPIs in a loop. */
static void interrupt_storm(void)
{
	static const u8 code[] = {
		0x66, 0xb9, 0x1b, 0x00, 0x00, 0x00, 0x0f, 0x32, 0x80, 0xcc, 0x0c, 0x0f, 0x30, /* x2APIC on */
		0x66, 0x31, 0xd2, 0x66, 0xb9, 0x0f, 0x08, 0x00, 0x00, 0x66, 0xb8, 0xff, 0x01, 0x00, 0x00, 0x0f, 0x30,
		0x66, 0xb9, 0x32, 0x08, 0x00, 0x00, 0x66, 0xb8, 0x40, 0x00, 0x02, 0x00, 0x0f, 0x30, /* periodic */
		0x66, 0xb9, 0x38, 0x08, 0x00, 0x00, 0x66, 0xb8, 0x01, 0x00, 0x00, 0x00, 0x0f, 0x30, 0xfb,
		0x66, 0xb9, 0x3f, 0x08, 0x00, 0x00, 0x66, 0xb8, 0x41, 0x00, 0x00, 0x00, 0x0f, 0x30, 0xeb, 0xfc,
	};
	static const u8 handler[] = { 0x66, 0x60, 0x66, 0x31, 0xc0, 0x66, 0x31, 0xd2, 0x66, 0xb9, 0x0b, 0x08, 0x00, 0x00,
				      0x0f, 0x30, 0x66, 0x61, 0xcf };
	struct kvm_irq_level line = { .irq = 5 };
	struct machine m;
	struct runner r;
	unsigned int i;

	create(&m, IRQCHIP_FULL, 1);
	WANT(!machine_cpuid(&m, 0));
	START(&m, 0, code);
	load(&m, 0x5000, handler, sizeof(handler));
	for (i = 0; i < 256; i++)
		*(u32 *)(m.ram + i * 4) = 0x5000;
	runner_start(&r, &m, 0);
	for (i = 0; i < 3000; i++) {
		line.level = i & 1;
		ioctl(m.vm, KVM_IRQ_LINE, &line);
	}
	sleep_us(100000);
	runner_stop(&r);
	machine_destroy(&m);
}

static void forked_child_is_refused(void)
{
	struct machine m;
	int status;
	pid_t child;

	create(&m, IRQCHIP_SPLIT, 1);
	START(&m, 0, code_spin);
	child = fork();
	if (!child) {
		FAILS(run(&m, 0), EIO, 0);
		FAILS(ioctl(m.vm, KVM_CREATE_VCPU, 1), EIO, 0);
		FAILS(ioctl(m.vm, KVM_CHECK_EXTENSION, 1), EIO, 0);
		FAILS(machine_slot(m.vm, 0, 0, 0, 0, NULL), EIO, 0);
		_exit(0);
	}
	WANT(child > 0 && reap(child, 10000, &status) && status == 0);
	run_a_while(&m, 5);
	machine_destroy(&m);
}

/* Statistics and vCPU files outlive the VM's file; they are closed in any order. */
static void files_close_in_any_order(void)
{
	struct kvm_irqfd irqfd = { .gsi = 3 };
	static char buffer[65536];
	unsigned int order, i;
	struct machine m;

	for (order = 0; order < 24; order++) {
		int fds[4];

		create(&m, IRQCHIP_FULL, 1);
		fds[0] = m.vm;
		fds[1] = m.vcpu[0];
		fds[2] = ioctl(m.vcpu[0], KVM_GET_STATS_FD, 0);
		fds[3] = eventfd(0, EFD_NONBLOCK);
		irqfd.fd = fds[3];
		WANT(fds[2] >= 0 && !ioctl(m.vm, KVM_IRQFD, &irqfd));
		for (i = 0; i < 4; i++) {
			unsigned int k = (i * (1 + order / 4 % 2 * 2) + order) % 4;

			WANT(!close(fds[k]));
			fds[k] = -1;
			if (fds[2] >= 0)
				WANT(pread(fds[2], buffer, sizeof(buffer), 0) > 0);
			if (fds[3] >= 0)
				eventfd_write(fds[3], 1);
		}
		m.vm = -1;
		m.vcpu[0] = -1;
		machine_destroy(&m);
	}
}

/* A client repeats one of several actions until it is killed. */
static void victim(unsigned int phase)
{
	struct kvm_irqfd irqfd = { .gsi = 3 };
	struct machine m;
	struct runner r[2];
	u8 *big;
	u32 i;

	for (;;) {
		create(&m, phase & 1 ? IRQCHIP_FULL : IRQCHIP_SPLIT, 2);
		switch (phase / 2) {
		case 0: /* creates and destroys */
			break;
		case 1: /* pins */
			big = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			machine_slot(m.vm, 1, 0, 1 << 30, 64 << 20, big);
			munmap(big, 64 << 20);
			break;
		case 2: /* runs */
			START(&m, 0, code_spin);
			START(&m, 1, code_out);
			runner_start(&r[0], &m, 0);
			runner_start(&r[1], &m, 1);
			pause();
			break;
		case 3: /* assigns eventfds */
			for (i = 0; i < 200; i++) {
				irqfd.fd = eventfd(0, 0);
				ioctl(m.vm, KVM_IRQFD, &irqfd);
				close(irqfd.fd);
			}
			break;
		default: /* changes memory under a running guest */
			START(&m, 0, code_write);
			runner_start(&r[0], &m, 0);
			for (i = 0; i < 10000; i++) {
				machine_slot(m.vm, 1, 0, RAM_SIZE, RAM_SIZE / 2, m.ram);
				machine_slot(m.vm, 1, 0, 0, 0, NULL);
			}
			break;
		}
		machine_destroy(&m);
	}
}

static void killed_at_any_moment(void)
{
	struct rng rng = { .state = 11 };
	unsigned int i;

	for (i = 0; i < 40; i++) {
		pid_t child = fork();
		int status;

		if (!child)
			victim(i % 10);
		WANT(child > 0);
		sleep_us(rng_below(&rng, 120000));
		kill(child, SIGKILL);
		if (!reap(child, 10000, &status))
			complain(__LINE__, "phase %u: a killed client does not die", i % 10);
		if (!WIFSIGNALED(status))
			complain(__LINE__, "phase %u: the client ended by itself", i % 10);
	}
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static void cpus_come_and_go(void)
{
	struct machine m;
	struct runner r[2];
	char path[64];
	unsigned int i, cpu, went = 0;

	create(&m, IRQCHIP_SPLIT, 2);
	START(&m, 0, code_spin);
	START(&m, 1, code_write);
	runner_start(&r[0], &m, 0);
	runner_start(&r[1], &m, 1);
	for (i = 0; i < 3; i++) {
		for (cpu = 1; cpu < 4; cpu++) {
			cpu_set_t set;

			snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			sched_setaffinity(r[i & 1].tid, sizeof(set), &set);
			sleep_us(10000);
			went += write_file(path, "0");
			sleep_us(10000);
			write_file(path, "1");
		}
		sleep_us(10000);
	}
	WANT(r[0].result == 0 || r[0].error == EINTR || !is_taxcut());
	runner_stop(&r[0]);
	runner_stop(&r[1]);
	if (went < 3)
		complain(__LINE__, "no CPU could be taken offline");
	machine_destroy(&m);
}

static void module_in_use(void)
{
	struct machine m;
	int stats;

	create(&m, IRQCHIP_SPLIT, 1);
	if (!is_taxcut())
		_exit(0);
	stats = ioctl(m.vm, KVM_GET_STATS_FD, 0);
	WANT(stats >= 0);
	FAILS(syscall(SYS_delete_module, "taxcut", O_NONBLOCK), EWOULDBLOCK, EBUSY);
	machine_destroy(&m);
	/* This file is the last reference to the VM. */
	FAILS(syscall(SYS_delete_module, "taxcut", O_NONBLOCK), EWOULDBLOCK, EBUSY);
	close(stats);
}

static const struct story {
	const char *name;
	void (*tell)(void);
} stories[] = {
	{ "calls on the wrong kind of descriptor are refused", wrong_descriptor },
	{ "bad pointers are EFAULT", wrong_pointer },
	{ "overlapping and wrapping slots are refused", wrong_slots },
	{ "guest memory is unmapped under a running guest", memory_vanishes },
	{ "memory replaced at the same address is the new memory", memory_is_replaced },
	{ "memory given up under a running guest is not written any more", memory_is_ballooned },
	{ "guest memory counts against the memlock limit", over_the_memlock_limit },
	{ "limits are limits", too_many },
	{ "of four threads that create the same thing one wins", one_winner },
	{ "two threads run one vCPU", two_threads_run_one_vcpu },
	{ "the run page changes while the kernel uses it", run_page_changes_under_it },
	{ "paravirtual structures where there is no memory", paravirtual_structures_nowhere },
	{ "reset and new state in the middle of an access", reset_in_the_middle },
	{ "triple faults end in a shutdown exit", triple_fault },
	{ "jumps into nothing stop the VM", jump_into_nothing },
	{ "interrupt storms leave the client in control", interrupt_storm },
	{ "a forked child cannot use the VM", forked_child_is_refused },
	{ "files close in any order", files_close_in_any_order },
	{ "clients killed at any moment leave nothing behind", killed_at_any_moment },
	{ "CPUs go offline and come back under running guests", cpus_come_and_go },
	{ "the module cannot be unloaded while a VM exists", module_in_use },
};

static void tell(const struct story *s)
{
	struct ledger before;
	const char *missing;
	int status;
	pid_t child;

	ledger_take(&before);
	child = fork();
	if (!child) {
		catch_signal(SIGUSR1);
		s->tell();
		_exit(0);
	}
	if (child < 0 || !reap(child, STORY_MS, &status)) {
		report_failed(s->name, "the process does not even die when killed");
		return;
	}
	missing = ledger_check(&before, SLACK_KB);
	if (WIFSIGNALED(status))
		report_failed(s->name, "signal %d, or no end within %d s", WTERMSIG(status), STORY_MS / 1000);
	else if (WEXITSTATUS(status))
		report_failed(s->name, "see above");
	else if (missing)
		report_failed(s->name, "%s", missing);
	else
		report_ok(s->name);
}

int main(int argc, char **argv)
{
	unsigned int i;
	int k;

	for (i = 0; i < ARRAY_SIZE(stories); i++) {
		bool wanted = argc < 2;

		for (k = 1; k < argc; k++)
			wanted |= strstr(stories[i].name, argv[k]) != NULL;
		if (wanted)
			tell(&stories[i]);
	}
	return report_failures != 0;
}
