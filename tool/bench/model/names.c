// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "host/cuts.h"
#include "lib/util.h"
#include "names.h"

static const struct bench_work_name works[] = {
	{ "idle", "idle", "second", NULL },
	{ "busy", "busy loop", "second", NULL },
	{ "cyclic", "1 kHz cyclic timer", "period", "delay of the start of a period" },
	{ "cyclictest", "cyclictest, 1 kHz", "period", "delay of the start of a period" },
	{ "timer-arm", "arming a timer repeatedly", "arming", "one arming" },
	{ "timer-storm", "arming a timer and waiting for it", "firing", "from the deadline to the handler" },
	{ "pingpong", "ping-pong between two vCPUs", "round trip", "one round trip" },
	{ "tcp_rr", "netperf TCP_RR between two vCPUs", "transaction", "one transaction" },
	{ "net_rr", "netperf TCP_RR, guest to host", "transaction", "one transaction" },
	{ "memcached_rr", "memcached, one request at a time", "request", "one request" },
	{ "tlbflush", "TLB shootdown (2 mprotect)", "operation", "one operation" },
	{ "ipi", "membarrier IPI to all others", "operation", "one operation" },
	{ "multicast", "membarrier IPI to all but two CPUs", "operation", "one operation" },
	{ "ipi-unicast", "IPI to one vCPU", "IPI", "until the receiver answers" },
	{ "ipi-multicast", "IPI to all but one of the others", "IPI", "until all receivers answer" },
	{ "ipi-broadcast", "IPI to all others", "IPI", "until all receivers answer" },
};

/* The NULL row stands for the single cuts, which cuts[] describes. */
static const struct {
	const char *name;
	const char *about;
} configs[] = {
	{ "host", "the same programs on the host, without a guest" },
	{ "kvm", "stock KVM with its default settings" },
	{ "kvm-tuned", "stock KVM with cpu-pm=on and the dedicated hint" },
	{ "off", "taxcut with every cut off" },
	{ "default", "taxcut with its defaults, without the dedicated hint" },
	{ NULL, NULL },
	{ "exits+hint", "taxcut, exits off and the dedicated hint only" },
	{ "xapic", "taxcut with every cut off, the guest's LAPICs in xAPIC mode" },
	{ "x2apic-cluster", "taxcut with every cut off, the guest sends IPIs by x2APIC cluster" },
	{ "all", "taxcut with every cut on" },
	{ "kvm-host-idle", "stock KVM: a halted vCPU sleeps at once" },
	{ "kvm-host-poll", "stock KVM: the host polls before a halted vCPU sleeps" },
	{ "kvm-guest-poll", "stock KVM: the guest polls before it halts" },
	{ "host-idle", "taxcut: a halted vCPU sleeps at once" },
	{ "host-poll", "taxcut: the host polls before a halted vCPU sleeps" },
	{ "guest-poll", "taxcut: the guest polls before it halts" },
};

struct bench_work_name bench_work_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(works); i++)
		if (!strcmp(works[i].name, name))
			return works[i];
	return (struct bench_work_name){ name, name, "event", "one event" };
}

struct bench_config_name bench_config_name(const char *name)
{
	size_t order = 0;

	for (size_t i = 0; i < ARRAY_LEN(configs); i++, order++) {
		if (configs[i].name && !strcmp(configs[i].name, name))
			return (struct bench_config_name){ configs[i].name, configs[i].about, order };
		for (size_t c = 0; !configs[i].name && c < CUT_COUNT; c++, order++)
			if (!strcmp(cuts[c].name, name))
				return (struct bench_config_name){ cuts[c].name, cuts[c].summary, order };
	}
	return (struct bench_config_name){ name, "", order };
}
