// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator's access to vector and x87 registers. While the vCPU is loaded
 * they are the CPU's; CR0.EM and TS are clear then, and what the guest's say
 * the emulator has checked.
 */
#include <linux/kernel.h>
#include <asm/page.h> /* 6.1: asm/fpu/types.h does not stand alone */
#include <asm/fpu/types.h>

#include "emulate_fpu.h"

#define VEC_CASES(OP)                                                                              \
	OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7)                                            \
	OP(8) OP(9) OP(10) OP(11) OP(12) OP(13) OP(14) OP(15)

#define XMM_READ(n)                                                                                \
	case n:                                                                                    \
		asm volatile("movups %%xmm" #n ", %0" : "=m"(*(u8(*)[16])buf));                    \
		break;
#define YMM_READ(n)                                                                                \
	case n:                                                                                    \
		asm volatile("vmovups %%ymm" #n ", %0" : "=m"(*(u8(*)[32])buf));                   \
		break;
#define XMM_WRITE(n)                                                                               \
	case n:                                                                                    \
		asm volatile("movups %0, %%xmm" #n ::"m"(*(const u8(*)[16])buf));                  \
		break;
#define YMM_WRITE(n)                                                                               \
	case n:                                                                                    \
		asm volatile("vmovups %0, %%ymm" #n ::"m"(*(const u8(*)[32])buf));                 \
		break;

void emul_vec_read(struct insn_ctx *ctx, unsigned int n, void *buf, unsigned int len)
{
	if (len == 32) {
		switch (n) {
			VEC_CASES(YMM_READ)
		}
		return;
	}
	switch (n) {
		VEC_CASES(XMM_READ)
	}
}

void emul_vec_write(struct insn_ctx *ctx, unsigned int n, const void *buf, unsigned int len)
{
	if (len == 32) {
		switch (n) {
			VEC_CASES(YMM_WRITE)
		}
		return;
	}
	switch (n) {
		VEC_CASES(XMM_WRITE)
	}
}

#define MMX_CASES(OP) OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7)

#define MMX_READ(n)                                                                                \
	case n:                                                                                    \
		asm volatile("movq %%mm" #n ", %0" : "=m"(*val));                                  \
		break;
#define MMX_WRITE(n)                                                                               \
	case n:                                                                                    \
		asm volatile("movq %0, %%mm" #n ::"m"(*val));                                      \
		break;

/* No x87 exception waits: the emulator has looked. */
void emul_mmx(struct insn_ctx *ctx, unsigned int n, u64 *val, bool write)
{
	if (write) {
		switch (n) {
			MMX_CASES(MMX_WRITE)
		}
		return;
	}
	switch (n) {
		MMX_CASES(MMX_READ)
	}
}

u16 emul_x87(struct insn_ctx *ctx, enum insn_x87 what)
{
	u16 word = 0;

	switch (what) {
	case INSN_X87_CW:
		asm volatile("fnstcw %0" : "=m"(word));
		break;
	case INSN_X87_SW:
		asm volatile("fnstsw %0" : "=m"(word));
		break;
	case INSN_X87_INIT:
		asm volatile("fninit");
		break;
	}
	return word;
}

#define MXCSR_MASK_DEFAULT 0xffbf /* where FXSAVE writes 0 for it (SDM vol. 1, 11.6.6) */

static void emul_save_fx(struct fxregs_state *area, bool wide)
{
	memset(area, 0, sizeof(*area));
	if (wide)
		asm volatile("fxsave64 %0" : "+m"(*area));
	else
		asm volatile("fxsave %0" : "+m"(*area));
}

bool emul_fx(struct insn_ctx *ctx, void *image, bool save, bool wide)
{
	struct fxregs_state area __aligned(16);
	u32 mask;

	emul_save_fx(&area, wide);
	if (save) {
		memcpy(image, &area, sizeof(area));
		return true;
	}
	mask = area.mxcsr_mask ?: MXCSR_MASK_DEFAULT;
	memcpy(&area, image, sizeof(area));
	if (area.mxcsr & ~mask)
		return false;
	if (wide)
		asm volatile("fxrstor64 %0" : : "m"(area));
	else
		asm volatile("fxrstor %0" : : "m"(area));
	return true;
}
