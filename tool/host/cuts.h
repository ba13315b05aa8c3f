/* SPDX-License-Identifier: GPL-2.0-only */
/* The cuts: optimizations that `taxcut run --cut NAME=on|off` switches. */
#ifndef TAXCUT_HOST_CUTS_H
#define TAXCUT_HOST_CUTS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum cut_state {
	CUT_DEFAULT,
	CUT_ON,
	CUT_OFF,
};

/* How a cut is switched. */
enum cut_kind {
	CUT_CPU_PROPERTY,	/* a property of QEMU's -cpu */
	CUT_CPU_PM,		/* QEMU's -overcommit cpu-pm */
	CUT_PARAMETER,		/* a parameter of the module: for all instances, and it stays set */
};

/*
 * struct cut - one row of the table
 * @target: the property or parameter
 * @on, @off: the values of the parameter
 * @feature: KVM_FEATURE_* that the hypervisor must offer guests, or 0
 * @needs: a CPU feature that the cut needs, as the module's parameter "missing_features" names it; or NULL
 */
struct cut {
	const char *name;
	const char *summary;
	enum cut_kind kind;
	const char *target;
	const char *on;
	const char *off;
	unsigned int feature;
	const char *needs;
};

enum cut_id {
	CUT_IPI,
	CUT_EXITS,
	CUT_HINT,
	CUT_TIMER_ADVANCE,
	CUT_HALT_POLL,
	CUT_GUEST_POLL,
	CUT_TIMER,
	CUT_PV_EOI,
	CUT_PV_TLB_FLUSH,
	CUT_SCHED_YIELD,
	CUT_PV_UNHALT,
	CUT_STEAL_TIME,
	CUT_COUNT,
};

extern const struct cut cuts[CUT_COUNT];

/*
 * struct cut_change - a change of a module parameter
 * @was: the old value, owned
 */
struct cut_change {
	const struct cut *cut;
	const char *module;
	char *was;
	const char *becomes;
};

struct cut_changes {
	struct cut_change v[CUT_COUNT];
	size_t n;
};

/* Parses "NAME=on" or "NAME=off". False with *why set (the caller frees it) for anything else. */
bool cut_parse(const char *arg, enum cut_state state[CUT_COUNT], char **why);

/* Can the cuts that are on be combined? EXIT_OK, or EXIT_USAGE after a message. */
int cuts_usage(const enum cut_state state[CUT_COUNT]);

/*
 * Collects in @changes, which the caller has zeroed, the parameters of @device's module that @state
 * changes, and writes none of them. EXIT_OK, or EXIT_FAILED after a message when a parameter is missing
 * or not writable.
 */
int cuts_changes(const enum cut_state state[CUT_COUNT], const char *device, struct cut_changes *changes);
/* Writes the parameters, with a message for each unless @quiet. EXIT_OK, or EXIT_FAILED after a message. */
int cuts_apply(const struct cut_changes *changes, bool quiet);
/* Prints a message for each parameter that would change. */
void cuts_print_changes(const struct cut_changes *changes);
/* [{"cut", "module", "parameter", "from", "to"}, ...] */
json_t *cuts_changes_json(const struct cut_changes *changes);
void cuts_changes_free(struct cut_changes *changes);

/* The reason why the hypervisor behind @fd, open on @device, cannot switch a cut, or NULL; the caller frees it. */
char *cut_unavailable(enum cut_id id, const char *device, int fd);

/*
 * Does the hypervisor behind @fd, open on @device, have all cuts that are on? EXIT_OK, or EXIT_FAILED after a
 * message.
 */
int cuts_check(const enum cut_state state[CUT_COUNT], const char *device, int fd);

/* The names of the cuts that need a feature in @missing_features, comma separated, or ""; the caller frees it. */
char *cuts_needing(const char *missing_features);

/* {"ipi": true, ...}: false for a cut that needs a feature in the module's parameter "missing_features". */
json_t *cuts_offered(const char *device);

/* {"ipi": "on", ...}; "default" for a cut that is not switched. */
json_t *cuts_json(const enum cut_state state[CUT_COUNT]);

#endif
