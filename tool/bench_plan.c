// SPDX-License-Identifier: GPL-2.0-only
/* What can be measured, and what of it is to be. */
#include <string.h>

#include "bench.h"

#define BIT(id) (1u << (id))

#define DEDICATED (BIT(CUT_HINT) | BIT(CUT_GUEST_POLL))
#define ALL_CUTS                                                                                           \
	(DEDICATED | BIT(CUT_EXITS) | BIT(CUT_IPI) | BIT(CUT_STEAL_TIME) | BIT(CUT_PV_TLB_FLUSH) |         \
	 BIT(CUT_SCHED_YIELD) | BIT(CUT_PV_EOI) | BIT(CUT_HALT_POLL) | BIT(CUT_TIMER_ADVANCE) | BIT(CUT_TIMER))

const struct bench_config bench_configs[] = {
	{ "host", BENCH_HOST, true, 0, CUT_COUNT, NULL, false },
	{ "kvm", BENCH_KVM, true, 0, CUT_COUNT, NULL, false },
	{ "kvm-tuned", BENCH_KVM, true, BIT(CUT_EXITS) | BIT(CUT_HINT), CUT_COUNT, NULL, false },
	{ "off", BENCH_TAXCUT, false, 0, CUT_COUNT, NULL, false },
	{ "default", BENCH_TAXCUT, true, 0, CUT_COUNT, NULL, false },
	{ "ipi", BENCH_TAXCUT, false, BIT(CUT_IPI), CUT_IPI, NULL, false },
	{ "exits", BENCH_TAXCUT, false, BIT(CUT_EXITS), CUT_EXITS, NULL, false },
	{ "hint", BENCH_TAXCUT, false, DEDICATED, CUT_HINT, NULL, false },
	{ "timer-advance", BENCH_TAXCUT, false, BIT(CUT_TIMER_ADVANCE), CUT_TIMER_ADVANCE, NULL, false },
	{ "halt-poll", BENCH_TAXCUT, false, BIT(CUT_HALT_POLL), CUT_HALT_POLL, NULL, false },
	/* A timer is only off the vCPU's CPU when the vCPU does not leave that for HLT. */
	{ "timer", BENCH_TAXCUT, false, DEDICATED | BIT(CUT_EXITS) | BIT(CUT_TIMER), CUT_TIMER, NULL, false },
	{ "pv-eoi", BENCH_TAXCUT, false, BIT(CUT_PV_EOI), CUT_PV_EOI, NULL, false },
	/* These two read what steal time writes. */
	{ "pv-tlb-flush", BENCH_TAXCUT, false, BIT(CUT_PV_TLB_FLUSH) | BIT(CUT_STEAL_TIME), CUT_PV_TLB_FLUSH, NULL, false },
	{ "sched-yield", BENCH_TAXCUT, false, BIT(CUT_SCHED_YIELD) | BIT(CUT_STEAL_TIME), CUT_SCHED_YIELD, NULL, false },
	{ "pv-unhalt", BENCH_TAXCUT, false, BIT(CUT_PV_UNHALT), CUT_PV_UNHALT, NULL, false },
	{ "exits+hint", BENCH_TAXCUT, false, DEDICATED | BIT(CUT_EXITS), CUT_EXITS, NULL, false },
	{ "xapic", BENCH_TAXCUT, false, 0, CUT_COUNT, "nox2apic", false },
	{ "x2apic-cluster", BENCH_TAXCUT, false, 0, CUT_COUNT, NULL, true },
	{ "all", BENCH_TAXCUT, false, ALL_CUTS, CUT_COUNT, NULL, false },
	{ "kvm-host-idle", BENCH_KVM, false, 0, CUT_COUNT, NULL, false },
	{ "kvm-host-poll", BENCH_KVM, false, BIT(CUT_HALT_POLL), CUT_HALT_POLL, NULL, false },
	{ "kvm-guest-poll", BENCH_KVM, false, DEDICATED, CUT_GUEST_POLL, NULL, false },
	{ "host-idle", BENCH_TAXCUT, false, 0, CUT_COUNT, NULL, false },
	{ "host-poll", BENCH_TAXCUT, false, BIT(CUT_HALT_POLL), CUT_HALT_POLL, NULL, false },
	{ "guest-poll", BENCH_TAXCUT, false, DEDICATED, CUT_GUEST_POLL, NULL, false },
};

const size_t bench_configs_n = ARRAY_LEN(bench_configs);

const struct bench_work bench_works[] = {
	{ "idle", 2, 1, true, 0 },
	{ "busy", 1, 1, true, 0 },
	{ "cyclic", 1000, 1, false, 0 },
	{ "cyclictest", 500, 1, false, BENCH_NEEDS_TOOLS },
	{ "timer-arm", 1000, 1, false, BENCH_NEEDS_MODULE },
	{ "timer-storm", 500, 1, false, BENCH_NEEDS_MODULE },
	{ "pingpong", 500, 2, false, 0 },
	{ "tcp_rr", 500, 2, false, BENCH_NEEDS_TOOLS },
	{ "net_rr", 500, 1, false, BENCH_NEEDS_TOOLS | BENCH_NEEDS_NET },
	{ "memcached_rr", 500, 2, false, BENCH_NEEDS_TOOLS },
	{ "tlbflush", 300, 2, false, 0 },
	{ "ipi", 200, 2, false, 0 },
	{ "multicast", 200, 3, false, 0 },
	{ "ipi-unicast", 200, 2, false, BENCH_NEEDS_MODULE },
	{ "ipi-multicast", 200, 3, false, BENCH_NEEDS_MODULE },
	{ "ipi-broadcast", 200, 2, false, BENCH_NEEDS_MODULE },
};

const size_t bench_works_n = ARRAY_LEN(bench_works);

const struct bench_set bench_sets[] = {
	{ "cuts", "what each cut is worth",
	  "host,kvm,kvm-tuned,off,exits,hint,timer-advance,halt-poll,timer,pv-eoi,pv-tlb-flush,exits+hint,all",
	  "cyclic:500,timer-storm:300,pingpong:300,tlbflush:200,idle,busy", 2, 3 },
	{ "halt-poll", "who waits for a wake-up: nobody, the host, the guest",
	  "kvm-host-idle,kvm-host-poll,kvm-guest-poll,host-idle,host-poll,guest-poll", "pingpong:300,tcp_rr", 2, 3 },
	{ "ipi", "IPIs to one, some and all vCPUs",
	  "host,kvm,kvm-tuned,off,xapic,x2apic-cluster,ipi,exits,all",
	  "ipi-unicast:100,ipi-multicast:50,ipi-broadcast:50", 8, 3 },
	{ "tools", "well-known tools", "host,kvm,kvm-tuned,off,all", "cyclictest,tcp_rr,memcached_rr,net_rr", 2, 3 },
	{ "exitless", "timers and IPIs without exits, where the CPU posts interrupts", "kvm,off,exits+hint,timer",
	  "cyclic:200,timer-storm:200,ipi-unicast:100,pingpong:100", 2, 3 },
	{ "demo", "stock KVM and taxcut side by side", "kvm,default",
	  "cyclic:1000,pingpong:500,tlbflush:300,ipi:200,idle:2,busy:2", 2, 1 },
	{ "quick", "a look at everything", "host,kvm,off,all", "cyclic:200,pingpong:100,tlbflush:100", 2, 1 },
};

const size_t bench_sets_n = ARRAY_LEN(bench_sets);

const struct bench_set *bench_find_set(const char *name)
{
	for (size_t i = 0; i < bench_sets_n; i++)
		if (!strcmp(bench_sets[i].name, name))
			return &bench_sets[i];
	return NULL;
}

const struct bench_work *bench_find_work(const char *name)
{
	for (size_t i = 0; i < bench_works_n; i++)
		if (!strcmp(bench_works[i].name, name))
			return &bench_works[i];
	return NULL;
}

static const struct bench_config *find_config(const char *name)
{
	for (size_t i = 0; i < bench_configs_n; i++)
		if (!strcmp(bench_configs[i].name, name))
			return &bench_configs[i];
	return NULL;
}

/* "kvm:NAME" is NAME's cuts on stock KVM. */
static bool add_config(struct bench_plan *plan, const char *name, char **why)
{
	static const char prefix[] = "kvm:";
	bool on_kvm = !strncmp(name, prefix, strlen(prefix));
	const struct bench_config *c = find_config(on_kvm ? name + strlen(prefix) : name);
	struct bench_config *added;

	if (!c || (on_kvm && c->place != BENCH_TAXCUT)) {
		*why = xasprintf("there is no configuration '%s'; --list names them all", name);
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
		*why = xasprintf("there is no work '%s'; --list names it all", item);
		return false;
	}
	count = work->count;
	most = work->timed ? BENCH_SECONDS_MAX : BENCH_COUNT_MAX;
	if (colon && (!parse_u64(colon + 1, &count) || !count || count > most)) {
		*why = xasprintf("work '%s' wants a number from 1 to %u, not '%s'", item, most, colon + 1);
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

/* Calls @add for each word of a list with commas; an empty word is none. */
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

bool bench_config_cuts(const struct bench_config *c, unsigned int available, struct strv *cut_args)
{
	if (c->point != CUT_COUNT && !(available & BIT(c->point)))
		return false;
	for (unsigned int i = 0; i < CUT_COUNT; i++) {
		bool on = c->on & BIT(i);

		if (!(available & BIT(i)) || (!on && c->defaults && i != CUT_HINT))
			continue;
		strv_addf(cut_args, "%s=%s", cuts[i].name, on ? "on" : "off");
	}
	return true;
}
