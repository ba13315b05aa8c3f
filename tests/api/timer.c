// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC timer: the exits of arming and firing, and that the guest does not
 * see an interrupt before its time with any setting of the timer advance. Guest
 * side: guest/timer.c.
 *
 * API_ICOUNT in the environment: the emulated host's time is the number of
 * executed instructions (lab/lab --icount), independent of the machine's load,
 * and counts are checked exactly.
 */
#include "harness.h"

#include <fcntl.h>

#define PARAMETER "timer_advance_ns"
#define ADVANCE_MAX 5000

static void set_advance(const char *value)
{
	if (is_stock())
		return;
	CHECK_EQ(param_try(PARAMETER, value), 0);
}

static void need_taxcut(void)
{
	if (is_stock())
		test_skip("stock KVM has other parameters and statistics");
}

static struct vcpu *timer_vcpu(bool halt, u64 delay_ns)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	guest_args(vm)[0] = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	guest_args(vm)[1] = halt;
	guest_args(vm)[2] = delay_ns;
	return v;
}

TEST(timer_advance_values)
{
	static const char * const good[] = { "0", "1", "2500", "5000", "-1" };
	static const char * const bad[] = { "-2", "5001", "99999999999999999999", "x", "1.5" };
	char now[16] = "";
	int fd;

	need_taxcut();
	for (u32 i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_EQ(param_try(PARAMETER, good[i]), 0);
	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(param_try(PARAMETER, bad[i]) == ERANGE || param_try(PARAMETER, bad[i]) == EINVAL);
	fd = OK(open("/sys/module/taxcut/parameters/" PARAMETER, O_RDONLY | O_CLOEXEC));
	CHECK(read(fd, now, sizeof(now) - 1) > 0);
	CHECK_EQ(strcmp(now, "-1\n"), 0);
}

/* ---- never before its time ---- */

static const char * const settings[] = { "0", "-1", "1500", "5000" };

static void never_early(const char *function, u64 n)
{
	if (getenv("API_ICOUNT"))
		n /= 4; /* --icount is slow */
	for (u32 i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		set_advance(settings[i]);
		for (int halt = 0; halt < 2; halt++) {
			struct vcpu *v = timer_vcpu(halt, 60000);

			vcpu_call(v, function, n);
			vm_close(v->vm);
		}
	}
	set_advance("-1");
}

TEST(timer_deadline_never_early)
{
	never_early("g_firings", 500);
}

TEST(timer_counts_never_early)
{
	never_early("g_count_firings", 200);
}

/* A guest with interrupts off does not see the interrupt pending before its time, either. */
TEST(timer_peek)
{
	never_early("g_peek", 300);
}

TEST(timer_tsc_moves)
{
	never_early("g_tsc_moves", 60);
}

TEST(timer_past_deadline_is_immediate)
{
	for (u32 i = 0; i < 2; i++) {
		struct vcpu *v = timer_vcpu(false, 0);

		set_advance(settings[i]);
		vcpu_call(v, "g_past", 200);
		if (is_stock())
			continue;
		CHECK_EQ(stat_get(v->fd, "lapic_timer_fires"), 200);
		CHECK_EQ(stat_get(v->fd, "lapic_timer_arms"), 0);
		CHECK_EQ(stat_get(v->fd, "lapic_timer_early"), 0);
	}
}

/* A timer with an illegal vector causes an error interrupt, also in HLT, and not before the timer's time. */
TEST(timer_illegal_vector)
{
	static const u32 modes[] = LVTT_MODES;

	need_taxcut(); /* stock KVM sends no error interrupt */
	set_advance("5000");
	for (u32 i = 0; i < 6; i++) {
		struct vcpu *v = timer_vcpu(i % 2, 60000);

		guest_args(v->vm)[3] = modes[i / 2];
		vcpu_call(v, "g_illegal_vector", 100);
		/*
		 * At once, not at the next KVM_RUN or HLT. The limits allow for the exits of kernel work (task work).
		 */
		CHECK(stat_get(v->fd, "signal_exits") < 50);
		CHECK(stat_get(v->fd, "halt_exits") < 150);
		vm_close(v->vm);
	}
	set_advance("-1");
}

/* A vCPU outside KVM_RUN (a paused VM) misses periods and does not catch up on them. */
TEST(timer_periodic_after_pauses)
{
	struct vcpu *v = timer_vcpu(false, 0);

	guest_args(v->vm)[3] = is_emulated_cpu(); /* docs/emulator-bugs.md */
	vcpu_start(v, "g_stopped", 8);
	for (u32 i = 1; i <= 8; i++) {
		vcpu_sync(v, i);
		usleep(i % 2 ? 30000 : 3700);
	}
	vcpu_done(v);
}

/* ---- costs ---- */

struct counts {
	u64 msr, injections, fires, arms, early, late, wait_ns, advance;
};

static struct counts count(const char *function, bool halt, u64 n)
{
	struct vcpu *v = timer_vcpu(halt, 40000);
	struct counts c;

	vcpu_call(v, function, n);
	c = (struct counts){ .msr = stat_get(v->fd, "msr_exits"),
			     .injections = stat_get(v->fd, "irq_injections"),
			     .fires = stat_get(v->fd, "lapic_timer_fires"),
			     .arms = stat_get(v->fd, "lapic_timer_arms"),
			     .early = stat_get(v->fd, "lapic_timer_early"),
			     .late = stat_get(v->fd, "lapic_timer_late"),
			     .wait_ns = stat_get(v->fd, "lapic_timer_wait_ns"),
			     .advance = stat_get(v->fd, "lapic_timer_advance_ns") };
	vm_close(v->vm);
	return c;
}

/*
 * Per timer: one exit to arm it, one injection, one exit for the EOI; the host's
 * timer is set at most once. A CPU that delivers interrupts itself needs neither
 * injection nor EOI exit, and its timer is not advanced: the entry would not wait.
 */
static void check_counts(const char *setting, bool halt)
{
	bool by_cpu = cpu_delivers();
	struct counts few, many;

	set_advance(setting);
	few = count("g_firings", halt, 100);
	many = count("g_firings", halt, 300);
	CHECK_EQ(many.msr - few.msr, by_cpu ? 200 : 200 * 2);
	CHECK_EQ(many.injections, by_cpu ? 0 : 300);
	CHECK_EQ(many.fires, 300);
	CHECK(many.arms <= 300);
	CHECK(many.early + many.late <= many.arms);
	CHECK(many.wait_ns <= many.early * (ADVANCE_MAX + 1000));
	if (by_cpu || !strcmp(setting, "0")) {
		CHECK_EQ(many.early, 0);
		CHECK_EQ(many.advance, 0);
	}
	if (!getenv("API_ICOUNT"))
		return;
	CHECK_EQ(many.arms, 300);
	CHECK_EQ(many.early + many.late, 300);
	/* Late: those before the advance has adapted, and a few that coincide with the host's tick. */
	if (!strcmp(setting, "-1"))
		CHECK_RANGE(many.late, 1, 100);
}

TEST(timer_exits)
{
	need_taxcut();
	for (u32 i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		for (int halt = 0; halt < 2; halt++)
			check_counts(settings[i], halt);
	set_advance("-1");
}

/* A masked timer is not advanced. */
TEST(timer_masked_waits_for_nothing)
{
	struct counts c;

	need_taxcut();
	set_advance("5000");
	c = count("g_masked_firings", false, 50);
	set_advance("-1");
	CHECK_EQ(c.fires, 50);
	CHECK_EQ(c.injections, 0);
	CHECK_EQ(c.early + c.late, 0);
	CHECK_EQ(c.wait_ns, 0);
	CHECK_EQ(c.advance, 0);
}

/*
 * The parameter is read when a timer is armed: it applies to running guests, unless the CPU delivers interrupts
 * itself.
 */
TEST(timer_advance_while_running)
{
	struct vcpu *v = timer_vcpu(false, 100000);
	volatile u64 *irqs = guest_irqs(v->vm);
	bool by_cpu = cpu_delivers();

	need_taxcut();
	set_advance("2500");
	vcpu_call(v, "g_firings", 20);
	CHECK_EQ(stat_get(v->fd, "lapic_timer_advance_ns"), by_cpu ? 0 : 2500);
	set_advance("0");
	irqs[0x62] = 0;
	vcpu_call(v, "g_firings", 20);
	CHECK_EQ(stat_get(v->fd, "lapic_timer_advance_ns"), 0);
	set_advance("-1");
	irqs[0x62] = 0;
	vcpu_call(v, "g_firings", 200);
	CHECK_RANGE(stat_get(v->fd, "lapic_timer_advance_ns"), by_cpu ? 0 : 1, by_cpu ? 0 : ADVANCE_MAX);
}
