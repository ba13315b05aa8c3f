/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernels we build for differ (6.1 to 7.x): the only place with version checks. */
#ifndef TAXCUT_COMPAT_H
#define TAXCUT_COMPAT_H

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define hv_hrtimer_setup(timer, fn, clock, mode) hrtimer_setup(timer, fn, clock, mode)
#else
#define hv_hrtimer_setup(timer, fn, clock, mode)                                                   \
	do {                                                                                       \
		hrtimer_init(timer, clock, mode);                                                  \
		(timer)->function = fn;                                                            \
	} while (0)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define hv_eventfd_signal(ctx) eventfd_signal(ctx)
#else
#define hv_eventfd_signal(ctx) ((void)eventfd_signal(ctx, 1))
#endif

#endif /* TAXCUT_COMPAT_H */
