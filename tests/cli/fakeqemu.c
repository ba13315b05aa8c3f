// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for QEMU that speaks enough QMP for `taxcut run' and `taxcut stat',
 * and misbehaves on request. Environment:
 *
 *   FAKE_VERSION  what --version reports
 *   FAKE_LOG      file for the arguments, the commands, and at "cont" each thread's CPUs
 *   FAKE_MODE     early: exit with 3 before QMP; late: QMP after 3 s;
 *                 missing: one vCPU thread less; ghost: a thread id that does not exist;
 *                 worker: after "cont" a thread starts on vCPU 0's CPUs;
 *                 noncont: "cont" fails; seven: exit with 7 after "cont";
 *                 abort: die by SIGABRT after "cont"; deaf: ignore system_powerdown;
 *                 stubborn: ignore it, "quit" and SIGTERM too; nostats: no statistics;
 *                 busy: the files of the vCPUs' statistics change, see make_busy()
 *
 * The main thread serves one client after the other, as QEMU's socket does; the
 * vCPU threads only sleep.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <x86intrin.h>

#include <jansson.h>

#define VCPUS_MAX 512
#define NAME_SIZE 48
#define STATS 10

static const char *append = "";
static int vcpus = 1;
static int tids[VCPUS_MAX];
static const char *mode = "";
static long long readings;

static const struct {
	const char *name;
	__u32 type;
	__u16 size;
} stats[STATS] = {
	{ "exits", KVM_STATS_TYPE_CUMULATIVE, 1 },
	{ "halt_exits", KVM_STATS_TYPE_CUMULATIVE, 1 },
	{ "guest_mode", KVM_STATS_TYPE_INSTANT, 1 },
	{ "halt_wait_hist", KVM_STATS_TYPE_LOG_HIST, 3 },
	{ "msr_exits", KVM_STATS_TYPE_CUMULATIVE, 1 },
	{ "outside_cycles", KVM_STATS_TYPE_CUMULATIVE, 1 },
	{ "halt_attempted_poll", KVM_STATS_TYPE_CUMULATIVE, 1 },
	{ "halt_successful_poll", KVM_STATS_TYPE_CUMULATIVE, 1 },
	{ "lapic_timer_advance_ns", KVM_STATS_TYPE_INSTANT, 1 },
	{ "signal_exits", KVM_STATS_TYPE_CUMULATIVE, 1 },
};

/* The values of a statistics file, in this order. */
struct values {
	__u64 exits, halt_exits, guest_mode, halt_wait_hist[3], msr_exits, outside_cycles, halt_attempted_poll,
		halt_successful_poll, lapic_timer_advance_ns, signal_exits;
};

#define VALUES_OFFSET (sizeof(struct kvm_stats_header) + NAME_SIZE +                               \
		       STATS * (sizeof(struct kvm_stats_desc) + NAME_SIZE))

static bool is_mode(const char *m)
{
	return !strcmp(mode, m);
}

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *fmt, ...)
{
	const char *path = getenv("FAKE_LOG");
	FILE *f = path ? fopen(path, "ae") : NULL;
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fputc('\n', f);
	fclose(f);
}

static void *vcpu_thread(void *arg)
{
	int *tid = arg;

	__atomic_store_n(tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void start_vcpus(void)
{
	pthread_t thread;

	for (int i = 0; i < vcpus; i++) {
		if (pthread_create(&thread, NULL, vcpu_thread, &tids[i]))
			abort();
		while (!__atomic_load_n(&tids[i], __ATOMIC_ACQUIRE))
			sched_yield();
	}
}

static void note_affinity(const char *what, int tid)
{
	cpu_set_t set;
	char list[1024] = "";

	sched_getaffinity(tid, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			snprintf(list + strlen(list), sizeof(list) - strlen(list), " %d", cpu);
	note("%s on%s", what, list);
}

static void note_all(void)
{
	char what[32];

	note_affinity("main", getpid());
	for (int i = 0; i < vcpus; i++) {
		snprintf(what, sizeof(what), "vcpu%d", i);
		note_affinity(what, tids[i]);
	}
}

/* Writes a statistics file in the format of KVM_GET_STATS_FD; the descriptor stays open. */
static int make_stats_file(const char *name, const char *id, __u64 first)
{
	struct kvm_stats_header head = {
		.name_size = NAME_SIZE,
		.num_desc = STATS,
		.id_offset = sizeof(head),
		.desc_offset = sizeof(head) + NAME_SIZE,
	};
	char text[NAME_SIZE] = "";
	int fd = memfd_create(name, 0);
	__u32 offset = 0;

	head.data_offset = VALUES_OFFSET;
	if (fd < 0 || write(fd, &head, sizeof(head)) < 0)
		abort();
	snprintf(text, sizeof(text), "%s", id);
	if (write(fd, text, sizeof(text)) < 0)
		abort();
	for (int i = 0; i < STATS; i++) {
		struct kvm_stats_desc desc = {
			.flags = stats[i].type | KVM_STATS_UNIT_NONE | KVM_STATS_BASE_POW10,
			.size = stats[i].size,
			.offset = offset,
		};

		memset(text, 0, sizeof(text));
		snprintf(text, sizeof(text), "%s", stats[i].name);
		if (write(fd, &desc, sizeof(desc)) < 0 || write(fd, text, sizeof(text)) < 0)
			abort();
		offset += stats[i].size * (__u32)sizeof(__u64);
	}
	for (__u64 n = 0; n < offset / sizeof(__u64); n++) {
		__u64 value = first + n;

		if (write(fd, &value, sizeof(value)) < 0)
			abort();
	}
	return fd;
}

/*
 * vCPU N has N + 1 times the exits of vCPU 0: two of three for an MSR, one for HLT. Three of four polls
 * succeed, the timer advance is 1000 (N + 1) ns, a quarter of the TSC cycles is outside the guest. With
 * flooding there are 100 times as many exits.
 */
static void *make_busy(void *arg)
{
	static struct values v[VCPUS_MAX];
	unsigned long long start = __rdtsc();
	const int *fd = arg;
	__u64 times = is_mode("flood") ? 100 : 1;

	for (;;) {
		for (int i = 0; i < vcpus; i++) {
			v[i].msr_exits += 2 * times * ((__u64)i + 1);
			v[i].halt_exits += times * ((__u64)i + 1);
			v[i].exits = v[i].msr_exits + v[i].halt_exits;
			v[i].halt_attempted_poll += 4;
			v[i].halt_successful_poll += 3;
			v[i].lapic_timer_advance_ns = 1000 * ((__u64)i + 1);
			v[i].outside_cycles = (__rdtsc() - start) / 4;
			if (pwrite(fd[i], &v[i], sizeof(v[i]), VALUES_OFFSET) < 0)
				abort();
		}
		usleep(2000);
	}
	return NULL;
}

static void make_stats_files(void)
{
	static int fd[VCPUS_MAX];
	char id[NAME_SIZE];
	pthread_t thread;

	if (is_mode("nostats"))
		return;
	make_stats_file("kvm-vm-stats", "kvm-1", 7);
	for (int i = 0; i < vcpus; i++) {
		snprintf(id, sizeof(id), "kvm-1/vcpu-%d", i);
		fd[i] = make_stats_file("kvm-vcpu-stats", id, 100 * ((__u64)i + 1));
	}
	if ((is_mode("busy") || is_mode("flood")) && pthread_create(&thread, NULL, make_busy, fd))
		abort();
}

/* vCPU N has 1000 (N + 1) exits, and 100 more per reading; while work is simulated, 100 times the squared reading. */
static json_t *query_stats(const char *target)
{
	json_t *out = json_array();
	int n = strcmp(target, "vm") ? vcpus : 1;
	json_int_t exits;

	if (is_mode("nostats"))
		return out;
	readings += n > 1 || strcmp(target, "vm");
	for (int i = 0; i < n; i++) {
		exits = 1000 * (i + 1) + 100 * readings * (strncmp(mode, "work", 4) ? 1 : readings);
		json_array_append_new(out, json_pack(
			"{s:s, s:s, s:[{s:s, s:I}, {s:s, s:i}, {s:s, s:b}, {s:s, s:[i,i,i]}]}",
			"provider", "kvm", "qom-path", "/machine", "stats",
			"name", "exits", "value", exits,
			"name", "halt_exits", "value", 0,
			"name", "guest_mode", "value", 1,
			"name", "halt_wait_hist", "value", 1, 2, 3));
	}
	return out;
}

static json_t *query_schemas(void)
{
	return json_pack("[{s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s, s:s, s:i, s:i}]}]",
			 "provider", "kvm", "target", "vcpu", "stats",
			 "name", "exits", "type", "cumulative",
			 "name", "halt_exits", "type", "cumulative",
			 "name", "guest_mode", "type", "instant",
			 "name", "halt_wait_hist", "type", "log2-histogram",
			 "unit", "seconds", "base", 10, "exponent", -9);
}

static json_t *query_cpus(void)
{
	json_t *out = json_array();

	for (int i = 0; i < vcpus - is_mode("missing"); i++)
		json_array_append_new(out, json_pack("{s:i, s:i}", "cpu-index", i, "thread-id",
						     is_mode("ghost") ? 0x3ffffffe : tids[i]));
	return out;
}

static void send_json(int fd, json_t *msg)
{
	char *text = json_dumps(msg, JSON_COMPACT);

	dprintf(fd, "%s\r\n", text);
	free(text);
	json_decref(msg);
}

/* Like KVM's worker, which the first KVM_RUN creates on the vCPU's CPU. */
static void start_worker(void)
{
	static int tid;
	pthread_t thread;
	cpu_set_t set;

	if (pthread_create(&thread, NULL, vcpu_thread, &tid))
		abort();
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		sched_yield();
	sched_getaffinity(tids[0], sizeof(set), &set);
	sched_setaffinity(tid, sizeof(set), &set);
	note("worker %d", tid);
}

/* Prints a mark of the workload scenario and waits for a line. */
static void mark(const char *what, const char *name)
{
	char c = 0;

	/* Not getchar(), whose lock would block exit(). */
	printf("TC: %s=%s\r\n", what, name);
	while (c != '\n')
		if (read(STDIN_FILENO, &c, 1) != 1)
			exit(0);
}

static void play_item(const char *name, int count)
{
	mark(is_mode("work-order") ? "end" : "begin", name);
	if (is_mode("work-silent"))
		sleep(600);
	mark("end", name);
	if (strcmp(name, "none"))
		printf("TC: %s.events=%d\r\nTC: %s.p50_ns=700\r\nnoise on the console\r\nTC: %s.hist=640:%d\r\n", name,
		       count, name, name, count);
}

/* The workload scenario on standard input and output, from the kernel command line. */
static void *play(void *unused)
{
	const char *list = strstr(append, "tc.work=");
	char *items = strndup(list + 8, strcspn(list + 8, " ")), *rest = items, *item, *colon;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TC: apic=pretended\r\nTC: round=0\r\n");
	while ((item = strsep(&rest, ","))) {
		colon = strchr(item, ':');
		*colon = '\0';
		if (!is_mode("work-less") || strcmp(item, "busy"))
			play_item(item, atoi(colon + 1));
		if (is_mode("work-dies") && strcmp(item, "none"))
			abort();
	}
	printf("TC: status=%d\r\n", is_mode("work-fails"));
	exit(0);
	return unused;
}

static void after(const char *cmd)
{
	pthread_t thread;

	if (!strcmp(cmd, "cont") && !strncmp(mode, "work", 4) && !is_mode("worker") &&
	    pthread_create(&thread, NULL, play, NULL))
		abort();
	if (!strcmp(cmd, "cont") && is_mode("worker"))
		start_worker();
	if (!strcmp(cmd, "quit") && !is_mode("stubborn"))
		exit(0);
	if (!strcmp(cmd, "system_powerdown") && !is_mode("deaf") && !is_mode("stubborn"))
		exit(0);
	if (!strcmp(cmd, "cont") && is_mode("seven"))
		exit(7);
	if (!strcmp(cmd, "cont") && is_mode("abort"))
		abort();
}

static void answer(int fd, const json_t *msg)
{
	const char *cmd = json_string_value(json_object_get(msg, "execute"));
	const char *target = json_string_value(json_object_get(
		json_object_get(msg, "arguments"), "target"));
	json_t *ret = NULL;

	note("qmp %s", cmd);
	if (!strcmp(cmd, "query-cpus-fast"))
		ret = query_cpus();
	else if (!strcmp(cmd, "query-stats"))
		ret = query_stats(target);
	else if (!strcmp(cmd, "query-stats-schemas"))
		ret = query_schemas();
	else if (strcmp(cmd, "cont") || !is_mode("noncont"))
		ret = json_object();
	if (!strcmp(cmd, "cont"))
		note_all();
	/* An event before each answer: clients must skip it. */
	send_json(fd, json_pack("{s:s, s:{}}", "event", "NOTHING", "data"));
	if (ret)
		send_json(fd, json_pack("{s:o, s:O}", "return", ret, "id",
					json_object_get(msg, "id")));
	else
		send_json(fd, json_pack("{s:{s:s, s:s}}", "error", "class", "GenericError",
					"desc", "refused by the fake"));
	after(cmd);
}

static void serve(int fd)
{
	FILE *in = fdopen(fd, "r");
	json_t *msg;

	send_json(fd, json_pack("{s:{s:{}, s:[]}}", "QMP", "version", "capabilities"));
	while ((msg = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL))) {
		answer(fd, msg);
		json_decref(msg);
	}
	fclose(in);
}

static int listen_on(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 4)) {
		fprintf(stderr, "fakeqemu: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

/* "socket,id=taxcut,path=P,server=on,..." */
static char *socket_path(const char *chardev)
{
	const char *p = strstr(chardev, "path=");

	return p ? strndup(p + 5, strcspn(p + 5, ",")) : NULL;
}

int main(int argc, char **argv)
{
	const char *version = getenv("FAKE_VERSION");
	char *path = NULL;
	int fd, client;

	mode = getenv("FAKE_MODE") ? getenv("FAKE_MODE") : "";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--version")) {
			printf("QEMU emulator version %s (fake)\n", version ? version : "10.0.0");
			return 0;
		}
		note("arg %s", argv[i]);
		if (!strcmp(argv[i], "-smp") && argv[i + 1])
			vcpus = atoi(argv[i + 1]);
		if (!strcmp(argv[i], "-append") && argv[i + 1])
			append = argv[i + 1];
		if (!strncmp(argv[i], "socket,id=taxcut", 16))
			path = socket_path(argv[i]);
	}
	if (is_mode("early")) {
		fputs("fakeqemu: no such machine\n", stderr);
		return 3;
	}
	if (!path || vcpus < 1 || vcpus > VCPUS_MAX)
		return 1;
	if (is_mode("late"))
		sleep(3);
	if (is_mode("stubborn"))
		signal(SIGTERM, SIG_IGN);
	start_vcpus();
	make_stats_files();
	fd = listen_on(path);
	while ((client = accept(fd, NULL, NULL)) >= 0)
		serve(client);
	return 1;
}
