// SPDX-License-Identifier: GPL-2.0-only
/* taxcut bench: options, and the checks before a measurement. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "bench/measure/measure.h"
#include "bench/measure/modules.h"
#include "bench/measure/net.h"
#include "bench/measure/record.h"
#include "bench/measure/run.h"
#include "bench/measure/wait.h"
#include "bench/model/catalog.h"
#include "bench/model/names.h"
#include "bench/model/plan.h"
#include "bench/model/result.h"
#include "bench/report/report.h"
#include "host/device.h"
#include "host/instance.h"
#include "host/qemu.h"
#include "lib/cpulist.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "run/check.h"
#include "run/plan.h"
#include "run/usage.h"

#define TIMEOUT_DEFAULT 180

/* struct bench_args - the command line */
struct bench_args {
	struct bench_run run;
	const char *sets;
	const char *configs;
	const char *work;
	unsigned int vcpus;
	unsigned int rounds;
	const char *module;
	const char *output;
	char *programs;
	bool quick;
	bool json;
	bool list;
};

enum {
	OPT_SET = 0x100,
	OPT_CONFIG,
	OPT_WORK,
	OPT_ROUNDS,
	OPT_QUICK,
	OPT_VCPUS,
	OPT_CPUS,
	OPT_HOUSEKEEPING,
	OPT_INITRD,
	OPT_TOOLS_INITRD,
	OPT_PROGRAMS,
	OPT_WORK_MODULE,
	OPT_MODULE,
	OPT_APPEND,
	OPT_QEMU,
	OPT_TIMEOUT,
	OPT_JSON,
	OPT_LIST,
};

static const struct argp_option bench_options[] = {
	{ NULL, 0, NULL, 0, "Measurement:", 1 },
	{ "set", OPT_SET, "NAME,...", 0, "Sets of configurations and work, measured in order (default: cuts)", 0 },
	{ "config", OPT_CONFIG, "NAME,...", 0, "Configurations instead of the set's; kvm:NAME has the cuts of NAME on stock KVM", 0 },
	{ "work", OPT_WORK, "NAME[:COUNT],...", 0, "Work instead of the set's", 0 },
	{ "rounds", OPT_ROUNDS, "N", 0, "Number of rounds, each with all configurations (default: the set's)", 0 },
	{ "quick", OPT_QUICK, NULL, 0, "One round with a tenth of the work: a test that everything runs", 0 },
	{ "list", OPT_LIST, NULL, 0, "List sets, configurations and work", 0 },
	{ NULL, 0, NULL, 0, "Machine and guest:", 2 },
	{ "vcpus", OPT_VCPUS, "N", 0, "Number of vCPUs (default: the set's)", 0 },
	{ "cpus", OPT_CPUS, "LIST", 0, "Physical CPUs, one per vCPU (default: the first isolated CPUs)", 0 },
	{ "housekeeping", OPT_HOUSEKEEPING, "LIST", 0, "CPUs for QEMU's other threads (default: all CPUs that are neither isolated nor in --cpus)", 0 },
	{ "kernel", 'k', "FILE", 0, "The guest's kernel", 0 },
	{ "initrd", OPT_INITRD, "FILE", 0, "The guest's initrd, with the workload scenario", 0 },
	{ "tools-initrd", OPT_TOOLS_INITRD, "FILE", 0, "The initrd for work that needs standard tools (default: --initrd)", 0 },
	{ "programs", OPT_PROGRAMS, "DIR", 0, "The guest's programs, for the configuration host (default: the directory bin next to the initrd)", 0 },
	{ "work-module", OPT_WORK_MODULE, "FILE", 0, "taxcut_work.ko, for work on the host that needs it (default: skip such work)", 0 },
	{ "module", OPT_MODULE, "FILE", 0, "taxcut.ko (default: the installed module)", 0 },
	{ "append", OPT_APPEND, "TEXT", 0, "Appended to the kernel command line of every guest", 0 },
	{ "qemu", OPT_QEMU, "PROGRAM", 0, "QEMU to start (default: " QEMU_DEFAULT ")", 0 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0, "Limit of a guest's silence, beyond the duration of its work (default: 180)", 0 },
	{ NULL, 0, NULL, 0, "Output:", 3 },
	{ "output", 'o', "DIR", 0, "Directory for the results (default: taxcut-bench-DATE)", 0 },
	{ "json", OPT_JSON, NULL, 0, "Print the result as JSON", 0 },
	{ 0 }
};

static const char bench_doc[] =
	"Run the same work on stock KVM, on taxcut with each cut and with all cuts, and on the host, "
	"and show the cost of each: exits by reason, latency, CPU time."
	"\v`taxcut bench report DIR|FILE' shows saved results.\n"
	"SIGINT, SIGTERM and SIGHUP end the run; the measurements so far are saved and shown, modules and their "
	"parameters are restored. Exit status: 0; 1 when a measurement failed; 2 for wrong usage; "
	"128+N when signal N ended it.";

static unsigned int parse_number(struct argp_state *state, const char *option, const char *arg, unsigned int max)
{
	uint64_t n;

	if (!parse_u64(arg, &n) || !n || n > max)
		argp_error(state, "--%s takes a number from 1 to %u, not '%s'", option, max, arg);
	return (unsigned int)n;
}

static error_t parse_place(int key, char *arg, struct argp_state *state)
{
	struct bench_args *args = state->input;

	switch (key) {
	case OPT_VCPUS:
		args->vcpus = parse_number(state, "vcpus", arg, CPU_LIMIT);
		return 0;
	case OPT_CPUS:
		args->run.cpus_arg = arg;
		return 0;
	case OPT_HOUSEKEEPING:
		args->run.housekeeping_arg = arg;
		return 0;
	case 'k':
		args->run.kernel = arg;
		return 0;
	case OPT_INITRD:
		args->run.initrd = arg;
		return 0;
	case OPT_TOOLS_INITRD:
		args->run.tools_initrd = arg;
		return 0;
	case OPT_PROGRAMS:
		args->run.programs = arg;
		return 0;
	case OPT_WORK_MODULE:
		args->run.work_module = arg;
		return 0;
	case OPT_MODULE:
		args->module = arg;
		return 0;
	case OPT_QEMU:
		args->run.qemu = arg;
		return 0;
	case OPT_APPEND:
		args->run.append = arg;
		return 0;
	case OPT_TIMEOUT:
		args->run.timeout = (int)parse_number(state, "timeout", arg, 86400);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void complete_plan(struct argp_state *state, struct bench_args *args);

static error_t parse_bench(int key, char *arg, struct argp_state *state)
{
	struct bench_args *args = state->input;

	switch (key) {
	case OPT_SET:
		args->sets = arg;
		return 0;
	case OPT_CONFIG:
		args->configs = arg;
		return 0;
	case OPT_WORK:
		args->work = arg;
		return 0;
	case OPT_ROUNDS:
		args->rounds = parse_number(state, "rounds", arg, BENCH_ROUNDS_MAX);
		return 0;
	case OPT_QUICK:
		args->quick = true;
		return 0;
	case OPT_LIST:
		args->list = true;
		return 0;
	case 'o':
		args->output = arg;
		return 0;
	case OPT_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	case ARGP_KEY_END:
		complete_plan(state, args);
		return 0;
	default:
		return parse_place(key, arg, state);
	}
}

/* Adds a part: a set, with the options that replace parts of it. */
static void add_part(struct argp_state *state, struct bench_args *args, const struct bench_set *set)
{
	struct bench_part *part = &args->run.parts[args->run.parts_n++];
	unsigned int needed;
	char *why;

	part->set = set;
	part->vcpus = args->vcpus ? args->vcpus : set->vcpus;
	part->rounds = args->rounds ? args->rounds : args->quick ? 1 : set->rounds;
	if (!bench_plan_configs(&part->plan, args->configs ? args->configs : set->configs, &why) ||
	    !bench_plan_work(&part->plan, args->work ? args->work : set->work, &why))
		argp_error(state, "%s", why);
	if (args->quick)
		bench_plan_quick(&part->plan);
	needed = bench_plan_vcpus(&part->plan);
	if (needed > part->vcpus)
		argp_error(state, "this work needs %u vCPUs: --vcpus %u", needed, needed);
}

static void complete_plan(struct argp_state *state, struct bench_args *args)
{
	char *sets = xstrdup(args->sets ? args->sets : bench_sets[0].name), *rest = sets, *name;
	const struct bench_set *set;

	while ((name = strsep(&rest, ","))) {
		set = bench_find_set(name);
		if (!set)
			argp_error(state, "there is no set '%s'; --list shows all", name);
		else if (args->run.parts_n == BENCH_PARTS_MAX)
			argp_error(state, "more than %d sets", BENCH_PARTS_MAX);
		else
			add_part(state, args, set);
	}
	if (args->run.parts_n > 1 && (args->configs || args->work))
		argp_error(state, "--config and --work go with one set only");
	free(sets);
}

static json_t *list_json(void)
{
	json_t *sets = json_array(), *configs = json_array(), *works = json_array();

	for (size_t i = 0; i < bench_sets_n; i++) {
		const struct bench_set *s = &bench_sets[i];

		json_array_append_new(sets, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "name", s->name, "about",
						      s->summary, "configs", s->configs, "work", s->work, "vcpus",
						      (int)s->vcpus, "rounds", (int)s->rounds));
	}
	for (size_t i = 0; i < bench_configs_n; i++)
		json_array_append_new(configs, json_pack("{s:s, s:s}", "name", bench_configs[i].name, "about",
							 bench_config_name(bench_configs[i].name).about));
	for (size_t i = 0; i < bench_works_n; i++)
		json_array_append_new(works, json_pack("{s:s, s:s, s:i, s:i}", "name", bench_works[i].name, "about",
						       bench_work_name(bench_works[i].name).title, "count",
						       (int)bench_works[i].count, "vcpus", (int)bench_works[i].vcpus));
	return json_pack("{s:o, s:o, s:o}", "sets", sets, "configs", configs, "works", works);
}

static void print_list(bool json)
{
	if (json) {
		json_print(list_json());
		return;
	}
	puts("Sets:");
	for (size_t i = 0; i < bench_sets_n; i++)
		printf("  %-15s %s (%u vCPUs, %u rounds)\n%18s%s\n%18s%s\n", bench_sets[i].name, bench_sets[i].summary,
		       bench_sets[i].vcpus, bench_sets[i].rounds, "", bench_sets[i].configs, "", bench_sets[i].work);
	puts("Configurations:");
	for (size_t i = 0; i < bench_configs_n; i++)
		printf("  %-15s %s\n", bench_configs[i].name, bench_config_name(bench_configs[i].name).about);
	puts("Work:");
	for (size_t i = 0; i < bench_works_n; i++)
		printf("  %-15s %s, per %s\n", bench_works[i].name, bench_work_name(bench_works[i].name).title,
		       bench_work_name(bench_works[i].name).event);
}

static bool any_part_needs(const struct bench_run *run, enum bench_place place)
{
	for (size_t i = 0; i < run->parts_n; i++)
		if (bench_plan_needs(&run->parts[i].plan, place))
			return true;
	return false;
}

static bool any_part_needs_guests(const struct bench_run *run)
{
	return any_part_needs(run, BENCH_KVM) || any_part_needs(run, BENCH_TAXCUT);
}

static unsigned int most_vcpus(const struct bench_run *run)
{
	unsigned int most = 0;

	for (size_t i = 0; i < run->parts_n; i++)
		if (run->parts[i].vcpus > most)
			most = run->parts[i].vcpus;
	return most;
}

static int check_images(const struct bench_run *run)
{
	if (run->work_module && access(run->work_module, R_OK))
		return fail("module '%s': %m", run->work_module);
	if (run->tools_initrd && access(run->tools_initrd, R_OK))
		return fail("initrd '%s': %m", run->tools_initrd);
	return EXIT_OK;
}

static int check_qemu(const struct bench_run *run)
{
	char *version = any_part_needs_guests(run) ? qemu_version(run->qemu, NULL) : xstrdup("");

	if (!version) {
		fail("%s does not run", run->qemu);
		hint("install QEMU 8.2 or newer (Debian: qemu-system-x86), or give its path with --qemu");
		return EXIT_FAILED;
	}
	free(version);
	return EXIT_OK;
}

/* The plan of the largest guest: the checks of `taxcut run` check its options and choose its CPUs. */
static void plan_guest(const struct bench_run *run, struct run_plan *plan)
{
	*plan = (struct run_plan){ .name = "bench", .device = TAXCUT_DEVICE, .machine = "microvm", .irqchip = "split",
				   .kernel = run->kernel, .initrd = run->initrd, .net = "none", .console = "stdio",
				   .cpus_arg = run->cpus_arg, .housekeeping_arg = run->housekeeping_arg,
				   .vcpus = most_vcpus(run), .memory = 512u << 20 };
}

/* Errors that need no look at the machine: EXIT_OK, or EXIT_USAGE after a message. */
static int check_usage(const struct bench_run *run, struct run_plan *plan)
{
	if (any_part_needs_guests(run) && (!run->kernel || !run->initrd)) {
		usage_error("--kernel and --initrd are missing");
		hint("`make guest' builds both: build/guest/vmlinuz-13 and build/guest/initrd-13.img");
		return EXIT_USAGE;
	}
	if (!run_pinned(plan))
		return usage_error("--cpus none: a measurement needs CPUs of its own");
	return run_usage(plan);
}

static int check_cpus(struct bench_run *run, struct run_plan *plan)
{
	int ret = run_check_place(plan);

	run->cpus = plan->cpus;
	cpulist_mask(&plan->cpus, &run->isolated);
	run->housekeeping = plan->housekeeping;
	return ret;
}

static int check_program(const struct bench_run *run, const char *name)
{
	char *file = xasprintf("%s/%s", run->programs, name);
	int ret = EXIT_OK;

	if (access(file, X_OK)) {
		ret = fail("program '%s', for the configuration host: %m", file);
		hint("give their directory with --programs (make guest: build/guest/bin), or choose configurations without host with --config");
	}
	free(file);
	return ret;
}

static int check_programs(struct bench_args *args)
{
	struct bench_run *run = &args->run;
	const char *slash = run->initrd ? strrchr(run->initrd, '/') : NULL;
	int ret = EXIT_OK;

	if (!run->programs) {
		args->programs = slash ? xasprintf("%.*s/bin", (int)(slash - run->initrd), run->initrd) : xstrdup("bin");
		run->programs = args->programs;
	}
	for (size_t p = 0; p < run->parts_n; p++) {
		const struct bench_plan *plan = &run->parts[p].plan;

		if (!bench_plan_needs(plan, BENCH_HOST))
			continue;
		for (size_t i = 0; !ret && i < plan->items; i++)
			ret = check_program(run, plan->item[i].work->name);
	}
	return ret;
}

static int check_idle(void)
{
	struct instances all;
	int ret = EXIT_OK;

	instances_read(&all);
	if (all.n) {
		ret = fail("an instance is running: %s (pid %d)", all.v[0]->name, (int)all.v[0]->pid);
		hint("stop it: a measurement needs an idle machine, and loads and unloads hypervisors");
	}
	instances_free(&all);
	return ret;
}

/* Detects the lab's emulators: QEMU by its CPU model, Bochs by its firmware. */
static bool is_emulated(const char *cpu_model)
{
	char *firmware = sys_read("/sys/class/dmi/id/bios_vendor");
	bool emulated = (cpu_model && strstr(cpu_model, "QEMU TCG")) || (firmware && strstr(firmware, "Bochs"));

	free(firmware);
	return emulated;
}

static json_t *host_json(const struct bench_run *run)
{
	char *cpuinfo = sys_read("/proc/cpuinfo"), *kernel = sys_read("/proc/sys/kernel/osrelease");
	char *model = cpuinfo ? cpuinfo_field(cpuinfo, "model name") : NULL;
	json_t *host = json_pack("{s:s, s:s, s:b, s:o, s:o}", "cpu", model ? model : "unknown",
				 "kernel", kernel ? kernel : "unknown",
				 "emulated", is_emulated(model),
				 "cpus", cpulist_json(&run->cpus), "housekeeping", mask_json(&run->housekeeping));

	free(model);
	free(kernel);
	free(cpuinfo);
	return host;
}

static json_t *new_result(const struct bench_run *run)
{
	json_t *sets = json_array();
	unsigned int rounds = 0;
	time_t now = time(NULL);
	char date[32];
	struct tm tm;

	for (size_t i = 0; i < run->parts_n; i++) {
		json_array_append_new(sets, json_string(run->parts[i].set->name));
		rounds = run->parts[i].rounds > rounds ? run->parts[i].rounds : rounds;
	}
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return json_pack("{s:s, s:b, s:s, s:o, s:i, s:o, s:[], s:[], s:[]}", "format", BENCH_FORMAT, "complete", 0,
			 "date", date, "sets", sets, "rounds", (int)rounds, "host", host_json(run), "bills", "summary",
			 "notes");
}

/* Creates the directory for the results unless it exists; the caller frees the name. NULL after a message. */
static char *make_dir(const char *wanted)
{
	time_t now = time(NULL);
	char date[32], *dir;
	struct stat st;
	struct tm tm;

	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	dir = wanted ? xstrdup(wanted) : xasprintf("taxcut-bench-%s", date);
	if ((!mkdir(dir, 0755) || errno == EEXIST) && !stat(dir, &st) && S_ISDIR(st.st_mode) && !access(dir, W_OK))
		return dir;
	fail("cannot write results to '%s': %s", dir, strerror(errno ? errno : ENOTDIR));
	free(dir);
	return NULL;
}

static int measure_all(struct bench_args *args, const char *dir)
{
	struct bench_run *run = &args->run;
	char *file = xasprintf("%s/result.json", dir), *page = xasprintf("%s/report.html", dir);
	int ret = EXIT_FAILED, closed;

	run->result = new_result(run);
	if (bench_signals_open(run) && !bench_save(run->result, file)) {
		bench_measure(run, file);
		closed = bench_modules_close(&run->modules);
		bench_signals_close(run);
		if (run->signal)
			info("ended by signal %d (%s); the measurements so far are in %s", run->signal, strsignal(run->signal),
			    file);
		else
			info("results are in %s, the report is in %s", file, page);
		ret = bench_write_html(run->result, page);
		if (!ret)
			ret = bench_show(run->result, args->json ? BENCH_JSON : BENCH_TABLE);
		ret = run->signal ? 128 + run->signal : run->failed || closed ? EXIT_FAILED : ret;
	}
	json_decref(run->result);
	free(page);
	free(file);
	return ret;
}

static int check_tracing(const struct bench_run *run)
{
	if (!any_part_needs(run, BENCH_KVM) || !geteuid())
		return EXIT_OK;
	fail("counting stock KVM's exits by reason needs its tracepoint, which needs root");
	hint("run as root, or choose configurations without stock KVM with --config");
	return EXIT_FAILED;
}

static int check_net(const struct bench_run *run)
{
	for (size_t i = 0; i < run->parts_n; i++)
		if (bench_plan_uses(&run->parts[i].plan, BENCH_NEEDS_NET))
			return bench_net_check();
	return EXIT_OK;
}

static int check_all(struct bench_args *args)
{
	struct bench_run *run = &args->run;
	static struct run_plan guest;
	int ret;

	plan_guest(run, &guest);
	ret = check_usage(run, &guest);
	if (!ret)
		ret = check_images(run);
	if (!ret)
		ret = check_tracing(run);
	if (!ret)
		ret = check_net(run);
	if (!ret)
		ret = check_idle();
	if (!ret)
		ret = check_cpus(run, &guest);
	if (!ret)
		ret = check_programs(args);
	if (!ret) {
		bench_modules_open(&run->modules, args->module);
		ret = bench_modules_check(&run->modules, any_part_needs(run, BENCH_KVM), any_part_needs(run, BENCH_TAXCUT));
	}
	return ret ? ret : check_qemu(run);
}

int cmd_bench(int argc, char **argv)
{
	static const struct argp argp = { bench_options, parse_bench, "\nreport DIR|FILE", bench_doc, NULL, NULL, NULL };
	static struct bench_args args = { .run = { .qemu = QEMU_DEFAULT, .timeout = TIMEOUT_DEFAULT } };
	char *dir;
	int ret;

	if (argc > 1 && !strcmp(argv[1], "report"))
		return bench_report(argc - 1, argv + 1);
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (args.list) {
		print_list(args.json);
		return EXIT_OK;
	}
	ret = check_all(&args);
	if (ret)
		return ret;
	dir = make_dir(args.output);
	if (!dir)
		return EXIT_FAILED;
	ret = measure_all(&args, dir);
	for (size_t i = 0; i < args.run.parts_n; i++)
		bench_plan_free(&args.run.parts[i].plan);
	free(args.programs);
	free(dir);
	return ret;
}
