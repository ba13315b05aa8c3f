// SPDX-License-Identifier: GPL-2.0-only
/* Guest side of host.c. */
#include "lib.h"

void g_count_until_told(u64 unused);

void g_count_until_told(u64 unused)
{
	(void)unused;
	while (!args[0])
		results[0]++;
}
