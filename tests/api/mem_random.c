// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random changes of memory under running vCPUs, each compared with a model: the
 * guest sees the client's memory, or KVM_RUN ends with EFAULT; every write is
 * logged; userfaultfd gets exactly the due faults. Two vCPUs read and write on
 * request; two more (noise) write to their own pages all the time. Guest side:
 * guest/mem_random.c.
 *
 * The environment variables MEM_SEED and MEM_STEPS replace the defaults.
 */
#include "mem_model.h"

#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>

#define DEFAULT_STEPS 200 /* without MEM_STEPS: at most, within DEFAULT_SECONDS */
#define DEFAULT_SECONDS 30
#define FULL_EVERY 40 /* steps from one comparison of all pages to the next */

/* ---- requests to the serving vCPUs ---- */

static struct vcpu *servers[RANDOM_SERVERS], *noises[RANDOM_NOISES];

/* Starts the guest function again, for example after an access that cannot succeed. */
static void restart(struct vcpu *v, const char *function, u64 arg)
{
	struct kvm_regs r = { .rip = guest_address(function), .rdi = arg, .rflags = 2 };

	r.rsp = GPA_STACKS + (u64)(v->id + 1) * STACK_SIZE - 8;
	vcpu_set_regs(v, r);
}

static bool is_sync(struct vcpu *v, u32 n)
{
	return v->run->exit_reason == KVM_EXIT_IO && v->run->io.port == PORT_SYNC &&
	       *(u32 *)((u8 *)v->run + v->run->io.data_offset) == n;
}

/* INS: each of the three words takes eight bytes. */
static bool give_input(struct vcpu *v, const struct access *a, u32 *done)
{
	u8 *data = (u8 *)v->run + v->run->io.data_offset;
	u32 n = (u32)v->run->io.size * v->run->io.count;

	if (v->run->exit_reason != KVM_EXIT_IO || v->run->io.port != RANDOM_PORT || a->op != RANDOM_INS)
		return false;
	for (u32 i = 0; i < n; i++)
		data[i] = (u8)(a->value >> ((*done)++ % 8 * 8));
	return true;
}

static void unexpected(struct vcpu *v)
{
	printf("# seed %llu, step %u: vCPU %d\n", (unsigned long long)m.seed, m.step, v->id);
	vcpu_check_done(v);
	MFAIL("the guest's function returned");
}

static void serve(struct vcpu *v, volatile struct random_box *box, struct access *a)
{
	u32 input = 0;

	for (;;) {
		int r = vcpu_run_once(v);
		u64 i = box->next;

		if (r == -EINTR)
			continue;
		if (!r && is_sync(v, RANDOM_SERVED))
			return;
		if (r == -EFAULT || (r == -ENOMEM && m.limited)) {
			if (i >= box->n) {
				if (!m.limited)
					MFAIL("KVM_RUN: %s outside of any access", strerrorname_np(-r));
				return;
			}
			a[i].error = -r;
			box->next = i + 1;
			input = 0;
			restart(v, "g_random_serve", (u64)v->id);
		} else if (r) {
			MFAIL("KVM_RUN: %s", strerrorname_np(-r));
		} else if (v->run->exit_reason == KVM_EXIT_MMIO && v->run->mmio.is_write && i < box->n &&
			   a[i].op == RANDOM_WRITE && m.slot[a[i].slot].flags & KVM_MEM_READONLY) {
			a[i].to_user = true;
		} else if (i >= box->n || !give_input(v, &a[i], &input)) {
			unexpected(v);
		}
	}
}

/* Compares the result of one access with the model. */
static void check_access(struct access *a, const volatile struct random_item *item)
{
	struct slot *s = &m.slot[a->slot];
	bool write = a->op != RANDOM_READ;
	bool to_user = write && s->flags & KVM_MEM_READONLY;
	bool allowed = to_user || (write ? writable(a->page) : readable(a->page));
	const char *what = write ? "write" : "read";

	if (a->to_user != to_user && !a->error)
		MFAIL("a write to page %u in slot %u %s user space", a->page, a->slot, to_user ? "did not go to" : "went to");
	if (a->error && allowed && !m.limited)
		MFAIL("KVM_RUN: %s at a %s of page %u in slot %u, which the client has", strerrorname_np(a->error), what,
		      a->page, a->slot);
	if (!a->error && !allowed)
		MFAIL("a %s of page %u in slot %u, which the client %s, found 0x%llx", what, a->page, a->slot,
		      readable(a->page) ? "may not write" : "has not got", (unsigned long long)item->value);
	/* An access that failed at the memlock limit may have faulted its page in before. */
	if (!to_user && allowed && (!a->error || m.uffd->asked[a->page] != m.asked[a->page]))
		touched(a->page, write && !a->error);
	if (a->error || to_user)
		return;
	s->may[a->page - s->first] = true;
	if (write) {
		s->must[a->page - s->first] = true;
		set_value(a->page, a->value);
		return;
	}
	a->value = item->value;
	if (item->other != item->value)
		MFAIL("page %u holds 0x%llx and 0x%llx for the guest", a->page, (unsigned long long)item->value,
		      (unsigned long long)item->other);
	if (m.page[a->page].vague)
		client_read(a->page);
	if (item->value != value(a->page))
		MFAIL("page %u in slot %u is 0x%llx for the guest, not 0x%llx", a->page, a->slot,
		      (unsigned long long)item->value, (unsigned long long)value(a->page));
}

void guest_access(struct access *a, u32 n)
{
	struct vcpu *v = servers[rnd(RANDOM_SERVERS)];
	volatile struct random_box *box = (volatile struct random_box *)guest_symbol(m.vm, "random_boxes") + v->id;

	if (!n)
		return;
	for (u32 i = 0; i < n; i++) {
		const struct slot *s = &m.slot[a[i].slot];

		box->item[i].op = a[i].op;
		box->item[i].value = a[i].value;
		box->item[i].gpa = WINDOW + (s->at + a[i].page - s->first) * 4096ULL;
	}
	box->n = n;
	box->next = 0;
	/* Always from the start: the last request may have been cut short. */
	restart(v, "g_random_serve", (u64)v->id);
	serve(v, box, a);
	for (u32 i = 0; i < n; i++)
		check_access(&a[i], &box->item[i]);
}

/* ---- the noise vCPUs, which write all the time ---- */

static atomic_int parked;
static atomic_bool pausing;

static volatile struct random_noise *noise_of(int i)
{
	return (volatile struct random_noise *)guest_symbol(m.vm, "random_noises") + i;
}

static void noise_parks(void)
{
	parked++;
	while (pausing)
		usleep(200);
	parked--;
}

static void *noise_main(void *arg)
{
	struct vcpu *v = arg;
	int self = v->id - RANDOM_SERVERS;
	volatile struct random_noise *n = noise_of(self);

	for (;;) {
		int r = vcpu_run_once(v);

		if (r == -EINTR)
			continue;
		if (r == -EFAULT || (r == -ENOMEM && m.limited)) {
			n->written[n->at] = 0;
			n->at = (n->at + 1) % RANDOM_NOISE_PAGES;
			restart(v, "g_random_noise", (u64)self);
			usleep(50);
		} else if (r) {
			MFAIL("noise: KVM_RUN: %s", strerrorname_np(-r));
		} else if (v->run->exit_reason == KVM_EXIT_MMIO) {
			n->unreal = 1;
			memset(v->run->mmio.data, 0, 8);
		} else if (is_sync(v, RANDOM_PAUSED)) {
			noise_parks();
		} else {
			unexpected(v);
		}
	}
	return NULL;
}

static void noise_stop(void)
{
	*(volatile u64 *)guest_symbol(m.vm, "random_pause") = 1;
	pausing = true;
	while (parked != RANDOM_NOISES)
		usleep(200);
}

static void noise_go(void)
{
	*(volatile u64 *)guest_symbol(m.vm, "random_pause") = 0;
	pausing = false;
	while (parked)
		usleep(200);
}

/* The client sees the last write of a noise vCPU; the vCPU itself checks that the guest sees it. */
static void check_noise(int self, u32 i)
{
	volatile struct random_noise *n = noise_of(self);
	volatile u64 *epochs = guest_symbol(m.vm, "random_epochs");
	u32 place = i * 2 * GROUP + GROUP - RANDOM_NOISES + (u32)self, id = slot_at(place);
	u32 page = id ? m.slot[id].first + place - m.slot[id].at : 0;
	volatile u64 *p = (volatile u64 *)at(page);

	if (!id || !readable(page) || !n->written[i] || n->epoch[i] != epochs[i])
		return;
	for (u32 j = 0; j < 512; j += 255 + j / 255) {
		if (p[j] < n->written[i] || p[j] > n->counter)
			MFAIL("page %u, word %u is %llu for the client, when the guest has written %llu", page, j,
			      (unsigned long long)p[j], (unsigned long long)n->written[i]);
	}
}

/* Has the page been written since the last reading of any log? Then this log, or the slot's last one, must have it. */
bool noise_logged(u32 id, u32 page)
{
	const struct slot *s = &m.slot[id];
	u32 place = s->at + page, i = place / GROUP / 2;
	volatile struct random_noise *n = noise_of((int)(place % GROUP - (GROUP - RANDOM_NOISES)));

	return place / GROUP % 2 == 0 && n->logged[i] == *(volatile u64 *)guest_symbol(m.vm, "random_log_epoch") + 1;
}

static void noise_start(int i)
{
	struct vcpu *v = noises[i];

	for (u64 j = 0; j < RANDOM_NOISE_PAGES; j++)
		noise_of(i)->gpa[j] = WINDOW + (j * 2 * GROUP + GROUP - RANDOM_NOISES + (u64)i) * 4096;
	vcpu_start(v, "g_random_noise", (u64)i);
	CHECK_EQ(pthread_create(&v->thread, NULL, noise_main, v), 0);
}

/* ---- comparing ---- */

/* Guest and client read in random order, as the first access can fault the page in. */
static void compare(const u32 *pages, u32 n)
{
	struct access a[RANDOM_ITEMS];
	bool client_first = chance(50);
	u32 k = 0;

	for (u32 i = 0; i < n && client_first; i++)
		if (readable(pages[i]))
			client_read(pages[i]);
	for (u32 i = 0; i < n; i++) {
		u32 id = slot_showing(pages[i]);

		if (id)
			a[k++] = (struct access){ .op = RANDOM_READ, .page = pages[i], .slot = id };
	}
	guest_access(a, k);
	for (u32 i = 0; i < n; i++)
		if (readable(pages[i]))
			client_read(pages[i]);
}

static void compare_some(void)
{
	u32 pages[RANDOM_ITEMS] = {}, n = 0;

	for (u32 i = 0; i < 48; i++) {
		u32 p = i < 32 && m.n ? m.first + rnd(m.n) : rnd(ARENA_PAGES);

		if (!is_noise(p))
			pages[n++] = p;
	}
	compare(pages, n);
}

static void compare_all(void)
{
	u32 pages[RANDOM_ITEMS] = {}, n = 0;

	noise_stop();
	for (u32 p = 0; p < ARENA_PAGES; p += p < SMALL_PAGES ? 1 : 7) {
		if (is_noise(p) || (m.page[p].absent && chance(50)))
			continue;
		pages[n++] = p;
		if (n == RANDOM_ITEMS) {
			compare(pages, n);
			n = 0;
		}
	}
	compare(pages, n);
	for (int i = 0; i < RANDOM_NOISES; i++)
		for (u32 j = 0; j < RANDOM_NOISE_PAGES; j++)
			check_noise(i, j);
	noise_go();
}

/* ---- the test ---- */

static void on_fault(int signal, siginfo_t *info, void *context)
{
	u64 page = ((uintptr_t)info->si_addr - (uintptr_t)ARENA) / 4096;

	(void)context;
	MFAIL("the client got signal %d at %p (page %lld)", signal, info->si_addr, (long long)page);
}

static void on_signal(int signal)
{
	(void)signal;
}

static void catch_signals(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, usr = { .sa_handler = on_signal };

	CHECK_EQ(sigaction(SIGSEGV, &fault, NULL), 0);
	CHECK_EQ(sigaction(SIGBUS, &fault, NULL), 0);
	CHECK_EQ(sigaction(SIGUSR1, &usr, NULL), 0);
}

/* The memlock limit counts for this process, root or not. */
static void give_up_ipc_lock(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	OK(syscall(SYS_capget, &h, d));
	d[0].effective &= ~(1U << CAP_IPC_LOCK);
	OK(syscall(SYS_capset, &h, d));
}

static void start(u64 seed)
{
	m.seed = seed;
	m.random = seed * 0x9e3779b97f4a7c15ULL + 1;
	printf("# seed %llu\n", (unsigned long long)seed);
	catch_signals();
	m.vm = vm_create(CHIP_NONE);
	if (!is_stock())
		give_up_ipc_lock();
	operations_start();
	for (int i = 0; i < RANDOM_SERVERS; i++) {
		servers[i] = vcpu_create(m.vm, i);
		vcpu_start(servers[i], "g_random_serve", (u64)i);
	}
	for (int i = 0; i < RANDOM_NOISES; i++)
		noises[i] = vcpu_create(m.vm, RANDOM_SERVERS + i);
	for (int i = 0; i < RANDOM_NOISES; i++)
		noise_start(i);
}

static void step(void)
{
	m.step++;
	m.n = 0;
	random_operation();
	check_asked();
	if (m.step % 8 == 0)
		vcpu_signal(noises[rnd(RANDOM_NOISES)], SIGUSR1);
	if (m.step % FULL_EVERY == 0)
		compare_all();
	else
		compare_some();
	check_asked();
}

static void report(void)
{
	u64 rounds = 0;

	for (int i = 0; i < RANDOM_NOISES; i++)
		rounds += noise_of(i)->rounds;
	printf("# seed %llu: %u steps, %llu pages written beside\n", (unsigned long long)m.seed, m.step,
	       (unsigned long long)rounds);
	print_operations();
}

static u64 setting(const char *name, u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

TEST(mem_random)
{
	u64 wanted = setting("MEM_STEPS", 0), steps = wanted ? wanted : DEFAULT_STEPS;
	u64 end = now_ns() + DEFAULT_SECONDS * 1000000000ULL;

	start(setting("MEM_SEED", 1));
	while (m.step < steps && (wanted || now_ns() < end))
		step();
	compare_all();
	check_asked();
	operations_end();
	report();
}

/* The same with a random seed, for --stress SECONDS. */
TEST(stress_mem_random)
{
	u64 end = now_ns() + stress_seconds * 1000000000ULL;

	start(setting("MEM_SEED", now_ns() % 1000000));
	while (now_ns() < end || m.step < 100)
		step();
	compare_all();
	check_asked();
	operations_end();
	report();
}
