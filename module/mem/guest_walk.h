/* SPDX-License-Identifier: GPL-2.0-only */
/* Walking the guest's own page tables. vm->mem_sem held (the run loop always holds it). */
#ifndef TAXCUT_MEM_GUEST_WALK_H
#define TAXCUT_MEM_GUEST_WALK_H

#include "base/backend.h"
#include "base/vcpu.h"
#include "model/insn/insn.h"

enum walk_access {
	WALK_READ = 0,
	WALK_WRITE = 1,
	WALK_FETCH = 2,
	WALK_USER = 4,
	WALK_NO_SIDE_EFFECTS = 8,
	WALK_IMPLICIT = 16, /* the CPU's own access to a descriptor table or a TSS: EFLAGS.AC does not lift SMAP */
};

/*
 * Linear to guest physical address for an access as the guest would make it
 * (access: bits of enum walk_access; WALK_USER: at CPL 3). Sets accessed and
 * dirty bits unless WALK_NO_SIDE_EFFECTS. 0, or -EFAULT with *fault describing
 * the #PF. p: from hv->get_paging().
 */
int guest_walk(struct vcpu *v, const struct hv_paging *p, u64 lin, unsigned int access, u64 *gpa,
	     struct insn_fault *fault);
/* The same with the vCPU's paging mode of this moment. */
int guest_walk_now(struct vcpu *v, u64 lin, unsigned int access, u64 *gpa, struct insn_fault *fault);

#endif /* TAXCUT_MEM_GUEST_WALK_H */
