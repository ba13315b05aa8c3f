/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PC's 8254 timer and the speaker port 0x61. Time comes in as now_ns,
 * nanoseconds of one monotonic clock of the caller's choice (the one that
 * KVM_GET_PIT2's count_load_time is in). The caller holds one lock around every
 * call. Nothing is armed here: when pit_write() or pit_state_set() says so, ask
 * pit_next() and (re)arm or cancel.
 */
#ifndef TAXCUT_MODEL_PIT_H
#define TAXCUT_MODEL_PIT_H

#include <linux/kvm.h>

#include "port.h"

#define PIT_HZ 1193182
#define PIT_CHANNEL0 0x40 /* 0x40..0x42: channels, 0x43: control */
#define PIT_CONTROL 0x43
#define PIT_SPEAKER 0x61

struct pit {
	struct kvm_pit_channel_state ch[3]; /* count 1..65536; rw_mode 1..3; mode 0..5 */
	u32 flags; /* KVM_PIT_FLAGS_* */
	u64 min_period_ns; /* periodic modes of channel 0 never fire faster */
	bool armed; /* channel 0 has an edge to come */
	u64 next_ns; /* when */
	u64 gate_low_ns; /* when channel 2's gate fell, while it is low */
};

/* When channel 0's output rises next. */
struct pit_next {
	bool armed;
	bool periodic;
	u64 when_ns; /* absolute; may lie in the past: fire now */
	u64 period_ns; /* periodic modes (2, 3), the minimum applied */
};

/* Power-up: mode 0 and count 65536 on all channels, nothing armed; min_period_ns 0 for none. */
void pit_init(struct pit *p, u64 min_period_ns);

/* Ports 0x40..0x43. Control reads return 0xff. */
u8 pit_read(struct pit *p, u16 port, u64 now_ns);

/* Returns true if channel 0 must be (re)armed or cancelled. */
bool pit_write(struct pit *p, u16 port, u8 value, u64 now_ns);

/* Port 0x61: bit 0 gate 2, bit 1 speaker data, bit 4 refresh, bit 5 channel 2's output. */
u8 pit_speaker_read(struct pit *p, u64 now_ns);
void pit_speaker_write(struct pit *p, u8 value, u64 now_ns);

/* Output pin of channel 0..2 at now_ns. */
bool pit_out(const struct pit *p, unsigned int channel, u64 now_ns);

struct pit_next pit_next(const struct pit *p);

/*
 * Channel 0's timer fired: raise and lower IRQ 0 once. Moves to the first edge
 * after now_ns on the original grid, or disarms (one-shot modes). Returns how
 * many edges have passed: 0 none yet, 1 normally, more if some were missed
 * (for a client that wants lost ticks reinjected).
 */
u64 pit_fire(struct pit *p, u64 now_ns);

/*
 * KVM_GET_PIT2 / KVM_SET_PIT2 (and the first part of it for KVM_GET_PIT /
 * KVM_SET_PIT). Set sanitises and restarts the counts at now_ns; returns true
 * if channel 0 must be (re)armed. -EINVAL does not occur: unknown flags are
 * reported by pit_state_check().
 */
void pit_state_get(const struct pit *p, struct kvm_pit_state2 *s);
int pit_state_check(const struct kvm_pit_state2 *s);
bool pit_state_set(struct pit *p, const struct kvm_pit_state2 *s, u64 now_ns);

#endif /* TAXCUT_MODEL_PIT_H */
