// SPDX-License-Identifier: GPL-2.0-only
/* The module's parameters; what each is for stands in its description. */
#include <linux/module.h>

#include "host_mitigations.h"
#include "model/timer_advance.h"
#include "params.h"

bool param_mitigations = true;
module_param_named(mitigations, param_mitigations, bool, 0444);
MODULE_PARM_DESC(mitigations, "Flush branch predictors when a core changes hands between vCPUs; on AMD, keep guests out of the host's predictions (SRSO); on Intel, flush the L1 cache and map guests with small pages where the CPU needs that (default: on)");

bool param_posted_interrupts = true;
module_param_named(posted_interrupts, param_posted_interrupts, bool, 0444);
MODULE_PARM_DESC(posted_interrupts, "Interrupts reach a running vCPU without an exit; reads N where the CPU cannot (default: on)");

unsigned int param_halt_poll_ns = 200000;
module_param_named(halt_poll_ns, param_halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns, "Ceiling of halt polling in the host, in ns; 0 switches it off (default: 200000)");

unsigned int param_halt_poll_ns_grow_start = 10000;
module_param_named(halt_poll_ns_grow_start, param_halt_poll_ns_grow_start, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow_start, "First window of halt polling, in ns (default: 10000)");

unsigned int param_halt_poll_ns_grow = 2;
module_param_named(halt_poll_ns_grow, param_halt_poll_ns_grow, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow, "Factor by which the halt-polling window grows; 0: never (default: 2)");

unsigned int param_halt_poll_ns_shrink;
module_param_named(halt_poll_ns_shrink, param_halt_poll_ns_shrink, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_shrink, "Divisor by which it shrinks; 0: to nothing at once (default: 0)");

int param_timer_advance_ns = -1;

static int param_set_timer_advance(const char *value, const struct kernel_param *param)
{
	int ns, r = kstrtoint(value, 0, &ns);

	if (!r && (ns < -1 || ns > TIMER_ADVANCE_MAX_NS))
		r = -ERANGE;
	if (r) {
		pr_err("timer_advance_ns: '%s' is not a number from -1 to %d\n", value, TIMER_ADVANCE_MAX_NS);
		return r;
	}
	WRITE_ONCE(*(int *)param->arg, ns);
	return 0;
}

static const struct kernel_param_ops timer_advance_ops = { .set = param_set_timer_advance, .get = param_get_int };
module_param_cb(timer_advance_ns, &timer_advance_ops, &param_timer_advance_ns, 0644);
__MODULE_PARM_TYPE(timer_advance_ns, "int");
MODULE_PARM_DESC(timer_advance_ns,
		 "How early LAPIC timers fire in the host, in ns; 0: not early, -1: as early as the latency seen (default: -1)");
