// SPDX-License-Identifier: GPL-2.0-only
/* Taking a CPU out of Linux, running code there, giving it back; see core.h. */
#include <linux/cc_platform.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <asm/smp.h>
#include <asm/topology.h>

#include "core.h"
#include "core_apic.h"
#include "core_memory.h"
#include "doorbell.h"

#define START_TIMEOUT_MS 1000
#define KICK_TIMEOUT_MS 1000

static DEFINE_MUTEX(core_mutex); /* core_owned, core_cpus */
static struct cpumask core_owned; /* on their way out of Linux, or out */
static unsigned int core_number;
static bool core_ready;
static int core_hotplug;

bool core_usable(void)
{
	return core_ready;
}

unsigned int core_count(void)
{
	return READ_ONCE(core_number);
}

/*
 * The CPU is not "present" while it is owned: Linux then does not bring it up
 * again, and sends no interrupts with the all-but-self shorthand, which would reach
 * it (arch_smt_update() looks at the end of each CPU's way down and up).
 */
static int core_cpu_goes_down(unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, &core_owned))
		set_cpu_present(cpu, false);
	return 0;
}

static bool core_has_busy_sibling(unsigned int cpu)
{
	unsigned int other;

	for_each_cpu(other, topology_sibling_cpumask(cpu))
		if (other != cpu)
			return true;
	return false;
}

static void core_return_cpu(unsigned int cpu)
{
	int r;

	cpumask_clear_cpu(cpu, &core_owned);
	set_cpu_present(cpu, true);
	r = add_cpu(cpu);
	if (r)
		pr_err("CPU %u: Linux does not take it back (%d)\n", cpu, r);
}

static int core_start(struct core *c)
{
	unsigned int ms;
	u8 page;
	int r;

	cpus_read_lock();
	r = core_memory_map_boot_page(c->memory, &page);
	if (r)
		goto out;
	core_apic_send_init(c->apic_id);
	core_apic_send_startup(c->apic_id, page);
	for (ms = 0; READ_ONCE(c->mailbox->state) == CORE_STATE_DOWN && ms < START_TIMEOUT_MS; ms++)
		usleep_range(1000, 1500);
	r = READ_ONCE(c->mailbox->state) == CORE_STATE_WAITING ? 0 : -EIO;
	if (r)
		core_apic_send_init(c->apic_id);
	core_memory_unmap_boot_page(c->memory);
out:
	cpus_read_unlock();
	return r;
}

static struct core *core_alloc(unsigned int cpu, const struct core_setup *setup)
{
	struct core *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->memory = core_memory_create(setup);
	if (!c->memory) {
		kfree(c);
		return NULL;
	}
	c->mailbox = core_memory_mailbox(c->memory);
	c->xstate = core_memory_xstate(c->memory);
	c->cpu = cpu;
	c->apic_id = per_cpu(x86_cpu_to_apicid, cpu);
	rcuwait_init(&c->wait);
	return c;
}

static void core_free(struct core *c)
{
	core_memory_destroy(c->memory);
	kfree(c);
}

static int core_take_locked(struct core *c)
{
	int r;

	if (!cpu_online(c->cpu) || cpumask_test_cpu(c->cpu, &core_owned) || core_has_busy_sibling(c->cpu))
		return -EBUSY;
	cpumask_set_cpu(c->cpu, &core_owned);
	r = remove_cpu(c->cpu);
	if (r) {
		cpumask_clear_cpu(c->cpu, &core_owned);
		return -EBUSY;
	}
	r = core_start(c);
	if (r) {
		core_return_cpu(c->cpu);
		return r;
	}
	doorbell_add(c);
	WRITE_ONCE(core_number, core_number + 1);
	return 0;
}

struct core *core_take(unsigned int cpu, const struct core_setup *setup)
{
	struct core *c;
	int r;

	if (!core_ready)
		return ERR_PTR(-EOPNOTSUPP);
	if (cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return ERR_PTR(-EINVAL);
	c = core_alloc(cpu, setup);
	if (!c)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&core_mutex);
	r = core_take_locked(c);
	mutex_unlock(&core_mutex);
	if (r) {
		core_free(c);
		return ERR_PTR(r);
	}
	pr_info("CPU %u is owned\n", cpu);
	return c;
}

void core_give_back(struct core *c)
{
	mutex_lock(&core_mutex);
	doorbell_remove(c);
	core_apic_send_init(c->apic_id);
	core_return_cpu(c->cpu);
	WRITE_ONCE(core_number, core_number - 1);
	mutex_unlock(&core_mutex);
	core_free(c);
}

void core_run(struct core *c)
{
	doorbell_tell(c);
	smp_store_release(&c->mailbox->turn, TURN_CORE);
	core_apic_send_nmi(c->apic_id);
}

void core_kick(struct core *c)
{
	WRITE_ONCE(c->mailbox->kick, 1);
	smp_mb(); /* against the core's look at kick after the turn has become its own */
	if (!core_thread_turn(c))
		core_apic_send_nmi(c->apic_id);
}

static bool core_has_ended_turn(const struct core *c)
{
	return core_thread_turn(c) || core_is_dead(c);
}

/* No answer: it is stopped, and nothing runs there again. */
static void core_give_up(struct core *c)
{
	pr_err("owned CPU %d does not answer\n", c->cpu);
	core_apic_send_init(c->apic_id);
	WRITE_ONCE(c->mailbox->state, CORE_STATE_DEAD);
}

static void core_report_death(const struct core *c)
{
	const struct core_mailbox *m = c->mailbox;

	if (m->trap_rip)
		pr_err("owned CPU %d: trap %llu, error 0x%llx, RIP 0x%llx, RSP 0x%llx, CR2 0x%llx\n", c->cpu,
		       m->trap_vector, m->trap_error, m->trap_rip, m->trap_rsp, m->trap_cr2);
}

int core_wait(struct core *c)
{
	unsigned int ms;
	int r;

	r = rcuwait_wait_event(&c->wait, core_has_ended_turn(c), TASK_INTERRUPTIBLE);
	if (r == -EINTR) {
		core_kick(c);
		for (ms = 0; !core_has_ended_turn(c) && ms < KICK_TIMEOUT_MS; ms++)
			usleep_range(50, 1000);
		if (!core_has_ended_turn(c))
			core_give_up(c);
	}
	if (core_is_dead(c)) {
		core_report_death(c);
		return -EIO;
	}
	return r;
}

static void core_stop(struct core *c)
{
	core_apic_command_init(c->apic_id);
}

void core_stop_all(void)
{
	doorbell_for_each(core_stop);
}

int core_init(void)
{
	int r;

	if (!core_apic_usable() || cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		return -EOPNOTSUPP;
	r = doorbell_init();
	if (r)
		return r;
	r = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "taxcut:core", NULL, core_cpu_goes_down);
	if (r < 0) {
		doorbell_exit();
		return r;
	}
	core_hotplug = r;
	core_ready = true;
	return 0;
}

void core_exit(void)
{
	if (!core_ready)
		return;
	core_ready = false;
	cpuhp_remove_state_nocalls(core_hotplug);
	doorbell_exit();
}
