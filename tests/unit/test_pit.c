// SPDX-License-Identifier: GPL-2.0-only
/* The 8254. Time starts at T0; its unit is a tick of the 1.193182 MHz clock. */
#include "model/pit.h"
#include "story.h"

#define T0 1000000000ULL
#define MIN_PERIOD 200000

static struct pit pit;

/* The first nanosecond at which n ticks have passed since T0. */
static u64 at(u64 ticks)
{
	return T0 + (u64)(((unsigned __int128)ticks * 1000000000 + PIT_HZ - 1) / PIT_HZ);
}

static void fresh(void)
{
	memset(&pit, 0x5a, sizeof(pit));
	pit_init(&pit, MIN_PERIOD);
}

static void load(unsigned int channel, unsigned int mode, u16 count, u64 now)
{
	pit_write(&pit, PIT_CONTROL, (u8)(channel << 6 | 0x30 | mode << 1), now);
	pit_write(&pit, (u16)(PIT_CHANNEL0 + channel), (u8)count, now);
	pit_write(&pit, (u16)(PIT_CHANNEL0 + channel), (u8)(count >> 8), now);
}

static u16 read16(unsigned int channel, u64 now)
{
	u16 low = pit_read(&pit, (u16)(PIT_CHANNEL0 + channel), now);

	return (u16)(low | pit_read(&pit, (u16)(PIT_CHANNEL0 + channel), now) << 8);
}

STORY(power_up)
{
	fresh();
	assert_false(pit_next(&pit).armed);
	assert_int_equal(pit_fire(&pit, ~0ULL), 0);
	assert_int_equal(pit_read(&pit, PIT_CONTROL, T0), 0xff);
	assert_int_equal(pit_speaker_read(&pit, 0) & 0x03, 0);
}

STORY(rate_generator_stays_on_its_grid)
{
	struct pit_next next;
	u64 i;

	fresh();
	load(0, 2, 11932, T0); /* 100 Hz */
	next = pit_next(&pit);
	assert_true(next.armed && next.periodic);
	assert_int_equal(next.when_ns, at(11932));
	assert_in_range(next.period_ns, 10000151, 10000153);
	assert_int_equal(pit_fire(&pit, next.when_ns - 1), 0);
	for (i = 1; i <= 100000; i++) {
		assert_int_equal(pit_next(&pit).when_ns, at(i * 11932));
		assert_int_equal(pit_fire(&pit, at(i * 11932) + i % 9000), 1);
	}
	/* Seven edges passed at once: counted, not replayed. */
	assert_int_equal(pit_fire(&pit, at((i + 6) * 11932) + 5), 7);
	assert_int_equal(pit_fire(&pit, at((i + 6) * 11932) + 5), 0);
	assert_int_equal(pit_next(&pit).when_ns, at((i + 7) * 11932));
}

STORY(oneshot_fires_once)
{
	fresh();
	load(0, 0, 1193, T0);
	assert_true(pit_next(&pit).armed);
	assert_false(pit_next(&pit).periodic);
	assert_int_equal(pit_next(&pit).when_ns, at(1193));
	assert_int_equal(pit_fire(&pit, at(1193)), 1);
	assert_false(pit_next(&pit).armed);
	assert_int_equal(pit_fire(&pit, ~0ULL >> 1), 0);
	/* Very short one-shots are not lengthened: each costs the guest an exit. */
	load(0, 0, 1, T0);
	assert_int_equal(pit_next(&pit).when_ns, at(1));
}

STORY(cannot_storm_the_host)
{
	fresh();
	load(0, 2, 1, T0);
	assert_int_equal(pit_next(&pit).period_ns, MIN_PERIOD);
	assert_int_equal(pit_next(&pit).when_ns, T0 + MIN_PERIOD);
	assert_int_equal(pit_fire(&pit, T0 + MIN_PERIOD + 1), 1);
	assert_int_equal(pit_next(&pit).when_ns, T0 + 2 * MIN_PERIOD);
	assert_int_equal(pit_fire(&pit, T0 + 10 * MIN_PERIOD), 9);
	assert_int_equal(pit_next(&pit).when_ns, T0 + 11 * MIN_PERIOD);
}

STORY(zero_means_full_count)
{
	fresh();
	load(0, 2, 0, T0);
	assert_int_equal(pit_next(&pit).when_ns, at(65536));
	assert_int_equal(read16(0, T0), 0);
	assert_int_equal(read16(0, at(1)), 65535);
}

STORY(control_word_stops_channel_0)
{
	fresh();
	load(0, 2, 1000, T0);
	assert_true(pit_write(&pit, PIT_CONTROL, 0x30, T0));
	assert_false(pit_next(&pit).armed);
	assert_false(pit_write(&pit, PIT_CHANNEL0, 5, T0)); /* half a count */
	assert_false(pit_next(&pit).armed);
	assert_true(pit_write(&pit, PIT_CHANNEL0, 0, T0));
	assert_true(pit_next(&pit).armed);
	/* The gate of channel 0 never rises: its triggered modes never start. */
	load(0, 1, 1000, T0);
	assert_false(pit_next(&pit).armed);
	load(0, 5, 1000, T0);
	assert_false(pit_next(&pit).armed);
	/* The other channels have no timer. */
	assert_false(pit_write(&pit, PIT_CONTROL, 0xb4, T0));
	assert_false(pit_write(&pit, PIT_CHANNEL0 + 2, 1, T0));
	assert_false(pit_write(&pit, PIT_CHANNEL0 + 2, 1, T0));
}

STORY(counts)
{
	static const struct { unsigned int mode; u16 count; u64 ticks; u16 value; } cases[] = {
		{ 0, 1000, 0, 1000 }, { 0, 1000, 1, 999 }, { 0, 1000, 1000, 0 },
		{ 0, 1000, 1001, 0xffff }, { 0, 1000, 66536, 0 },
		{ 2, 1000, 0, 1000 }, { 2, 1000, 999, 1 }, { 2, 1000, 1000, 1000 },
		{ 3, 1000, 0, 1000 }, { 3, 1000, 1, 998 }, { 3, 1000, 499, 2 },
		{ 3, 1000, 500, 1000 }, { 3, 1000, 999, 2 }, { 4, 1000, 1001, 0xffff },
		{ 6, 1000, 999, 1 }, { 7, 1000, 500, 1000 }, /* 6 is 2, 7 is 3 */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fresh();
		load(0, cases[i].mode, cases[i].count, T0);
		assert_int_equal(read16(0, at(cases[i].ticks)), cases[i].value);
	}
}

STORY(outputs)
{
	static const struct { unsigned int mode; u16 count; u64 ticks; bool out; } cases[] = {
		{ 0, 1000, 0, false }, { 0, 1000, 999, false }, { 0, 1000, 1000, true },
		{ 0, 1000, 900000, true }, { 1, 1000, 0, true }, { 2, 1000, 0, true },
		{ 2, 1000, 998, true }, { 2, 1000, 999, false }, { 2, 1000, 1000, true },
		{ 3, 1000, 499, true }, { 3, 1000, 500, false }, { 3, 1000, 1000, true },
		{ 3, 1001, 500, true }, { 3, 1001, 501, false },
		{ 4, 1000, 999, true }, { 4, 1000, 1000, false }, { 4, 1000, 1001, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fresh();
		load(1, cases[i].mode, cases[i].count, T0);
		assert_int_equal(pit_out(&pit, 1, at(cases[i].ticks)), cases[i].out);
	}
	pit_out(&pit, 99, T0);
}

STORY(byte_access_modes)
{
	fresh();
	pit_write(&pit, PIT_CONTROL, 0x14, T0); /* low byte only */
	pit_write(&pit, PIT_CHANNEL0, 0x34, T0);
	assert_int_equal(pit.ch[0].count, 0x34);
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0, T0), 0x34);
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0, T0), 0x34);
	pit_write(&pit, PIT_CONTROL, 0x24, T0); /* high byte only */
	pit_write(&pit, PIT_CHANNEL0, 0x12, T0);
	assert_int_equal(pit.ch[0].count, 0x1200);
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0, T0), 0x12);
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0, T0), 0x12);
}

STORY(latched_count_stands_still)
{
	fresh();
	load(0, 2, 0x1234, T0);
	pit_write(&pit, PIT_CONTROL, 0x00, T0);
	pit_write(&pit, PIT_CONTROL, 0x00, at(100)); /* the second latch is ignored */
	assert_int_equal(read16(0, at(200)), 0x1234);
	assert_int_equal(read16(0, at(0x34)), 0x1200);
}

STORY(read_back)
{
	fresh();
	load(0, 2, 1000, T0);
	load(1, 3, 2000, T0);
	pit_write(&pit, PIT_CONTROL, 0xc6, T0); /* count and status of channels 0 and 1 */
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0, at(9)), 0xb4); /* status comes first */
	assert_int_equal(read16(0, at(9)), 1000);
	assert_int_equal(read16(0, at(9)), 991);
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0 + 1, at(9)), 0xb6);
	assert_int_equal(read16(1, at(9)), 2000);
	pit_write(&pit, PIT_CONTROL, 0xe2, T0); /* status only */
	assert_int_equal(pit_read(&pit, PIT_CHANNEL0, T0), 0xb4);
	assert_int_equal(read16(0, at(1)), 999);
}

STORY(bcd_counts)
{
	fresh();
	pit_write(&pit, PIT_CONTROL, 0x35, T0);
	pit_write(&pit, PIT_CHANNEL0, 0x00, T0);
	pit_write(&pit, PIT_CHANNEL0, 0x10, T0);
	assert_int_equal(pit.ch[0].count, 1000);
	assert_int_equal(read16(0, T0), 0x1000);
	assert_int_equal(read16(0, at(1)), 0x0999);
	pit_write(&pit, PIT_CHANNEL0, 0x00, T0);
	pit_write(&pit, PIT_CHANNEL0, 0x00, T0);
	assert_int_equal(pit.ch[0].count, 10000);
	pit_write(&pit, PIT_CHANNEL0, 0xff, T0);
	pit_write(&pit, PIT_CHANNEL0, 0xff, T0);
	assert_int_equal(pit.ch[0].count, 10000);
}

/* Linux's calibration: channel 2, mode 0, gate on, wait for bit 5 of port 0x61. */
STORY(speaker_gate_calibration)
{
	fresh();
	pit_speaker_write(&pit, 0x01, T0);
	load(2, 0, 11932, T0);
	assert_int_equal(pit_speaker_read(&pit, at(11931)) & 0x23, 0x01);
	assert_int_equal(pit_speaker_read(&pit, at(11932)) & 0x23, 0x21);
	assert_int_equal((pit_speaker_read(&pit, T0) ^ pit_speaker_read(&pit, T0 + 15085)) & 0x10,
			 0x10); /* refresh toggles */
	pit_speaker_write(&pit, 0x03, at(20000));
	assert_int_equal(pit_speaker_read(&pit, at(20000)) & 0x03, 0x03);
	assert_true(pit.flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON);
}

STORY(gate_stops_and_restarts_channel_2)
{
	fresh();
	load(2, 0, 1000, T0); /* loaded while the gate is low */
	assert_int_equal(read16(2, at(500)), 1000);
	pit_speaker_write(&pit, 1, at(500));
	assert_int_equal(read16(2, at(600)), 900);
	pit_speaker_write(&pit, 0, at(700));
	assert_in_range(read16(2, at(5000)), 800, 801);
	pit_speaker_write(&pit, 1, at(5000));
	assert_false(pit_out(&pit, 2, at(5799)));
	assert_true(pit_out(&pit, 2, at(5801)));
	/* Periodic modes: high while stopped, start over. */
	load(2, 3, 1000, at(6000));
	pit_speaker_write(&pit, 0, at(6700));
	assert_true(pit_out(&pit, 2, at(6700)));
	pit_speaker_write(&pit, 1, at(7000));
	assert_in_range(read16(2, at(7002)), 996, 998);
	/* Mode 1: low from the rising gate until the count has passed. */
	load(2, 1, 1000, at(8000));
	assert_true(pit_out(&pit, 2, at(8000)));
	pit_speaker_write(&pit, 0, at(8000));
	pit_speaker_write(&pit, 1, at(8100));
	assert_false(pit_out(&pit, 2, at(8101)));
	pit_speaker_write(&pit, 0, at(8200)); /* the gate's fall changes nothing */
	assert_false(pit_out(&pit, 2, at(9098)));
	assert_true(pit_out(&pit, 2, at(9101)));
}

STORY(state_round_trip)
{
	struct kvm_pit_state2 s;

	fresh();
	load(0, 2, 11932, T0);
	pit_write(&pit, PIT_CONTROL, 0x00, at(10));
	pit_state_get(&pit, &s);
	assert_int_equal(s.channels[0].count, 11932);
	assert_int_equal(s.channels[0].mode, 2);
	assert_int_equal(s.channels[0].count_load_time, T0);
	assert_int_equal(s.channels[0].latched_count, 11922);
	fresh();
	assert_int_equal(pit_state_check(&s), 0);
	assert_true(pit_state_set(&pit, &s, at(50)));
	assert_true(pit_next(&pit).armed);
	assert_in_range(pit_next(&pit).when_ns, at(50 + 11932) - 2, at(50 + 11932) + 2);
	assert_int_equal(read16(0, at(60)), 11922);
	/* The HPET replaces the PIT, then stops replacing it. */
	s.flags = KVM_PIT_FLAGS_HPET_LEGACY;
	assert_true(pit_state_set(&pit, &s, T0));
	assert_false(pit_next(&pit).armed);
	s.flags = 0;
	pit_state_set(&pit, &s, T0);
	assert_true(pit_next(&pit).armed);
	s.flags = 0x80;
	assert_int_equal(pit_state_check(&s), -EINVAL);
}

/* Random state, then random accesses: no fault, no division by zero, valid counts. */
STORY(hostile_state_is_tamed)
{
	static const u8 fill[] = { 0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x7f, 0x80, 0xff };
	struct kvm_pit_state2 s;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(fill); i++) {
		memset(&s, fill[i], sizeof(s));
		fresh();
		pit_state_set(&pit, &s, T0);
		for (n = 0; n < 3; n++) {
			assert_in_range(pit.ch[n].count, 1, 65536);
			assert_in_range(pit.ch[n].mode, 0, 5);
			assert_in_range(pit.ch[n].rw_mode, 1, 3);
		}
		for (n = 0; n < 256; n++) {
			pit_speaker_write(&pit, (u8)n, T0 + n);
			pit_speaker_read(&pit, T0 + n);
			pit_write(&pit, PIT_CONTROL, (u8)n, T0 + n);
			pit_write(&pit, (u16)(PIT_CHANNEL0 + n % 3), (u8)n, T0 + n);
			pit_read(&pit, (u16)(PIT_CHANNEL0 + n % 4), T0 + n);
			pit_fire(&pit, T0 + n);
		}
	}
	/* A clock that goes backwards counts as no elapsed time. */
	fresh();
	load(0, 2, 1000, T0);
	assert_int_equal(read16(0, 0), 1000);
	assert_int_equal(pit_fire(&pit, 0), 0);
	/* Decades later. */
	pit_fire(&pit, 1ULL << 60);
	assert_in_range(pit_next(&pit).when_ns, 1ULL << 60, (1ULL << 60) + 900000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_up),
		cmocka_unit_test(rate_generator_stays_on_its_grid),
		cmocka_unit_test(oneshot_fires_once),
		cmocka_unit_test(cannot_storm_the_host),
		cmocka_unit_test(zero_means_full_count),
		cmocka_unit_test(control_word_stops_channel_0),
		cmocka_unit_test(counts),
		cmocka_unit_test(outputs),
		cmocka_unit_test(byte_access_modes),
		cmocka_unit_test(latched_count_stands_still),
		cmocka_unit_test(read_back),
		cmocka_unit_test(bcd_counts),
		cmocka_unit_test(speaker_gate_calibration),
		cmocka_unit_test(gate_stops_and_restarts_channel_2),
		cmocka_unit_test(state_round_trip),
		cmocka_unit_test(hostile_state_is_tamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
