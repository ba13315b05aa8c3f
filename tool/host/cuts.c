// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include <asm/kvm_para.h>

#include "cuts.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define CPUID_ENTRIES 256 /* more than any host reports */

const struct cut cuts[CUT_COUNT] = {
	[CUT_IPI] = { "ipi", "IPIs to many vCPUs in one hypercall",
		      CUT_CPU_PROPERTY, "kvm-pv-ipi", NULL, NULL, KVM_FEATURE_PV_SEND_IPI },
	[CUT_EXITS] = { "exits", "no exits for HLT, MWAIT, PAUSE and C-state MSRs",
			CUT_CPU_PM, "cpu-pm", NULL, NULL, 0 },
	[CUT_HINT] = { "hint", "tell the guest that its CPUs are dedicated",
		       CUT_CPU_PROPERTY, "kvm-hint-dedicated", NULL, NULL, 0 },
	[CUT_TIMER_ADVANCE] = { "timer-advance", "program timers early by the host's latency",
				CUT_PARAMETER, "timer_advance_ns", "-1", "0" },
	[CUT_HALT_POLL] = { "halt-poll", "poll on the host before a halted vCPU sleeps",
			    CUT_PARAMETER, "halt_poll_ns", "200000", "0", 0 },
	[CUT_GUEST_POLL] = { "guest-poll", "let the guest poll before it halts",
			     CUT_CPU_PROPERTY, "kvm-poll-control", NULL, NULL, KVM_FEATURE_POLL_CONTROL },
	[CUT_TIMER] = { "timer", "run vCPU timers on housekeeping CPUs",
			CUT_PARAMETER, "exitless_timer", "on", "off", 0, "posted interrupts" },
	[CUT_PV_EOI] = { "pv-eoi", "signal the end of interrupts in memory instead of the APIC",
			 CUT_CPU_PROPERTY, "kvm-pv-eoi", NULL, NULL, KVM_FEATURE_PV_EOI },
	[CUT_PV_TLB_FLUSH] = { "pv-tlb-flush", "defer the TLB flush of a vCPU that does not run",
			       CUT_CPU_PROPERTY, "kvm-pv-tlb-flush", NULL, NULL, KVM_FEATURE_PV_TLB_FLUSH },
	[CUT_SCHED_YIELD] = { "sched-yield", "yield to a vCPU that others wait for",
			      CUT_CPU_PROPERTY, "kvm-pv-sched-yield", NULL, NULL, KVM_FEATURE_PV_SCHED_YIELD },
	[CUT_PV_UNHALT] = { "pv-unhalt", "wait for a spinlock in HLT",
			    CUT_CPU_PROPERTY, "kvm-pv-unhalt", NULL, NULL, KVM_FEATURE_PV_UNHALT },
	[CUT_STEAL_TIME] = { "steal-time", "tell the guest when its vCPUs do not run",
			     CUT_CPU_PROPERTY, "kvm-steal-time", NULL, NULL, KVM_FEATURE_STEAL_TIME },
};

static const char * const state_names[] = {
	[CUT_DEFAULT] = "default",
	[CUT_ON] = "on",
	[CUT_OFF] = "off",
};

static char *cut_names(void)
{
	char *out = xstrdup(""), *longer;

	for (size_t i = 0; i < CUT_COUNT; i++) {
		longer = xasprintf("%s%s%s", out, i ? ", " : "", cuts[i].name);
		free(out);
		out = longer;
	}
	return out;
}

bool cut_parse(const char *arg, enum cut_state state[CUT_COUNT], char **why)
{
	size_t len = strcspn(arg, "=");
	const char *val = arg[len] ? arg + len + 1 : "";
	char *names;

	for (size_t i = 0; i < CUT_COUNT; i++) {
		if (strlen(cuts[i].name) != len || strncmp(cuts[i].name, arg, len))
			continue;
		if (strcmp(val, "on") && strcmp(val, "off")) {
			*why = xasprintf("--cut %s takes =on or =off", cuts[i].name);
			return false;
		}
		state[i] = strcmp(val, "on") ? CUT_OFF : CUT_ON;
		return true;
	}
	names = cut_names();
	*why = xasprintf("there is no cut '%.*s'; the cuts are %s", (int)len, arg, names);
	free(names);
	return false;
}

/* The kernel module behind the device. */
static const char *module_of(const char *device)
{
	return strcmp(device, "/dev/kvm") ? "taxcut" : "kvm";
}

static char *parameter_path(const struct cut *c, const char *module)
{
	return xasprintf("/sys/module/%s/parameters/%s", module, c->target);
}

static int add_change(struct cut_changes *changes, const struct cut *c, const char *module, const char *want)
{
	char *path = parameter_path(c, module), *is = sys_read("%s", path);
	int err, ret = EXIT_OK;

	if (!is) {
		ret = fail("cut '%s' cannot be switched: the %s module %s", c->name, module,
			   sys_exists("/sys/module/%s", module) ? "has no such parameter" : "is not loaded");
	} else if (strcmp(is, want)) {
		err = sys_write(path, NULL);
		if (err) {
			ret = fail("cut '%s': cannot write %s: %s", c->name, path, strerror(-err));
		} else {
			changes->v[changes->n++] = (struct cut_change){ c, module, is, want };
			is = NULL; /* changes owns it */
		}
	}
	free(is);
	free(path);
	return ret;
}

int cuts_usage(const enum cut_state state[CUT_COUNT])
{
	/* With HLT not intercepted the hypervisor hides PV_UNHALT: a kick could not end a HLT that takes no exit. */
	if (state[CUT_EXITS] == CUT_ON && state[CUT_PV_UNHALT] == CUT_ON)
		return usage_error("cuts 'exits' and 'pv-unhalt' exclude each other: switch one off");
	return EXIT_OK;
}

int cuts_changes(const enum cut_state state[CUT_COUNT], const char *device, struct cut_changes *changes)
{
	int ret = EXIT_OK;

	for (size_t i = 0; !ret && i < CUT_COUNT; i++)
		if (cuts[i].kind == CUT_PARAMETER && state[i] != CUT_DEFAULT)
			ret = add_change(changes, &cuts[i], module_of(device),
					 state[i] == CUT_ON ? cuts[i].on : cuts[i].off);
	return ret;
}

static void print_change(const struct cut_change *c, bool done)
{
	info("cut '%s': module parameter %s %s %s (%s %s), for every instance", c->cut->name, c->cut->target,
	    done ? "is now" : "would become", c->becomes, done ? "was" : "is", c->was);
}

int cuts_apply(const struct cut_changes *changes, bool quiet)
{
	int err = 0;

	for (size_t i = 0; !err && i < changes->n; i++) {
		const struct cut_change *c = &changes->v[i];
		char *path = parameter_path(c->cut, c->module);

		err = sys_write(path, c->becomes);
		if (err)
			fail("cut '%s': cannot write %s: %s", c->cut->name, path, strerror(-err));
		else if (!quiet)
			print_change(c, true);
		free(path);
	}
	return err ? EXIT_FAILED : EXIT_OK;
}

void cuts_print_changes(const struct cut_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		print_change(&changes->v[i], false);
}

json_t *cuts_changes_json(const struct cut_changes *changes)
{
	json_t *arr = json_array();

	for (size_t i = 0; i < changes->n; i++) {
		const struct cut_change *c = &changes->v[i];

		json_array_append_new(arr, json_pack("{s:s, s:s, s:s, s:s, s:s}", "cut", c->cut->name, "module",
						     c->module, "parameter", c->cut->target, "from", c->was, "to",
						     c->becomes));
	}
	return arr;
}

void cuts_changes_free(struct cut_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		free(changes->v[i].was);
	changes->n = 0;
}

/* CPUID 0x40000001 EAX as the hypervisor offers it; all bits set when it offers no such leaf. */
static uint32_t features_offered(int fd)
{
	struct kvm_cpuid2 *cpuid = xcalloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	uint32_t features = ~0u;

	cpuid->nent = CPUID_ENTRIES;
	if (!ioctl(fd, KVM_GET_SUPPORTED_CPUID, cpuid))
		for (uint32_t i = 0; i < cpuid->nent; i++)
			if (cpuid->entries[i].function == KVM_CPUID_FEATURES)
				features = cpuid->entries[i].eax;
	free(cpuid);
	return features;
}

/* Does the loaded module report @feature as missing on this CPU? */
static bool cpu_lacks(const char *module, const char *feature)
{
	char *missing = sys_read("/sys/module/%s/parameters/missing_features", module);
	bool found = missing && strstr(missing, feature);

	free(missing);
	return found;
}

char *cut_unavailable(enum cut_id id, const char *device, int fd)
{
	const struct cut *c = &cuts[id];

	switch (c->kind) {
	case CUT_PARAMETER:
		if (!sys_exists("/sys/module/%s/parameters/%s", module_of(device), c->target))
			return xasprintf("the %s module has no parameter %s", module_of(device), c->target);
		return c->needs && cpu_lacks(module_of(device), c->needs) ? xasprintf("this CPU has no %s", c->needs) :
									    NULL;
	case CUT_CPU_PM:
		return ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_DISABLE_EXITS) > 0 ? NULL :
			xasprintf("%s has no KVM_CAP_X86_DISABLE_EXITS", device);
	default:
		return !c->feature || features_offered(fd) & 1u << c->feature ? NULL :
			xasprintf("%s does not offer guests %s", device, c->target);
	}
}

int cuts_check(const enum cut_state state[CUT_COUNT], const char *device, int fd)
{
	char *why;
	int ret;

	for (size_t i = 0; i < CUT_COUNT; i++) {
		why = state[i] == CUT_ON && (cuts[i].kind != CUT_PARAMETER || cuts[i].needs) ?
			      cut_unavailable(i, device, fd) :
			      NULL;
		if (!why)
			continue;
		ret = fail("cut '%s' cannot be switched on: %s", cuts[i].name, why);
		free(why);
		return ret;
	}
	return EXIT_OK;
}

char *cuts_needing(const char *missing_features)
{
	char *out = xstrdup(""), *longer;

	for (size_t i = 0; i < CUT_COUNT; i++) {
		if (!cuts[i].needs || !strstr(missing_features, cuts[i].needs))
			continue;
		longer = xasprintf("%s%s'%s'", out, *out ? ", " : "", cuts[i].name);
		free(out);
		out = longer;
	}
	return out;
}

json_t *cuts_offered(const char *device)
{
	json_t *obj = json_object();

	for (size_t i = 0; i < CUT_COUNT; i++)
		json_object_set_new(obj, cuts[i].name,
				    json_boolean(!cuts[i].needs || !cpu_lacks(module_of(device), cuts[i].needs)));
	return obj;
}

json_t *cuts_json(const enum cut_state state[CUT_COUNT])
{
	json_t *obj = json_object();

	for (size_t i = 0; i < CUT_COUNT; i++)
		json_object_set_new(obj, cuts[i].name, json_string(state_names[state[i]]));
	return obj;
}
