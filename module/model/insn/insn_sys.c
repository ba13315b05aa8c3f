// SPDX-License-Identifier: GPL-2.0-only
/*
 * System instructions (SDM vol. 2; vol. 3, chapter 2): descriptor tables,
 * control registers, and those that the CPU itself leaves the guest for:
 * they are not done here, but handed to who handles such exits.
 */
#include "insn_exec.h"
#include "insn_mem.h"
#include "insn_priv.h"
#include "insn_seg.h"

#define CR0_DEFINED                                                                                \
	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | \
	 X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)
#define CR0_MSW (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS)
#define CR3_NO_FLUSH BIT_ULL(63) /* MOV to CR3 with CR4.PCIDE: not stored */
#define CR3_PCID 0xfff

static enum insn_result store_dtable(struct insn_ctx *ctx, struct insn_dec *d, const struct insn_dtable *t)
{
	unsigned int size = d->bits == 64 ? 8 : 4;
	u64 base = t->base;
	enum insn_result res;
	u8 buf[10];

	res = insn_check_umip(ctx);
	if (res)
		return res;
	/* Intel's CPUs store 24 bits of it with a 16-bit operand (SDM vol. 2, SGDT), AMD's all. */
	if (d->bits != 64 && d->opsize == 2 && !ctx->cpu.amd)
		base &= 0xffffff;
	memcpy(buf, &t->limit, 2);
	memcpy(buf + 2, &base, size);
	return insn_mem_write(ctx, d, d->seg, insn_ea(d), buf, 2 + size);
}

INSN_EXEC(sgdt)
{
	return store_dtable(ctx, d, &ctx->r.gdt);
}

INSN_EXEC(sidt)
{
	return store_dtable(ctx, d, &ctx->r.idt);
}

static enum insn_result load_dtable(struct insn_ctx *ctx, struct insn_dec *d, struct insn_dtable *t)
{
	unsigned int size = d->bits == 64 ? 8 : 4;
	u8 buf[10] = { 0 };
	enum insn_result res;
	u64 base = 0;

	res = insn_mem_read(ctx, d, d->seg, insn_ea(d), buf, 2 + size);
	if (res)
		return res;
	memcpy(&base, buf + 2, size);
	if (d->bits == 64 && !insn_canonical(ctx, base))
		return insn_gp(ctx);
	if (d->bits != 64 && d->opsize == 2)
		base &= 0xffffff;
	memcpy(&t->limit, buf, 2);
	t->base = base;
	ctx->sregs_changed = true;
	return INSN_DONE;
}

INSN_EXEC(lgdt)
{
	return load_dtable(ctx, d, &ctx->r.gdt);
}

INSN_EXEC(lidt)
{
	return load_dtable(ctx, d, &ctx->r.idt);
}

INSN_EXEC(smsw)
{
	d->dst.val = ctx->r.cr0;
	return insn_check_umip(ctx);
}

static enum insn_result put_cr0(struct insn_ctx *ctx, u64 cr0)
{
	ctx->r.cr0 = cr0;
	ctx->sregs_changed = true;
	return INSN_DONE;
}

/* PE can be set by it, not cleared. */
INSN_EXEC(lmsw)
{
	u64 keep = CR0_DEFINED & ~(u64)CR0_MSW;

	keep |= ctx->r.cr0 & X86_CR0_PE;
	return put_cr0(ctx, (ctx->r.cr0 & keep) | (d->src.val & CR0_MSW));
}

INSN_EXEC(clts)
{
	return put_cr0(ctx, ctx->r.cr0 & ~(u64)X86_CR0_TS);
}

/* Storing the system registers back flushes the guest's translations. */
INSN_EXEC(invlpg)
{
	ctx->sregs_changed = true;
	return INSN_DONE;
}

/* With LOCK, as AMD writes CR8 outside 64-bit mode. */
static unsigned int cr_number(const struct insn_dec *d)
{
	return insn_reg_field(d) | (d->rex & 4 || d->lock ? 8 : 0);
}

static struct insn_operand cr_operand(const struct insn_dec *d)
{
	return (struct insn_operand){
		.where = INSN_GPR,
		.size = d->bits == 64 ? 8 : 4,
		.reg = (d->modrm & 7) | (d->rex & 1 ? 8 : 0),
	};
}

INSN_EXEC(movfromcr)
{
	const u64 values[] = { ctx->r.cr0, 0, ctx->r.cr2, ctx->r.cr3, ctx->r.cr4, 0, 0, 0, ctx->r.cr8 };
	unsigned int n = cr_number(d);
	struct insn_operand o = cr_operand(d);

	if (n == 1 || n > 8 || (n > 4 && n < 8))
		return insn_ud(ctx);
	o.val = values[array_index_nospec(n, ARRAY_SIZE(values))];
	return insn_store(ctx, d, &o);
}

/* SDM vol. 2, "MOV - Move to/from Control Registers". */
static enum insn_result write_cr0(struct insn_ctx *ctx, u64 val)
{
	bool paging = val & X86_CR0_PG, was_paging = ctx->r.cr0 & X86_CR0_PG;
	u64 efer = ctx->r.efer;

	if (val >> 32 || (val & X86_CR0_NW && !(val & X86_CR0_CD)) || (paging && !(val & X86_CR0_PE)))
		return insn_gp(ctx);
	if (paging && !was_paging && efer & EFER_LME) {
		if (!(ctx->r.cr4 & X86_CR4_PAE) || ctx->r.seg[INSN_CS].attr & INSN_ATTR_L)
			return insn_gp(ctx);
		efer |= EFER_LMA;
	} else if (!paging && was_paging) {
		if (insn_64bit(ctx) || ctx->r.cr4 & X86_CR4_PCIDE)
			return insn_gp(ctx);
		efer &= ~(u64)EFER_LMA;
	}
	ctx->r.efer = efer;
	return put_cr0(ctx, (val & CR0_DEFINED) | X86_CR0_ET);
}

static enum insn_result write_cr3(struct insn_ctx *ctx, u64 val)
{
	if (ctx->r.efer & EFER_LMA) {
		if (ctx->r.cr4 & X86_CR4_PCIDE)
			val &= ~CR3_NO_FLUSH;
		if (val & ctx->cpu.cr3_reserved)
			return insn_gp(ctx);
	}
	ctx->r.cr3 = val;
	ctx->sregs_changed = true;
	return INSN_DONE;
}

static enum insn_result write_cr4(struct insn_ctx *ctx, u64 val)
{
	u64 changed = val ^ ctx->r.cr4;
	bool long_mode = ctx->r.efer & EFER_LMA;

	if (val & ctx->cpu.cr4_reserved || (long_mode && (!(val & X86_CR4_PAE) || changed & X86_CR4_LA57)))
		return insn_gp(ctx);
	if (val & changed & X86_CR4_PCIDE && (!long_mode || ctx->r.cr3 & CR3_PCID))
		return insn_gp(ctx);
	ctx->r.cr4 = val;
	ctx->sregs_changed = true;
	return INSN_DONE;
}

static enum insn_result hand_over(struct insn_ctx *ctx, enum insn_exit exit)
{
	ctx->exit = exit;
	return INSN_EXIT;
}

INSN_EXEC(movtocr)
{
	struct insn_operand o = cr_operand(d);

	insn_load(ctx, d, &o);
	switch (cr_number(d)) {
	case 0:
		return write_cr0(ctx, o.val);
	case 2:
		ctx->r.cr2 = o.val;
		ctx->sregs_changed = true;
		return INSN_DONE;
	case 3:
		return write_cr3(ctx, o.val);
	case 4:
		return write_cr4(ctx, o.val);
	case 8:
		return hand_over(ctx, INSN_EXIT_CR8);
	default:
		return insn_ud(ctx);
	}
}

INSN_EXEC(movdr)
{
	return hand_over(ctx, INSN_EXIT_DR);
}

INSN_EXEC(cpuid)
{
	return hand_over(ctx, INSN_EXIT_CPUID);
}

INSN_EXEC(rdmsr)
{
	return hand_over(ctx, INSN_EXIT_RDMSR);
}

INSN_EXEC(wrmsr)
{
	return hand_over(ctx, INSN_EXIT_WRMSR);
}

INSN_EXEC(rdpmc)
{
	return hand_over(ctx, INSN_EXIT_RDPMC);
}

INSN_EXEC(hlt)
{
	return hand_over(ctx, INSN_EXIT_HLT);
}

INSN_EXEC(wbinvd)
{
	return hand_over(ctx, INSN_EXIT_WBINVD);
}

INSN_EXEC(rdtsc)
{
	u64 tsc;

	if (ctx->r.cr4 & X86_CR4_TSD && ctx->r.cpl)
		return insn_gp(ctx);
	tsc = ctx->ops->tsc(ctx);
	insn_reg_write(ctx, RAX, (u32)tsc, 8);
	insn_reg_write(ctx, RDX, tsc >> 32, 8);
	return INSN_DONE;
}

/* 0F 01 with a register: what is no group any more, by ModRM as a whole. */
INSN_EXEC(group7)
{
	switch (d->modrm) {
	case 0xc1: /* VMCALL */
	case 0xd9: /* VMMCALL */
		return hand_over(ctx, INSN_EXIT_HYPERCALL);
	case 0xd1: /* XSETBV */
		return ctx->r.cr4 & X86_CR4_OSXSAVE ? hand_over(ctx, INSN_EXIT_XSETBV) : insn_ud(ctx);
	default:
		return INSN_UNKNOWN;
	}
}

/* F3 0F C7 /7: RDPID. */
INSN_EXEC(rdpid)
{
	u64 aux;

	if (d->rep != 0xf3 || d->mem)
		return INSN_UNKNOWN;
	if (!ctx->ops->msr(ctx, MSR_TSC_AUX, &aux))
		return insn_ud(ctx);
	d->dst.size = d->bits == 64 ? 8 : 4;
	d->dst.val = (u32)aux;
	return INSN_DONE;
}

/* ---- fast system calls (SDM vol. 3, 5.8.7 and 5.8.8; APM vol. 2, 6.1) ---- */

static void flat_code(struct insn_ctx *ctx, u16 sel, unsigned int cpl, bool l)
{
	u16 attr = 0x9b | cpl << 5 | INSN_ATTR_G | (l ? INSN_ATTR_L : INSN_ATTR_DB);

	ctx->r.seg[INSN_CS] = (struct insn_segment){ .limit = 0xffffffff, .sel = sel, .attr = attr };
}

static void flat_stack(struct insn_ctx *ctx, u16 sel, unsigned int cpl)
{
	u16 attr = 0x93 | cpl << 5 | INSN_ATTR_G | INSN_ATTR_DB;

	ctx->r.seg[INSN_SS] = (struct insn_segment){ .limit = 0xffffffff, .sel = sel, .attr = attr };
	ctx->r.cpl = cpl;
	ctx->sregs_changed = true;
}

INSN_EXEC(syscall)
{
	u64 star = 0, entry = 0, mask = X86_EFLAGS_VM | X86_EFLAGS_IF;
	bool long_mode = ctx->r.efer & EFER_LMA;

	if (!d->prot || !(ctx->r.efer & EFER_SCE) || (d->bits != 64 && !ctx->cpu.amd))
		return insn_ud(ctx);
	if (!ctx->ops->msr(ctx, MSR_STAR, &star))
		return INSN_UNKNOWN;
	entry = (u32)star;
	if (long_mode && (!ctx->ops->msr(ctx, d->bits == 64 ? MSR_LSTAR : MSR_CSTAR, &entry) ||
			  !ctx->ops->msr(ctx, MSR_SYSCALL_MASK, &mask)))
		return INSN_UNKNOWN;
	insn_reg_write(ctx, RCX, d->next_rip, 8);
	if (long_mode)
		insn_reg_write(ctx, 11, d->rflags & ~(u64)X86_EFLAGS_RF, 8);
	flat_code(ctx, star >> 32 & ~3, 0, long_mode);
	flat_stack(ctx, (star >> 32 & 0xffff) + 8, 0);
	d->rflags = (d->rflags & ~mask) | X86_EFLAGS_FIXED;
	d->next_rip = entry;
	return INSN_DONE;
}

INSN_EXEC(sysenter)
{
	bool long_mode = ctx->r.efer & EFER_LMA;
	u64 cs = 0, eip = 0, esp = 0;

	if (ctx->cpu.amd && long_mode)
		return insn_ud(ctx);
	if (!(ctx->r.cr0 & X86_CR0_PE) || !ctx->ops->msr(ctx, MSR_IA32_SYSENTER_CS, &cs) || !(cs & 0xfffc))
		return insn_gp(ctx);
	ctx->ops->msr(ctx, MSR_IA32_SYSENTER_EIP, &eip);
	ctx->ops->msr(ctx, MSR_IA32_SYSENTER_ESP, &esp);
	flat_code(ctx, cs & 0xfffc, 0, long_mode);
	flat_stack(ctx, (cs & 0xfffc) + 8, 0);
	d->rflags &= ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_IF);
	d->next_rip = long_mode ? eip : (u32)eip;
	ctx->r.gpr[RSP] = long_mode ? esp : (u32)esp;
	return INSN_DONE;
}

INSN_EXEC(sysexit)
{
	u64 cs = 0, rip = ctx->r.gpr[RDX], rsp = ctx->r.gpr[RCX];
	bool wide = d->opsize == 8;

	if (ctx->cpu.amd && ctx->r.efer & EFER_LMA)
		return insn_ud(ctx);
	if (!d->prot || !ctx->ops->msr(ctx, MSR_IA32_SYSENTER_CS, &cs) || !(cs & 0xfffc))
		return insn_gp(ctx);
	if (wide && (!insn_canonical(ctx, rip) || !insn_canonical(ctx, rsp)))
		return insn_gp(ctx);
	flat_code(ctx, ((cs + (wide ? 32 : 16)) & 0xffff) | 3, 3, wide);
	flat_stack(ctx, ((cs + (wide ? 40 : 24)) & 0xffff) | 3, 3);
	d->next_rip = wide ? rip : (u32)rip;
	ctx->r.gpr[RSP] = wide ? rsp : (u32)rsp;
	return INSN_DONE;
}
