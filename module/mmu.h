/* SPDX-License-Identifier: GPL-2.0-only */
/* Walking the guest's own page tables. vm->mem_sem held (the run loop always holds it). */
#ifndef TAXCUT_MMU_H
#define TAXCUT_MMU_H

#include "hv.h"
#include "pure/insn.h"

enum mmu_access {
	MMU_READ = 0,
	MMU_WRITE = 1,
	MMU_FETCH = 2,
	MMU_USER = 4,
	MMU_NO_SIDE_EFFECTS = 8,
	MMU_IMPLICIT = 16, /* the CPU's own access to a descriptor table or a TSS: EFLAGS.AC does not lift SMAP */
};

/*
 * Linear to guest physical address for an access as the guest would make it
 * (access: bits of enum mmu_access; MMU_USER: at CPL 3). Sets accessed and
 * dirty bits unless MMU_NO_SIDE_EFFECTS. 0, or -EFAULT with *fault describing
 * the #PF. p: from hv->get_paging().
 */
int mmu_walk(struct vcpu *v, const struct hv_paging *p, u64 lin, unsigned int access, u64 *gpa,
	     struct insn_fault *fault);
/* The same with the vCPU's paging mode of this moment. */
int mmu_translate(struct vcpu *v, u64 lin, unsigned int access, u64 *gpa, struct insn_fault *fault);

#endif /* TAXCUT_MMU_H */
