/* SPDX-License-Identifier: GPL-2.0-only */
/* The AMD backend. */
#ifndef TAXCUT_SVM_BACKEND_H
#define TAXCUT_SVM_BACKEND_H

#include "base/backend.h"

extern struct hv_ops svm_ops; /* written only by its own setup() */

#endif /* TAXCUT_SVM_BACKEND_H */
