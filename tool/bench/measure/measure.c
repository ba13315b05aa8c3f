// SPDX-License-Identifier: GPL-2.0-only
/* Measures all configurations in each round and updates the result. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench/model/catalog.h"
#include "bench/model/plan.h"
#include "bench/model/summary.h"
#include "guest.h"
#include "host/cuts.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "measure.h"
#include "modules.h"
#include "net.h"
#include "programs.h"
#include "record.h"
#include "run.h"

/* A failed measurement is repeated once: emulators lose guests (docs/emulator-bugs.md). Failures in a row end the run. */
#define TRIES 2
#define FAILURES_MAX 3

/* struct progress - progress of the run, and the start values for the TSC frequency */
struct progress {
	double started;
	struct timespec clock;
	uint64_t tsc;
	unsigned int done;
	unsigned int total;
	unsigned int failures;
};

/* A bit for each cut that the hypervisor behind @device can switch; false after a message. */
static bool available_cuts(const char *device, unsigned int *bits, char *why[CUT_COUNT])
{
	char *path = sys_path(device);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	free(path);
	if (fd < 0) {
		fail("cannot open %s: %m", device);
		return false;
	}
	*bits = 0;
	for (unsigned int i = 0; i < CUT_COUNT; i++) {
		why[i] = cut_unavailable(i, device, fd);
		if (!why[i])
			*bits |= 1u << i;
	}
	close(fd);
	return true;
}

/* The cuts of a configuration on this hypervisor; false when it cannot be measured. Missing cuts are noted once. */
static bool choose_cuts(struct bench_run *run, size_t index, struct strv *cut_args)
{
	const struct bench_config *c = &run->part->plan.config[index];
	bool noted = run->part->noted & 1ull << index, ok;
	char *why[CUT_COUNT] = { NULL };
	unsigned int bits;

	if (!available_cuts(bench_device(c->place), &bits, why))
		return false;
	ok = bench_config_cuts(c, bits, cut_args);
	if (!ok)
		bench_note(run, "%s: skipped: %s", c->name, why[c->point]);
	for (unsigned int i = 0; i < CUT_COUNT; i++) {
		if (ok && !noted && why[i] && c->on & 1u << i)
			bench_note(run, "%s: without the cut '%s': %s", c->name, cuts[i].name, why[i]);
		free(why[i]);
	}
	run->part->skip |= ok ? 0 : 1ull << index;
	run->part->noted |= 1ull << index;
	return ok;
}

/* A measurement, or NULL: skipped, failed (after a message), or ended by a signal. */
static json_t *try_config(struct bench_run *run, size_t index)
{
	const struct bench_config *c = &run->part->plan.config[index];
	struct strv cut_args = { 0 };
	json_t *measurement = NULL;

	if (bench_modules_use(&run->modules, c->place))
		return NULL;
	if (c->place == BENCH_HOST)
		return bench_programs(run);
	if (choose_cuts(run, index, &cut_args))
		measurement = bench_guest(run, c, &cut_args);
	strv_free(&cut_args);
	return measurement;
}

static void add_measurement(struct bench_run *run, const struct bench_config *c, unsigned int round, json_t *measurement)
{
	const char *device = bench_device(c->place);

	json_object_set_new(measurement, "config", json_string(c->name));
	json_object_set_new(measurement, "round", json_integer(round));
	json_object_set_new(measurement, "vcpus", json_integer(run->part->vcpus));
	if (device)
		json_object_set_new(measurement, "device", json_string(device));
	json_array_append_new(json_object_get(run->result, "bills"), measurement);
}

/* The TSC frequency, from the TSC and the raw clock since the start: precise to a few ppm after seconds. */
static double tsc_khz(const struct progress *p)
{
	uint64_t tsc = __rdtsc() - p->tsc;
	struct timespec now;
	double s;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	s = (double)(now.tv_sec - p->clock.tv_sec) + (double)(now.tv_nsec - p->clock.tv_nsec) / 1e9;
	return s > 0.1 ? (double)tsc / s / 1e3 : 0;
}

static void update_result(struct bench_run *run, const struct progress *p, const char *file)
{
	json_t *measurements = json_object_get(run->result, "bills");
	double khz = tsc_khz(p);

	if (khz > 0)
		json_object_set_new(json_object_get(run->result, "host"), "tsc_khz", json_integer((json_int_t)khz));
	json_object_set_new(run->result, "summary", bench_summary(measurements, khz));
	if (bench_save(run->result, file))
		run->failed = true;
}

static void print_progress(const struct bench_run *run, const struct progress *p, unsigned int round, const char *config)
{
	double spent = now_s() - p->started;

	fprintf(stderr, "taxcut: %u/%u: round %u of %u, %s", p->done + 1, p->total, round + 1, run->part->rounds, config);
	if (p->done)
		fprintf(stderr, " (%.0f s, about %.0f s left)", spent, spent / p->done * (p->total - p->done));
	fputc('\n', stderr);
}

static void measure_config(struct bench_run *run, struct progress *p, unsigned int round, size_t index, const char *file)
{
	const char *name = run->part->plan.config[index].name;
	json_t *measurement = NULL;

	print_progress(run, p, round, name);
	for (int tries = TRIES; !measurement && !run->signal && !(run->part->skip & 1ull << index) && tries > 0; tries--) {
		if (tries < TRIES)
			bench_note(run, "%s, round %u: trying again", name, round + 1);
		measurement = try_config(run, index);
	}
	p->done++;
	if (measurement) {
		add_measurement(run, &run->part->plan.config[index], round, measurement);
		p->failures = 0;
	} else if (!run->signal && !(run->part->skip & 1ull << index)) {
		bench_note(run, "%s, round %u: failed", name, round + 1);
		run->failed = true;
		p->failures++;
	}
	update_result(run, p, file);
}

static void measure_part(struct bench_run *run, struct progress *p, const char *file)
{
	for (unsigned int round = 0; round < run->part->rounds; round++) {
		for (size_t i = 0; i < run->part->plan.configs && !run->signal && p->failures < FAILURES_MAX; i++) {
			if (run->part->skip & 1ull << i)
				p->done++;
			else
				measure_config(run, p, round, i, file);
		}
	}
}

void bench_measure(struct bench_run *run, const char *file)
{
	struct progress p = { .started = now_s(), .tsc = __rdtsc() };

	clock_gettime(CLOCK_MONOTONIC_RAW, &p.clock);
	for (size_t i = 0; i < run->parts_n; i++)
		p.total += run->parts[i].rounds * (unsigned int)run->parts[i].plan.configs;
	for (size_t i = 0; i < run->parts_n; i++) {
		run->part = &run->parts[i];
		if (!run->signal && bench_plan_uses(&run->part->plan, BENCH_NEEDS_NET) && bench_net_open(run))
			run->failed = true;
		else
			measure_part(run, &p, file);
		bench_net_close(run);
	}
	if (p.failures == FAILURES_MAX)
		bench_note(run, "given up after %d failures in a row", FAILURES_MAX);
	json_object_set_new(run->result, "complete", json_boolean(!run->failed && !run->signal));
	json_object_set_new(run->result, "seconds", json_integer((json_int_t)(now_s() - p.started)));
	update_result(run, &p, file);
}
