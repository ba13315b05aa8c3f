// SPDX-License-Identifier: GPL-2.0-only
/* taxcut run: options, and the steps from them to a running instance. */
#include <argp.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "host/cuts.h"
#include "host/device.h"
#include "host/instance.h"
#include "host/qemu.h"
#include "lib/cpulist.h"
#include "lib/util.h"
#include "plan.h"
#include "qemu_args.h"
#include "run.h"
#include "supervise.h"
#include "usage.h"

#define MEMORY_DEFAULT (1ull << 30)

/* Options without a short form. */
enum {
	OPT_INITRD = 0x100,
	OPT_APPEND,
	OPT_DISK,
	OPT_DRIVE,
	OPT_NET,
	OPT_SHARE,
	OPT_CONSOLE,
	OPT_NO_REBOOT,
	OPT_CPUS,
	OPT_VCPUS,
	OPT_HOUSEKEEPING,
	OPT_HUGEPAGES,
	OPT_LOCK,
	OPT_CORES,
	OPT_CUT,
	OPT_IRQCHIP,
	OPT_CPU,
	OPT_DEVICE,
	OPT_QEMU,
	OPT_QMP,
	OPT_DRY_RUN,
	OPT_JSON,
};

static const struct argp_option run_options[] = {
	{ NULL, 0, NULL, 0, "Boot:", 1 },
	{ "kernel", 'k', "FILE", 0, "Linux kernel image", 0 },
	{ "initrd", OPT_INITRD, "FILE", 0, "Initial RAM disk", 0 },
	{ "append", OPT_APPEND, "TEXT", 0, "Kernel command line (default: console=ttyS0)", 0 },
	{ "disk", OPT_DISK, "IMAGE[,KEY=VALUE]", 0, "First disk of the guest; the firmware boots from it", 0 },
	{ NULL, 0, NULL, 0, "CPUs:", 2 },
	{ "cpus", OPT_CPUS, "LIST", 0, "Physical CPUs, one per vCPU, in vCPU order (default: free isolated CPUs; none: do not pin)", 0 },
	{ "cores", OPT_CORES, "pinned|owned", 0, "owned: the CPUs leave Linux while the instance runs; needs root (default: pinned)", 0 },
	{ "vcpus", OPT_VCPUS, "N", 0, "Number of vCPUs (default: one per CPU)", 0 },
	{ "housekeeping", OPT_HOUSEKEEPING, "LIST", 0, "CPUs for QEMU's other threads (default: all CPUs that are neither isolated nor owned)", 0 },
	{ "cut", OPT_CUT, "NAME=on|off", 0, "Switch a cut: ipi, exits, hint, timer-advance, halt-poll, guest-poll, timer, pv-eoi, pv-tlb-flush, sched-yield, pv-unhalt, steal-time", 0 },
	{ "cpu", OPT_CPU, "PROPERTIES", 0, "More properties for QEMU's `-cpu host'", 0 },
	{ NULL, 0, NULL, 0, "Memory:", 3 },
	{ "mem", 'm', "SIZE", 0, "Guest memory, in MiB or with K, M, G, T (default: 1G)", 0 },
	{ "hugepages", OPT_HUGEPAGES, "2M|1G", 0, "Take guest memory from reserved huge pages", 0 },
	{ "lock", OPT_LOCK, NULL, 0, "Lock QEMU's own memory too", 0 },
	{ NULL, 0, NULL, 0, "Devices:", 4 },
	{ "drive", OPT_DRIVE, "IMAGE[,KEY=VALUE]", 0, "virtio disk with its own I/O thread; keys as QEMU's -drive (format=, readonly, cache=)", 0 },
	{ "net", OPT_NET, "user|tap=IF|none", 0, "virtio network card (default: none)", 0 },
	{ "share", OPT_SHARE, "DIR", 0, "Directory shared over 9p, mount tag `share'", 0 },
	{ "console", OPT_CONSOLE, "stdio|none|FILE", 0, "Serial console (default: stdio; Ctrl-a x ends, Ctrl-a c is QEMU's monitor)", 0 },
	{ NULL, 0, NULL, 0, "Machine:", 5 },
	{ "machine", 'M', "microvm|q35", 0, "Machine type (default: microvm with --kernel, else q35)", 0 },
	{ "irqchip", OPT_IRQCHIP, "split|on", 0, "Interrupt controllers in the kernel: LAPIC only, or all (default: split)", 0 },
	{ "no-reboot", OPT_NO_REBOOT, NULL, 0, "Exit when the guest reboots", 0 },
	{ NULL, 0, NULL, 0, "Running:", 6 },
	{ "name", 'n', "NAME", 0, "Name of the instance (default: vmPID)", 0 },
	{ "device", OPT_DEVICE, "PATH", 0, "Hypervisor device (default: " TAXCUT_DEVICE "; /dev/kvm for comparison)", 0 },
	{ "qemu", OPT_QEMU, "PROGRAM", 0, "QEMU to start (default: " QEMU_DEFAULT ")", 0 },
	{ "qmp", OPT_QMP, "PATH", 0, "One more QMP socket, for your own use", 0 },
	{ "quiet", 'q', NULL, 0, "Do not print where the threads run and which module parameters change", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Check everything, print QEMU's command line, print which module parameters would change, and start nothing", 0 },
	{ "json", OPT_JSON, NULL, 0, "With --dry-run: print the plan as JSON", 0 },
	{ 0 }
};

static const char run_doc[] =
	"Start an unmodified QEMU as a dedicated instance: each vCPU is pinned to a CPU of its own, "
	"all other threads run on other CPUs."
	"\vSIGINT and SIGTERM ask the guest to power off; a second one ends QEMU at once. "
	"Exit status: that of QEMU; 128+N when signal N ended QEMU; 1 when the instance did not start, 2 for wrong usage.";

static void one_of(struct argp_state *state, const char *option, const char *arg,
		   const char *a, const char *b)
{
	if (strcmp(arg, a) && strcmp(arg, b))
		argp_error(state, "--%s is %s or %s, not '%s'", option, a, b, arg);
}

/* The kernel's rules for interface names. A comma would end the name on QEMU's command line. */
static bool interface_name_ok(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/:, \t\n\v\f\r");
}

static void parse_net(struct argp_state *state, const char *arg)
{
	bool tap = !strncmp(arg, "tap=", 4);

	if (strcmp(arg, "user") && strcmp(arg, "none") && !tap)
		argp_error(state, "--net is user, tap=IF or none, not '%s'", arg);
	if (tap && !interface_name_ok(arg + 4))
		argp_error(state, "--net: '%s' cannot be the name of an interface", arg + 4);
}

static error_t parse_hardware(int key, char *arg, struct argp_state *state)
{
	struct run_plan *plan = state->input;
	char *why;

	switch (key) {
	case OPT_CPUS:
		plan->cpus_arg = arg;
		return 0;
	case OPT_VCPUS:
		if (!parse_u64(arg, &plan->vcpus) || !plan->vcpus || plan->vcpus > CPU_LIMIT)
			argp_error(state, "--vcpus takes a number from 1, not '%s'", arg);
		return 0;
	case OPT_CORES:
		one_of(state, "cores", arg, "pinned", "owned");
		plan->own_cores = !strcmp(arg, "owned");
		return 0;
	case OPT_HOUSEKEEPING:
		plan->housekeeping_arg = arg;
		return 0;
	case OPT_CUT:
		if (!cut_parse(arg, plan->cuts, &why))
			argp_error(state, "%s", why);
		return 0;
	case OPT_CPU:
		plan->cpu_properties = arg;
		return 0;
	case 'm':
		if (!parse_mem(arg, &plan->memory))
			argp_error(state, "--mem takes a size such as 512M or 4G, not '%s'", arg);
		return 0;
	case OPT_HUGEPAGES:
		one_of(state, "hugepages", arg, "2M", "1G");
		parse_mem(arg, &plan->hugepage);
		return 0;
	case OPT_LOCK:
		plan->lock_memory = true;
		return 0;
	case OPT_IRQCHIP:
		one_of(state, "irqchip", arg, "split", "on");
		plan->irqchip = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_software(int key, char *arg, struct argp_state *state)
{
	struct run_plan *plan = state->input;

	switch (key) {
	case 'k':
		plan->kernel = arg;
		return 0;
	case OPT_INITRD:
		plan->initrd = arg;
		return 0;
	case OPT_APPEND:
		plan->append = arg;
		return 0;
	case OPT_DISK:
		plan->disk = arg;
		return 0;
	case OPT_DRIVE:
		strv_add(&plan->drives, arg);
		return 0;
	case OPT_NET:
		parse_net(state, arg);
		plan->net = arg;
		return 0;
	case OPT_SHARE:
		plan->share = arg;
		return 0;
	case OPT_CONSOLE:
		plan->console = arg;
		return 0;
	case 'M':
		one_of(state, "machine", arg, "microvm", "q35");
		plan->machine = arg;
		return 0;
	default:
		return parse_hardware(key, arg, state);
	}
}

/* Checks which options go together; run_usage() checks their values. */
static void check_options(struct argp_state *state, const struct run_plan *plan)
{
	if (!plan->kernel && !plan->disk)
		argp_error(state, "nothing to boot: give --kernel FILE or --disk IMAGE");
	if (!plan->kernel && (plan->initrd || plan->append))
		argp_error(state, "--initrd and --append go with --kernel");
	if (!plan->kernel && plan->machine && !strcmp(plan->machine, "microvm"))
		argp_error(state, "a microvm boots a kernel: give --kernel, or --machine q35");
	if (plan->json && !plan->dry_run)
		argp_error(state, "--json goes with --dry-run");
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct run_plan *plan = state->input;

	switch (key) {
	case 'n':
		plan->name = arg;
		return 0;
	case OPT_NO_REBOOT:
		plan->no_reboot = true;
		return 0;
	case OPT_DEVICE:
		plan->device = arg;
		return 0;
	case OPT_QEMU:
		plan->qemu = arg;
		return 0;
	case OPT_QMP:
		plan->qmp = arg;
		return 0;
	case 'q':
		plan->quiet = true;
		return 0;
	case OPT_DRY_RUN:
		plan->dry_run = true;
		return 0;
	case OPT_JSON:
		plan->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!state->quoted || state->next <= state->quoted)
			argp_error(state, "unexpected argument '%s' (QEMU's own options follow --)", arg);
		strv_add(&plan->extra, arg);
		return 0;
	case ARGP_KEY_END:
		check_options(state, plan);
		return 0;
	default:
		return parse_software(key, arg, state);
	}
}

static void print_plan(const struct run_plan *plan, const struct strv *argv, const struct cut_changes *changes)
{
	char *word;

	if (plan->json) {
		json_print(json_pack("{s:s, s:s, s:s, s:I, s:o, s:s, s:o, s:o, s:o, s:o}",
				     "name", plan->name, "device", plan->device,
				     "machine", plan->machine,
				     "memory", (json_int_t)plan->memory,
				     "cpus", cpulist_json(&plan->cpus),
				     "cores", plan->own_cores ? "owned" : "pinned",
				     "housekeeping", mask_json(&plan->housekeeping),
				     "cuts", cuts_json(plan->cuts),
				     "parameters", cuts_changes_json(changes), "argv", strv_json(argv)));
		return;
	}
	if (!plan->quiet)
		cuts_print_changes(changes);
	for (size_t i = 0; i < argv->n; i++) {
		word = shell_quote(argv->v[i]);
		printf("%s%s", i ? " " : "", word);
		free(word);
	}
	putchar('\n');
}

/* Takes the run directory's lock. A descriptor, or a negative number after a message. */
static int lock_directory(void)
{
	int lock = run_lock();
	char *dir;

	if (lock >= 0)
		return lock;
	dir = run_dir();
	fail("cannot use the run directory %s: %s", dir, strerror(-lock));
	hint("run as root, or set XDG_RUNTIME_DIR or TAXCUT_RUN_DIR to a directory that you can write");
	free(dir);
	return lock;
}

static int run_plan_start(struct run_plan *plan)
{
	struct cut_changes changes = { .n = 0 };
	struct strv argv = { 0 };
	int lock = -1, ret;

	if (!plan->dry_run) {
		lock = lock_directory();
		if (lock < 0)
			return EXIT_FAILED;
	}
	ret = run_check(plan);
	if (!ret)
		ret = cuts_changes(plan->cuts, plan->device, &changes);
	if (!ret && !plan->dry_run)
		ret = cuts_apply(&changes, plan->quiet);
	if (!ret) {
		run_qemu_args(plan, &argv);
		if (plan->dry_run)
			print_plan(plan, &argv, &changes);
		else
			ret = run_supervise(plan, argv.v, lock);
	} else if (lock >= 0) {
		close(lock);
	}
	cuts_changes_free(&changes);
	strv_free(&argv);
	return ret;
}

int cmd_run(int argc, char **argv)
{
	static const struct argp argp = {
		run_options, parse_run, "[-- QEMU-OPTION...]", run_doc, NULL, NULL, NULL
	};
	static struct run_plan plan = {
		.qemu = QEMU_DEFAULT, .device = TAXCUT_DEVICE, .irqchip = "split",
		.net = "none", .console = "stdio", .memory = MEMORY_DEFAULT,
	};
	char *name = xasprintf("vm%d", (int)getpid());
	int ret;

	plan.name = name;
	argp_parse(&argp, argc, argv, 0, NULL, &plan);
	if (!plan.machine)
		plan.machine = plan.kernel ? "microvm" : "q35";
	ret = run_usage(&plan);
	if (!ret)
		ret = run_plan_start(&plan);
	strv_free(&plan.drives);
	strv_free(&plan.extra);
	free(name);
	return ret;
}
