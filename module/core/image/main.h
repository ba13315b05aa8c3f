/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_IMAGE_MAIN_H
#define TAXCUT_CORE_IMAGE_MAIN_H

#include "core/mailbox.h"

/* From boot.S, in 64-bit mode, on the core's own stack. stubs: of stubs.S. */
__attribute__((noreturn)) void core_main(const u8 *stubs);

#endif /* TAXCUT_CORE_IMAGE_MAIN_H */
