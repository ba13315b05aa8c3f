/* SPDX-License-Identifier: GPL-2.0-only */
/* `taxcut top --json`. */
#ifndef TAXCUT_WATCH_TOP_JSON_H
#define TAXCUT_WATCH_TOP_JSON_H

#include <stdio.h>

#include "top_view.h"

/* Writes one line. */
void top_json(const struct top_view *v, FILE *out);

#endif
