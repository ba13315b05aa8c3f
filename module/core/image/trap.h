/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_IMAGE_TRAP_H
#define TAXCUT_CORE_IMAGE_TRAP_H

#include "core/mailbox.h"

#define TRAP_STUB_SIZE 16 /* stubs.S */

struct trap_frame {
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

void trap_fill_idt(const u8 *stubs);
/* From stubs.S. */
void trap_handle(struct trap_frame *frame);

#endif /* TAXCUT_CORE_IMAGE_TRAP_H */
