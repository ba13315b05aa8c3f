// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running one guest instruction in software: MMIO and string port I/O. Joins
 * the pure emulator (model/insn.h) to guest memory, to in-kernel devices and,
 * where no device in the kernel answers, to user space.
 *
 * Reads. What a device answered is kept in reads[] until the instruction has
 * retired, because the emulator starts the instruction again after each trip
 * to user space and a device must not be read twice. Writes never interrupt
 * the instruction: those for user space queue up in writes[] and go out one by
 * one once it has retired.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>

#include "base/backend.h"
#include "base/clock.h"
#include "base/compat.h"
#include "base/vcpu.h"
#include "cpu/event.h"
#include "cpu/msr.h"
#include "emulate.h"
#include "emulate_fpu.h"
#include "insn_skip.h"
#include "irq/io_bus.h"
#include "irq/vlapic.h"
#include "mem/gpa.h"
#include "mem/guest_walk.h"

#define EMUL_MAX_FRAGMENTS 24 /* two operands of 64 bytes, unaligned, in pieces of at most 8 */
#define EMUL_MAX_ITERATIONS 1024 /* iterations of a repeated string instruction before requests are checked */

struct mmio_fragment {
	u64 gpa;
	u8 len;
	u8 data[8];
};

struct emul {
	struct vcpu *v;
	struct hv_paging p;
	struct insn_ctx ctx;
	struct mmio_fragment reads[EMUL_MAX_FRAGMENTS];
	unsigned int nreads; /* answered */
	unsigned int read_pos; /* how many of them this run of the instruction has used */
	struct mmio_fragment writes[EMUL_MAX_FRAGMENTS];
	unsigned int nwrites, write_pos;
	bool read_pending; /* reads[nreads] is with user space */
	bool pio_in_pending, pio_in_answered;
	bool pio_out_queued;
	bool hand_over; /* the instruction is one that exits: emul_hand_over() */
};

static struct emul *emul_of(struct insn_ctx *ctx)
{
	return container_of(ctx, struct emul, ctx);
}

static int emul_fetch(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len)
{
	struct emul *e = emul_of(ctx);
	int n = skip_fetch(e->v, &e->p, lin, buf, len, &ctx->fault);

	return n > 0 ? n : n == -EFAULT ? -INSN_FAULT : -INSN_UNKNOWN;
}

static bool emul_device_read(struct vcpu *v, u64 gpa, void *buf, unsigned int len)
{
	if (vlapic_mmio_hit(v, gpa))
		return !vlapic_mmio_read(v, gpa, buf, len);
	return !io_bus_read(v, false, gpa, len, buf);
}

static bool emul_device_write(struct vcpu *v, u64 gpa, const void *buf, unsigned int len)
{
	if (vlapic_mmio_hit(v, gpa)) {
		vlapic_mmio_write(v, gpa, buf, len);
		vcpu_request(v, REQ_EVENT); /* TPR may have changed */
		return true;
	}
	return !io_bus_write(v, false, gpa, len, buf);
}

/* The largest aligned piece of at most 8 bytes: one bus access. */
static unsigned int emul_fragment_len(u64 gpa, unsigned int len)
{
	unsigned int n = 8;

	while (n > len || (gpa & (n - 1) && n > 1 && (gpa & 7) + n > 8))
		n /= 2;
	return n;
}

static enum insn_result emul_mmio_read(struct emul *e, u64 gpa, u8 *buf, unsigned int len)
{
	while (len) {
		unsigned int n = emul_fragment_len(gpa, len);
		struct mmio_fragment *f;

		if (e->read_pos >= EMUL_MAX_FRAGMENTS)
			return INSN_UNKNOWN;
		f = &e->reads[e->read_pos];
		if (e->read_pos == e->nreads) {
			f->gpa = gpa;
			f->len = n;
			if (!emul_device_read(e->v, gpa, f->data, n)) {
				e->read_pending = true;
				return INSN_PENDING;
			}
			e->nreads++;
		} else if (f->gpa != gpa || f->len != n) {
			return INSN_UNKNOWN; /* the guest has changed the instruction since */
		}
		memcpy(buf, f->data, n);
		e->read_pos++;
		gpa += n;
		buf += n;
		len -= n;
	}
	return INSN_DONE;
}

static enum insn_result emul_mmio_write(struct emul *e, u64 gpa, const u8 *buf, unsigned int len)
{
	while (len) {
		unsigned int n = emul_fragment_len(gpa, len);

		if (!emul_device_write(e->v, gpa, buf, n)) {
			struct mmio_fragment *f;

			if (e->nwrites >= EMUL_MAX_FRAGMENTS)
				return INSN_UNKNOWN;
			f = &e->writes[e->nwrites++];
			f->gpa = gpa;
			f->len = n;
			memcpy(f->data, buf, n);
		}
		gpa += n;
		buf += n;
		len -= n;
	}
	return INSN_DONE;
}

/* An operand as at most two physically contiguous pieces. */
struct pieces {
	u64 gpa[2];
	unsigned int len[2];
};

/*
 * The CPU has just walked the guest's tables for the access that brought us
 * here, and said where it led; the only memory operand is that access.
 */
static bool emul_translated_by_cpu(const struct emul *e, u64 lin, unsigned int len, bool write)
{
	const struct hv_exit *exit = &e->v->exit;

	return e->ctx.one_memory && exit->reason == HV_EXIT_MEMORY && !exit->mem.in_guest_walk && !exit->mem.fetch &&
	       (exit->mem.write || !write) && offset_in_page(lin) == offset_in_page(exit->mem.gpa) &&
	       offset_in_page(lin) + len <= PAGE_SIZE;
}

static enum insn_result emul_translate(struct emul *e, u64 lin, unsigned int len, bool write, struct pieces *out)
{
	unsigned int access = (write ? WALK_WRITE : 0) | (e->p.cpl == 3 ? WALK_USER : 0);
	unsigned int first = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(lin));

	out->len[0] = first;
	out->len[1] = len - first;
	if (emul_translated_by_cpu(e, lin, len, write)) {
		out->gpa[0] = e->v->exit.mem.gpa;
		return INSN_DONE;
	}
	if (guest_walk(e->v, &e->p, lin, access, &out->gpa[0], &e->ctx.fault))
		return INSN_FAULT;
	if (out->len[1] && guest_walk(e->v, &e->p, lin + first, access, &out->gpa[1], &e->ctx.fault))
		return INSN_FAULT;
	return INSN_DONE;
}

/* Guest memory within one page; false: there is none, or it is read-only. */
static bool emul_ram_copy(struct vcpu *v, u64 gpa, void *buf, unsigned int len, bool write)
{
	void *ram = gpa_ptr(v, gpa, len, write);

	if (!ram)
		return false;
	if (write)
		memcpy(ram, buf, len);
	else
		memcpy(buf, ram, len);
	return true;
}

static enum insn_result emul_read(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	struct emul *e = emul_of(ctx);
	enum insn_result r;
	struct pieces p;
	unsigned int i;

	r = emul_translate(e, lin, len, false, &p);
	for (i = 0; r == INSN_DONE && i < 2 && p.len[i]; i++) {
		if (!emul_ram_copy(e->v, p.gpa[i], buf, p.len[i], false))
			r = unlikely(e->v->mem_error) ? INSN_FAULT : emul_mmio_read(e, p.gpa[i], buf, p.len[i]);
		buf += p.len[i];
	}
	return r;
}

static enum insn_result emul_write(struct insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	struct emul *e = emul_of(ctx);
	enum insn_result r;
	struct pieces p;
	unsigned int i;

	r = emul_translate(e, lin, len, true, &p);
	for (i = 0; r == INSN_DONE && i < 2 && p.len[i]; i++) {
		if (!emul_ram_copy(e->v, p.gpa[i], (void *)buf, p.len[i], true))
			r = unlikely(e->v->mem_error) ? INSN_FAULT : emul_mmio_write(e, p.gpa[i], buf, p.len[i]);
		buf += p.len[i];
	}
	return r;
}

#define CMPXCHG_CASE(type)                                                                         \
	do {                                                                                       \
		type want = *(type *)old;                                                          \
		type found = cmpxchg((type *)ram, want, *(const type *)new);                       \
		*swapped = found == want;                                                          \
		*(type *)old = found;                                                              \
	} while (0)

static enum insn_result emul_ram_cmpxchg(void *ram, void *old, const void *new, unsigned int len, bool *swapped)
{
	switch (len) {
	case 1:
		CMPXCHG_CASE(u8);
		return INSN_DONE;
	case 2:
		CMPXCHG_CASE(u16);
		return INSN_DONE;
	case 4:
		CMPXCHG_CASE(u32);
		return INSN_DONE;
	case 8:
		CMPXCHG_CASE(u64);
		return INSN_DONE;
	default:
		return INSN_UNKNOWN;
	}
}

/*
 * Locked operations reach the emulator for memory that is no RAM, or read-only.
 * A device is not read again to compare: old is what it has just answered, and
 * a register that counts or clears on read would never match.
 */
static enum insn_result emul_cmpxchg(struct insn_ctx *ctx, u64 lin, void *old, const void *new, unsigned int len,
				     bool *swapped)
{
	struct emul *e = emul_of(ctx);
	enum insn_result r;
	struct pieces p;
	void *ram;

	r = emul_translate(e, lin, len, true, &p);
	if (r != INSN_DONE)
		return r;
	/* A locked access across two cache lines is an #AC in the host where split locks are forbidden. */
	ram = p.len[1] || !IS_ALIGNED(p.gpa[0], len) ? NULL : gpa_ptr(e->v, p.gpa[0], len, true);
	if (ram)
		return emul_ram_cmpxchg(ram, old, new, len, swapped);
	*swapped = true;
	return emul_write(ctx, lin, new, len);
}

/* Also fetches the memory: what comes afterwards (a port is read) cannot be done twice. */
static enum insn_result emul_check_write(struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	struct emul *e = emul_of(ctx);
	enum insn_result r;
	struct pieces p;
	unsigned int i;

	r = emul_translate(e, lin, len, true, &p);
	for (i = 0; r == INSN_DONE && i < 2 && p.len[i]; i++) {
		if (!gpa_ptr(e->v, p.gpa[i], p.len[i], true) && e->v->mem_error)
			r = INSN_FAULT;
	}
	return r;
}

/* Descriptor tables may be in ROM: accessed bits are not set there. */
static bool emul_system_copy(struct vcpu *v, u64 gpa, void *buf, unsigned int len, bool write)
{
	return emul_ram_copy(v, gpa, buf, len, write) || (write && gpa_ptr(v, gpa, len, false));
}

static enum insn_result emul_system(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool write)
{
	struct emul *e = emul_of(ctx);
	unsigned int n;
	u64 gpa;

	for (; len; len -= n, lin += n, buf += n) {
		n = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(lin));
		if (guest_walk(e->v, &e->p, lin, WALK_IMPLICIT | (write ? WALK_WRITE : 0), &gpa, &ctx->fault))
			return INSN_FAULT;
		if (!emul_system_copy(e->v, gpa, buf, n, write))
			return INSN_UNKNOWN;
	}
	return INSN_DONE;
}

static bool emul_is_device(struct insn_ctx *ctx, u64 lin, bool write)
{
	struct emul *e = emul_of(ctx);
	struct pieces p;

	return emul_translate(e, lin, 1, write, &p) == INSN_DONE && !gpa_ptr(e->v, p.gpa[0], 1, write);
}

static u64 emul_tsc(struct insn_ctx *ctx)
{
	return clock_guest_tsc(emul_of(ctx)->v);
}

static bool emul_msr(struct insn_ctx *ctx, u32 index, u64 *val)
{
	return !msr_get(emul_of(ctx)->v, index, val, true);
}

static void emul_pio_exit(struct vcpu *v, u8 direction, u16 port, unsigned int size, unsigned int count)
{
	struct kvm_run *run = v->run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = direction;
	run->io.size = size;
	run->io.port = port;
	run->io.count = count;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
	v->io_size = size;
}

static enum insn_result emul_pio_in(struct insn_ctx *ctx, u16 port, unsigned int size, void *buf,
				    unsigned int count)
{
	struct emul *e = emul_of(ctx);
	struct vcpu *v = e->v;
	unsigned int i;

	if (WARN_ON_ONCE(size * count > PAGE_SIZE))
		return INSN_UNKNOWN;
	if (!e->pio_in_answered) {
		for (i = 0; i < count; i++) {
			if (io_bus_read(v, true, port, size, v->pio_data + i * size))
				break;
		}
		if (i < count) {
			/* All elements go to the same port: no device in the kernel answers it. */
			emul_pio_exit(v, KVM_EXIT_IO_IN, port, size, count);
			e->pio_in_pending = true;
			return INSN_PENDING;
		}
	}
	memcpy(buf, v->pio_data, size * count);
	return INSN_DONE;
}

static enum insn_result emul_pio_out(struct insn_ctx *ctx, u16 port, unsigned int size, const void *buf,
				     unsigned int count)
{
	struct emul *e = emul_of(ctx);
	unsigned int i;

	if (WARN_ON_ONCE(size * count > PAGE_SIZE))
		return INSN_UNKNOWN;
	for (i = 0; i < count; i++) {
		if (io_bus_write(e->v, true, port, size, buf + i * size))
			break;
	}
	if (i == count)
		return INSN_DONE;
	memcpy(e->v->pio_data, buf + i * size, size * (count - i));
	emul_pio_exit(e->v, KVM_EXIT_IO_OUT, port, size, count - i);
	e->pio_out_queued = true;
	return INSN_DONE;
}

static const struct insn_ops emul_ops = {
	.fetch = emul_fetch,
	.read = emul_read,
	.write = emul_write,
	.cmpxchg = emul_cmpxchg,
	.check_write = emul_check_write,
	.system = emul_system,
	.is_device = emul_is_device,
	.pio_in = emul_pio_in,
	.pio_out = emul_pio_out,
	.vec_read = emul_vec_read,
	.vec_write = emul_vec_write,
	.mmx = emul_mmx,
	.x87 = emul_x87,
	.fx = emul_fx,
	.tsc = emul_tsc,
	.msr = emul_msr,
};

int emul_create(struct vcpu *v)
{
	v->emul = kzalloc(sizeof(*v->emul), GFP_KERNEL_ACCOUNT);
	if (!v->emul)
		return -ENOMEM;
	v->emul->v = v;
	v->emul->ctx.ops = &emul_ops;
	skip_describe_cpu(&v->emul->ctx.cpu);
	return 0;
}

void emul_destroy(struct vcpu *v)
{
	kfree(v->emul);
	v->emul = NULL;
}

static void emul_forget_reads(struct emul *e)
{
	e->nreads = 0;
	e->read_pos = 0;
	e->read_pending = false;
	e->pio_in_pending = false;
	e->pio_in_answered = false;
}

void emul_reset(struct vcpu *v)
{
	emul_forget_reads(v->emul);
	v->emul->nwrites = 0;
	v->emul->write_pos = 0;
	v->emul->pio_out_queued = false;
}

static_assert((int)INSN_ES == (int)SEG_ES && (int)INSN_LDTR == (int)SEG_LDTR && (int)INSN_TR == (int)SEG_TR);
static_assert((int)INSN_ALL_SEGS == (int)NR_SEGS);
static_assert((int)INSN_SHADOW_MOV_SS == KVM_X86_SHADOW_INT_MOV_SS && (int)INSN_SHADOW_STI == KVM_X86_SHADOW_INT_STI);

static void emul_load_regs(struct emul *e)
{
	struct insn_regs *r = &e->ctx.r;
	struct vcpu *v = e->v;
	struct hv_sregs s;
	unsigned int i;

	hv_call(get_paging)(v, &e->p);
	hv->get_sregs(v, &s);
	memcpy(r->gpr, v->regs, sizeof(r->gpr));
	r->rip = v->rip;
	r->rflags = v->rflags;
	r->cr0 = s.cr0;
	r->cr2 = s.cr2;
	r->cr3 = s.cr3;
	r->cr4 = s.cr4;
	r->cr8 = v->cr8;
	r->efer = s.efer;
	r->xcr0 = v->xcr0;
	r->cpl = e->p.cpl;
	for (i = 0; i < NR_SEGS; i++)
		r->seg[i] = (struct insn_segment){ s.seg[i].base, s.seg[i].limit, s.seg[i].sel, s.seg[i].attr };
	r->gdt = (struct insn_dtable){ s.gdt.base, s.gdt.limit };
	r->idt = (struct insn_dtable){ s.idt.base, s.idt.limit };
	e->ctx.sregs_changed = false;
	e->ctx.cpu.cr3_reserved = ~0ULL << v->maxphyaddr;
	e->ctx.cpu.cr4_reserved = v->cr4_reserved;
}

static void emul_store_sregs(struct emul *e)
{
	const struct insn_regs *r = &e->ctx.r;
	struct hv_sregs s;
	unsigned int i;

	for (i = 0; i < NR_SEGS; i++)
		s.seg[i] = (struct hv_segment){ r->seg[i].base, r->seg[i].limit, r->seg[i].sel, r->seg[i].attr };
	s.gdt = (struct hv_dtable){ r->gdt.base, r->gdt.limit };
	s.idt = (struct hv_dtable){ r->idt.base, r->idt.limit };
	s.cr0 = r->cr0;
	s.cr2 = r->cr2;
	s.cr3 = r->cr3;
	s.cr4 = r->cr4;
	s.efer = r->efer;
	hv->set_sregs(e->v, &s);
	e->ctx.sregs_changed = false;
}

static void emul_store_regs(struct emul *e)
{
	memcpy(e->v->regs, e->ctx.r.gpr, sizeof(e->ctx.r.gpr));
	e->v->rip = e->ctx.r.rip;
	e->v->rflags = e->ctx.r.rflags;
	if (e->ctx.sregs_changed)
		emul_store_sregs(e);
}

struct insn_ctx *emul_context(struct vcpu *v)
{
	emul_load_regs(v->emul);
	return &v->emul->ctx;
}

void emul_commit(struct vcpu *v)
{
	emul_store_regs(v->emul);
}

int emul_failed(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	struct hv_paging p;
	u8 bytes[INSN_MAX_LEN];
	unsigned int n;

	v->stats.insn_emulation_fail++;
	hv_call(get_paging)(v, &p);
	if (p.cpl && !v->vm->fail_unknown_emulation) {
		event_queue_ud(v);
		return RUN_GUEST;
	}
	n = skip_peek_quiet(v, bytes, sizeof(bytes));
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = n ? 3 : 0;
	run->emulation_failure.flags = n ? KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES : 0;
	run->emulation_failure.insn_size = n;
	memset(run->emulation_failure.insn_bytes, 0x90, sizeof(run->emulation_failure.insn_bytes));
	memcpy(run->emulation_failure.insn_bytes, bytes, n);
	return RUN_USER;
}

static int emul_mmio_exit(struct vcpu *v, const struct mmio_fragment *f, bool write)
{
	struct kvm_run *run = v->run;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = f->gpa;
	run->mmio.len = f->len;
	run->mmio.is_write = write;
	if (write)
		memcpy(run->mmio.data, f->data, f->len);
	v->completion = COMPLETE_EMULATION;
	v->stats.mmio_exits++;
	return RUN_USER;
}

/* The instruction (or one iteration) has retired; what it wrote to user space's devices goes out now. */
static int emul_flush_writes(struct emul *e)
{
	if (e->pio_out_queued) {
		e->pio_out_queued = false;
		return RUN_USER; /* emul_pio_exit() has filled vcpu->run */
	}
	if (e->write_pos < e->nwrites)
		return emul_mmio_exit(e->v, &e->writes[e->write_pos], true);
	e->nwrites = 0;
	e->write_pos = 0;
	return RUN_GUEST;
}

/*
 * The trap flag that counts is the one from before: POPF starts single steps
 * behind the next instruction, and the one that ends them is stepped, too.
 */
static void emul_retire(struct emul *e)
{
	struct vcpu *v = e->v;
	u64 trap_changed = (v->rflags ^ e->ctx.r.rflags) & X86_EFLAGS_TF;

	emul_store_regs(e);
	emul_forget_reads(e);
	v->rflags ^= trap_changed;
	skip_finish_at(v, v->rip);
	v->rflags ^= trap_changed;
	if (e->ctx.shadow)
		hv_call(set_shadow)(v, e->ctx.shadow);
	if (e->ctx.iret && v->ev.nmi_masked) {
		v->ev.nmi_masked = false;
		vcpu_request(v, REQ_EVENT);
	}
}

/* The exit reason that each of these instructions has. */
static void emul_describe_exit(struct hv_exit *exit, const struct insn_ctx *ctx)
{
	static const u8 reasons[] = {
		[INSN_EXIT_CPUID] = HV_EXIT_CPUID,   [INSN_EXIT_RDMSR] = HV_EXIT_MSR,
		[INSN_EXIT_WRMSR] = HV_EXIT_MSR,     [INSN_EXIT_RDPMC] = HV_EXIT_RDPMC,
		[INSN_EXIT_HLT] = HV_EXIT_HLT,	     [INSN_EXIT_WBINVD] = HV_EXIT_WBINVD,
		[INSN_EXIT_XSETBV] = HV_EXIT_XSETBV, [INSN_EXIT_HYPERCALL] = HV_EXIT_HYPERCALL,
		[INSN_EXIT_DR] = HV_EXIT_DR,	     [INSN_EXIT_CR8] = HV_EXIT_CR8,
	};

	*exit = (struct hv_exit){
		.reason = reasons[ctx->exit],
		.insn_len = ctx->len,
		.msr.write = ctx->exit == INSN_EXIT_WRMSR,
	};
}

/*
 * An instruction that exits by itself, as the CPU would have told had it got
 * that far: it does when the guest's page tables are in ROM (mem/guest_walk.c).
 */
static int emul_hand_over(struct vcpu *v)
{
	v->emul->hand_over = false;
	emul_describe_exit(&v->exit, &v->emul->ctx);
	return RUN_DISPATCH;
}

static int emul_pending(struct emul *e)
{
	struct vcpu *v = e->v;

	if (e->read_pending)
		return emul_mmio_exit(v, &e->reads[e->nreads], false);
	v->completion = COMPLETE_EMULATION;
	return RUN_USER; /* emul_pio_exit() has filled vcpu->run */
}

int emul_resume(struct vcpu *v)
{
	struct emul *e = v->emul;
	unsigned int i;

	v->l1d_used = true;
	emul_load_regs(e);
	for (i = 0; i < EMUL_MAX_ITERATIONS; i++) {
		e->read_pos = 0;
		switch (insn_emulate(&e->ctx)) {
		case INSN_DONE:
			emul_retire(e);
			return emul_flush_writes(e);
		case INSN_AGAIN:
			emul_store_regs(e);
			emul_forget_reads(e);
			if (e->nwrites || e->pio_out_queued)
				return emul_flush_writes(e);
			if (vcpu_has_request(v) || hv_resched_wanted())
				return RUN_GUEST;
			break;
		case INSN_PENDING:
			return emul_pending(e);
		case INSN_EXIT:
			emul_forget_reads(e);
			e->hand_over = true;
			return RUN_GUEST;
		case INSN_FAULT:
			emul_forget_reads(e);
			skip_queue_fault(v, &e->ctx.fault);
			return RUN_GUEST;
		default:
			emul_reset(v);
			return emul_failed(v);
		}
	}
	return RUN_GUEST;
}

int emul_instruction(struct vcpu *v)
{
	int r;

	v->stats.insn_emulation++;
	emul_reset(v);
	r = emul_resume(v);
	return v->emul->hand_over ? emul_hand_over(v) : r;
}

int emul_complete(struct vcpu *v)
{
	struct emul *e = v->emul;

	if (e->read_pending) {
		struct mmio_fragment *f = &e->reads[e->nreads++];

		memcpy(f->data, v->run->mmio.data, f->len);
		e->read_pending = false;
		return RUN_EMULATE;
	}
	if (e->pio_in_pending) {
		e->pio_in_pending = false;
		e->pio_in_answered = true;
		return RUN_EMULATE;
	}
	e->write_pos++;
	return emul_flush_writes(e);
}
