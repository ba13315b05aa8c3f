/* SPDX-License-Identifier: GPL-2.0-only */
/* The Intel backend. */
#ifndef TAXCUT_VMX_BACKEND_H
#define TAXCUT_VMX_BACKEND_H

#include "base/backend.h"

extern struct hv_ops vmx_ops; /* written only by its own setup() */

#endif /* TAXCUT_VMX_BACKEND_H */
