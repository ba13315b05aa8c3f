/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the emulator: what its files share. One instruction passes through four steps, each in its
 * own file: decode (insn_decode.c, driven by insn_table.c), operand fetch
 * (insn_mem.c), execute (the other insn_*.c),
 * and write-back with retirement (insn.c). Nothing in ctx->r changes before
 * everything that can fault or answer INSN_PENDING is behind.
 */
#ifndef TAXCUT_MODEL_INSN_INSN_PRIV_H
#define TAXCUT_MODEL_INSN_INSN_PRIV_H

#include <asm/kvm.h>
#include <asm/processor-flags.h>

#include "insn.h"

#ifdef __KERNEL__
#include <asm/msr-index.h>
#else
#define EFER_SCE BIT_ULL(0)
#define EFER_LME BIT_ULL(8)
#define EFER_LMA BIT_ULL(10)
#define MSR_IA32_SYSENTER_CS 0x174
#define MSR_IA32_SYSENTER_ESP 0x175
#define MSR_IA32_SYSENTER_EIP 0x176
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_TSC_AUX 0xc0000103
#define __maybe_unused __attribute__((unused))
#endif

#define INSN_ATTR_RW BIT(1)
#define INSN_ATTR_EXPAND_DOWN BIT(2)
#define INSN_ATTR_CODE BIT(3)
#define INSN_ATTR_S BIT(4)
#define INSN_ATTR_P BIT(7)
#define INSN_ATTR_L BIT(9)
#define INSN_ATTR_DB BIT(10)
#define INSN_ATTR_G BIT(11)
#define INSN_ATTR_V86 0xf3 /* of every segment in virtual-8086 mode */

#define INSN_PAGE 4096
#define INSN_LOCK_TRIES 16

enum insn_gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define INSN_STATUS_FLAGS                                                                          \
	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | X86_EFLAGS_SF |           \
	 X86_EFLAGS_OF)

/* Descriptor flags. */
#define F_MODRM BIT(0)
#define F_REGMOD BIT(1) /* ModRM.mod is ignored: always a register */
#define F_MEM BIT(2) /* #UD with a register in ModRM.rm */
#define F_BYTE BIT(3) /* operands of one byte */
#define F_D64 BIT(4) /* 64-bit mode: operand size 64 unless 66 */
#define F_F64 BIT(5) /* 64-bit mode: operand size 64; vendors differ with 66 */
#define F_NO64 BIT(6) /* #UD in 64-bit mode */
#define F_LOCK BIT(7) /* LOCK allowed with a memory destination */
#define F_XLOCK BIT(8) /* locked without the prefix (XCHG) */
#define F_RD BIT(9) /* the destination is read first */
#define F_WR BIT(10) /* the destination is written */
#define F_SRCWR BIT(11) /* the source register is written too */
#define F_BITSTR BIT(12) /* bit offset in a register moves the memory operand */
#define F_IO BIT(13) /* operand size is at most 32 bits */
#define F_UD BIT(14) /* defined to raise #UD */
#define F_HOLE BIT(15) /* not known to this table */
#define F_LOCKCR BIT(16) /* LOCK is part of the encoding (AMD: MOV CR8) */
#define F_PRIV BIT(17) /* #GP above level 0 */
#define F_PROT BIT(18) /* #UD outside protected mode */
#define F_IMPLICIT BIT(19) /* accesses memory besides its operand: stack (F_D64 and F_F64 say so, too), descriptors */
#define F_DUAL BIT(20) /* the group has eight more entries, for a register in ModRM.rm */
#define F_RMW (F_RD | F_WR)

enum insn_imm {
	IMM_NONE,
	IMM_8, /* sign-extended */
	IMM_Z, /* one byte with F_BYTE, else 2 or 4 by operand size, sign-extended */
	IMM_V, /* 2, 4 or 8 */
	IMM_16,
	IMM_16_8, /* ENTER */
	IMM_FAR, /* offset and selector */
	IMM_REL, /* near branch: 2 or 4 */
	IMM_OFFS, /* absolute address, by address size */
	IMM_SSE4A, /* EXTRQ, INSERTQ: two bytes with 66 or F2 */
};

enum insn_operand_kind {
	OPK_NONE,
	OPK_RM,
	OPK_RM8,
	OPK_RM16,
	OPK_RM32,
	OPK_RMSEL, /* 16 bits in memory, operand size in a register */
	OPK_REG,
	OPK_ACC,
	OPK_OPREG,
	OPK_IMM,
	OPK_ONE,
	OPK_CL,
	OPK_SREG,
	OPK_OFFS,
};

struct insn_dec;

typedef enum insn_result (*insn_exec_fn)(struct insn_ctx *ctx, struct insn_dec *d);

struct insn_desc {
	insn_exec_fn exec; /* NULL: known for its length only */
	const struct insn_desc *group; /* eight entries, by ModRM.reg (16: F_DUAL); they add to this one */
	u32 flags;
	u8 imm, dst, src;
};

enum insn_map { INSN_MAP_ONE, INSN_MAP_0F, INSN_MAP_0F38, INSN_MAP_0F3A };
enum insn_encoding { INSN_LEGACY, INSN_VEX, INSN_EVEX };
/* Mandatory prefixes; the values are VEX.pp. */
enum insn_pp { PP_NONE, PP_66, PP_F3, PP_F2 };

enum insn_where { INSN_NOWHERE, INSN_GPR, INSN_GPR_HIGH, INSN_MEM, INSN_VALUE };

struct insn_operand {
	u8 where;
	u8 size; /* bytes */
	u8 reg;
	u64 val;
};

/* One decoded instruction, on its way from decode to retirement. */
struct insn_dec {
	enum insn_result err; /* first decoding error */
	insn_exec_fn exec;
	u32 flags;
	u8 imm_kind, dst_kind, src_kind;

	u8 bits; /* code segment: 16, 32, 64 */
	bool prot; /* segment rights apply: protected, not virtual-8086 mode */
	u8 pos;
	u8 map, enc, opcode, modrm;
	bool have_modrm;
	u8 rex, pp, rep; /* rep: 0, 0xf2 or 0xf3 */
	bool lock, p66, p67;
	u8 vex_v;
	bool vex_l;
	u8 opsize, adsize; /* bytes */

	bool mem, rip_rel, base_sp;
	u8 seg, seg_override; /* INSN_NSEGS: no override */
	u64 ea; /* offset in seg, before it is cut to the address size */
	u64 imm;

	struct insn_operand dst, src;
	u64 rflags;
	u64 next_rip;
	bool late; /* one more register is written: late_reg = late_val */
	u8 late_reg;
	u64 late_val;
};

static inline u64 insn_mask(unsigned int size)
{
	return size >= 8 ? ~0ULL : (1ULL << (8 * size)) - 1;
}

static inline u64 insn_msb(unsigned int size)
{
	return 1ULL << (8 * size - 1);
}

static inline u64 insn_sext(u64 val, unsigned int size)
{
	unsigned int shift = 64 - 8 * size;

	return (u64)((s64)(val << shift) >> shift);
}

/* What a register holds after a write of size bytes (SDM vol. 1, 3.4.1.1). */
static inline u64 insn_merge(u64 old, u64 val, unsigned int size)
{
	u64 mask = insn_mask(size);

	return size == 4 ? (u32)val : (old & ~mask) | (val & mask);
}

static inline unsigned int insn_reg_field(const struct insn_dec *d)
{
	return d->modrm >> 3 & 7;
}

/* Protected mode, 64-bit mode included; not virtual-8086 mode. */
static inline bool insn_protected(const struct insn_ctx *ctx)
{
	return ctx->r.cr0 & X86_CR0_PE && !(ctx->r.rflags & X86_EFLAGS_VM);
}

static inline bool insn_64bit(const struct insn_ctx *ctx)
{
	return ctx->r.efer & EFER_LMA && ctx->r.seg[INSN_CS].attr & INSN_ATTR_L && insn_protected(ctx);
}

#endif /* TAXCUT_MODEL_INSN_INSN_PRIV_H */
