/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of an x86 CPU, in forms that fit every vendor. */
#ifndef TAXCUT_BASE_X86_H
#define TAXCUT_BASE_X86_H

#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "model/port.h"

#define DR_GENERAL_DETECT_ENABLE BIT_ULL(13) /* DR7.GD: accesses to debug registers trap */
/* After power-up and INIT (SDM vol. 3, "Processor State After Reset"). */
#define DR6_RESET 0xffff0ff0ULL
#define DR7_RESET 0x400ULL
#define RIP_RESET 0xfff0ULL

#define X86_PTE_PA_MASK GENMASK_ULL(51, 12) /* of an entry in long mode or PAE paging */

#define CS_ATTR_L BIT(9) /* of struct hv_segment's attr: a 64-bit code segment */

enum vcpu_reg {
	GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
	NR_GPRS,
};

/* One segment register, in the CPU's cached form (attr as in struct insn_segment). */
struct hv_segment {
	u64 base;
	u32 limit;
	u16 sel;
	u16 attr;
};

enum hv_seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, NR_SEGS };

struct hv_dtable {
	u64 base;
	u16 limit;
};

/* The control and system registers that the backend keeps. */
struct hv_sregs {
	struct hv_segment seg[NR_SEGS];
	struct hv_dtable gdt, idt;
	u64 cr0, cr2, cr3, cr4, efer;
};

/* The paging mode of the guest right now: all that a walk needs. */
struct hv_paging {
	u64 cr0, cr3, cr4, efer, rflags;
	u64 cs_base;
	u16 cs_attr; /* as in struct hv_segment */
	u8 cpl;
};

/* The guest runs 64-bit code (SDM vol. 3, "Code Segment Descriptor in 64-bit Mode"). */
static inline bool hv_in_64bit_code(const struct hv_paging *p)
{
	return (p->efer & EFER_LMA) && (p->cs_attr & CS_ATTR_L);
}

#endif /* TAXCUT_BASE_X86_H */
