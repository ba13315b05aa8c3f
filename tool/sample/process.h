/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics from the files that a process holds. */
#ifndef TAXCUT_SAMPLE_PROCESS_H
#define TAXCUT_SAMPLE_PROCESS_H

#include <sys/types.h>

#include "sample.h"

/* EXIT_OK, or EXIT_FAILED after a message. */
int sample_process(pid_t pid, struct sample *s);

#endif
