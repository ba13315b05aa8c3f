// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opcode maps (SDM vol. 2, appendix A; AMD APM vol. 3, appendix A), one
 * descriptor per opcode. A row with an operation can be emulated; a LEN row is
 * known for its length only; a HOLE is refused.
 */
#include "insn_exec.h"
#include "insn_priv.h"
#include "insn_table.h"

#define HOLE { .flags = F_HOLE }
#define UD { .flags = F_UD }
#define LEN(f, i) { .flags = (f), .imm = (i) }
#define GROUP(table, f, d, s, i)                                                                   \
	{ .group = (table), .flags = F_MODRM | (f), .dst = OPK_##d, .src = OPK_##s, .imm = (i) }
/* Operation, destination, source, flags, immediate. */
#define OP(x, d, s, f, i)                                                                          \
	{ .exec = insn_x_##x, .dst = OPK_##d, .src = OPK_##s, .flags = (f), .imm = (i) }
/* An entry of a group: what it adds to its parent. */
#define SUB(x, f) { .exec = insn_x_##x, .flags = (f) }
#define VEC { .exec = insn_x_vec, .flags = F_MODRM }

#define M F_MODRM
#define B F_BYTE
#define LK F_LOCK

/* The six forms of a two-operand arithmetic instruction. */
#define ALU_EB(x, f) OP(x, RM, REG, M | B | (f), 0)
#define ALU_EV(x, f) OP(x, RM, REG, M | (f), 0)
#define ALU_GB(x, f) OP(x, REG, RM, M | B | (f), 0)
#define ALU_GV(x, f) OP(x, REG, RM, M | (f), 0)
#define ALU_AL(x, f) OP(x, ACC, IMM, B | (f), IMM_Z)
#define ALU_AX(x, f) OP(x, ACC, IMM, (f), IMM_Z)

static const struct insn_desc group1[8] = {
	SUB(add, F_RMW | LK), SUB(or, F_RMW | LK),  SUB(adc, F_RMW | LK), SUB(sbb, F_RMW | LK),
	SUB(and, F_RMW | LK), SUB(sub, F_RMW | LK), SUB(xor, F_RMW | LK), SUB(cmp, F_RD),
};

static const struct insn_desc group1a[8] = {
	SUB(pop, F_WR | F_D64), HOLE, HOLE, HOLE, HOLE, HOLE, HOLE, HOLE,
};

static const struct insn_desc group2[8] = {
	SUB(rol, F_RMW), SUB(ror, F_RMW), SUB(rcl, F_RMW), SUB(rcr, F_RMW),
	SUB(shl, F_RMW), SUB(shr, F_RMW), SUB(shl, F_RMW), SUB(sar, F_RMW),
};

static const struct insn_desc group3[8] = {
	OP(test, RM, IMM, F_RD, IMM_Z),
	OP(test, RM, IMM, F_RD, IMM_Z),
	OP(not, RM, NONE, F_RMW | LK, 0),
	OP(neg, RM, NONE, F_RMW | LK, 0),
	OP(mul, NONE, RM, 0, 0),
	OP(imul, NONE, RM, 0, 0),
	OP(div, NONE, RM, 0, 0),
	OP(idiv, NONE, RM, 0, 0),
};

static const struct insn_desc group4[8] = {
	OP(inc, RM, NONE, F_RMW | LK, 0), OP(dec, RM, NONE, F_RMW | LK, 0),
	HOLE, HOLE, HOLE, HOLE, HOLE, HOLE,
};

static const struct insn_desc group5[8] = {
	OP(inc, RM, NONE, F_RMW | LK, 0),
	OP(dec, RM, NONE, F_RMW | LK, 0),
	OP(call, NONE, RM, F_F64, 0),
	OP(callfar, NONE, NONE, F_MEM | F_IMPLICIT, 0),
	OP(jmp, NONE, RM, F_F64, 0),
	OP(jmpfar, NONE, NONE, F_MEM | F_IMPLICIT, 0),
	OP(push, NONE, RM, F_D64, 0),
	HOLE,
};

static const struct insn_desc group6[8] = {
	OP(sldt, RMSEL, NONE, F_PROT | F_WR, 0),
	OP(str, RMSEL, NONE, F_PROT | F_WR, 0),
	OP(lldt, NONE, RM16, F_PROT | F_PRIV | F_IMPLICIT, 0),
	OP(ltr, NONE, RM16, F_PROT | F_PRIV | F_IMPLICIT, 0),
	OP(verr, NONE, RM16, F_PROT | F_IMPLICIT, 0),
	OP(verr, NONE, RM16, F_PROT | F_IMPLICIT, 0),
	HOLE,
	HOLE,
};

#define REG7 OP(group7, NONE, NONE, 0, 0)

static const struct insn_desc group7[16] = {
	OP(sgdt, NONE, NONE, 0, 0),
	OP(sidt, NONE, NONE, 0, 0),
	OP(lgdt, NONE, NONE, F_PRIV, 0),
	OP(lidt, NONE, NONE, F_PRIV, 0),
	OP(smsw, RMSEL, NONE, F_WR, 0),
	LEN(0, 0),
	OP(lmsw, NONE, RM16, F_PRIV, 0),
	OP(invlpg, NONE, NONE, F_PRIV, 0),
	REG7,
	REG7,
	REG7,
	REG7,
	OP(smsw, RMSEL, NONE, F_WR, 0),
	LEN(0, 0),
	OP(lmsw, NONE, RM16, F_PRIV, 0),
	LEN(0, 0),
};

static const struct insn_desc group8[8] = {
	HOLE,
	HOLE,
	HOLE,
	HOLE,
	SUB(bt, F_RD),
	SUB(bts, F_RMW | LK),
	SUB(btr, F_RMW | LK),
	SUB(btc, F_RMW | LK),
};

static const struct insn_desc group9[16] = {
	HOLE, SUB(cmpxchg8b, F_MEM | LK), HOLE, LEN(0, 0), LEN(0, 0), LEN(0, 0), LEN(0, 0), LEN(0, 0),
	HOLE, UD, HOLE, LEN(0, 0), LEN(0, 0), LEN(0, 0), LEN(0, 0), OP(rdpid, RM, NONE, F_WR, 0),
};

static const struct insn_desc group15[16] = {
	OP(fxsave, NONE, NONE, 0, 0),
	OP(fxrstor, NONE, NONE, 0, 0),
	LEN(0, 0),
	LEN(0, 0),
	LEN(0, 0),
	LEN(0, 0),
	OP(flush, NONE, NONE, 0, 0),
	OP(flush, NONE, NONE, 0, 0),
	LEN(0, 0),
	LEN(0, 0),
	LEN(0, 0),
	LEN(0, 0),
	LEN(0, 0),
	OP(fence, NONE, NONE, 0, 0),
	OP(fence, NONE, NONE, 0, 0),
	OP(fence, NONE, NONE, 0, 0),
};

/* x87, by ModRM.reg; mostly for their length. */
static const struct insn_desc escape_d9[16] = { [7] = OP(fnstcw, RM, NONE, F_WR, 0) };
static const struct insn_desc escape_db[16] = { [8 + 4] = OP(fninit, NONE, NONE, 0, 0) };
static const struct insn_desc escape_dd[16] = { [7] = OP(fnstsw, RM, NONE, F_WR, 0) };

static const struct insn_desc group11[8] = {
	OP(mov, RM, IMM, F_WR, IMM_Z), HOLE, HOLE, HOLE, HOLE, HOLE, HOLE, HOLE,
};

static const struct insn_desc nop = OP(nop, NONE, NONE, 0, 0);
static const struct insn_desc len_modrm = LEN(M, 0);
static const struct insn_desc len_modrm_imm8 = LEN(M, IMM_8);
static const struct insn_desc len_bare = LEN(0, 0);
static const struct insn_desc vec = VEC;
static const struct insn_desc movbe_load = OP(movbe, REG, RM, M | F_MEM | F_WR, 0);
static const struct insn_desc movbe_store = OP(movbe, RM, REG, M | F_MEM | F_WR, 0);
static const struct insn_desc one_byte[256] = {
	[0x00] = ALU_EB(add, F_RMW | LK),
	[0x01] = ALU_EV(add, F_RMW | LK),
	[0x02] = ALU_GB(add, F_RMW),
	[0x03] = ALU_GV(add, F_RMW),
	[0x04] = ALU_AL(add, F_RMW),
	[0x05] = ALU_AX(add, F_RMW),
	[0x06] = OP(pushsr, NONE, NONE, F_NO64, 0),
	[0x07] = OP(popsr, NONE, NONE, F_NO64, 0),
	[0x08] = ALU_EB(or, F_RMW | LK),
	[0x09] = ALU_EV(or, F_RMW | LK),
	[0x0a] = ALU_GB(or, F_RMW),
	[0x0b] = ALU_GV(or, F_RMW),
	[0x0c] = ALU_AL(or, F_RMW),
	[0x0d] = ALU_AX(or, F_RMW),
	[0x0e] = OP(pushsr, NONE, NONE, F_NO64, 0),
	[0x0f] = HOLE,
	[0x10] = ALU_EB(adc, F_RMW | LK),
	[0x11] = ALU_EV(adc, F_RMW | LK),
	[0x12] = ALU_GB(adc, F_RMW),
	[0x13] = ALU_GV(adc, F_RMW),
	[0x14] = ALU_AL(adc, F_RMW),
	[0x15] = ALU_AX(adc, F_RMW),
	[0x16] = OP(pushsr, NONE, NONE, F_NO64, 0),
	[0x17] = OP(popsr, NONE, NONE, F_NO64, 0),
	[0x18] = ALU_EB(sbb, F_RMW | LK),
	[0x19] = ALU_EV(sbb, F_RMW | LK),
	[0x1a] = ALU_GB(sbb, F_RMW),
	[0x1b] = ALU_GV(sbb, F_RMW),
	[0x1c] = ALU_AL(sbb, F_RMW),
	[0x1d] = ALU_AX(sbb, F_RMW),
	[0x1e] = OP(pushsr, NONE, NONE, F_NO64, 0),
	[0x1f] = OP(popsr, NONE, NONE, F_NO64, 0),
	[0x20] = ALU_EB(and, F_RMW | LK),
	[0x21] = ALU_EV(and, F_RMW | LK),
	[0x22] = ALU_GB(and, F_RMW),
	[0x23] = ALU_GV(and, F_RMW),
	[0x24] = ALU_AL(and, F_RMW),
	[0x25] = ALU_AX(and, F_RMW),
	[0x26] = HOLE,
	[0x27] = OP(daa, NONE, NONE, F_NO64, 0),
	[0x28] = ALU_EB(sub, F_RMW | LK),
	[0x29] = ALU_EV(sub, F_RMW | LK),
	[0x2a] = ALU_GB(sub, F_RMW),
	[0x2b] = ALU_GV(sub, F_RMW),
	[0x2c] = ALU_AL(sub, F_RMW),
	[0x2d] = ALU_AX(sub, F_RMW),
	[0x2e] = HOLE,
	[0x2f] = OP(daa, NONE, NONE, F_NO64, 0),
	[0x30] = ALU_EB(xor, F_RMW | LK),
	[0x31] = ALU_EV(xor, F_RMW | LK),
	[0x32] = ALU_GB(xor, F_RMW),
	[0x33] = ALU_GV(xor, F_RMW),
	[0x34] = ALU_AL(xor, F_RMW),
	[0x35] = ALU_AX(xor, F_RMW),
	[0x36] = HOLE,
	[0x37] = OP(aaa, NONE, NONE, F_NO64, 0),
	[0x38] = ALU_EB(cmp, F_RD),
	[0x39] = ALU_EV(cmp, F_RD),
	[0x3a] = ALU_GB(cmp, F_RD),
	[0x3b] = ALU_GV(cmp, F_RD),
	[0x3c] = ALU_AL(cmp, F_RD),
	[0x3d] = ALU_AX(cmp, F_RD),
	[0x3e] = HOLE,
	[0x3f] = OP(aaa, NONE, NONE, F_NO64, 0),
	[0x40 ... 0x47] = OP(inc, OPREG, NONE, F_RMW, 0),
	[0x48 ... 0x4f] = OP(dec, OPREG, NONE, F_RMW, 0),
	[0x50 ... 0x57] = OP(push, NONE, OPREG, F_D64, 0),
	[0x58 ... 0x5f] = OP(pop, OPREG, NONE, F_WR | F_D64, 0),
	[0x60] = OP(pusha, NONE, NONE, F_NO64, 0),
	[0x61] = OP(popa, NONE, NONE, F_NO64, 0),
	[0x62] = LEN(M | F_MEM | F_NO64, 0),
	[0x63] = OP(arpl, RM16, REG, M | F_RMW | F_PROT, 0), /* MOVSXD in 64-bit mode */
	[0x64 ... 0x67] = HOLE,
	[0x68] = OP(push, NONE, IMM, F_D64, IMM_Z),
	[0x69] = OP(imul3, REG, RM, M | F_WR, IMM_Z),
	[0x6a] = OP(push, NONE, IMM, F_D64, IMM_8),
	[0x6b] = OP(imul3, REG, RM, M | F_WR, IMM_8),
	[0x6c] = OP(ins, NONE, NONE, B, 0),
	[0x6d] = OP(ins, NONE, NONE, F_IO, 0),
	[0x6e] = OP(outs, NONE, NONE, B, 0),
	[0x6f] = OP(outs, NONE, NONE, F_IO, 0),
	[0x70 ... 0x7f] = OP(jcc, NONE, NONE, F_F64, IMM_8),
	[0x80] = GROUP(group1, B, RM, IMM, IMM_Z),
	[0x81] = GROUP(group1, 0, RM, IMM, IMM_Z),
	[0x82] = GROUP(group1, B | F_NO64, RM, IMM, IMM_Z),
	[0x83] = GROUP(group1, 0, RM, IMM, IMM_8),
	[0x84] = ALU_EB(test, F_RD),
	[0x85] = ALU_EV(test, F_RD),
	[0x86] = ALU_EB(xchg, F_RMW | F_SRCWR | LK | F_XLOCK),
	[0x87] = ALU_EV(xchg, F_RMW | F_SRCWR | LK | F_XLOCK),
	[0x88] = ALU_EB(mov, F_WR),
	[0x89] = ALU_EV(mov, F_WR),
	[0x8a] = ALU_GB(mov, F_WR),
	[0x8b] = ALU_GV(mov, F_WR),
	[0x8c] = OP(movsr, RMSEL, SREG, M | F_WR, 0),
	[0x8d] = OP(lea, REG, NONE, M | F_MEM | F_WR, 0),
	[0x8e] = OP(movtosr, NONE, RM16, M | F_IMPLICIT, 0),
	[0x8f] = GROUP(group1a, 0, RM, NONE, 0),
	[0x90 ... 0x97] = OP(xchg, ACC, OPREG, F_RMW | F_SRCWR, 0),
	[0x98] = OP(cbw, ACC, NONE, F_WR, 0),
	[0x99] = OP(cwd, NONE, NONE, 0, 0),
	[0x9a] = OP(callfar, NONE, NONE, F_NO64, IMM_FAR),
	[0x9b] = LEN(0, 0),
	[0x9c] = OP(pushf, NONE, NONE, F_D64, 0),
	[0x9d] = OP(popf, NONE, NONE, F_D64, 0),
	[0x9e] = OP(sahf, NONE, NONE, 0, 0),
	[0x9f] = OP(lahf, NONE, NONE, 0, 0),
	[0xa0] = OP(mov, ACC, OFFS, F_WR | B, IMM_OFFS),
	[0xa1] = OP(mov, ACC, OFFS, F_WR, IMM_OFFS),
	[0xa2] = OP(mov, OFFS, ACC, F_WR | B, IMM_OFFS),
	[0xa3] = OP(mov, OFFS, ACC, F_WR, IMM_OFFS),
	[0xa4] = OP(movs, NONE, NONE, B, 0),
	[0xa5] = OP(movs, NONE, NONE, 0, 0),
	[0xa6] = OP(cmps, NONE, NONE, B, 0),
	[0xa7] = OP(cmps, NONE, NONE, 0, 0),
	[0xa8] = ALU_AL(test, F_RD),
	[0xa9] = ALU_AX(test, F_RD),
	[0xaa] = OP(stos, NONE, NONE, B, 0),
	[0xab] = OP(stos, NONE, NONE, 0, 0),
	[0xac] = OP(lods, NONE, NONE, B, 0),
	[0xad] = OP(lods, NONE, NONE, 0, 0),
	[0xae] = OP(scas, NONE, NONE, B, 0),
	[0xaf] = OP(scas, NONE, NONE, 0, 0),
	[0xb0 ... 0xb7] = OP(mov, OPREG, IMM, F_WR | B, IMM_Z),
	[0xb8 ... 0xbf] = OP(mov, OPREG, IMM, F_WR, IMM_V),
	[0xc0] = GROUP(group2, B, RM, IMM, IMM_8),
	[0xc1] = GROUP(group2, 0, RM, IMM, IMM_8),
	[0xc2] = OP(ret, NONE, NONE, F_F64, IMM_16),
	[0xc3] = OP(ret, NONE, NONE, F_F64, 0),
	[0xc4 ... 0xc5] = OP(lseg, REG, NONE, M | F_MEM | F_WR | F_NO64 | F_IMPLICIT, 0),
	[0xc6] = GROUP(group11, B, NONE, NONE, 0),
	[0xc7] = GROUP(group11, 0, NONE, NONE, 0),
	[0xc8] = OP(enter, NONE, NONE, F_D64, IMM_16_8),
	[0xc9] = OP(leave, NONE, NONE, F_D64, 0),
	[0xca] = OP(retfar, NONE, NONE, 0, IMM_16),
	[0xcb] = OP(retfar, NONE, NONE, 0, 0),
	[0xcc] = OP(int, NONE, NONE, 0, 0),
	[0xcd] = OP(int, NONE, NONE, 0, IMM_8),
	[0xce] = OP(into, NONE, NONE, F_NO64, 0),
	[0xcf] = OP(iret, NONE, NONE, 0, 0),
	[0xd0] = GROUP(group2, B, RM, ONE, 0),
	[0xd1] = GROUP(group2, 0, RM, ONE, 0),
	[0xd2] = GROUP(group2, B, RM, CL, 0),
	[0xd3] = GROUP(group2, 0, RM, CL, 0),
	[0xd4] = OP(aam, NONE, NONE, F_NO64, IMM_8),
	[0xd5] = OP(aad, NONE, NONE, F_NO64, IMM_8),
	[0xd6] = OP(salc, ACC, NONE, B | F_WR | F_NO64, 0),
	[0xd7] = OP(xlat, ACC, NONE, B | F_WR, 0),
	[0xd8] = LEN(M, 0),
	[0xd9] = GROUP(escape_d9, F_DUAL, NONE, NONE, 0),
	[0xda] = LEN(M, 0),
	[0xdb] = GROUP(escape_db, F_DUAL, NONE, NONE, 0),
	[0xdc] = LEN(M, 0),
	[0xdd] = GROUP(escape_dd, F_DUAL, NONE, NONE, 0),
	[0xde ... 0xdf] = LEN(M, 0),
	[0xe0 ... 0xe2] = OP(loop, NONE, NONE, F_F64, IMM_8),
	[0xe3] = OP(jcxz, NONE, NONE, F_F64, IMM_8),
	[0xe4] = OP(in, ACC, NONE, F_WR | B, IMM_8),
	[0xe5] = OP(in, ACC, NONE, F_WR | F_IO, IMM_8),
	[0xe6] = OP(out, NONE, ACC, B, IMM_8),
	[0xe7] = OP(out, NONE, ACC, F_IO, IMM_8),
	[0xe8] = OP(callrel, NONE, NONE, F_F64, IMM_REL),
	[0xe9] = OP(jmprel, NONE, NONE, F_F64, IMM_REL),
	[0xea] = OP(jmpfar, NONE, NONE, F_NO64, IMM_FAR),
	[0xeb] = OP(jmprel, NONE, NONE, F_F64, IMM_8),
	[0xec] = OP(in, ACC, NONE, F_WR | B, 0),
	[0xed] = OP(in, ACC, NONE, F_WR | F_IO, 0),
	[0xee] = OP(out, NONE, ACC, B, 0),
	[0xef] = OP(out, NONE, ACC, F_IO, 0),
	[0xf0] = HOLE,
	[0xf1] = LEN(0, 0),
	[0xf2 ... 0xf3] = HOLE,
	[0xf4] = OP(hlt, NONE, NONE, F_PRIV, 0),
	[0xf5] = OP(cmc, NONE, NONE, 0, 0),
	[0xf6] = GROUP(group3, B, NONE, NONE, 0),
	[0xf7] = GROUP(group3, 0, NONE, NONE, 0),
	[0xf8 ... 0xf9] = OP(setflag, NONE, NONE, 0, 0),
	[0xfa] = OP(cli, NONE, NONE, 0, 0),
	[0xfb] = OP(sti, NONE, NONE, 0, 0),
	[0xfc ... 0xfd] = OP(setflag, NONE, NONE, 0, 0),
	[0xfe] = GROUP(group4, B, NONE, NONE, 0),
	[0xff] = GROUP(group5, 0, NONE, NONE, 0),
};

static const struct insn_desc movsxd = OP(movsx, REG, RM32, M | F_WR, 0);

static const struct insn_desc two_byte[256] = {
	[0x00] = GROUP(group6, 0, NONE, NONE, 0),
	[0x01] = GROUP(group7, F_DUAL, NONE, NONE, 0),
	[0x02] = OP(lar, REG, RM16, M | F_WR | F_PROT | F_IMPLICIT, 0),
	[0x03] = OP(lsl, REG, RM16, M | F_WR | F_PROT | F_IMPLICIT, 0),
	[0x04] = HOLE,
	[0x05] = OP(syscall, NONE, NONE, 0, 0),
	[0x06] = OP(clts, NONE, NONE, F_PRIV, 0),
	[0x07] = LEN(0, 0),
	[0x08 ... 0x09] = OP(wbinvd, NONE, NONE, F_PRIV, 0),
	[0x0a] = HOLE,
	[0x0b] = UD,
	[0x0c] = HOLE,
	[0x0d] = OP(nop, NONE, NONE, M, 0),
	[0x0e] = LEN(0, 0),
	[0x0f] = LEN(M, IMM_8), /* 3DNow!: the opcode follows the operands */
	[0x10 ... 0x13] = VEC,
	[0x14 ... 0x15] = LEN(M, 0),
	[0x16 ... 0x17] = VEC,
	[0x18 ... 0x1f] = OP(nop, NONE, NONE, M, 0),
	[0x20] = OP(movfromcr, NONE, NONE, M | F_REGMOD | F_LOCKCR | F_PRIV, 0),
	[0x21] = OP(movdr, NONE, NONE, M | F_REGMOD, 0),
	[0x22] = OP(movtocr, NONE, NONE, M | F_REGMOD | F_LOCKCR | F_PRIV, 0),
	[0x23] = OP(movdr, NONE, NONE, M | F_REGMOD, 0),
	[0x24 ... 0x27] = HOLE,
	[0x28 ... 0x29] = VEC,
	[0x2a] = LEN(M, 0),
	[0x2b] = VEC,
	[0x2c ... 0x2f] = LEN(M, 0),
	[0x30] = OP(wrmsr, NONE, NONE, F_PRIV, 0),
	[0x31] = OP(rdtsc, NONE, NONE, 0, 0),
	[0x32] = OP(rdmsr, NONE, NONE, F_PRIV, 0),
	[0x33] = OP(rdpmc, NONE, NONE, 0, 0),
	[0x34] = OP(sysenter, NONE, NONE, 0, 0),
	[0x35] = OP(sysexit, NONE, NONE, F_PRIV, 0),
	[0x36] = HOLE,
	[0x37] = LEN(0, 0),
	[0x38 ... 0x3f] = HOLE,
	[0x40 ... 0x4f] = OP(cmovcc, REG, RM, M | F_RMW, 0),
	[0x50 ... 0x6d] = LEN(M, 0),
	[0x6e ... 0x6f] = VEC,
	[0x70 ... 0x73] = LEN(M, IMM_8),
	[0x74 ... 0x76] = LEN(M, 0),
	[0x77] = LEN(0, 0),
	[0x78] = LEN(M, IMM_SSE4A),
	[0x79] = LEN(M, 0),
	[0x7a ... 0x7b] = HOLE,
	[0x7c ... 0x7d] = LEN(M, 0),
	[0x7e ... 0x7f] = VEC,
	[0x80 ... 0x8f] = OP(jcc, NONE, NONE, F_F64, IMM_REL),
	[0x90 ... 0x9f] = OP(setcc, RM8, NONE, M | F_WR, 0),
	[0xa0] = OP(pushsr, NONE, NONE, F_D64, 0),
	[0xa1] = OP(popsr, NONE, NONE, F_D64, 0),
	[0xa2] = OP(cpuid, NONE, NONE, 0, 0),
	[0xa3] = ALU_EV(bt, F_RD | F_BITSTR),
	[0xa4] = OP(shld, RM, REG, M | F_RMW, IMM_8),
	[0xa5] = ALU_EV(shld, F_RMW),
	[0xa6 ... 0xa7] = HOLE,
	[0xa8] = OP(pushsr, NONE, NONE, F_D64, 0),
	[0xa9] = OP(popsr, NONE, NONE, F_D64, 0),
	[0xaa] = LEN(0, 0),
	[0xab] = ALU_EV(bts, F_RMW | F_BITSTR | LK),
	[0xac] = OP(shrd, RM, REG, M | F_RMW, IMM_8),
	[0xad] = ALU_EV(shrd, F_RMW),
	[0xae] = GROUP(group15, F_DUAL, NONE, NONE, 0),
	[0xaf] = ALU_GV(imul2, F_RMW),
	[0xb0] = ALU_EB(cmpxchg, F_RMW | LK),
	[0xb1] = ALU_EV(cmpxchg, F_RMW | LK),
	[0xb2] = OP(lseg, REG, NONE, M | F_MEM | F_WR | F_IMPLICIT, 0),
	[0xb3] = ALU_EV(btr, F_RMW | F_BITSTR | LK),
	[0xb4 ... 0xb5] = OP(lseg, REG, NONE, M | F_MEM | F_WR | F_IMPLICIT, 0),
	[0xb6] = OP(mov, REG, RM8, M | F_WR, 0),
	[0xb7] = OP(mov, REG, RM16, M | F_WR, 0),
	[0xb8] = OP(popcnt, REG, RM, M | F_WR, 0),
	[0xb9] = LEN(M | F_UD, 0),
	[0xba] = GROUP(group8, 0, RM, IMM, IMM_8),
	[0xbb] = ALU_EV(btc, F_RMW | F_BITSTR | LK),
	[0xbc] = OP(bsf, REG, RM, M | F_WR, 0),
	[0xbd] = OP(bsr, REG, RM, M | F_WR, 0),
	[0xbe] = OP(movsx, REG, RM8, M | F_WR, 0),
	[0xbf] = OP(movsx, REG, RM16, M | F_WR, 0),
	[0xc0] = ALU_EB(xadd, F_RMW | F_SRCWR | LK),
	[0xc1] = ALU_EV(xadd, F_RMW | F_SRCWR | LK),
	[0xc2] = LEN(M, IMM_8),
	[0xc3] = OP(movnti, RM, REG, M | F_MEM | F_WR, 0),
	[0xc4 ... 0xc6] = LEN(M, IMM_8),
	[0xc7] = GROUP(group9, F_DUAL, NONE, NONE, 0),
	[0xc8 ... 0xcf] = OP(bswap, OPREG, NONE, F_RMW, 0),
	[0xd0 ... 0xd5] = LEN(M, 0),
	[0xd6] = VEC,
	[0xd7 ... 0xe6] = LEN(M, 0),
	[0xe7] = VEC,
	[0xe8 ... 0xef] = LEN(M, 0),
	[0xf0] = VEC,
	[0xf1 ... 0xfe] = LEN(M, 0),
	[0xff] = UD,
};

static const struct insn_desc *lookup_vector(const struct insn_dec *d)
{
	switch (d->map) {
	case INSN_MAP_0F38:
		return d->enc == INSN_VEX && d->opcode == 0x2a ? &vec : &len_modrm;
	case INSN_MAP_0F3A:
		return &len_modrm_imm8;
	}
	if (d->enc == INSN_VEX && d->opcode == 0x77)
		return &len_bare;
	if (d->enc == INSN_VEX && two_byte[d->opcode].exec == insn_x_vec)
		return &vec;
	if ((d->opcode & 0xfc) == 0x70 || d->opcode == 0xc2 ||
	    (d->opcode >= 0xc4 && d->opcode <= 0xc6))
		return &len_modrm_imm8;
	return &len_modrm;
}

static const struct insn_desc *lookup_0f38(const struct insn_dec *d)
{
	if (d->opcode == 0x2a && d->pp == PP_66)
		return &vec;
	if (d->opcode == 0xf0 && d->rep != 0xf2)
		return &movbe_load;
	if (d->opcode == 0xf1 && d->rep != 0xf2)
		return &movbe_store;
	return &len_modrm;
}

/* Never NULL. */
const struct insn_desc *insn_lookup(const struct insn_dec *d)
{
	if (d->enc != INSN_LEGACY)
		return lookup_vector(d);
	switch (d->map) {
	case INSN_MAP_0F:
		return &two_byte[d->opcode];
	case INSN_MAP_0F38:
		return lookup_0f38(d);
	case INSN_MAP_0F3A:
		return &len_modrm_imm8;
	}
	if (d->opcode == 0x90 && !(d->rex & 1))
		return &nop;
	if (d->opcode == 0x63 && d->bits == 64)
		return &movsxd;
	return &one_byte[d->opcode];
}
