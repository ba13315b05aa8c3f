// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving RIP past an intercepted instruction. Most CPUs report its length (SVM:
 * nRIP save, VMX: always). Where they do not, its bytes are read through the
 * guest's page tables; the usual encoding is recognised at once, anything with
 * prefixes goes through the decoder.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h> /* 6.1: asm/debugreg.h does not stand alone */
#include <asm/debugreg.h>
#include <asm/msr-index.h>
#include <asm/trapnr.h>

#include "base/backend.h"
#include "base/vcpu.h"
#include "cpu/event.h"
#include "insn_skip.h"
#include "mem/gpa.h"
#include "mem/guest_walk.h"

/* Stores the page-table entry's kernel address and value in the fetch cache; 0: no memory there. */
static u64 skip_cache_read(struct vcpu *v, struct fetch_cache *m, u64 gpa)
{
	u64 *entry = gpa_ptr(v, gpa, sizeof(*entry), false);
	u64 pte = entry ? READ_ONCE(*entry) : 0;

	m->at[m->n] = entry;
	m->pte[m->n++] = pte;
	return pte;
}

static void skip_cache_walk(struct vcpu *v, struct fetch_cache *m)
{
	u64 table = m->cr3 & X86_PTE_PA_MASK, size = 1ULL << 39;

	m->n = 0;
	m->page = NULL;
	for (;; size >>= 9) {
		u64 pte = skip_cache_read(v, m, table + (m->lin / size & 511) * sizeof(pte));

		if (!(pte & _PAGE_PRESENT))
			return;
		table = pte & X86_PTE_PA_MASK;
		if (size == PAGE_SIZE || (size <= 1ULL << 30 && (pte & _PAGE_PSE)))
			break;
	}
	m->page = gpa_ptr(v, (table & ~(size - 1)) | (m->lin & (size - 1)), PAGE_SIZE, false);
}

static bool skip_cache_hit(const struct vcpu *v, const struct fetch_cache *m, u64 lin, u64 cr3)
{
	unsigned int i;

	if (m->lin != lin || m->cr3 != cr3 || m->generation != v->vm->mem_generation || !m->page)
		return false;
	for (i = 0; i < m->n; i++) {
		if (READ_ONCE(*m->at[i]) != m->pte[i])
			return false;
	}
	return true;
}

/*
 * Where the CPU has just fetched code from: it has checked rights and set
 * accessed bits, so only the addresses are of interest, and the way there is
 * remembered: while all entries on it read the same, so does the walk. NULL:
 * the mode is unusual, or the tables have changed since; guest_walk() will tell.
 */
static const u8 *skip_executed_code(struct vcpu *v, const struct hv_paging *p, u64 lin, unsigned int len)
{
	struct fetch_cache *m = &v->fetch_cache[(lin >> PAGE_SHIFT) % FETCH_CACHE_ENTRIES];

	if (!(p->cr0 & X86_CR0_PG))
		return gpa_ptr(v, (u32)lin, len, false);
	if (!(p->efer & EFER_LMA) || (p->cr4 & X86_CR4_LA57) || offset_in_page(lin) + len > PAGE_SIZE)
		return NULL;
	if (unlikely(!skip_cache_hit(v, m, lin & PAGE_MASK, p->cr3))) {
		m->lin = lin & PAGE_MASK;
		m->cr3 = p->cr3;
		m->generation = v->vm->mem_generation;
		skip_cache_walk(v, m);
	}
	return m->page ? m->page + offset_in_page(lin) : NULL;
}

static u64 skip_linear_rip(const struct vcpu *v, const struct hv_paging *p)
{
	return hv_in_64bit_code(p) ? v->rip : (u32)(p->cs_base + v->rip);
}

int skip_fetch(struct vcpu *v, const struct hv_paging *p, u64 lin, u8 *buf, unsigned int len,
	       struct insn_fault *fault)
{
	unsigned int access = WALK_FETCH | (p->cpl == 3 ? WALK_USER : 0);
	unsigned int done = 0;

	while (done < len) {
		unsigned int n = min_t(unsigned int, len - done, PAGE_SIZE - offset_in_page(lin + done));
		const void *code = NULL;
		u64 gpa;

		if (!((lin ^ skip_linear_rip(v, p)) & PAGE_MASK) && !done)
			code = skip_executed_code(v, p, lin, n);
		if (unlikely(!code)) {
			if (guest_walk(v, p, lin + done, access, &gpa, fault))
				return done ?: -EFAULT;
			code = gpa_ptr(v, gpa, n, false);
			if (!code)
				return done ?: -ENXIO;
		}
		memcpy(buf + done, code, n);
		done += n;
	}
	return done;
}

static int skip_length_fetch(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len)
{
	struct skip_ctx *s = container_of(ctx, struct skip_ctx, insn);
	int n = skip_fetch(s->v, &s->p, lin, buf, len, &ctx->fault);

	return n > 0 ? n : n == -EFAULT ? -INSN_FAULT : -INSN_UNKNOWN;
}

static const struct insn_ops length_ops = { .fetch = skip_length_fetch };

void skip_describe_cpu(struct insn_cpu *cpu)
{
	cpu->amd = boot_cpu_data.x86_vendor != X86_VENDOR_INTEL;
	cpu->tzcnt = boot_cpu_has(X86_FEATURE_BMI1);
	cpu->lzcnt = boot_cpu_has(X86_FEATURE_ABM);
}

void skip_queue_fault(struct vcpu *v, const struct insn_fault *f)
{
	if (f->vector == X86_TRAP_PF)
		event_queue_exception_payload(v, f->vector, f->has_error, f->error, f->cr2);
	else
		event_queue_exception(v, f->vector, f->has_error, f->error);
}

/* An instruction that the decoder must measure. Unreadable bytes raise the fault that executing them would raise. */
static unsigned int skip_decode_length(struct vcpu *v, const struct hv_paging *p)
{
	struct skip_ctx s = { .v = v, .p = *p, .insn.ops = &length_ops };
	int len;

	skip_describe_cpu(&s.insn.cpu);
	s.insn.r.rip = v->rip;
	s.insn.r.rflags = v->rflags;
	s.insn.r.cr0 = p->cr0;
	s.insn.r.cr4 = p->cr4;
	s.insn.r.efer = p->efer;
	s.insn.r.cpl = p->cpl;
	s.insn.r.seg[INSN_CS] = (struct insn_segment){ .base = p->cs_base, .limit = U32_MAX, .attr = p->cs_attr };
	len = insn_length(&s.insn);
	if (len > 0)
		return len;
	if (len == -INSN_FAULT)
		skip_queue_fault(v, &s.insn.fault);
	else
		event_queue_ud(v);
	return 0;
}

static bool skip_is_opcode(const u8 *code, const char *opcode, unsigned int len)
{
	while (len && *code == (u8)*opcode) {
		code++;
		opcode++;
		len--;
	}
	return !len;
}

unsigned int skip_length(struct vcpu *v, const char *opcode, unsigned int oplen)
{
	struct hv_paging p;
	const u8 *code;

	if (likely(v->exit.insn_len))
		return v->exit.insn_len;
	hv_call(get_paging)(v, &p);
	code = skip_executed_code(v, &p, skip_linear_rip(v, &p), oplen);
	if (oplen && code && skip_is_opcode(code, opcode, oplen))
		return oplen;
	return skip_decode_length(v, &p);
}

void skip_finish_slowly(struct vcpu *v)
{
	if (v->may_have_shadow)
		hv_call(set_shadow)(v, 0);
	if (!(v->rflags & X86_EFLAGS_TF))
		return;
	if (hv->end_own_step && hv->end_own_step(v))
		return;
	/* The trap flag is a debugger's outside, or the guest's own. */
	if (v->guest_debug & KVM_GUESTDBG_SINGLESTEP)
		vcpu_request(v, REQ_DEBUG_STEP);
	else
		event_queue_exception_payload(v, X86_TRAP_DB, false, 0, DR_STEP);
}

bool skip_insn(struct vcpu *v, const char *opcode, unsigned int oplen)
{
	unsigned int len = skip_length(v, opcode, oplen);
	u64 rip = v->rip + len;

	if (!len)
		return false;
	/* Above 4 GiB, before and after: 64-bit code, as nearly all of a kernel is. */
	if (unlikely(rip >> 32 && !(v->rip >> 32))) {
		struct hv_paging p;

		hv_call(get_paging)(v, &p);
		if (!hv_in_64bit_code(&p))
			rip = (u32)rip;
	}
	skip_finish_at(v, rip);
	return true;
}

unsigned int skip_peek_quiet(struct vcpu *v, u8 *bytes, unsigned int len)
{
	struct insn_fault fault;
	struct hv_paging p;
	int n;

	hv_call(get_paging)(v, &p);
	n = skip_fetch(v, &p, skip_linear_rip(v, &p), bytes, len, &fault);
	return n > 0 ? n : 0;
}

bool skip_poke(struct vcpu *v, const char *bytes, unsigned int len)
{
	struct insn_fault fault;
	struct hv_paging p;
	unsigned int i;
	u64 gpa[INSN_MAX_LEN];

	hv_call(get_paging)(v, &p);
	for (i = 0; i < len; i++) {
		if (guest_walk(v, &p, skip_linear_rip(v, &p) + i, WALK_WRITE | (p.cpl == 3 ? WALK_USER : 0), &gpa[i], &fault)) {
			skip_queue_fault(v, &fault);
			return false;
		}
	}
	for (i = 0; i < len; i++)
		gpa_write(v, gpa[i], bytes + i, 1);
	return true;
}

bool skip_peek(struct vcpu *v, u8 *bytes, unsigned int len)
{
	struct insn_fault fault;
	struct hv_paging p;
	int n;

	hv_call(get_paging)(v, &p);
	memset(bytes, 0, len);
	n = skip_fetch(v, &p, skip_linear_rip(v, &p), bytes, len, &fault);
	if (n == -EFAULT)
		skip_queue_fault(v, &fault);
	else if (n < 0)
		event_queue_ud(v);
	return n > 0;
}
