/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_DOORBELL_H
#define TAXCUT_CORE_DOORBELL_H

#include "core.h"

/* Module load and unload. -errno: this kernel gives no interrupt. */
int doorbell_init(void);
void doorbell_exit(void);

/* From here on the core's doorbell wakes core->wait; and no longer. May sleep. */
void doorbell_add(struct core *c);
void doorbell_remove(struct core *c);
/* The thread's turn: writes to the mailbox where the doorbell is now. */
void doorbell_tell(struct core *c);
/* All cores, in any context: fn must not sleep. */
void doorbell_for_each(void (*fn)(struct core *c));

#endif /* TAXCUT_CORE_DOORBELL_H */
