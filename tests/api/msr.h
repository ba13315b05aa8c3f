/* SPDX-License-Identifier: GPL-2.0-only */
/* What was tried with one MSR: known to both sides of msr.c. */
#ifndef API_MSR_H
#define API_MSR_H

/* The accesses that succeeded. */
enum { MSR_READ = 1, MSR_WRITE_0 = 2, MSR_WRITE_1 = 4 };

struct msr_record {
	unsigned int done;
	unsigned long value[3]; /* at first, after 0 was written, after all ones */
};

#endif /* API_MSR_H */
