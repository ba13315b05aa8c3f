/* SPDX-License-Identifier: GPL-2.0-only */
/* Statistics through QMP. */
#ifndef TAXCUT_SAMPLE_QMP_H
#define TAXCUT_SAMPLE_QMP_H

#include "sample.h"

/* EXIT_OK, or EXIT_FAILED after a message. */
int sample_qmp(const char *socket, struct sample *s);

#endif
