/* SPDX-License-Identifier: GPL-2.0-only */
/* The cuts that `taxcut run --cut NAME=on|off` switches. */
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

/* Where a cut is switched. */
enum cut_kind {
	CUT_CPU_PROPERTY,	/* a property of QEMU's -cpu */
	CUT_CPU_PM,		/* QEMU's -overcommit cpu-pm */
	CUT_PARAMETER,		/* a parameter of the module: host-wide, and it stays set */
};

/*
 * struct cut - one row of the table
 * @target: property or parameter
 * @on, @off: what is written to a parameter
 * @feature: KVM_FEATURE_* that the hypervisor must offer guests, or 0
 * @needs: what the CPU must have, as the module's parameter "lacks" names it; or NULL
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
 * struct cut_change - a parameter that a cut changes
 * @was: owned
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

/* Takes "NAME=on" or "NAME=off"; false with *why (owned) set when it is neither. */
bool cut_parse(const char *arg, enum cut_state state[CUT_COUNT], char **why);

/* Do the cuts that are switched on go together? EXIT_OK, or EXIT_USAGE after a message. */
int cuts_usage(const enum cut_state state[CUT_COUNT]);

/*
 * Adds to @changes, which starts zeroed, what @state changes of the parameters of @device's module;
 * nothing is written. EXIT_OK, or EXIT_FAILED after a message where a parameter is not there or
 * cannot be written.
 */
int cuts_changes(const enum cut_state state[CUT_COUNT], const char *device, struct cut_changes *changes);
/* Writes them, and says so unless @quiet: EXIT_OK, or EXIT_FAILED after a message. */
int cuts_apply(const struct cut_changes *changes, bool quiet);
/* Says what would change. */
void cuts_foretell(const struct cut_changes *changes);
/* [{"cut", "module", "parameter", "from", "to"}, ...] */
json_t *cuts_changes_json(const struct cut_changes *changes);
void cuts_changes_free(struct cut_changes *changes);

/* Why the hypervisor behind @fd, open on @device, cannot switch a cut; NULL when it can. The caller frees it. */
char *cut_lacking(enum cut_id id, const char *device, int fd);

/* Can the hypervisor behind @fd, open on @device, do what is switched on? EXIT_OK, or EXIT_FAILED after a message. */
int cuts_check(const enum cut_state state[CUT_COUNT], const char *device, int fd);

/* Names of the cuts that a CPU cannot give which does without @lacks, comma separated; "" for none. The caller frees it. */
char *cuts_without(const char *lacks);

/* {"ipi": true, ...}: false where the CPU, by the module's parameter "lacks", cannot give it. */
json_t *cuts_offered(const char *device);

/* {"ipi": "on", ...}; a cut left alone is "default". */
json_t *cuts_json(const enum cut_state state[CUT_COUNT]);

#endif
