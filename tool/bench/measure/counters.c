// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits by reason, from KVM statistics or from the tracepoint kvm:kvm_exit, and CPU time.
 */
#include <stdio.h>
#include <string.h>

#include <asm/svm.h>
#include <asm/vmx.h>

#include "counters.h"
#include "host/proc.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "run.h"
#include "sample/qmp.h"
#include "sample/sample.h"

#define TRACE_EXIT "/sys/kernel/tracing/events/kvm/kvm_exit/"
#define TRACE_HIST "hist:keys=exit_reason:size=512\n"

struct codes {
	int first;
	int last;
};

#define NONE { -1, -1 }

/* The name of a reason, its statistic, and its exit codes for the tracepoint. */
static const struct reason {
	const char *name;
	const char *stat;
	struct codes svm;
	struct codes vmx;
} reasons[] = {
	{ "external interrupt", "irq_exits", { SVM_EXIT_INTR, SVM_EXIT_INTR },
	  { EXIT_REASON_EXTERNAL_INTERRUPT, EXIT_REASON_EXTERNAL_INTERRUPT } },
	{ "NMI", "nmi_exits", { SVM_EXIT_NMI, SVM_EXIT_NMI }, NONE },
	{ "MSR access", "msr_exits", { SVM_EXIT_MSR, SVM_EXIT_MSR }, { EXIT_REASON_MSR_READ, EXIT_REASON_MSR_WRITE } },
	{ "HLT", "halt_exits", { SVM_EXIT_HLT, SVM_EXIT_HLT }, { EXIT_REASON_HLT, EXIT_REASON_HLT } },
	{ "interrupt window", "irq_window_exits", { SVM_EXIT_VINTR, SVM_EXIT_VINTR },
	  { EXIT_REASON_INTERRUPT_WINDOW, EXIT_REASON_INTERRUPT_WINDOW } },
	{ "NMI window", "nmi_window_exits", { SVM_EXIT_IRET, SVM_EXIT_IRET },
	  { EXIT_REASON_NMI_WINDOW, EXIT_REASON_NMI_WINDOW } },
	{ "hypercall", "hypercalls", { SVM_EXIT_VMMCALL, SVM_EXIT_VMMCALL },
	  { EXIT_REASON_VMCALL, EXIT_REASON_VMCALL } },
	{ "port I/O", "io_exits", { SVM_EXIT_IOIO, SVM_EXIT_IOIO },
	  { EXIT_REASON_IO_INSTRUCTION, EXIT_REASON_IO_INSTRUCTION } },
	{ "memory", "memory_exits", { SVM_EXIT_NPF, SVM_EXIT_NPF },
	  { EXIT_REASON_EPT_VIOLATION, EXIT_REASON_EPT_MISCONFIG } },
	{ "PAUSE", "pause_exits", { SVM_EXIT_PAUSE, SVM_EXIT_PAUSE },
	  { EXIT_REASON_PAUSE_INSTRUCTION, EXIT_REASON_PAUSE_INSTRUCTION } },
	{ "MWAIT", "mwait_exits", { SVM_EXIT_MWAIT, SVM_EXIT_MWAIT_COND },
	  { EXIT_REASON_MWAIT_INSTRUCTION, EXIT_REASON_MWAIT_INSTRUCTION } },
	{ "MONITOR", "monitor_exits", { SVM_EXIT_MONITOR, SVM_EXIT_MONITOR },
	  { EXIT_REASON_MONITOR_INSTRUCTION, EXIT_REASON_MONITOR_INSTRUCTION } },
	{ "CPUID", "cpuid_exits", { SVM_EXIT_CPUID, SVM_EXIT_CPUID }, { EXIT_REASON_CPUID, EXIT_REASON_CPUID } },
	{ "CR8", "cr8_exits", { SVM_EXIT_WRITE_CR8, SVM_EXIT_WRITE_CR8 },
	  { EXIT_REASON_TPR_BELOW_THRESHOLD, EXIT_REASON_TPR_BELOW_THRESHOLD } },
	{ "end of interrupt", "eoi_exits", NONE, { EXIT_REASON_EOI_INDUCED, EXIT_REASON_EOI_INDUCED } },
	{ "debug register", "dr_exits", { SVM_EXIT_READ_DR0, SVM_EXIT_WRITE_DR7 },
	  { EXIT_REASON_DR_ACCESS, EXIT_REASON_DR_ACCESS } },
	{ "exception", "exception_exits", { SVM_EXIT_EXCP_BASE, SVM_EXIT_LAST_EXCP },
	  { EXIT_REASON_EXCEPTION_NMI, EXIT_REASON_EXCEPTION_NMI } },
	{ "preemption timer", "", NONE, { EXIT_REASON_PREEMPTION_TIMER, EXIT_REASON_PREEMPTION_TIMER } },
};

static const char *reason_of_code(long long code, bool vmx)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		const struct codes *c = vmx ? &reasons[i].vmx : &reasons[i].svm;

		if (code >= c->first && code <= c->last)
			return reasons[i].name;
	}
	return "other";
}

static void add_count(json_t *obj, const char *name, json_int_t n)
{
	n += json_integer_value(json_object_get(obj, name));
	if (n)
		json_object_set_new(obj, name, json_integer(n));
}

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	int ret = f && fputs(text, f) >= 0 ? 0 : -1;

	if (f && fclose(f))
		ret = -1;
	return ret;
}

int bench_trace_start(void)
{
	if (write_file(TRACE_EXIT "trigger", TRACE_HIST))
		return fail("cannot count exits at %s: %m", TRACE_EXIT);
	return EXIT_OK;
}

void bench_trace_stop(void)
{
	if (write_file(TRACE_EXIT "trigger", "!" TRACE_HIST))
		info("cannot remove the histogram at %s: %m", TRACE_EXIT);
}

static int read_trace(json_t *obj)
{
	bool vmx = sys_exists("/sys/module/kvm_intel");
	FILE *f = fopen(TRACE_EXIT "hist", "re");
	long long code, hits;
	char line[256];

	if (!f)
		return fail("%shist: %m", TRACE_EXIT);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "{ exit_reason: %lld } hitcount: %lld", &code, &hits) == 2)
			add_count(obj, reason_of_code(code, vmx), hits);
	fclose(f);
	return EXIT_OK;
}

/* The sum of a statistic over all vCPUs; -1 for an unknown name. */
static json_int_t sum_stat(const struct sample *s, const char *name)
{
	json_int_t sum = 0;
	json_t *vcpu, *value;
	size_t i;

	json_array_foreach(s->vcpus, i, vcpu) {
		value = json_object_get(vcpu, name);
		if (!value)
			return -1;
		sum += json_integer_value(value);
	}
	return sum;
}

static void read_stats(json_t *obj, const struct sample *s, json_int_t exits)
{
	json_int_t n, rest = exits;

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		n = sum_stat(s, reasons[i].stat);
		if (n <= 0)
			continue;
		add_count(obj, reasons[i].name, n);
		rest -= n;
	}
	add_count(obj, "other", rest);
}

int bench_counts_exits(struct bench_counts *c, const char *socket, enum bench_source source)
{
	struct sample s;
	int ret;

	ret = sample_qmp(socket, &s);
	if (ret)
		return ret;
	c->exits = sum_stat(&s, "exits");
	c->outside = sum_stat(&s, "outside_cycles");
	json_decref(c->reasons);
	c->reasons = json_object();
	if (source == BENCH_TRACE)
		ret = read_trace(c->reasons);
	else
		read_stats(c->reasons, &s, c->exits);
	sample_free(&s);
	return ret;
}

void bench_counts_cpu(struct bench_counts *c, const struct bench_run *run, pid_t pid)
{
	struct proc_cpus *cpus = xcalloc(1, sizeof(*cpus));
	bool known = proc_cpus_read(cpus);

	c->cpu = proc_process_ns(pid);
	c->isolated = known ? proc_busy_ns(cpus, &run->isolated) : -1;
	c->housekeeping = known ? proc_busy_ns(cpus, &run->housekeeping) : -1;
	free(cpus);
}

static void set_growth(json_t *item, const char *key, int64_t before, int64_t after)
{
	if (before >= 0 && after >= 0)
		json_object_set_new(item, key, json_integer(after > before ? after - before : 0));
}

void bench_counts_diff(json_t *item, const struct bench_counts *before, const struct bench_counts *after)
{
	const char *name;
	json_t *value, *grown;

	set_growth(item, "exits", before->exits, after->exits);
	set_growth(item, "outside_cycles", before->outside, after->outside);
	set_growth(item, "host_cpu_ns", before->cpu, after->cpu);
	set_growth(item, "isolated_ns", before->isolated, after->isolated);
	set_growth(item, "housekeeping_ns", before->housekeeping, after->housekeeping);
	if (!after->reasons)
		return;
	grown = json_object();
	json_object_foreach(after->reasons, name, value)
		add_count(grown, name,
		      json_integer_value(value) - json_integer_value(json_object_get(before->reasons, name)));
	json_object_set_new(item, "reasons", grown);
}

void bench_counts_free(struct bench_counts *c)
{
	json_decref(c->reasons);
	c->reasons = NULL;
}
