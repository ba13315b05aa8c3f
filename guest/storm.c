// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once for COUNT seconds: messages through pipes between threads
 * on all CPUs, short sleeps, broadcast IPIs and TLB shootdowns.  A thread that
 * does not get on for STUCK seconds has lost a wake-up or an interrupt; what a
 * pipe delivers must be what was sent.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "work.h"

#define STUCK		60	/* seconds; an emulated machine under load is slow */
#define BURST		16	/* messages before the sender waits for an answer */
#define MAX_SLEEP_NS	1500000

struct worker {
	pthread_t thread;
	void *(*fn)(void *);
	const char *what;
	int cpu;
	int in, out;		/* pipe ends, of the two that talk */
	unsigned int random;
	atomic_ulong steps;
	unsigned long seen;	/* the watchdog's */
	uint64_t since;
};

static atomic_bool stop;

static unsigned int random_below(struct worker *w, unsigned int n)
{
	return (unsigned int)rand_r(&w->random) % n;
}

static void transfer(bool send, int fd, uint64_t *value)
{
	ssize_t n = send ? write(fd, value, sizeof(*value)) : read(fd, value, sizeof(*value));

	if (n != sizeof(*value))
		work_die(send ? "write" : "read");
}

/* Numbers in order, 0 at the end; every BURST of them is answered. */
static void *sender(void *arg)
{
	struct worker *w = arg;
	uint64_t n = 0, answer;
	bool last;

	do {
		last = stop;
		for (int i = 0; i < BURST; i++) {
			n++;
			transfer(true, w->out, &n);
		}
		transfer(false, w->in, &answer);
		if (answer != n) {
			fprintf(stderr, "storm: answer %lu to message %lu\n", (unsigned long)answer, (unsigned long)n);
			exit(1);
		}
		w->steps++;
	} while (!last);
	n = 0;
	transfer(true, w->out, &n);
	return NULL;
}

static void *receiver(void *arg)
{
	struct worker *w = arg;
	uint64_t n, expected = 1;

	for (;; expected++) {
		transfer(false, w->in, &n);
		if (!n)
			return NULL;
		if (n != expected) {
			fprintf(stderr, "storm: message %lu instead of %lu\n", (unsigned long)n, (unsigned long)expected);
			exit(1);
		}
		w->steps++;
		if (n % BURST == 0)
			transfer(true, w->out, &n);
	}
}

static void *sleeper(void *arg)
{
	struct worker *w = arg;

	work_pin(w->cpu);
	while (!stop) {
		struct timespec t = { .tv_nsec = random_below(w, MAX_SLEEP_NS) };

		nanosleep(&t, NULL);
		w->steps++;
	}
	return NULL;
}

static void *interrupter(void *arg)
{
	long page = sysconf(_SC_PAGESIZE);
	struct worker *w = arg;
	char *p = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		work_die("mmap");
	work_pin(w->cpu);
	while (!stop) {
		p[0]++;
		if (mprotect(p, (size_t)page, PROT_READ) || mprotect(p, (size_t)page, PROT_READ | PROT_WRITE))
			work_die("mprotect");
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
			work_die("membarrier");
		w->steps++;
		usleep(random_below(w, 500));
	}
	return NULL;
}

static void start(struct worker *w, void *(*fn)(void *), const char *what, int cpu)
{
	w->fn = fn;
	w->what = what;
	w->cpu = cpu;
	w->random = (unsigned int)cpu * 7919U + 1;
	w->since = work_now();
	if (pthread_create(&w->thread, NULL, fn, w))
		work_die("pthread_create");
}

static void start_pair(struct worker *w, int cpu)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		work_die("pipe");
	w[0].out = there[1];
	w[1].in = there[0];
	w[1].out = back[1];
	w[0].in = back[0];
	start(&w[0], sender, "sender", cpu);
	start(&w[1], receiver, "receiver", cpu);
}

/* How many workers do not get on. */
static unsigned int check(struct worker *w, int n)
{
	unsigned int stuck = 0;
	uint64_t now = work_now();

	for (int i = 0; i < n; i++) {
		unsigned long steps = w[i].steps;

		if (steps != w[i].seen) {
			w[i].seen = steps;
			w[i].since = now;
		} else if (now - w[i].since > STUCK * NSEC_PER_SEC) {
			printf("# storm: %s %d stands still at step %lu\n", w[i].what, i, steps);
			stuck++;
		}
	}
	return stuck;
}

#define PER_CPU	6	/* two pairs, a sleeper, an interrupter */

int main(int argc, char **argv)
{
	uint64_t begin = work_now(), end, steps = 0;
	struct work_args args;
	unsigned int stuck = 0;
	struct worker *w;
	int n;

	work_args(argc, argv, "SECONDS", 1, &args);
	n = (int)args.cpus * PER_CPU;
	w = calloc((size_t)n, sizeof(*w));
	if (!w)
		work_die("storm");
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		work_die("membarrier");
	for (unsigned int i = 0; i < args.cpus; i++) {
		struct worker *own = &w[i * PER_CPU];

		start_pair(&own[0], args.cpu[i]);
		start_pair(&own[2], args.cpu[i]);
		start(&own[4], sleeper, "sleeper", args.cpu[i]);
		start(&own[5], interrupter, "interrupter", args.cpu[i]);
	}
	end = begin + args.count * NSEC_PER_SEC;
	while (!stuck && work_now() < end) {
		sleep(1);
		stuck = check(w, n);
	}
	work_report("storm", "stuck", stuck);
	if (stuck)
		return 1;
	stop = true;
	for (int i = 0; i < n; i++) {
		pthread_join(w[i].thread, NULL);
		steps += w[i].steps;
	}
	free(w);
	work_report_events("storm", steps, work_now() - begin);
	return 0;
}
