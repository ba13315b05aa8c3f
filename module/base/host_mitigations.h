/* SPDX-License-Identifier: GPL-2.0-only */
/* What model/mitigation.h decides, for this host. */
#ifndef TAXCUT_BASE_HOST_MITIGATIONS_H
#define TAXCUT_BASE_HOST_MITIGATIONS_H

#include "model/mitigation.h"

extern struct mitigations mitigations; /* set once, before a backend's setup() */

/* Fills it, and tells of what the host's kernel is too old to know. */
void host_mitigations_init(void);

#endif /* TAXCUT_BASE_HOST_MITIGATIONS_H */
