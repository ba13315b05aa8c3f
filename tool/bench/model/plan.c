// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "catalog.h"
#include "lib/util.h"
#include "plan.h"

/* "kvm:NAME" has the cuts of NAME on stock KVM. */
static bool add_config(struct bench_plan *plan, const char *name, char **why)
{
	static const char prefix[] = "kvm:";
	bool on_kvm = !strncmp(name, prefix, strlen(prefix));
	const struct bench_config *c = bench_find_config(on_kvm ? name + strlen(prefix) : name);
	struct bench_config *added;

	if (!c || (on_kvm && c->place != BENCH_TAXCUT)) {
		*why = xasprintf("there is no configuration '%s'; --list shows all", name);
		return false;
	}
	for (size_t i = 0; i < plan->configs; i++) {
		if (!strcmp(plan->config[i].name, name)) {
			*why = xasprintf("configuration '%s' is given twice", name);
			return false;
		}
	}
	if (plan->configs == BENCH_CONFIGS_MAX) {
		*why = xasprintf("more than %d configurations", BENCH_CONFIGS_MAX);
		return false;
	}
	added = &plan->config[plan->configs++];
	*added = *c;
	if (on_kvm) {
		strv_add(&plan->names, name);
		added->name = plan->names.v[plan->names.n - 1];
		added->place = BENCH_KVM;
	}
	return true;
}

static bool add_work(struct bench_plan *plan, char *item, char **why)
{
	char *colon = strchr(item, ':');
	const struct bench_work *work;
	unsigned int most;
	uint64_t count;

	if (colon)
		*colon = '\0';
	work = bench_find_work(item);
	if (!work) {
		*why = xasprintf("there is no work '%s'; --list shows all", item);
		return false;
	}
	count = work->count;
	most = work->timed ? BENCH_SECONDS_MAX : BENCH_COUNT_MAX;
	if (colon && (!parse_u64(colon + 1, &count) || !count || count > most)) {
		*why = xasprintf("work '%s' takes a number from 1 to %u, not '%s'", item, most, colon + 1);
		return false;
	}
	for (size_t i = 0; i < plan->items; i++) {
		if (plan->item[i].work == work) {
			*why = xasprintf("work '%s' is given twice", item);
			return false;
		}
	}
	if (plan->items == BENCH_WORKS_MAX) {
		*why = xasprintf("more than %d kinds of work", BENCH_WORKS_MAX);
		return false;
	}
	plan->item[plan->items].work = work;
	plan->item[plan->items++].count = (unsigned int)count;
	return true;
}

/* Calls @add for each word of a comma-separated list; an empty word is an unknown name. */
static bool each_word(struct bench_plan *plan, const char *list, char **why,
		      bool (*add)(struct bench_plan *plan, char *word, char **why))
{
	char *copy = xstrdup(list), *word, *rest = copy;
	bool ok = true;

	while (ok && (word = strsep(&rest, ",")))
		ok = add(plan, word, why);
	free(copy);
	return ok;
}

static bool add_config_word(struct bench_plan *plan, char *word, char **why)
{
	return add_config(plan, word, why);
}

bool bench_plan_configs(struct bench_plan *plan, const char *list, char **why)
{
	return each_word(plan, list, why, add_config_word);
}

bool bench_plan_work(struct bench_plan *plan, const char *list, char **why)
{
	return each_word(plan, list, why, add_work);
}

void bench_plan_quick(struct bench_plan *plan)
{
	for (size_t i = 0; i < plan->items; i++)
		plan->item[i].count = plan->item[i].count < 20 ? 1 : plan->item[i].count / 10;
}

bool bench_plan_needs(const struct bench_plan *plan, enum bench_place place)
{
	for (size_t i = 0; i < plan->configs; i++)
		if (plan->config[i].place == place)
			return true;
	return false;
}

bool bench_plan_uses(const struct bench_plan *plan, unsigned int needs)
{
	for (size_t i = 0; i < plan->items; i++)
		if (plan->item[i].work->needs & needs)
			return true;
	return false;
}

unsigned int bench_plan_vcpus(const struct bench_plan *plan)
{
	unsigned int most = 1;

	for (size_t i = 0; i < plan->items; i++)
		if (plan->item[i].work->vcpus > most)
			most = plan->item[i].work->vcpus;
	return most;
}

unsigned int bench_plan_seconds(const struct bench_plan *plan)
{
	unsigned int most = 0;

	for (size_t i = 0; i < plan->items; i++)
		if (plan->item[i].work->timed && plan->item[i].count > most)
			most = plan->item[i].count;
	return most;
}

char *bench_plan_items(const struct bench_plan *plan)
{
	char *out = xstrdup(""), *longer;

	for (size_t i = 0; i < plan->items; i++) {
		longer = xasprintf("%s%s%s:%u", out, i ? "," : "", plan->item[i].work->name, plan->item[i].count);
		free(out);
		out = longer;
	}
	return out;
}

void bench_plan_free(struct bench_plan *plan)
{
	strv_free(&plan->names);
	*plan = (struct bench_plan){ 0 };
}
