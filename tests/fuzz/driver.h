/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of a fuzz target: libFuzzer's entry point, and seeds for our
 * driver (driver.c), which works with any compiler.
 */
#ifndef FUZZ_DRIVER_H
#define FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_MAX_INPUT 256

struct fuzz_seed {
	const char *data;
	unsigned int len;
};

extern const struct fuzz_seed fuzz_seeds[];
extern const unsigned int fuzz_nseeds;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Prints a line of statistics at the end of a run. */
void fuzz_report(void);

#endif /* FUZZ_DRIVER_H */
