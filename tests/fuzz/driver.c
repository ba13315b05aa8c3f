// SPDX-License-Identifier: GPL-2.0-only
/*
 * A deterministic fuzzer: first the target's seeds, then random and mutated
 * inputs until the time is over. The same seed number gives the same inputs; an
 * input that kills the process can be run again from a file.
 *
 *   fuzz_X [SECONDS [SEED]]    fuzz (default: 5 seconds, seed 1)
 *   fuzz_X -i FILE             run one input
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

static uint64_t state;
static uint8_t input[FUZZ_MAX_INPUT];
static size_t input_len;

static uint32_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dULL) >> 32;
}

static void random_input(void)
{
	size_t i;

	input_len = 1 + rnd() % FUZZ_MAX_INPUT;
	for (i = 0; i < input_len; i++)
		input[i] = rnd();
}

static void insert_byte(uint8_t byte, size_t at)
{
	if (input_len == FUZZ_MAX_INPUT)
		return;
	memmove(input + at + 1, input + at, input_len - at);
	input[at] = byte;
	input_len++;
}

static void mutate(void)
{
	static const uint8_t likely[] = { 0x0f, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x48, 0x41, 0x00, 0x01,
					  0x7f, 0x80, 0xff };
	size_t at = rnd() % input_len;

	switch (rnd() % 5) {
	case 0:
		input[at] ^= 1 << rnd() % 8;
		break;
	case 1:
		input[at] = rnd();
		break;
	case 2:
		input[at] = likely[rnd() % sizeof(likely)];
		break;
	case 3:
		insert_byte(likely[rnd() % sizeof(likely)], at);
		break;
	case 4:
		memmove(input + at, input + at + 1, input_len - at - 1);
		input_len -= input_len > 1;
		break;
	}
}

static void next_input(uint64_t n)
{
	const struct fuzz_seed *seed = &fuzz_seeds[n < fuzz_nseeds ? n : rnd() % fuzz_nseeds];
	unsigned int changes;

	if (n >= fuzz_nseeds && rnd() % 4 == 0) {
		random_input();
		return;
	}
	memcpy(input, seed->data, seed->len);
	input_len = seed->len;
	if (n < fuzz_nseeds)
		return;
	for (changes = 1 + rnd() % 6; changes; changes--)
		mutate();
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Prints the failing input as hexadecimal, with async-signal-safe functions only. */
static void on_abort(int sig)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * FUZZ_MAX_INPUT + 1];
	size_t i;

	for (i = 0; i < input_len; i++) {
		text[2 * i] = digits[input[i] >> 4];
		text[2 * i + 1] = digits[input[i] & 15];
	}
	text[2 * i] = '\n';
	if (write(2, "input: ", 7) < 0 || write(2, text, 2 * i + 1) < 0)
		_exit(1);
	signal(sig, SIG_DFL);
	raise(sig);
}

static int run_file(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, input, sizeof(input));

	if (len < 0) {
		perror(name);
		return 1;
	}
	input_len = len;
	LLVMFuzzerTestOneInput(input, input_len);
	fuzz_report();
	return 0;
}

int main(int argc, char **argv)
{
	double limit = argc > 1 ? atof(argv[1]) : 5;
	double end = seconds() + limit;
	uint64_t n;

	signal(SIGABRT, on_abort);
	if (argc > 2 && !strcmp(argv[1], "-i"))
		return run_file(argv[2]);
	state = (argc > 2 ? strtoull(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15ULL | 1;
	for (n = 0; n % 256 || n <= fuzz_nseeds || seconds() < end; n++) {
		next_input(n);
		LLVMFuzzerTestOneInput(input, input_len);
	}
	printf("%llu inputs\n", (unsigned long long)n);
	fuzz_report();
	return 0;
}
