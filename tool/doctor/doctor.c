// SPDX-License-Identifier: GPL-2.0-only
/* taxcut doctor: can this host run dedicated instances, and what makes them slower? */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "cpu.h"
#include "doctor.h"
#include "host.h"
#include "host/cpus.h"
#include "host/cuts.h"
#include "host/device.h"
#include "host/qemu.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "module.h"

struct doctor_args {
	struct doctor doctor;
	bool json;
};

static const char * const verdict_names[] = {
	[CHECK_OK] = "ok",
	[CHECK_WARN] = "warn",
	[CHECK_FAIL] = "fail",
};

static const struct group {
	const char *name;
	const struct check *checks;
} groups[] = {
	{ "processor", doctor_cpu_checks },
	{ "hypervisor", doctor_module_checks },
	{ "host", doctor_host_checks },
};

static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	struct doctor_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 'd':
		args->doctor.device = arg;
		return 0;
	case 'q':
		args->doctor.qemu = arg;
		return 0;
	case 's':
		sys_set_root(arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option doctor_options[] = {
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "device", 'd', "PATH", 0, "The hypervisor's device (default: " TAXCUT_DEVICE ")", 0 },
	{ "qemu", 'q', "PROGRAM", 0, "Check this QEMU (default: " QEMU_DEFAULT ")", 0 },
	{ "sysroot", 's', "DIR", OPTION_HIDDEN, "Read /proc, /sys and /dev below DIR", 0 },
	{ 0 }
};

static void doctor_gather(struct doctor *d)
{
	d->cpuinfo = sys_read("/proc/cpuinfo");
	d->flags = d->cpuinfo ? cpuinfo_field(d->cpuinfo, "flags") : NULL;
	d->vendor = d->cpuinfo ? cpuinfo_field(d->cpuinfo, "vendor_id") : NULL;
	d->release = sys_read("/proc/sys/kernel/osrelease");
	if (!d->flags)
		d->flags = xstrdup("");
	if (!d->vendor)
		d->vendor = xstrdup("unknown");
	if (!d->release)
		d->release = xstrdup("unknown");
	d->cpus_known = host_cpus_read(&d->cpus);
}

static void doctor_forget(struct doctor *d)
{
	free(d->cpuinfo);
	free(d->flags);
	free(d->vendor);
	free(d->release);
}

static void print_finding(const struct check *c, const struct finding *f)
{
	printf("  %-4s  %-18s %s\n", verdict_names[f->verdict], c->id, f->detail);
	if (f->advice)
		printf("        %-18s -> %s\n", "", f->advice);
}

static json_t *finding_json(const char *group, const struct check *c, const struct finding *f)
{
	json_t *obj = json_pack("{s:s, s:s, s:s, s:s}", "group", group, "check", c->id,
				"result", verdict_names[f->verdict], "detail", f->detail);

	if (f->advice)
		json_object_set_new(obj, "advice", json_string(f->advice));
	return obj;
}

/* Runs every check; @count is indexed by verdict. */
static json_t *run_checks(const struct doctor_args *args, int count[3])
{
	json_t *checks = json_array();

	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		if (!args->json)
			printf("%s%s\n", g ? "\n" : "", groups[g].name);
		for (const struct check *c = groups[g].checks; c->id; c++) {
			struct finding f = c->run(&args->doctor);

			count[f.verdict]++;
			if (!args->json)
				print_finding(c, &f);
			json_array_append_new(checks, finding_json(groups[g].name, c, &f));
			free(f.detail);
			free(f.advice);
		}
	}
	return checks;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = {
		doctor_options, parse_doctor, NULL,
		"Check whether this host can run dedicated instances, and show what is missing."
		"\vExit status: 0 when no check failed, 1 when one did, 2 for wrong usage.",
		NULL, NULL, NULL
	};
	struct doctor_args args = {
		.doctor = { .device = TAXCUT_DEVICE, .qemu = QEMU_DEFAULT },
	};
	int count[3] = { 0 };
	json_t *checks;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	doctor_gather(&args.doctor);
	checks = run_checks(&args, count);
	doctor_forget(&args.doctor);
	if (args.json) {
		json_print(json_pack("{s:b, s:i, s:i, s:i, s:o, s:o}", "can_run", !count[CHECK_FAIL],
				     "ok", count[CHECK_OK], "warn", count[CHECK_WARN],
				     "fail", count[CHECK_FAIL], "checks", checks, "cuts",
				     cuts_offered(args.doctor.device)));
	} else {
		json_decref(checks);
		printf("\nThis host %s run dedicated instances: %d ok, %d to improve, %d missing.\n",
		       count[CHECK_FAIL] ? "cannot yet" : "can", count[CHECK_OK],
		       count[CHECK_WARN], count[CHECK_FAIL]);
	}
	return count[CHECK_FAIL] ? EXIT_FAILED : EXIT_OK;
}
