/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel modules of the hypervisors. Functions that return int: EXIT_OK, or EXIT_FAILED after a message. */
#ifndef TAXCUT_BENCH_MEASURE_MODULES_H
#define TAXCUT_BENCH_MEASURE_MODULES_H

#include <stdbool.h>

#include <jansson.h>

#include "bench/model/catalog.h"

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

#endif
