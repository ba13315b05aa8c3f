// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts, pins and supervises one QEMU.
 *
 * One thread. SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked from before the fork
 * on and received with sigtimedwait(2): none is lost between two steps, and no code
 * runs in a signal handler. The order is:
 *
 *   1. fork; the child sets its affinity to the housekeeping CPUs and executes QEMU
 *      with -S (guest stopped), so every thread of QEMU starts on those CPUs;
 *   2. write the instance's record, which claims the CPUs, then release the run
 *      directory's lock;
 *   3. over QMP: pin each vCPU thread to its CPU and read all affinities back;
 *   4. start the guest ("cont");
 *   5. while the guest runs, move threads that a vCPU thread has created off the
 *      vCPU's CPU (KVM creates a worker at the first KVM_RUN, for example).
 *
 * Each step opens and closes the QMP connection, as `taxcut stat` uses the same socket.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/cuts.h"
#include "host/instance.h"
#include "lib/cpulist.h"
#include "lib/qmp.h"
#include "lib/util.h"
#include "own.h"
#include "plan.h"
#include "supervise.h"

#define START_TIMEOUT_S 300
#define COMMAND_TIMEOUT_MS 60000
#define STOP_TIMEOUT_MS 5000
#define SWEEP_FIRST_MS 100
#define SWEEP_LAST_MS 10000

/*
 * struct runner - the running instance
 * @status: from waitpid(2), valid when @ended is set
 * @stops: stop signals received so far
 * @tids: vCPU threads by vCPU index
 */
struct runner {
	const struct run_plan *plan;
	sigset_t signals;
	sigset_t old_signals;
	pid_t pid;
	int status;
	bool ended;
	int stops;
	double started;
	double said;
	char *socket;
	int *tids;
	struct qmp qmp;
	json_t *record;
};

static void block_signals(struct runner *r)
{
	sigemptyset(&r->signals);
	sigaddset(&r->signals, SIGINT);
	sigaddset(&r->signals, SIGTERM);
	sigaddset(&r->signals, SIGHUP);
	sigaddset(&r->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &r->signals, &r->old_signals);
	/* If the parent process left SIGCHLD ignored, the kernel would reap QEMU, and its status would be lost. */
	signal(SIGCHLD, SIG_DFL);
}

static void reap(struct runner *r)
{
	if (!r->ended && waitpid(r->pid, &r->status, WNOHANG) == r->pid)
		r->ended = true;
}

/* Waits for a signal, at most @ms (-1: no limit), and updates @r. */
static void wait_event(struct runner *r, int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };
	int sig = ms < 0 ? sigwaitinfo(&r->signals, NULL) :
		sigtimedwait(&r->signals, NULL, &ts);

	if (sig == SIGINT || sig == SIGTERM || sig == SIGHUP)
		r->stops++;
	reap(r);
}

/* Called during waits; true when the wait should end: QEMU has ended, or a stop signal has arrived. */
static bool on_tick(void *arg)
{
	struct runner *r = arg;
	double now = now_s();

	wait_event(r, 0);
	if (now - r->started > 2 && now - r->said > 5) {
		info("%s: QEMU is starting (%.0f s)", r->plan->name, now - r->started);
		r->said = now;
	}
	return r->ended || r->stops;
}

static void exec_qemu(const struct runner *r, char **argv, int error_fd)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Not on a terminal: signals for the foreground process group reach this process only, which forwards them. */
	if (!isatty(STDIN_FILENO))
		setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &r->old_signals, NULL);
	err = -affinity_set(0, &r->plan->housekeeping);
	if (!err) {
		execvp(argv[0], argv);
		err = errno;
	}
	if (write(error_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

static int spawn(struct runner *r, char **argv)
{
	int pipefd[2], err = 0;
	ssize_t n;

	if (pipe2(pipefd, O_CLOEXEC))
		return fail("pipe: %m");
	fflush(stdout);
	r->pid = fork();
	if (!r->pid)
		exec_qemu(r, argv, pipefd[1]);
	close(pipefd[1]);
	if (r->pid < 0) {
		close(pipefd[0]);
		return fail("fork: %m");
	}
	n = read(pipefd[0], &err, sizeof(err));
	close(pipefd[0]);
	if (n <= 0)
		return EXIT_OK;
	waitpid(r->pid, NULL, 0);
	r->ended = true;
	return fail("cannot start %s on the housekeeping CPUs: %s", argv[0], strerror(err));
}

static int write_record(struct runner *r, const char *state)
{
	int ret;

	json_object_set_new(r->record, "state", json_string(state));
	ret = instance_write(r->plan->name, r->record);
	return ret ? fail("cannot record the instance: %s", strerror(-ret)) : EXIT_OK;
}

static int record_instance(struct runner *r)
{
	const struct run_plan *plan = r->plan;

	r->record = json_pack("{s:s, s:i, s:I, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:s, s:o, s:o, s:I}",
			      "name", plan->name, "pid", (int)r->pid,
			      "birth", (json_int_t)process_birth(r->pid),
			      "runner", (int)getpid(), "qmp", r->socket,
			      "device", plan->device, "machine", plan->machine,
			      "irqchip", plan->irqchip,
			      "memory", (json_int_t)plan->memory,
			      "vcpus", (json_int_t)plan->vcpus,
			      "cpus", cpulist_json(&plan->cpus),
			      "cores", plan->own_cores ? "owned" : "pinned",
			      "housekeeping", mask_json(&plan->housekeeping),
			      "cuts", cuts_json(plan->cuts),
			      "started", (json_int_t)time(NULL));
	if (!r->record)
		return fail("cannot describe the instance");
	return write_record(r, "starting");
}

static int connect_qmp(struct runner *r)
{
	double deadline = r->started + START_TIMEOUT_S;
	int ret;

	for (;;) {
		ret = qmp_open(&r->qmp, r->socket, (int)((deadline - now_s()) * 1000));
		if (ret != -ENOENT && ret != -ECONNREFUSED)
			break;
		if (now_s() > deadline || on_tick(r))
			break;
		wait_event(r, 20);
	}
	if (!ret)
		return EXIT_OK;
	/* An exiting QEMU closes its sockets before waitpid(2) returns it. */
	for (int i = 0; i < 25 && !r->ended; i++)
		wait_event(r, 20);
	if (r->ended)
		return fail("%s: QEMU ended before the guest started; see its message above", r->plan->name);
	if (r->stops)
		return fail("%s: stopped before the guest started", r->plan->name);
	return fail("%s: QMP: %s", r->plan->name, r->qmp.err);
}

/* Fills r->tids from query-cpus-fast. */
static int find_threads(struct runner *r)
{
	json_t *cpus = qmp_exec(&r->qmp, "query-cpus-fast", NULL, COMMAND_TIMEOUT_MS), *cpu;
	int n = (int)r->plan->vcpus, seen = 0;
	json_int_t index, tid;
	size_t i;

	if (!cpus)
		return fail("%s: QMP: %s", r->plan->name, r->qmp.err);
	r->tids = xcalloc((size_t)n, sizeof(*r->tids));
	json_array_foreach(cpus, i, cpu) {
		index = json_integer_value(json_object_get(cpu, "cpu-index"));
		tid = json_integer_value(json_object_get(cpu, "thread-id"));
		if (index < 0 || index >= n || tid <= 0 || r->tids[index])
			continue;
		r->tids[index] = (int)tid;
		seen++;
	}
	i = json_array_size(cpus);
	json_decref(cpus);
	if (seen != n || i != (size_t)n)
		return fail("%s: QEMU has %zu vCPU threads, not %d", r->plan->name, i, n);
	return EXIT_OK;
}

static int pin_failed(const struct runner *r, const char *what, int tid, const struct cpu_mask *m,
		      int err)
{
	char *list = mask_format(m);

	fail("%s: cannot pin %s (thread %d) to CPU %s: %s", r->plan->name, what, tid, list,
	     strerror(err));
	if (err == EINVAL)
		hint("is CPU %s online and in this process's cpuset (/sys/fs/cgroup/.../cpuset.cpus.effective)?", list);
	free(list);
	return EXIT_FAILED;
}

static int pin_vcpu(const struct runner *r, int index)
{
	char *what = xasprintf("vCPU %d", index);
	struct cpu_mask want = { 0 }, got;
	int tid = r->tids[index], ret;

	mask_set(&want, r->plan->cpus.cpu[index]);
	ret = affinity_set(tid, &want);
	if (!ret)
		ret = affinity_get(tid, &got);
	if (!ret && memcmp(&want, &got, sizeof(got)))
		ret = -EINVAL;
	if (ret)
		ret = pin_failed(r, what, tid, &want, -ret);
	free(what);
	return ret;
}

static bool is_vcpu_thread(const struct runner *r, int tid)
{
	for (uint64_t i = 0; i < r->plan->vcpus; i++)
		if (r->tids[i] == tid)
			return true;
	return false;
}

/* A thread that ends meanwhile (ESRCH) is no error. */
static int move_off_vcpu_cpus(const struct runner *r, int tid)
{
	const struct cpu_mask *want = &r->plan->housekeeping;
	struct cpu_mask got;
	int ret = affinity_get(tid, &got);

	if (!ret && !mask_subset(&got, want)) {
		ret = affinity_set(tid, want);
		if (!ret)
			ret = affinity_get(tid, &got);
		if (!ret && !mask_subset(&got, want))
			ret = -EINVAL;
	}
	if (ret && ret != -ESRCH)
		return pin_failed(r, "a QEMU thread", tid, want, -ret);
	return EXIT_OK;
}

static int pin_others(const struct runner *r)
{
	char *path = xasprintf("/proc/%d/task", (int)r->pid);
	DIR *d = opendir(path);
	struct dirent *de;
	int ret = EXIT_OK, tid;

	if (!d && errno != ENOENT)
		ret = fail("%s: %m", path);
	while (!ret && d && (de = readdir(d))) {
		tid = atoi(de->d_name);
		if (tid > 0 && (r->plan->own_cores || !is_vcpu_thread(r, tid)))
			ret = move_off_vcpu_cpus(r, tid);
	}
	if (d)
		closedir(d);
	free(path);
	return ret;
}

static void print_placement(const struct runner *r)
{
	char *hk = mask_format(&r->plan->housekeeping);

	if (r->plan->cpus.n) {
		fprintf(stderr, "taxcut: %s: vCPU %s CPU:", r->plan->name, r->plan->own_cores ? "owns" : "on");
		for (int i = 0; i < r->plan->cpus.n; i++)
			fprintf(stderr, " %d on %d", i, r->plan->cpus.cpu[i]);
		fprintf(stderr, "; QEMU's %sthreads on %s; %s\n",
			r->plan->own_cores ? "" : "other ", hk, r->plan->device);
	} else {
		info("%s: not pinned; %s", r->plan->name, r->plan->device);
	}
	free(hk);
}

static int pin_all(struct runner *r)
{
	json_t *threads = json_array();
	int ret = find_threads(r);

	if (!ret && r->plan->own_cores)
		ret = own_cpus(r->plan, r->pid);
	for (int i = 0; !ret && !r->plan->own_cores && i < r->plan->cpus.n; i++)
		ret = pin_vcpu(r, i);
	if (!ret && r->plan->cpus.n)
		ret = pin_others(r);
	for (uint64_t i = 0; !ret && i < r->plan->vcpus; i++)
		json_array_append_new(threads, json_integer(r->tids[i]));
	json_object_set_new(r->record, "threads", threads);
	return ret;
}

static int start_guest(struct runner *r)
{
	json_t *ret = qmp_exec(&r->qmp, "cont", NULL, COMMAND_TIMEOUT_MS);

	if (!ret)
		return fail("%s: QMP: %s", r->plan->name, r->qmp.err);
	json_decref(ret);
	return EXIT_OK;
}

static int set_up_guest(struct runner *r)
{
	int ret;

	r->qmp.tick = on_tick;
	r->qmp.tick_arg = r;
	ret = connect_qmp(r);
	if (!ret)
		ret = pin_all(r);
	if (!ret && !r->plan->quiet)
		print_placement(r);
	if (!ret)
		ret = write_record(r, "running");
	if (!ret)
		ret = start_guest(r);
	qmp_close(&r->qmp);
	r->qmp.tick = NULL;
	return ret;
}

/* Ends QEMU: SIGTERM, then SIGKILL. */
static void terminate(struct runner *r)
{
	static const int signals[] = { SIGTERM, SIGKILL };
	double deadline;

	for (size_t i = 0; i < ARRAY_LEN(signals) && !r->ended; i++) {
		kill(r->pid, signals[i]);
		deadline = now_s() + STOP_TIMEOUT_MS / 1000.0;
		while (!r->ended && now_s() < deadline)
			wait_event(r, 50);
	}
}

static bool qmp_command(struct runner *r, const char *cmd)
{
	json_t *ret = NULL;
	bool ok;

	if (!qmp_open(&r->qmp, r->socket, STOP_TIMEOUT_MS))
		ret = qmp_exec(&r->qmp, cmd, NULL, STOP_TIMEOUT_MS);
	ok = ret != NULL;
	if (!ok)
		info("%s: %s: %s", r->plan->name, cmd, r->qmp.err ? r->qmp.err : "no answer");
	qmp_close(&r->qmp);
	json_decref(ret);
	return ok;
}

/* Returns the interval to the next pass, which doubles up to SWEEP_LAST_MS; -1: no further pass. */
static int pin_late_threads(struct runner *r, int interval_ms)
{
	if (interval_ms < 0 || pin_others(r))
		return -1;
	return interval_ms * 2 < SWEEP_LAST_MS ? interval_ms * 2 : SWEEP_LAST_MS;
}

static void supervise(struct runner *r)
{
	int handled = 0, interval = r->plan->cpus.n ? SWEEP_FIRST_MS : -1;

	while (!r->ended) {
		wait_event(r, interval);
		if (r->ended)
			continue;
		if (r->stops == handled) {
			interval = pin_late_threads(r, interval);
			continue;
		}
		handled = r->stops;
		if (handled == 1) {
			info("%s: asking the guest to power off; a second signal ends QEMU at once",
			    r->plan->name);
			qmp_command(r, "system_powerdown");
		} else if (handled > 2 || !qmp_command(r, "quit")) {
			terminate(r);
		}
	}
}

static int exit_status(const struct runner *r)
{
	if (WIFEXITED(r->status))
		return WEXITSTATUS(r->status);
	info("%s: QEMU was ended by signal %d (%s)", r->plan->name, WTERMSIG(r->status),
	    strsignal(WTERMSIG(r->status)));
	return 128 + WTERMSIG(r->status);
}

int run_supervise(const struct run_plan *plan, char **argv, int lock)
{
	struct runner r = { .plan = plan, .started = now_s(), .qmp = { .fd = -1 } };
	int ret;

	r.socket = run_file(plan->name, "sock");
	unlink(r.socket);
	block_signals(&r);
	ret = spawn(&r, argv);
	if (!ret)
		ret = record_instance(&r);
	close(lock);
	if (!ret)
		ret = set_up_guest(&r);
	if (!ret) {
		supervise(&r);
		ret = exit_status(&r);
	} else if (!r.ended) {
		terminate(&r);
	} else if (WIFEXITED(r.status) && WEXITSTATUS(r.status)) {
		ret = WEXITSTATUS(r.status);
	}
	instance_remove(plan->name);
	sigprocmask(SIG_SETMASK, &r.old_signals, NULL);
	json_decref(r.record);
	free(r.tids);
	free(r.socket);
	return ret;
}
