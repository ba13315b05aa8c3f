// SPDX-License-Identifier: GPL-2.0-only
/* Exits by reason: from KVM statistics, or from the tracepoint kvm:kvm_exit. */
#include <stdio.h>
#include <string.h>

#include <asm/svm.h>

#include "sample.h"
#include "tax.h"
#include "taxcut.h"
#include "util.h"

#define TRACE_EXIT "/sys/kernel/tracing/events/kvm/kvm_exit/"

/* One name for a reason, whoever counts it; several exit codes may share it. */
static const struct reason {
	const char *name;
	const char *stat;
	int first;
	int last;
} reasons[] = {
	{ "external interrupt", "irq_exits", SVM_EXIT_INTR, SVM_EXIT_INTR },
	{ "NMI", "nmi_exits", SVM_EXIT_NMI, SVM_EXIT_NMI },
	{ "MSR access", "msr_exits", SVM_EXIT_MSR, SVM_EXIT_MSR },
	{ "HLT", "halt_exits", SVM_EXIT_HLT, SVM_EXIT_HLT },
	{ "interrupt window", "irq_window_exits", SVM_EXIT_VINTR, SVM_EXIT_VINTR },
	{ "NMI window", "nmi_window_exits", SVM_EXIT_IRET, SVM_EXIT_IRET },
	{ "hypercall", "hypercalls", SVM_EXIT_VMMCALL, SVM_EXIT_VMMCALL },
	{ "port I/O", "io_exits", SVM_EXIT_IOIO, SVM_EXIT_IOIO },
	{ "memory", "memory_exits", SVM_EXIT_NPF, SVM_EXIT_NPF },
	{ "PAUSE", "pause_exits", SVM_EXIT_PAUSE, SVM_EXIT_PAUSE },
	{ "MWAIT", "mwait_exits", SVM_EXIT_MWAIT, SVM_EXIT_MWAIT_COND },
	{ "MONITOR", "monitor_exits", SVM_EXIT_MONITOR, SVM_EXIT_MONITOR },
	{ "CPUID", "cpuid_exits", SVM_EXIT_CPUID, SVM_EXIT_CPUID },
	{ "CR8", "cr8_exits", SVM_EXIT_WRITE_CR8, SVM_EXIT_WRITE_CR8 },
	{ "debug register", "dr_exits", SVM_EXIT_READ_DR0, SVM_EXIT_WRITE_DR7 },
	{ "exception", "exception_exits", SVM_EXIT_EXCP_BASE, SVM_EXIT_LAST_EXCP },
};

static const char *reason_of_code(long long code)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (code >= reasons[i].first && code <= reasons[i].last)
			return reasons[i].name;
	return "other";
}

static void count(json_t *obj, const char *name, json_int_t n)
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

int tax_trace_start(void)
{
	if (write_file(TRACE_EXIT "trigger", "hist:keys=exit_reason:size=512\n"))
		return fail("cannot count exits at %s: %m", TRACE_EXIT);
	return EXIT_OK;
}

void tax_trace_stop(void)
{
	if (write_file(TRACE_EXIT "trigger", "!hist:keys=exit_reason:size=512\n"))
		say("the histogram at %s stays: %m", TRACE_EXIT);
}

static int read_trace(json_t *obj)
{
	FILE *f = fopen(TRACE_EXIT "hist", "re");
	long long code, hits;
	char line[256];

	if (!f)
		return fail("%shist: %m", TRACE_EXIT);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "{ exit_reason: %lld } hitcount: %lld", &code, &hits) == 2)
			count(obj, reason_of_code(code), hits);
	fclose(f);
	return EXIT_OK;
}

/* Adds up one statistic over all vCPUs. */
static json_int_t total(const struct sample *s, const char *name)
{
	json_int_t sum = 0;
	json_t *vcpu;
	size_t i;

	json_array_foreach(s->vcpus, i, vcpu)
		sum += json_integer_value(json_object_get(vcpu, name));
	return sum;
}

static void read_stats(json_t *obj, const struct sample *s, json_int_t exits)
{
	json_int_t n, rest = exits;

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		n = total(s, reasons[i].stat);
		count(obj, reasons[i].name, n);
		rest -= n;
	}
	count(obj, "other", rest);
}

int tax_counts_read(struct tax_counts *c, const char *socket, enum tax_source source)
{
	struct sample s;
	int ret;

	*c = (struct tax_counts){ 0 };
	ret = sample_qmp(socket, &s);
	if (ret)
		return ret;
	c->exits = total(&s, "exits");
	c->outside = total(&s, "outside_cycles");
	c->reasons = json_object();
	if (source == TAX_TRACE)
		ret = read_trace(c->reasons);
	else
		read_stats(c->reasons, &s, c->exits);
	sample_free(&s);
	if (ret)
		tax_counts_free(c);
	return ret;
}

json_t *tax_counts_diff(const struct tax_counts *before, const struct tax_counts *after)
{
	json_t *diff = json_object(), *value;
	const char *name;

	json_object_foreach(after->reasons, name, value)
		count(diff, name,
		      json_integer_value(value) - json_integer_value(json_object_get(before->reasons, name)));
	return json_pack("{s:I, s:I, s:o}", "exits", after->exits - before->exits,
			 "outside_cycles", after->outside - before->outside, "reasons", diff);
}

void tax_counts_free(struct tax_counts *c)
{
	json_decref(c->reasons);
	*c = (struct tax_counts){ 0 };
}
