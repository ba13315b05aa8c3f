/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_IMAGE_SWITCH_H
#define TAXCUT_CORE_IMAGE_SWITCH_H

#include "core/mailbox.h"

/* Where switch_wait() looks and sleeps: an NMI there goes back to the look. */
extern const u8 switch_wait_begin[], switch_wait_end[];

/* Sleeps until *turn is TURN_CORE. */
void switch_wait(const u32 *turn);
/* One stay in the guest. GIF is clear. */
void switch_svm_enter(u64 *regs, u64 vmcb_pa);

#endif /* TAXCUT_CORE_IMAGE_SWITCH_H */
