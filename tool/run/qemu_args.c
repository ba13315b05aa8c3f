// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's command line for a checked plan. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drive.h"
#include "host/cuts.h"
#include "host/instance.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "plan.h"
#include "qemu_args.h"

/* QEMU's option parser reads ",," as a comma. */
static char *escape_commas(const char *s)
{
	char *out = xcalloc(2, strlen(s) + 1), *p = out;

	for (; *s; s++) {
		*p++ = *s;
		if (*s == ',')
			*p++ = ',';
	}
	return out;
}

/* The first bytes of a QCOW2 image (QEMU docs, interop/qcow2). */
static const char *probe_format(const char *file)
{
	FILE *f = fopen(file, "re");
	char magic[4] = "";
	size_t n = f ? fread(magic, 1, sizeof(magic), f) : 0;

	if (f)
		fclose(f);
	return n == sizeof(magic) && !memcmp(magic, "QFI\xfb", 4) ? "qcow2" : "raw";
}

static bool is_microvm(const struct run_plan *plan)
{
	return !strcmp(plan->machine, "microvm");
}

/* virtio devices use MMIO on a microvm and PCI on other machines. */
static const char *virtio_bus(const struct run_plan *plan)
{
	return is_microvm(plan) ? "device" : "pci";
}

static void add_option(struct strv *argv, const char *option, const char *value)
{
	strv_add(argv, option);
	strv_add(argv, value);
}

/*
 * QEMU emulates the second IOAPIC of a microvm itself. It receives EOIs with a split
 * irqchip only; without EOIs, it would deliver one level-triggered interrupt and no more.
 */
static void add_machine(const struct run_plan *plan, struct strv *argv)
{
	bool backend = plan->hugepage || plan->node >= 0;
	bool one_ioapic = is_microvm(plan) && strcmp(plan->irqchip, "split");

	strv_add(argv, "-M");
	strv_addf(argv, "%s%s%s", is_microvm(plan) ?
		  "microvm,pit=off,pic=off,rtc=off,isa-serial=on" : "q35,smm=off",
		  one_ioapic ? ",ioapic2=off" : "", backend ? ",memory-backend=ram" : "");
	if (is_microvm(plan))
		add_option(argv, "-global", "virtio-mmio.force-legacy=off");
	strv_add(argv, "-accel");
	if (strcmp(plan->device, "/dev/kvm")) {
		char *device = escape_commas(plan->device);

		strv_addf(argv, "kvm,device=%s,kernel-irqchip=%s", device, plan->irqchip);
		free(device);
	} else {
		strv_addf(argv, "kvm,kernel-irqchip=%s", plan->irqchip);
	}
}

static void add_cpu(const struct run_plan *plan, struct strv *argv)
{
	char *cpu = xstrdup("host"), *longer;

	for (size_t i = 0; i < CUT_COUNT; i++) {
		if (cuts[i].kind != CUT_CPU_PROPERTY || plan->cuts[i] == CUT_DEFAULT)
			continue;
		longer = xasprintf("%s,%s=%s", cpu, cuts[i].target,
				   plan->cuts[i] == CUT_ON ? "on" : "off");
		free(cpu);
		cpu = longer;
	}
	strv_add(argv, "-cpu");
	strv_addf(argv, "%s%s%s", cpu, plan->cpu_properties ? "," : "",
		  plan->cpu_properties ? plan->cpu_properties : "");
	free(cpu);
	strv_add(argv, "-smp");
	strv_addf(argv, "%llu", (unsigned long long)plan->vcpus);
	if (plan->cuts[CUT_EXITS] != CUT_DEFAULT || plan->lock_memory) {
		strv_add(argv, "-overcommit");
		strv_addf(argv, "mem-lock=%s,cpu-pm=%s", plan->lock_memory ? "on" : "off",
			  plan->cuts[CUT_EXITS] == CUT_ON ? "on" : "off");
	}
}

static void add_memory(const struct run_plan *plan, struct strv *argv)
{
	unsigned long long mib = plan->memory >> 20;
	char *bind = plan->node < 0 ? xstrdup("") :
		xasprintf(",host-nodes=%d,policy=bind", plan->node);

	strv_add(argv, "-m");
	strv_addf(argv, "%lluM", mib);
	if (plan->hugepage) {
		strv_add(argv, "-object");
		strv_addf(argv, "memory-backend-memfd,id=ram,size=%lluM,hugetlb=on,hugetlbsize=%lluM,prealloc=on%s",
			  mib, (unsigned long long)plan->hugepage >> 20, bind);
	} else if (plan->node >= 0) {
		strv_add(argv, "-object");
		strv_addf(argv, "memory-backend-ram,id=ram,size=%lluM%s", mib, bind);
	}
	free(bind);
}

static void add_boot(const struct run_plan *plan, struct strv *argv)
{
	if (!plan->kernel)
		return;
	add_option(argv, "-kernel", plan->kernel);
	if (plan->initrd)
		add_option(argv, "-initrd", plan->initrd);
	add_option(argv, "-append", plan->append ? plan->append : "console=ttyS0");
}

/* The keys in QEMU's form: "readonly" becomes "readonly=on". */
static char *full_keys(const char *drive)
{
	static const char word[] = "readonly";
	char *out = xstrdup(""), *longer;
	const char *p = drive_keys(drive);

	while (*p) {
		int len = (int)strcspn(++p, ",");
		bool bare = len == (int)strlen(word) && !strncmp(p, word, strlen(word));

		longer = xasprintf("%s,%.*s%s", out, len, p, bare ? "=on" : "");
		free(out);
		out = longer;
		p += len;
	}
	return out;
}

/* Each disk has an I/O thread, which runs on the housekeeping CPUs. */
static void add_drive(const struct run_plan *plan, struct strv *argv, const char *drive,
		      size_t index, bool boot)
{
	char *file = drive_file(drive), *escaped = escape_commas(file);
	char *keys = full_keys(drive);
	char *format = drive_has(drive, "format=") ? xstrdup("") :
		xasprintf(",format=%s", probe_format(file));

	strv_add(argv, "-object");
	strv_addf(argv, "iothread,id=io%zu", index);
	strv_add(argv, "-drive");
	strv_addf(argv, "if=none,id=disk%zu,file=%s%s%s", index, escaped, format, keys);
	strv_add(argv, "-device");
	strv_addf(argv, "virtio-blk-%s,drive=disk%zu,iothread=io%zu%s", virtio_bus(plan), index, index,
		  boot ? ",bootindex=0" : "");
	free(keys);
	free(format);
	free(escaped);
	free(file);
}

static void add_drives(const struct run_plan *plan, struct strv *argv)
{
	size_t index = 0;

	if (plan->disk)
		add_drive(plan, argv, plan->disk, index++, !plan->kernel);
	for (size_t i = 0; i < plan->drives.n; i++)
		add_drive(plan, argv, plan->drives.v[i], index++, false);
}

static void add_net(const struct run_plan *plan, struct strv *argv)
{
	char *vhost;

	if (!strcmp(plan->net, "none"))
		return;
	vhost = sys_path("/dev/vhost-net");
	if (!strcmp(plan->net, "user")) {
		add_option(argv, "-netdev", "user,id=net0");
	} else {
		strv_add(argv, "-netdev");
		strv_addf(argv, "tap,id=net0,ifname=%s,script=no,downscript=no%s", plan->net + 4,
			  access(vhost, R_OK | W_OK) ? "" : ",vhost=on");
	}
	free(vhost);
	strv_add(argv, "-device");
	strv_addf(argv, "virtio-net-%s,netdev=net0", virtio_bus(plan));
}

static void add_share(const struct run_plan *plan, struct strv *argv)
{
	char *dir;

	if (!plan->share)
		return;
	dir = escape_commas(plan->share);
	strv_add(argv, "-fsdev");
	strv_addf(argv, "local,id=share0,path=%s,security_model=none", dir);
	strv_add(argv, "-device");
	strv_addf(argv, "virtio-9p-%s,fsdev=share0,mount_tag=share", virtio_bus(plan));
	free(dir);
}

static void add_console(const struct run_plan *plan, struct strv *argv)
{
	char *file;

	add_option(argv, "-display", "none");
	if (!strcmp(plan->console, "stdio")) {
		add_option(argv, "-serial", "mon:stdio");
	} else if (!strcmp(plan->console, "none")) {
		add_option(argv, "-serial", "null");
	} else {
		file = escape_commas(plan->console);
		strv_add(argv, "-chardev");
		strv_addf(argv, "file,id=console,path=%s", file);
		add_option(argv, "-serial", "chardev:console");
		free(file);
	}
}

static void add_monitors(const struct run_plan *plan, struct strv *argv)
{
	char *path = run_file(plan->name, "sock"), *escaped = escape_commas(path);

	strv_add(argv, "-chardev");
	strv_addf(argv, "socket,id=taxcut,path=%s,server=on,wait=off", escaped);
	add_option(argv, "-mon", "chardev=taxcut,mode=control");
	free(escaped);
	free(path);
	if (!plan->qmp)
		return;
	escaped = escape_commas(plan->qmp);
	strv_add(argv, "-qmp");
	strv_addf(argv, "unix:%s,server=on,wait=off", escaped);
	free(escaped);
}

void run_qemu_args(const struct run_plan *plan, struct strv *argv)
{
	strv_add(argv, plan->qemu);
	strv_add(argv, "-name");
	strv_addf(argv, "%s,debug-threads=on", plan->name);
	strv_add(argv, "-no-user-config");
	strv_add(argv, "-nodefaults");
	add_machine(plan, argv);
	add_cpu(plan, argv);
	add_memory(plan, argv);
	add_boot(plan, argv);
	add_drives(plan, argv);
	add_net(plan, argv);
	add_share(plan, argv);
	add_console(plan, argv);
	add_monitors(plan, argv);
	if (plan->no_reboot)
		strv_add(argv, "-no-reboot");
	strv_add(argv, "-S");
	for (size_t i = 0; i < plan->extra.n; i++)
		strv_add(argv, plan->extra.v[i]);
}
