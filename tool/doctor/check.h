/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of `taxcut doctor`: one function each, in three tables (cpu.h, module.h, host.h). */
#ifndef TAXCUT_DOCTOR_CHECK_H
#define TAXCUT_DOCTOR_CHECK_H

#include <stdbool.h>

#include "host/cpus.h"
#include "lib/util.h"

enum verdict {
	CHECK_OK,	/* nothing to do */
	CHECK_WARN,	/* instances run, at a cost or a risk; or the check has no result */
	CHECK_FAIL,	/* instances do not run */
};

/*
 * struct doctor - input of the checks
 * @flags: the "flags" line of /proc/cpuinfo, never NULL
 * @vendor: "AuthenticAMD", ..., never NULL
 * @device: the hypervisor's device node
 * @qemu: the QEMU program
 */
struct doctor {
	char *cpuinfo;
	char *flags;
	char *vendor;
	char *release;
	const char *device;
	const char *qemu;
	struct host_cpus cpus;
	bool cpus_known;
};

/* The result of a check; @detail and @advice are owned, @advice may be NULL. */
struct finding {
	enum verdict verdict;
	char *detail;
	char *advice;
};

struct check {
	const char *id;
	struct finding (*run)(const struct doctor *d);
};

struct finding found(enum verdict verdict, char *detail, char *advice);
/* CHECK_OK with a formatted detail and no advice. */
struct finding found_ok(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
