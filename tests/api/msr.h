/* SPDX-License-Identifier: GPL-2.0-only */
/* The accesses to one MSR, for host and guest side of the MSR tests. */
#ifndef API_MSR_H
#define API_MSR_H

/* The accesses that succeeded. */
enum { MSR_READ = 1, MSR_WRITE_0 = 2, MSR_WRITE_1 = 4 };

struct msr_record {
	unsigned int done;
	unsigned long value[3]; /* read first, after the write of 0, after the write of all ones */
};

#endif /* API_MSR_H */
