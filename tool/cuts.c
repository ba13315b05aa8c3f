// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "cuts.h"
#include "sysfs.h"
#include "taxcut.h"

#define PARAMETERS "/sys/module/taxcut/parameters"

const struct cut cuts[CUT_COUNT] = {
	[CUT_IPI] = { "ipi", "IPIs to many vCPUs in one hypercall",
		      CUT_CPU_PROPERTY, "kvm-pv-ipi", NULL, NULL },
	[CUT_EXITS] = { "exits", "no exits for HLT, MWAIT, PAUSE and C-state MSRs",
			CUT_CPU_PM, "cpu-pm", NULL, NULL },
	[CUT_HINT] = { "hint", "tell the guest that its CPUs are its own",
		       CUT_CPU_PROPERTY, "kvm-hint-dedicated", NULL, NULL },
	[CUT_TIMER_ADVANCE] = { "timer-advance", "fire timers early by the host's latency",
				CUT_PARAMETER, "timer_advance", "Y", "N" },
	[CUT_HALT_POLL] = { "halt-poll", "poll on the host before a halted vCPU sleeps",
			    CUT_PARAMETER, "halt_poll_ns", "200000", "0" },
	[CUT_GUEST_POLL] = { "guest-poll", "let the guest poll before it halts",
			     CUT_CPU_PROPERTY, "kvm-poll-control", NULL, NULL },
	[CUT_TIMER] = { "timer", "run vCPU timers on housekeeping CPUs",
			CUT_PARAMETER, "exitless_timer", "Y", "N" },
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
			*why = xasprintf("--cut %s wants =on or =off", cuts[i].name);
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

static int parameter_apply(const struct cut *c, const char *val, bool dry_run)
{
	char *path = xasprintf(PARAMETERS "/%s", c->target);
	char *old = sys_read("%s", path);
	int ret = 0;

	if (!old && (!dry_run || sys_exists("/sys/module/taxcut"))) {
		ret = fail("cut '%s' cannot be switched: the taxcut module %s", c->name,
			   sys_exists("/sys/module/taxcut") ?
			   "has no such parameter" : "is not loaded");
	} else if (!dry_run && old && strcmp(old, val)) {
		ret = sys_write(path, val);
		if (ret)
			ret = fail("cut '%s': cannot write %s: %s", c->name, path, strerror(-ret));
		else
			say("cut '%s': module parameter %s is now %s (was %s), for every instance",
			    c->name, c->target, val, old);
	}
	free(old);
	free(path);
	return ret;
}

int cuts_apply(const enum cut_state state[CUT_COUNT], bool dry_run)
{
	int ret = EXIT_OK;

	for (size_t i = 0; !ret && i < CUT_COUNT; i++)
		if (cuts[i].kind == CUT_PARAMETER && state[i] != CUT_DEFAULT)
			ret = parameter_apply(&cuts[i], state[i] == CUT_ON ?
					      cuts[i].on : cuts[i].off, dry_run);
	return ret;
}

json_t *cuts_json(const enum cut_state state[CUT_COUNT])
{
	json_t *obj = json_object();

	for (size_t i = 0; i < CUT_COUNT; i++)
		json_object_set_new(obj, cuts[i].name, json_string(state_names[state[i]]));
	return obj;
}
