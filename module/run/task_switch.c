// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware task switches, for CPUs that exit on them (VMX: always; SVM: the CPU
 * does them itself). SDM vol. 3, "Task Management", "Task Switching"; what the
 * CPU has checked before the exit: "Treatment of Task Switches".
 *
 * First all that can fault in the old task: its TSS, the new one and both
 * descriptors must be there. Then the old task is saved, and from there on
 * faults are the new task's: its registers and selectors are loaded, the
 * segments that are not loaded yet unusable.
 */
#include <linux/mm.h>
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "cpu/event.h"
#include "emulate.h"
#include "insn_skip.h"
#include "mem/gpa.h"
#include "mem/guest_walk.h"
#include "model/insn/insn.h"
#include "model/insn/insn_desc.h"
#include "task_switch.h"

#define ATTR_TYPE(attr) ((attr) & 15)
#define ATTR_DOWN BIT(2) /* data that expands down; conforming code */
#define ATTR_CODE BIT(3)
#define ATTR_S BIT(4)
#define ATTR_P BIT(7)
#define ATTR_DB BIT(10)
#define ATTR_G BIT(11)
#define TYPE_BUSY BIT(1) /* of a TSS */
#define TYPE_32BIT BIT(3)
#define SEL_TI BIT(2)
#define SEL_ERROR(sel) ((sel) & 0xfffcU)
#define DR7_LOCAL 0x155ULL /* L0-L3 and LE */
#define DR6_BT BIT_ULL(15)

struct tss16 {
	u16 link, sp0, ss0, sp1, ss1, sp2, ss2;
	u16 ip, flags, gpr[8], sel[4], ldt; /* AX CX DX BX SP BP SI DI; ES CS SS DS */
} __packed;

struct tss32 {
	u16 link, res0;
	u32 sp0, ss0, sp1, ss1, sp2, ss2, cr3;
	u32 ip, flags, gpr[8], sel[6], ldt; /* ES CS SS DS FS GS */
	u16 trap, iomap;
} __packed;

static_assert(sizeof(struct tss16) == 44);
static_assert(sizeof(struct tss32) == 104);
static_assert(SEG_ES == 0 && SEG_CS == 1 && SEG_SS == 2 && SEG_DS == 3 && SEG_FS == 4 && SEG_GS == 5);

/* The fields of a TSS that a switch saves. */
#define SAVED(type) offsetof(type, ip), offsetof(type, ldt) - offsetof(type, ip)

union tss {
	struct tss16 s;
	struct tss32 l;
};

struct task_switch {
	struct vcpu *v;
	struct hv_paging p;
	struct hv_sregs sregs;
	struct insn_fault fault;
	u8 cpl; /* the new task's */
};

static int task_raise(struct task_switch *t, u8 vector, u32 error)
{
	t->fault = (struct insn_fault){ .vector = vector, .has_error = true, .error = error };
	return -EFAULT;
}

/* buf NULL: only checks that the memory exists. -EFAULT: t->fault; -ENXIO: not memory. */
static int task_access(struct task_switch *t, u64 lin, void *buf, unsigned int len, unsigned int how)
{
	while (len) {
		unsigned int n = min_t(unsigned int, len, PAGE_SIZE - offset_in_page(lin));
		int r = 0;
		u64 gpa;

		lin = (u32)lin;
		if (guest_walk(t->v, &t->p, lin, how, &gpa, &t->fault))
			return -EFAULT;
		if (!buf)
			r = gpa_ptr(t->v, gpa, n, how & WALK_WRITE) ? 0 : -ENXIO;
		else if (how & WALK_WRITE)
			r = gpa_write(t->v, gpa, buf, n);
		else
			r = gpa_read(t->v, gpa, buf, n);
		if (r)
			return -ENXIO;
		lin += n;
		len -= n;
		buf = buf ? buf + n : NULL;
	}
	return 0;
}

/* The emulator's fault of an access or a load, from ctx->fault. */
static int task_done(struct task_switch *t, const struct insn_ctx *ctx, enum insn_result res)
{
	if (res == INSN_DONE)
		return 0;
	t->fault = ctx->fault;
	return res == INSN_FAULT ? -EFAULT : -ENXIO;
}

/* The descriptor of a task; #TS where the table ends before it. */
static int task_read_descriptor(struct task_switch *t, struct insn_ctx *ctx, u16 selector, struct insn_descriptor *d)
{
	return task_done(t, ctx, insn_read_descriptor(ctx, selector, X86_TRAP_TS, d));
}

static int task_set_busy(struct task_switch *t, struct insn_ctx *ctx, const struct insn_descriptor *d, bool busy)
{
	u8 rights = d->seg.attr;

	return task_done(t, ctx, insn_write_access(ctx, d, busy ? rights | TYPE_BUSY : rights & ~TYPE_BUSY));
}

static struct hv_segment task_as_register(const struct insn_segment *s)
{
	return (struct hv_segment){ s->base, s->limit, s->sel, s->attr };
}

static bool task_is_32bit(const struct hv_segment *tss)
{
	return tss->attr & TYPE_32BIT;
}

static bool task_nests(const struct hv_exit *e)
{
	return e->task.source == TASK_CALL || e->task.source == TASK_GATE;
}

/* The new task's descriptor, as the CPU has found it good; another vCPU may have changed it since. */
static int task_find_task(struct task_switch *t, struct insn_ctx *ctx, struct insn_descriptor *d)
{
	const struct hv_exit *e = &t->v->exit;
	int r = task_read_descriptor(t, ctx, e->task.selector, d);
	bool back = e->task.source == TASK_IRET;

	if (r)
		return r;
	if ((e->task.selector & SEL_TI) || (d->seg.attr & ATTR_S) || (ATTR_TYPE(d->seg.attr) & 5) != 1 ||
	    !(d->seg.attr & TYPE_BUSY) == back)
		return task_raise(t, back ? X86_TRAP_TS : X86_TRAP_GP, SEL_ERROR(e->task.selector));
	if (!(d->seg.attr & ATTR_P))
		return task_raise(t, X86_TRAP_NP, SEL_ERROR(e->task.selector));
	if (d->seg.limit < (d->seg.attr & TYPE_32BIT ? sizeof(struct tss32) : sizeof(struct tss16)) - 1)
		return task_raise(t, X86_TRAP_TS, SEL_ERROR(e->task.selector));
	return 0;
}

/* All memory that leaving the old task writes and reads. */
static int task_check_memory(struct task_switch *t, const struct hv_segment *old, const struct insn_descriptor *old_d,
			const struct insn_descriptor *next)
{
	const struct hv_exit *e = &t->v->exit;
	unsigned int size = next->seg.attr & TYPE_32BIT ? sizeof(struct tss32) : sizeof(struct tss16);
	static const unsigned int saved[2][2] = { { SAVED(struct tss16) }, { SAVED(struct tss32) } };
	const unsigned int *s = saved[task_is_32bit(old)];
	int r = task_access(t, old->base + s[0], NULL, s[1], WALK_WRITE);

	if (!r)
		r = task_access(t, next->seg.base, NULL, size, WALK_READ);
	if (!r && task_nests(e))
		r = task_access(t, next->seg.base, NULL, sizeof(u16), WALK_WRITE);
	if (!r && e->task.source != TASK_IRET)
		r = task_access(t, next->lin + 5, NULL, 1, WALK_WRITE);
	if (!r && !task_nests(e))
		r = task_access(t, old_d->lin + 5, NULL, 1, WALK_WRITE);
	return r;
}

static int task_save_task(struct task_switch *t, const struct hv_segment *tss, u32 flags)
{
	const struct hv_sregs *s = &t->sregs;
	struct vcpu *v = t->v;
	u32 ip = v->rip + v->exit.insn_len;
	union tss new = {};
	unsigned int i;

	if (task_is_32bit(tss)) {
		new.l.ip = ip;
		new.l.flags = flags;
		for (i = 0; i < 8; i++)
			new.l.gpr[i] = v->regs[i];
		for (i = 0; i < 6; i++)
			new.l.sel[i] = s->seg[i].sel;
		return task_access(t, tss->base + offsetof(struct tss32, ip), &new.l.ip,
			      offsetof(struct tss32, ldt) - offsetof(struct tss32, ip), WALK_WRITE);
	}
	new.s.ip = ip;
	new.s.flags = flags;
	for (i = 0; i < 8; i++)
		new.s.gpr[i] = v->regs[i];
	for (i = 0; i < 4; i++)
		new.s.sel[i] = s->seg[i].sel;
	return task_access(t, tss->base + offsetof(struct tss16, ip), &new.s.ip,
		      offsetof(struct tss16, ldt) - offsetof(struct tss16, ip), WALK_WRITE);
}

/* A 16-bit TSS in the form of a 32-bit one; fields that it lacks are 0 (SDM vol. 3, "16-Bit Task-State Segment (TSS)"). */
static struct tss32 task_widen(const struct tss16 *s)
{
	struct tss32 l = { .link = s->link, .ip = s->ip, .flags = s->flags, .ldt = s->ldt };
	unsigned int i;

	for (i = 0; i < 8; i++)
		l.gpr[i] = s->gpr[i];
	for (i = 0; i < 4; i++)
		l.sel[i] = s->sel[i];
	return l;
}

static int task_read_task(struct task_switch *t, const struct hv_segment *tss, struct tss32 *out)
{
	union tss raw;
	int r;

	if (task_is_32bit(tss))
		return task_access(t, tss->base, out, sizeof(*out), WALK_READ);
	r = task_access(t, tss->base, &raw.s, sizeof(raw.s), WALK_READ);
	*out = task_widen(&raw.s);
	return r;
}

/* Selectors without their descriptors: all segments are unusable, except CS, which must be usable. */
static void task_load_selectors(struct task_switch *t, const struct tss32 *tss)
{
	struct hv_segment *seg = t->sregs.seg;
	bool v86 = tss->flags & X86_EFLAGS_VM;
	unsigned int i;

	t->cpl = v86 ? 3 : tss->sel[SEG_CS] & 3;
	for (i = SEG_ES; i <= SEG_GS; i++) {
		seg[i] = (struct hv_segment){ .sel = tss->sel[i] };
		if (v86) {
			seg[i].base = seg[i].sel << 4;
			seg[i].limit = 0xffff;
			seg[i].attr = 0xf3;
		}
	}
	if (!v86) {
		seg[SEG_CS].limit = U32_MAX;
		seg[SEG_CS].attr = 0x9b | t->cpl << 5 | ATTR_DB | ATTR_G;
		seg[SEG_SS].attr = 0x13 | t->cpl << 5;
	}
	seg[SEG_LDTR] = (struct hv_segment){ .sel = tss->ldt };
}

/* Loads the descriptors of the selectors that task_load_selectors() has set, up to the first that faults. */
static int task_load_segments(struct task_switch *t, u32 flags)
{
	static const u8 order[] = { INSN_LDTR, INSN_CS, INSN_SS, INSN_DS, INSN_ES, INSN_FS, INSN_GS };
	unsigned int i, n = flags & X86_EFLAGS_VM ? 1 : ARRAY_SIZE(order);
	struct insn_ctx *ctx = emul_context(t->v);
	int r = 0;

	for (i = 0; !r && i < n; i++) {
		struct insn_segment *seg = &ctx->r.seg[order[i]];
		struct insn_load l = { .seg = order[i], .kind = INSN_LOAD_TASK, .cpl = t->cpl, .sel = seg->sel };

		r = task_done(t, ctx, insn_load_segment(ctx, &l, seg));
	}
	ctx->sregs_changed = true;
	emul_commit(t->v);
	hv->get_sregs(t->v, &t->sregs);
	return r;
}

/* Is [offset, offset + len) within the stack segment? */
static bool task_stack_holds(const struct hv_segment *ss, u32 offset, unsigned int len)
{
	u32 top = ss->attr & ATTR_DB ? U32_MAX : 0xffff;

	if ((ss->attr & ATTR_DOWN) && !(ss->attr & ATTR_CODE))
		return offset > ss->limit && offset + (len - 1) <= top && offset + (len - 1) >= offset;
	return offset <= ss->limit && ss->limit - offset >= len - 1;
}

/* As wide as the TSS is (SDM vol. 3, "Error Code"). */
static int task_push_error(struct task_switch *t, bool wide, u32 error)
{
	const struct hv_segment *ss = &t->sregs.seg[SEG_SS];
	unsigned int len = wide ? 4 : 2;
	u32 mask = ss->attr & ATTR_DB ? U32_MAX : 0xffff;
	u64 *rsp = &t->v->regs[GPR_RSP];
	u32 at = (*rsp - len) & mask;
	int r;

	if (!task_stack_holds(ss, at, len))
		return task_raise(t, X86_TRAP_SS, 0);
	r = task_access(t, ss->base + at, &error, len, WALK_WRITE | (t->cpl == 3 ? WALK_USER : 0));
	if (!r)
		*rsp = (*rsp & ~(u64)mask) | at;
	return r;
}

static void task_load_registers(struct task_switch *t, const struct tss32 *tss, bool wide, u32 flags)
{
	u32 step = t->v->guest_debug & KVM_GUESTDBG_SINGLESTEP ? X86_EFLAGS_TF : 0;
	struct vcpu *v = t->v;
	unsigned int i;

	for (i = 0; i < 8; i++)
		v->regs[i] = tss->gpr[i];
	v->rip = tss->ip;
	v->rflags = flags | X86_EFLAGS_FIXED | step;
	hv_call(set_shadow)(v, 0);
	t->sregs.cr0 |= X86_CR0_TS;
	if (wide && (t->sregs.cr0 & X86_CR0_PG)) {
		t->sregs.cr3 = tss->cr3;
		t->p.cr3 = tss->cr3;
	}
	v->dr7 &= ~DR7_LOCAL;
	hv->update_dr(v);
}

/* The new task begins; -EFAULT: with a fault of its own. */
static int task_enter_task(struct task_switch *t, const struct hv_segment *tr, const struct tss32 *tss, u32 flags)
{
	const struct hv_exit *e = &t->v->exit;
	int r;

	t->sregs.seg[SEG_TR] = *tr;
	t->sregs.seg[SEG_TR].attr |= TYPE_BUSY;
	task_load_registers(t, tss, task_is_32bit(tr), flags);
	task_load_selectors(t, tss);
	hv->set_sregs(t->v, &t->sregs);
	r = task_load_segments(t, flags);
	if (!r && e->task.has_error)
		r = task_push_error(t, task_is_32bit(tr), e->task.error);
	if (!r && (u32)t->v->rip > t->sregs.seg[SEG_CS].limit)
		r = task_raise(t, X86_TRAP_GP, 0);
	return r;
}

/* The event that started the task through a gate is delivered. IRET ends NMI blocking. */
static void task_finish_event(struct vcpu *v)
{
	if (v->exit.task.source == TASK_IRET)
		v->ev.nmi_masked = false;
	if (v->exit.task.source != TASK_GATE)
		return;
	if (v->ev.nmi_injected)
		v->ev.nmi_masked = true;
	v->ev.exc.injected = false;
	v->ev.irq.injected = false;
	v->ev.nmi_injected = false;
}

/* tr: the new task's register. */
static int task_leave_task(struct task_switch *t, struct hv_segment *tr, struct tss32 *tss, u32 *flags)
{
	const struct hv_exit *e = &t->v->exit;
	struct hv_segment old = t->sregs.seg[SEG_TR];
	struct insn_ctx *ctx = emul_context(t->v);
	struct insn_descriptor old_d, new;
	u32 saved = t->v->rflags;
	int r;

	if (e->task.source == TASK_IRET)
		saved &= ~X86_EFLAGS_NT;
	if (t->v->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		saved &= ~X86_EFLAGS_TF;
	r = task_find_task(t, ctx, &new);
	if (r)
		return r;
	*tr = task_as_register(&new.seg);
	r = task_read_descriptor(t, ctx, old.sel, &old_d);
	if (!r)
		r = task_check_memory(t, &old, &old_d, &new);
	if (!r && !task_nests(e))
		r = task_set_busy(t, ctx, &old_d, false);
	if (!r)
		r = task_save_task(t, &old, saved);
	if (!r)
		r = task_read_task(t, tr, tss);
	if (!r && task_nests(e))
		r = task_access(t, tr->base, &old.sel, sizeof(old.sel), WALK_WRITE);
	if (!r && e->task.source != TASK_IRET)
		r = task_set_busy(t, ctx, &new, true);
	*flags = tss->flags | (task_nests(e) ? X86_EFLAGS_NT : 0);
	return r;
}

int task_switch(struct vcpu *v)
{
	struct task_switch t = { .v = v };
	struct tss32 tss = {};
	struct hv_segment tr;
	u32 flags;
	int r;

	hv_call(get_paging)(v, &t.p);
	hv->get_sregs(v, &t.sregs);
	/* These are implicit supervisor accesses, at any CPL. */
	t.p.cpl = 0;
	t.p.rflags &= ~(u64)X86_EFLAGS_AC;
	r = task_leave_task(&t, &tr, &tss, &flags);
	if (!r) {
		task_finish_event(v);
		r = task_enter_task(&t, &tr, &tss, flags);
		if (!r && (tss.trap & 1) && task_is_32bit(&tr))
			event_queue_exception_payload(v, X86_TRAP_DB, false, 0, DR6_BT);
	}
	if (r == -ENXIO)
		return emul_failed(v);
	if (r)
		skip_queue_fault(v, &t.fault);
	vcpu_request(v, REQ_EVENT);
	return RUN_GUEST;
}
