/* SPDX-License-Identifier: GPL-2.0-only */
/* What this CPU's SVM can do. */
#ifndef TAXCUT_SVM_CAPS_H
#define TAXCUT_SVM_CAPS_H

#include "svm.h"

struct svm_features {
	u32 nr_asids;
	bool nrips, flush_by_asid, tsc_scale, v_spec_ctrl;
	bool rdtscp;
};

DECLARE_PER_CPU(struct svm_cpu, svm_cpus);
extern struct svm_features svm_features;
extern struct page *svm_iopm; /* all ports exit */

bool svm_supported(const char **why_not);
/* Fills svm_features; false: this CPU cannot be used. */
bool svm_caps_read(void);

#endif /* TAXCUT_SVM_CAPS_H */
