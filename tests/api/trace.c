// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: the number of events equals the statistics. Each test has its
 * own tracing instance and traces the VMs of this process only.
 */
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TRACING "/sys/kernel/tracing"
#define BUFFER_KB "4096" /* per CPU */
#define VECTOR 0x90 /* of g_halts() */

static char instance[128];

static void put(const char *file, const char *value)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		FAIL("%s: %s", path, strerror(errno));
	close(fd);
}

/* The contents of a file. */
static char *get(const char *dir, const char *file)
{
	size_t size = 0, room = 1 << 20;
	char path[256], *text = malloc(room), *more;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		FAIL("%s: %s", path, strerror(errno));
	while ((n = read(fd, text + size, room - size - 1)) > 0) {
		size += n;
		if (size < room - 1)
			continue;
		more = realloc(text, room *= 2);
		CHECK(more);
		text = more;
	}
	CHECK_EQ(n, 0);
	close(fd);
	text[size] = 0;
	return text;
}

static void trace_begin(void)
{
	char filter[32];

	if (is_stock())
		test_skip("stock KVM has other tracepoints");
	if (access(TRACING "/events/taxcut", R_OK))
		test_skip("tracefs is not mounted");
	snprintf(instance, sizeof(instance), TRACING "/instances/taxcut-api-%d", getpid());
	OK(mkdir(instance, 0700));
	put("buffer_size_kb", BUFFER_KB);
	snprintf(filter, sizeof(filter), "vm == %d", getpid());
	put("events/taxcut/filter", filter);
	put("events/taxcut/enable", "1");
}

/* Checks that no CPU has lost events. */
static void check_lost(void)
{
	char file[64], *text, *lost;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	for (long i = 0; i < cpus; i++) {
		snprintf(file, sizeof(file), "per_cpu/cpu%ld/stats", i);
		text = get(instance, file);
		lost = strstr(text, "overrun: ");
		CHECK(lost);
		CHECK_EQ(atol(lost + strlen("overrun: ")), 0);
		free(text);
	}
}

/* Ends tracing and returns the trace. */
static char *trace_end(void)
{
	char *text;

	put("events/taxcut/enable", "0");
	check_lost();
	text = get(instance, "trace");
	OK(rmdir(instance));
	return text;
}

static bool has_word(const char *line, const char *word, size_t len)
{
	const char *at = line;

	while ((at = strstr(at, word)) && at < line + len) {
		char after = at[strlen(word)];

		if (after == ' ' || after == '\n')
			return true;
		at++;
	}
	return false;
}

/* The number of events named words[0] that contain all other words ("reason=msr_exits"); NULL ends the list. */
static u64 count(const char *text, const char * const words[])
{
	char name[64];
	u64 n = 0;

	snprintf(name, sizeof(name), "taxcut_%s:", words[0]);
	for (const char *line = text; *line; line++) {
		size_t len = strcspn(line, "\n");
		bool all = has_word(line, name, len);

		for (int i = 1; all && words[i]; i++)
			all = has_word(line, words[i], len);
		n += all;
		line += len;
		if (!*line)
			break;
	}
	return n;
}

#define COUNT(text, ...) count(text, (const char * const[]){ __VA_ARGS__, NULL })

/* For each reason in the event's format, compares the events with the statistic. */
static void check_reasons(const char *text, struct vcpu *v)
{
	char *format = get(TRACING, "events/taxcut/taxcut_exit/format"), *p = strstr(format, "__print_symbolic"), word[96];
	u64 sum = 0;

	CHECK(p);
	for (p = strtok(strchr(p, '"'), "\""); p && strchr(p, ')') == NULL; p = strtok(NULL, "\"")) {
		u64 n;

		if (strchr(p, '{'))
			continue;
		snprintf(word, sizeof(word), "reason=%s", p);
		n = COUNT(text, "exit", word);
		if (n != stat_get(v->fd, p))
			FAIL("%s: %llu traced, %llu counted", p, (unsigned long long)n,
			     (unsigned long long)stat_get(v->fd, p));
		sum += n;
	}
	CHECK_EQ(sum, stat_get(v->fd, "exits"));
	free(format);
}

static void check_timer(const char *text, struct vcpu *v)
{
	CHECK_EQ(COUNT(text, "timer_arm"), stat_get(v->fd, "lapic_timer_arms"));
	CHECK_EQ(COUNT(text, "timer_fire"), stat_get(v->fd, "lapic_timer_fires"));
}

static void check_all(const char *text, struct vcpu *v)
{
	CHECK_EQ(COUNT(text, "exit"), stat_get(v->fd, "exits"));
	CHECK_EQ(COUNT(text, "entry"), stat_get(v->fd, "exits"));
	check_reasons(text, v);
	CHECK_EQ(COUNT(text, "inject", "kind=irq", "again=0"), stat_get(v->fd, "irq_injections"));
	CHECK_EQ(COUNT(text, "inject", "kind=nmi", "again=0"), stat_get(v->fd, "nmi_injections"));
	check_timer(text, v);
	CHECK_EQ(COUNT(text, "deliver", "posted=1"), stat_get(v->fd, "irqs_posted"));
	CHECK_EQ(COUNT(text, "halt_poll", "poll=success"), stat_get(v->fd, "halt_successful_poll"));
	CHECK_EQ(COUNT(text, "halt_poll", "poll=success") + COUNT(text, "halt_poll", "poll=failed"),
		 stat_get(v->fd, "halt_attempted_poll"));
}

static void timer(bool halt)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	char *text;

	trace_begin();
	guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	guest_args(vm)[1] = halt;
	guest_args(vm)[2] = halt ? 1000000 : 60000; /* long enough to reach the HLT */
	vcpu_call(v, "g_firings", 100);
	text = trace_end();
	check_all(text, v);
	CHECK_EQ(COUNT(text, "timer_fire", "vector=0x62", "masked=0"), 100);
	/* MSR 0x6e0 (TSC deadline): one write per firing. */
	CHECK_EQ(COUNT(text, "exit", "reason=msr_exits", "detail=0x6e0", "write=1"), 100);
	CHECK((COUNT(text, "halt_poll") > 0) == halt);
}

TEST(trace_timer_running)
{
	timer(false);
}

TEST(trace_timer_halted)
{
	timer(true);
}

/* Timers on a housekeeping CPU are traced there: each fires and is delivered once. */
TEST(trace_timer_elsewhere)
{
	const char *mode = "/sys/module/taxcut/parameters/exitless_timer";
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	int fd = open(mode, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	char *text;

	if (is_stock())
		test_skip("stock KVM has other tracepoints");
	if (fd < 0 || write(fd, "on", 2) != 2)
		test_skip("no posted interrupts");
	pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1); /* its timer goes to another CPU */
	trace_begin();
	guest_args(v->vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	guest_args(v->vm)[2] = 1000000;
	vcpu_call(v, "g_firings", 100);
	n = write(fd, "auto", 4);
	text = trace_end();
	CHECK_EQ(n, 4);
	check_timer(text, v);
	CHECK_EQ(COUNT(text, "timer_fire", "vector=0x62"), 100);
	CHECK(stat_get(v->fd, "lapic_timer_posted") > 0);
	CHECK_EQ(COUNT(text, "deliver", "vector=0x62"), stat_get(v->fd, "lapic_timer_posted"));
}

static void msi(struct vm *vm, u32 data)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = data };

	CHECK_EQ(OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &m)), 1);
}

/* Sends each MSI after the guest has taken the one before, so that none are merged. */
static void messages(struct vcpu *v, const char *function, u64 n, u32 data, int taken)
{
	volatile u64 *irqs = guest_irqs(v->vm);

	vcpu_start(v, function, n);
	vcpu_thread(v);
	for (u64 i = 1; i <= n; i++) {
		while (irqs[taken] < i - 1 || !guest_results(v->vm)[0])
			usleep(100);
		msi(v->vm, data);
	}
	vcpu_join(v);
	vcpu_check_done(v);
}

TEST(trace_interrupts)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	char *text;

	trace_begin();
	messages(v, "g_halts", 60, VECTOR, VECTOR);
	text = trace_end();
	check_all(text, v);
	CHECK_EQ(COUNT(text, "deliver", "vector=0x90", "level=0"), 60);
	CHECK(COUNT(text, "halt_poll") > 0);
}

TEST(trace_nmis)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	char *text;

	trace_begin();
	messages(v, "g_halt_for_nmi", 20, 4 << 8, 2);
	text = trace_end();
	check_all(text, v);
	CHECK_EQ(COUNT(text, "inject", "kind=nmi", "vector=0x2", "again=0"), 20);
}

/* Filters that match nothing: another VM, and a missing vCPU. */
TEST(trace_filter)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	char *text;

	trace_begin();
	put("events/taxcut/filter", "vcpu == 1");
	vcpu_call(v, "g_cpuid_loop", 50);
	text = trace_end();
	CHECK_EQ(COUNT(text, "exit"), 0);
	CHECK_EQ(COUNT(text, "entry"), 0);
	CHECK(stat_get(v->fd, "cpuid_exits") >= 50);
}

/* The exits' details: numbers of MSRs, ports and CPUID leaves; exceptions that the hypervisor injects. */
TEST(trace_details)
{
	struct vcpu *v = vcpu_create(vm_create(CHIP_SPLIT), 0);
	char *text;

	trace_begin();
	vcpu_call(v, "g_msr_unknown", 0x12345678);
	text = trace_end();
	check_all(text, v);
	CHECK(COUNT(text, "exit", "reason=msr_exits", "detail=0x12345678", "write=0") > 0);
	CHECK(COUNT(text, "inject", "kind=exception", "vector=0xd", "again=0") > 0);
	CHECK(COUNT(text, "exit", "reason=io_exits", "write=1") > 0);
}
