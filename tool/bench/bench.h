/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `taxcut bench`. */
#ifndef TAXCUT_BENCH_BENCH_H
#define TAXCUT_BENCH_BENCH_H

int cmd_bench(int argc, char **argv);

#endif
