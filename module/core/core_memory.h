/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_CORE_MEMORY_H
#define TAXCUT_CORE_CORE_MEMORY_H

#include <linux/types.h>

#include "core.h"

/* A core's pages and page tables. May sleep. NULL: no memory. */
struct core_memory *core_memory_create(const struct core_setup *setup);
void core_memory_destroy(struct core_memory *m);

struct core_mailbox *core_memory_mailbox(struct core_memory *m);
void *core_memory_xstate(struct core_memory *m);

/*
 * The page below 1 MiB in which the core starts. map() saves its contents, puts
 * the 16-bit code there and maps it for the core; unmap() puts the contents back. CPU
 * hotplug is locked out in between: Linux starts CPUs there, too. -ENOMEM: none is usable.
 */
int core_memory_map_boot_page(struct core_memory *m, u8 *page);
void core_memory_unmap_boot_page(struct core_memory *m);

#endif /* TAXCUT_CORE_CORE_MEMORY_H */
