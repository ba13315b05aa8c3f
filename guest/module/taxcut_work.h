/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What taxcut_work.ko does for the programs that measure: IPIs and timers from inside the kernel, without the
 * system call that would stand before each of them in user space.
 *
 * TAXCUT_WORK_RUN runs one batch on the calling CPU, and fills in how long each event took. It returns the
 * number of events, which is what was asked for, or an error:
 *	EINVAL	a number out of its range, or no other CPU to send to
 *	EFAULT	an address that cannot be read or written
 *	EINTR	a signal came; nothing of the batch is reported
 *	ETIME	a timer did not fire within a second
 *	ENXIO	a CPU went away while it was sent to
 */
#ifndef TAXCUT_WORK_H
#define TAXCUT_WORK_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define TAXCUT_WORK_DEVICE "/dev/taxcut_work"

#define TAXCUT_WORK_EVENTS_MAX 4096 /* in one batch */
#define TAXCUT_WORK_DELAY_MIN 1000 /* ns */
#define TAXCUT_WORK_DELAY_MAX 10000000

enum taxcut_work_what {
	TAXCUT_WORK_IPI, /* interrupt all of @cpus and wait until each has run a handler; latency: all of that */
	TAXCUT_WORK_FIRE, /* arm a timer, wait busily until it fires; latency: how late it did */
	TAXCUT_WORK_ARM, /* arm the same timer again and again before it fires; latency: of one arming */
};

/*
 * struct taxcut_work_batch - the argument of TAXCUT_WORK_RUN
 * @what: enum taxcut_work_what
 * @events: how many, 1 to TAXCUT_WORK_EVENTS_MAX
 * @delay_ns: FIRE, ARM: how far ahead the timer is armed, TAXCUT_WORK_DELAY_MIN to MAX
 * @cpus_size: IPI: size of the mask in bytes, at most 1024
 * @cpus: IPI: address of a CPU mask as sched_setaffinity() takes it; the calling CPU is left out of it
 * @latency: address of @events __u64, in ns; written
 * @arrival_ns: IPI: from sending to the last handler's start, summed over the events; written
 */
struct taxcut_work_batch {
	__u32 what;
	__u32 events;
	__u32 delay_ns;
	__u32 cpus_size;
	__u64 cpus;
	__u64 latency;
	__u64 arrival_ns;
};

#define TAXCUT_WORK_RUN _IOWR('t', 0x77, struct taxcut_work_batch)

#endif
