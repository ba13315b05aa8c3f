// SPDX-License-Identifier: GPL-2.0-only
/* The figures between two readings. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/instance.h"
#include "lib/cpulist.h"
#include "lib/util.h"
#include "sample/sample.h"
#include "top_read.h"
#include "top_view.h"

/* Reasons are ordered by a decaying mean of their rates: the factor per interval, and the least value that is listed. */
#define REASON_MEMORY 0.7
#define REASON_FORGOTTEN 0.01

/* Is it a statistic of exits by reason? Together these count each exit once. */
static bool is_reason(const char *name)
{
	static const char * const others[] = {
		"exits", "userspace_exits", "signal_exits", "mmio_exits", "request_irq_exits"
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!strcmp(name, others[i]))
			return false;
	return !strcmp(name, "hypercalls") || (len > 6 && !strcmp(name + len - 6, "_exits"));
}

const char *top_reason_name(const char *stat)
{
	static char name[64];
	size_t len = strlen(stat);

	if (len > 6 && !strcmp(stat + len - 6, "_exits"))
		len -= 6;
	snprintf(name, sizeof(name), "%.*s", (int)len, stat);
	return name;
}

/* The index of the same process in the previous reading, or the number of instances there. */
static size_t find_before(const struct instance *in, const struct top_reading *before)
{
	size_t i = 0;

	while (i < before->all.n && (before->all.v[i]->pid != in->pid || before->all.v[i]->birth != in->birth))
		i++;
	return i;
}

/* The previous sample of the instance, or NULL when the two give no figures. */
static const struct sample *sample_before(const struct top_reading *now, size_t i, const struct top_reading *before)
{
	size_t j = find_before(now->all.v[i], before);
	const struct sample *s = j < before->all.n ? &before->sample[j] : NULL;

	return s && s->vcpus && now->sample[i].vcpus && now->sample[i].when > s->when ? s : NULL;
}

static void add_weight(json_t *weights, const char *name, double more)
{
	double weight = json_number_value(json_object_get(weights, name));

	json_object_set_new(weights, name, json_real(weight + more));
}

static int by_weight(const void *a, const void *b, void *weights)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	double of_x = json_number_value(json_object_get(weights, x));
	double of_y = json_number_value(json_object_get(weights, y));

	return of_x != of_y ? (of_x < of_y ? 1 : -1) : strcmp(x, y);
}

/* Lists the reasons of the last intervals, the most frequent first. */
static void rank_reasons(struct top_view *v, const struct top_reading *now, const struct top_reading *before,
			 json_t *weights)
{
	const struct sample *was;
	const char *name;
	json_t *value;

	json_object_foreach(weights, name, value)
		json_real_set(value, json_real_value(value) * REASON_MEMORY);
	for (size_t i = 0; i < now->all.n; i++) {
		was = sample_before(now, i, before);
		if (!was)
			continue;
		json_object_foreach(json_array_get(now->sample[i].vcpus, 0), name, value)
			if (is_reason(name))
				add_weight(weights, name, sample_total_figure(&now->sample[i], was, name));
	}
	json_object_foreach(weights, name, value)
		if (json_real_value(value) >= REASON_FORGOTTEN)
			strv_add(&v->reasons, name);
	if (v->reasons.n)
		qsort_r(v->reasons.v, v->reasons.n, sizeof(*v->reasons.v), by_weight, weights);
}

/* Two readings of one instance. */
struct pair {
	const struct instance *in;
	const struct sample *now;
	const struct sample *before;
	const int64_t *threads_now;
	const int64_t *threads_before;
	double cpu_ns;
};

static double clamp_share(double value)
{
	return value < 0 ? 0 : value > 1 ? 1 : value;
}

static bool has_stat(const struct sample *s, size_t vcpu, const char *name)
{
	return json_object_get(json_array_get(s->vcpus, vcpu), name);
}

/* Per second; -1 when the hypervisor has no such statistic. */
static double stat_rate(const struct pair *p, size_t vcpu, const char *name)
{
	return has_stat(p->now, vcpu, name) ? sample_vcpu_figure(p->now, p->before, name, vcpu) : -1;
}

/* halt_wait_ns grows when a sleep ends: a vCPU that sleeps and took no exit has slept all the time. */
static double halted_share(const struct pair *p, size_t vcpu)
{
	double ns = stat_rate(p, vcpu, "halt_wait_ns");

	if (ns < 0)
		return -1;
	if (stat_rate(p, vcpu, "blocking") > 0 && stat_rate(p, vcpu, "exits") == 0)
		return 1;
	return clamp_share(ns / 1e9);
}

static double outside_share(const struct pair *p, size_t vcpu)
{
	double cycles = stat_rate(p, vcpu, "outside_cycles");
	double hz = (double)(p->now->tsc - p->before->tsc) / (p->now->when - p->before->when);

	return cycles < 0 ? -1 : clamp_share(cycles / hz);
}

static double poll_success(double attempts, double successes)
{
	return attempts > 0 && successes >= 0 ? clamp_share(successes / attempts) : -1;
}

static double thread_cpu(const struct pair *p, size_t vcpu)
{
	size_t n = json_array_size(json_object_get(p->in->record, "threads"));

	if (vcpu >= n || p->threads_now[vcpu] < 0 || p->threads_before[vcpu] < 0)
		return -1;
	/* The kernel accounts CPU time at ticks, so the share may come out above 1. */
	return clamp_share((double)(p->threads_now[vcpu] - p->threads_before[vcpu]) / 1e9 /
		     (p->now->when - p->before->when));
}

static void vcpu_figures(const struct top_view *v, const struct pair *p, size_t vcpu, struct top_figures *f)
{
	double polled = stat_rate(p, vcpu, "halt_poll_success_ns"), in_vain = stat_rate(p, vcpu, "halt_poll_fail_ns");

	f->exits = stat_rate(p, vcpu, "exits");
	f->outside = outside_share(p, vcpu);
	f->halted = halted_share(p, vcpu);
	f->polling = polled < 0 || in_vain < 0 ? -1 : clamp_share((polled + in_vain) / 1e9);
	f->poll_success = poll_success(stat_rate(p, vcpu, "halt_attempted_poll"), stat_rate(p, vcpu, "halt_successful_poll"));
	f->advance = stat_rate(p, vcpu, "lapic_timer_advance_ns");
	f->cpu = thread_cpu(p, vcpu);
	f->reasons = xcalloc(v->reasons.n + 1, sizeof(*f->reasons));
	for (size_t i = 0; i < v->reasons.n; i++)
		f->reasons[i] = stat_rate(p, vcpu, v->reasons.v[i]);
}

/* The mean over the vCPUs with a known value. */
static double mean_figure(const struct top_vm *vm, size_t offset)
{
	double sum = 0, value;
	size_t n = 0;

	for (size_t i = 0; i < vm->n; i++) {
		memcpy(&value, (const char *)&vm->vcpus[i].f + offset, sizeof(value));
		if (value < 0)
			continue;
		sum += value;
		n++;
	}
	return n ? sum / (double)n : -1;
}

static double sum_of(const struct pair *p, const struct top_vm *vm, const char *name)
{
	double sum = 0;

	for (size_t i = 0; i < vm->n; i++)
		sum += fmax(stat_rate(p, vm->vcpus[i].index, name), 0);
	return sum;
}

/* CPU time of the process without its vCPU threads. */
static double other_threads(const struct pair *p, const struct top_vm *vm)
{
	double cpus = p->cpu_ns;

	for (size_t i = 0; cpus >= 0 && i < vm->n; i++)
		cpus = vm->vcpus[i].f.cpu < 0 ? -1 : fmax(cpus - vm->vcpus[i].f.cpu, 0);
	return cpus;
}

static void vm_figures(const struct top_view *v, const struct pair *p, struct top_vm *vm)
{
	struct top_figures *f = &vm->f;

	f->reasons = xcalloc(v->reasons.n + 1, sizeof(*f->reasons));
	f->advance = -1;
	for (size_t i = 0; i < vm->n; i++) {
		const struct top_figures *one = &vm->vcpus[i].f;

		f->exits += one->exits;
		f->advance = fmax(f->advance, one->advance);
		for (size_t j = 0; j < v->reasons.n; j++)
			f->reasons[j] += fmax(one->reasons[j], 0);
	}
	f->outside = mean_figure(vm, offsetof(struct top_figures, outside));
	f->halted = mean_figure(vm, offsetof(struct top_figures, halted));
	f->polling = mean_figure(vm, offsetof(struct top_figures, polling));
	f->poll_success = poll_success(sum_of(p, vm, "halt_attempted_poll"), sum_of(p, vm, "halt_successful_poll"));
	f->cpu = other_threads(p, vm);
}

static void make_vcpus(const struct top_view *v, struct top_vm *vm, const struct pair *p)
{
	size_t n = json_array_size(p->now->vcpus);

	vm->vcpus = xcalloc(n + 1, sizeof(*vm->vcpus));
	for (size_t i = 0; i < n; i++) {
		struct top_vcpu *vcpu = &vm->vcpus[vm->n];

		/* vCPU ids may have gaps, and a vCPU may be new. */
		if (!has_stat(p->now, i, "exits") || !has_stat(p->before, i, "exits"))
			continue;
		vcpu->index = i;
		vcpu->cpu = i < (size_t)p->in->cpus.n ? p->in->cpus.cpu[i] : -1;
		vcpu_figures(v, p, i, &vcpu->f);
		vm->n++;
	}
	vm_figures(v, p, vm);
}

static void make_vm(const struct top_view *v, struct top_vm *vm, const struct top_reading *now, size_t i,
		    const struct top_reading *before)
{
	const struct instance *in = now->all.v[i];
	size_t j = find_before(in, before);
	struct pair p = { .in = in, .now = &now->sample[i] };

	vm->name = xstrdup(in->name);
	vm->pid = in->pid;
	if (!now->sample[i].vcpus) {
		vm->error = xstrdup(now->error[i] ? now->error[i] : "no statistics");
		return;
	}
	p.before = sample_before(now, i, before);
	if (!p.before)
		return;
	p.threads_now = now->thread_ns[i];
	p.threads_before = before->thread_ns[j];
	p.cpu_ns = now->process_ns[i] < 0 || before->process_ns[j] < 0 ? -1 :
		   (double)(now->process_ns[i] - before->process_ns[j]) / 1e9 / (p.now->when - p.before->when);
	make_vcpus(v, vm, &p);
}

static void housekeeping_load(struct top_view *v, const struct top_reading *now, const struct top_reading *before)
{
	double sum = 0, one;
	int n = 0;

	v->busy = v->busiest_share = -1;
	v->busiest = -1;
	v->housekeeping = now->host->online;
	mask_remove(&v->housekeeping, &now->host->isolated);
	for (size_t i = 0; i < now->all.n; i++) {
		struct cpu_mask owned = { 0 };

		cpulist_mask(&now->all.v[i]->cpus, &owned);
		mask_remove(&v->housekeeping, &owned);
	}
	for (int cpu = v->seconds > 0 ? mask_next(&v->housekeeping, 0) : -1; cpu >= 0; cpu = mask_next(&v->housekeeping, cpu + 1)) {
		if (!now->cpus || !before->cpus || now->cpus->busy_ns[cpu] < 0 || before->cpus->busy_ns[cpu] < 0)
			continue;
		one = clamp_share((double)(now->cpus->busy_ns[cpu] - before->cpus->busy_ns[cpu]) / 1e9 / v->seconds);
		sum += one;
		n++;
		if (one > v->busiest_share) {
			v->busiest_share = one;
			v->busiest = cpu;
		}
	}
	if (n)
		v->busy = sum / n;
}

void top_view_make(struct top_view *v, const struct top_reading *now, const struct top_reading *before,
		   json_t *weights)
{
	*v = (struct top_view){ .seconds = now->when - before->when, .n = now->all.n };
	housekeeping_load(v, now, before);
	rank_reasons(v, now, before, weights);
	v->vms = xcalloc(v->n + 1, sizeof(*v->vms));
	for (size_t i = 0; i < v->n; i++)
		make_vm(v, &v->vms[i], now, i, before);
}

void top_view_free(struct top_view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		struct top_vm *vm = &v->vms[i];

		for (size_t j = 0; j < vm->n; j++)
			free(vm->vcpus[j].f.reasons);
		free(vm->f.reasons);
		free(vm->vcpus);
		free(vm->name);
		free(vm->error);
	}
	free(v->vms);
	strv_free(&v->reasons);
	*v = (struct top_view){ 0 };
}
