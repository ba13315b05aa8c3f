/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine of taxcut bench: hypervisor modules, counters, guests, programs on the host.
 *
 * One thread. SIGINT, SIGTERM and SIGHUP are blocked and come through a descriptor that is polled
 * wherever something is awaited; the first one ends the measurement in good order: what runs is
 * stopped, modules and parameters are put back, what was measured is kept.
 */
#ifndef TAXCUT_BENCH_RUN_H
#define TAXCUT_BENCH_RUN_H

#include <signal.h>
#include <sys/types.h>

#include "bench.h"

/*
 * struct bench_module - a kernel module as it was found
 * @params: object, name to {"value", "writable"}; NULL until it was seen loaded
 */
struct bench_module {
	const char *name;
	bool was_loaded;
	json_t *params;
};

/*
 * struct bench_modules - the hypervisors' modules
 * @file: of taxcut, or NULL: modprobe finds it
 * @work_loaded: taxcut_work.ko was loaded here
 */
struct bench_modules {
	struct bench_module taxcut;
	struct bench_module kvm;
	struct bench_module vendor;
	const char *file;
	bool work_loaded;
};

/*
 * struct bench_net - a tap interface and a netserver behind it
 * @tap: its name, or NULL
 */
struct bench_net {
	char *tap;
	pid_t server;
	int output;
};

/*
 * struct bench_part - a set, or what was named instead of it: measured on its own, after the one before
 * @skip: bits of configurations that the hypervisor cannot do; @noted: of those of which it was said what they lack
 * @host_seen: it was said what the host's programs lack
 */
struct bench_part {
	const struct bench_set *set;
	struct bench_plan plan;
	unsigned int vcpus;
	unsigned int rounds;
	uint64_t skip;
	uint64_t noted;
	bool host_seen;
};

#define BENCH_PARTS_MAX 8

/*
 * struct bench_run - one run of the command
 *
 * Options first, then what became of them.
 *
 * @tools_initrd: of guests that need well-known tools, or NULL: @initrd has them
 * @work_module: taxcut_work.ko for the host, or NULL
 * @programs: directory of the programs that "host" runs, or NULL
 * @timeout: seconds that a guest may be silent, beyond what its work takes
 *
 * @part: the one that is being measured
 * @cpus: as many as the largest part has vCPUs; @isolated is the same
 * @signal: the one that ended the measurement, or 0
 * @failed: a bill could not be had
 */
struct bench_run {
	struct bench_part parts[BENCH_PARTS_MAX];
	size_t parts_n;
	const char *kernel;
	const char *initrd;
	const char *tools_initrd;
	const char *work_module;
	const char *programs;
	const char *qemu;
	const char *append; /* NULL, or for the guests' command lines */
	const char *cpus_arg;
	const char *housekeeping_arg;
	int timeout;

	struct bench_part *part;
	struct cpu_list cpus;
	struct cpu_mask isolated;
	struct cpu_mask housekeeping;
	struct bench_modules modules;
	struct bench_net net;
	sigset_t old_signals;
	int signal_fd;
	int signal;
	bool failed;
	json_t *result;
};

/* bench_wait.c: signals, children. */

/* Blocks the signals and opens the descriptor; false after a message. */
bool bench_signals_open(struct bench_run *run);
void bench_signals_close(struct bench_run *run);
/* Has a signal come? Also waits for input on @fd (-1: none), at most @ms: 1 input, 0 none in time, -1 a signal. */
int bench_wait(struct bench_run *run, int fd, int ms);
/*
 * Starts @argv, of which it takes no ownership, in a process group of its own that dies with this
 * process; its output comes on *@out, its input is *@in, unless NULL. Its pid, or -1 after a message.
 */
pid_t bench_spawn(const struct bench_run *run, char *const argv[], int *in, int *out);
/* Waits until the child has ended, at most @ms; true then, with its status and CPU time (either may be NULL). */
bool bench_reap(pid_t pid, int ms, int *status, int64_t *cpu_ns);

/*
 * struct bench_lines - a program's output, line by line
 * @tail: the last of it, for when something goes wrong
 */
struct bench_lines {
	int fd;
	char buf[16384];
	size_t len;
	char tail[2001];
};

/* The next line without its end, which the caller frees; NULL after @seconds, at the end, or when a signal came. */
char *bench_next_line(struct bench_run *run, struct bench_lines *l, int seconds);

/* bench_modules.c: all return EXIT_OK, or EXIT_FAILED after a message. */

/* Looks at what is loaded. */
void bench_modules_open(struct bench_modules *m, const char *file);
/* Could all hypervisors that the plan needs be had? Changes nothing. */
int bench_modules_check(const struct bench_modules *m, bool needs_kvm, bool needs_taxcut);
/* Makes the device of @place be there, its module's parameters as they were found. */
int bench_modules_use(struct bench_modules *m, enum bench_place place);
/* Makes /dev/taxcut_work be there. */
int bench_modules_work(struct bench_modules *m, const char *file);
/* Everything as it was found. */
int bench_modules_close(struct bench_modules *m);
const char *bench_device(enum bench_place place);

/* bench_counters.c */

/* Where exits by reason come from. */
enum bench_source {
	BENCH_STATS, /* one statistic per reason, as taxcut has them */
	BENCH_TRACE, /* the tracepoint kvm:kvm_exit, which stock KVM has */
};

/*
 * struct bench_counts - counters at one time; what is not known is -1
 * @exits: of all vCPUs
 * @reasons: object, reason to exits, or NULL
 * @outside: host TSC cycles spent outside the guest
 * @cpu, @isolated, @housekeeping: CPU time of the QEMU process, busy time of those CPUs, in ns
 */
struct bench_counts {
	int64_t exits;
	json_t *reasons;
	int64_t outside;
	int64_t cpu;
	int64_t isolated;
	int64_t housekeeping;
};

/* Counting with the tracepoint: both return EXIT_OK, or EXIT_FAILED after a message. */
int bench_trace_start(void);
void bench_trace_stop(void);
/* The two halves: CPU time of a process (0: none) and of CPUs; exits of the QEMU behind a QMP socket. */
void bench_counts_cpu(struct bench_counts *c, const struct bench_run *run, pid_t pid);
int bench_counts_exits(struct bench_counts *c, const char *socket, enum bench_source source);
/* Sets in @item what grew from @before to @after. */
void bench_counts_diff(json_t *item, const struct bench_counts *before, const struct bench_counts *after);
void bench_counts_free(struct bench_counts *c);

/* bench_net.c: guests' way to a netserver on this host. */

#define BENCH_NET_GUEST "tc.net=192.0.2.10/29 tc.peer=192.0.2.9:12865"

/* Could it be had? EXIT_OK, or EXIT_FAILED after a message. */
int bench_net_check(void);
int bench_net_open(struct bench_run *run);
void bench_net_close(struct bench_run *run);

/*
 * Both return {"items": [...]} of a bill, with what else they know of it, or NULL after a message (none when a
 * signal came). Nothing is left running.
 */
json_t *bench_guest(struct bench_run *run, const struct bench_config *c, const struct strv *cut_args);
json_t *bench_programs(struct bench_run *run);

/* bench_measure.c: all rounds of all parts; the result is saved to @file after each bill. */
void bench_measure(struct bench_run *run, const char *file);
/* A message that the result keeps. */
void bench_note(struct bench_run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Writes the result, whole or not at all; EXIT_OK, or EXIT_FAILED after a message. */
int bench_save(const json_t *result, const char *file);

#endif
