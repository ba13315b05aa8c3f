/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TAXCUT_CORE_BLOB_H
#define TAXCUT_CORE_BLOB_H

#include <linux/types.h>

/* The image of core/image: struct core_image_head, code, data. */
extern const u8 core_blob[], core_blob_end[];

#endif /* TAXCUT_CORE_BLOB_H */
