/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel modules of the hypervisors. Functions that return int: EXIT_OK, or EXIT_FAILED after a message. */
#ifndef TAXCUT_BENCH_MEASURE_MODULES_H
#define TAXCUT_BENCH_MEASURE_MODULES_H

#include <stdbool.h>

#include <jansson.h>

#include "bench/model/catalog.h"

/*
 * struct bench_module - the initial state of a kernel module
 * @params: object, name to {"value", "writable"}; NULL until the module was loaded once
 */
struct bench_module {
	const char *name;
	bool was_loaded;
	json_t *params;
};

/*
 * struct bench_modules - the hypervisors' modules
 * @file: taxcut.ko, or NULL for modprobe
 * @work_loaded: this program has loaded taxcut_work.ko
 */
struct bench_modules {
	struct bench_module taxcut;
	struct bench_module kvm;
	struct bench_module vendor;
	const char *file;
	bool work_loaded;
};

/* Records which modules are loaded, and their parameters. */
void bench_modules_open(struct bench_modules *m, const char *file);
/* Can all hypervisors that the plan needs be loaded? Changes nothing. */
int bench_modules_check(const struct bench_modules *m, bool needs_kvm, bool needs_taxcut);
/* Loads the hypervisor of @place and restores the initial parameters of its module. */
int bench_modules_use(struct bench_modules *m, enum bench_place place);
/* Loads taxcut_work.ko from @file unless it is loaded. */
int bench_modules_work(struct bench_modules *m, const char *file);
/* Restores the initial state of all modules. */
int bench_modules_close(struct bench_modules *m);
/* The device node of @place, or NULL for the host. */
const char *bench_device(enum bench_place place);

#endif
