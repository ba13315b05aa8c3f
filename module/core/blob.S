/* SPDX-License-Identifier: GPL-2.0-only */
/* The image that runs on owned cores (core/image), as it is copied to each core's pages. */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign 4096
SYM_DATA_START(core_blob)
	.incbin CORE_IMAGE_FILE
SYM_DATA_END_LABEL(core_blob, SYM_L_GLOBAL, core_blob_end)

	.section .note.GNU-stack, "", @progbits
