// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "catalog.h"
#include "host/cuts.h"
#include "lib/util.h"

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
	/* The exitless timer needs vCPUs whose HLT takes no exit. */
	{ "timer", BENCH_TAXCUT, false, DEDICATED | BIT(CUT_EXITS) | BIT(CUT_TIMER), CUT_TIMER, NULL, false },
	{ "pv-eoi", BENCH_TAXCUT, false, BIT(CUT_PV_EOI), CUT_PV_EOI, NULL, false },
	/* These two read the record that steal time writes. */
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
	{ "cuts", "the effect of each cut",
	  "host,kvm,kvm-tuned,off,exits,hint,timer-advance,halt-poll,timer,pv-eoi,pv-tlb-flush,exits+hint,all",
	  "cyclic:500,timer-storm:300,pingpong:300,tlbflush:200,idle,busy", 2, 3 },
	{ "halt-poll", "polling before a halted vCPU sleeps: none, by the host, by the guest",
	  "kvm-host-idle,kvm-host-poll,kvm-guest-poll,host-idle,host-poll,guest-poll", "pingpong:300,tcp_rr", 2, 3 },
	{ "ipi", "IPIs to one, some and all vCPUs",
	  "host,kvm,kvm-tuned,off,xapic,x2apic-cluster,ipi,exits,all",
	  "ipi-unicast:100,ipi-multicast:50,ipi-broadcast:50", 8, 3 },
	{ "tools", "standard tools", "host,kvm,kvm-tuned,off,all", "cyclictest,tcp_rr,memcached_rr,net_rr", 2, 3 },
	{ "exitless", "timers and IPIs without exits, on CPUs with posted interrupts", "kvm,off,exits+hint,timer",
	  "cyclic:200,timer-storm:200,ipi-unicast:100,pingpong:100", 2, 3 },
	{ "demo", "stock KVM and taxcut side by side", "kvm,default",
	  "cyclic:1000,pingpong:500,tlbflush:300,ipi:200,idle:2,busy:2", 2, 1 },
	{ "quick", "a short run of the main configurations", "host,kvm,off,all", "cyclic:200,pingpong:100,tlbflush:100", 2, 1 },
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

const struct bench_config *bench_find_config(const char *name)
{
	for (size_t i = 0; i < bench_configs_n; i++)
		if (!strcmp(bench_configs[i].name, name))
			return &bench_configs[i];
	return NULL;
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
