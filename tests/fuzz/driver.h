/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fuzz target gives: the entry point that libFuzzer calls too, and
 * seeds for the driver of our own (driver.c), which needs no special compiler.
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
/* A line about what was reached, at the end of a run. */
void fuzz_report(void);

#endif /* FUZZ_DRIVER_H */
