// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include <asm/kvm.h>

#include "insn_machine.h"

static struct insn_machine *machine_of(struct insn_ctx *ctx)
{
	return (struct insn_machine *)ctx;
}

u8 *machine_at(struct insn_machine *m, u64 lin)
{
	if (lin >= MACHINE_HIGH)
		lin -= MACHINE_HIGH;
	return lin < MACHINE_SIZE ? m->mem + lin : NULL;
}

static unsigned int page_kind(struct insn_machine *m, u64 lin)
{
	u8 *p = machine_at(m, lin);

	return p ? m->page[(p - m->mem) >> 12] : PAGE_NONE;
}

static enum insn_result page_fault(struct insn_machine *m, u64 lin, bool write, bool present)
{
	m->ctx.fault = (struct insn_fault){
		.vector = PF_VECTOR,
		.has_error = true,
		.error = write << 1 | present,
		.cr2 = lin,
	};
	return INSN_FAULT;
}

/* Checks both pages before any transfer; *device: one of them is a device. */
static enum insn_result check(struct insn_machine *m, u64 lin, unsigned int len, bool write,
			      bool *device)
{
	u64 ends[2] = { lin, lin + len - 1 };
	unsigned int i, kind;

	*device = false;
	for (i = 0; i < 2; i++) {
		kind = page_kind(m, ends[i]);
		if (kind == PAGE_NONE || (kind == PAGE_RO && write))
			return page_fault(m, i ? ends[i] & ~0xfffULL : lin, write, kind != PAGE_NONE);
		*device |= kind == PAGE_DEVICE;
	}
	return INSN_DONE;
}

static void copy(struct insn_machine *m, u64 lin, void *buf, unsigned int len, bool write)
{
	u8 *bytes = buf;
	unsigned int i;

	for (i = 0; i < len; i++) {
		if (write)
			*machine_at(m, lin + i) = bytes[i];
		else
			bytes[i] = *machine_at(m, lin + i);
	}
}

static bool answered(struct insn_machine *m)
{
	return m->reads++ < m->answers;
}

static int op_fetch(struct insn_ctx *ctx, u64 lin, u8 *buf, unsigned int len)
{
	struct insn_machine *m = machine_of(ctx);
	bool device;
	unsigned int i;

	m->calls++;
	if (check(m, lin, 1, false, &device))
		return -INSN_FAULT;
	for (i = 0; i < len && page_kind(m, lin + i) != PAGE_NONE; i++)
		buf[i] = *machine_at(m, lin + i);
	return i;
}

static enum insn_result op_read(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	struct insn_machine *m = machine_of(ctx);
	bool device;

	m->calls++;
	if (check(m, lin, len, false, &device))
		return INSN_FAULT;
	if (device && !answered(m))
		return INSN_PENDING;
	copy(m, lin, buf, len, false);
	return INSN_DONE;
}

static enum insn_result op_write(struct insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	struct insn_machine *m = machine_of(ctx);
	bool device;

	m->calls++;
	if (check(m, lin, len, true, &device))
		return INSN_FAULT;
	m->writes++;
	copy(m, lin, (void *)buf, len, true);
	return INSN_DONE;
}

static enum insn_result op_cmpxchg(struct insn_ctx *ctx, u64 lin, void *old, const void *new,
				   unsigned int len, bool *swapped)
{
	struct insn_machine *m = machine_of(ctx);
	u8 now[16];
	bool device;

	m->calls++;
	if (check(m, lin, len, true, &device))
		return INSN_FAULT;
	if (device && !answered(m))
		return INSN_PENDING;
	if (m->races) {
		m->races--;
		*machine_at(m, lin) += 1;
	}
	copy(m, lin, now, len, false);
	*swapped = !memcmp(now, old, len);
	memcpy(old, now, len);
	if (*swapped) {
		m->writes++;
		copy(m, lin, (void *)new, len, true);
	}
	return INSN_DONE;
}

static enum insn_result op_check_write(struct insn_ctx *ctx, u64 lin, unsigned int len)
{
	struct insn_machine *m = machine_of(ctx);
	bool device;

	m->calls++;
	return check(m, lin, len, true, &device);
}

static enum insn_result op_system(struct insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool write)
{
	struct insn_machine *m = machine_of(ctx);
	bool device;

	m->calls++;
	if (check(m, lin, len, write, &device))
		return INSN_FAULT;
	copy(m, lin, buf, len, write);
	return INSN_DONE;
}

static bool op_is_device(struct insn_ctx *ctx, u64 lin, bool write)
{
	struct insn_machine *m = machine_of(ctx);

	(void)write;
	m->calls++;
	return !m->device_batches && page_kind(m, lin) == PAGE_DEVICE;
}

static void op_mmx(struct insn_ctx *ctx, unsigned int n, u64 *val, bool write)
{
	struct insn_machine *m = machine_of(ctx);

	if (!write) {
		*val = m->mmx[n];
		return;
	}
	m->writes++;
	m->mmx[n] = *val;
}

static u16 op_x87(struct insn_ctx *ctx, enum insn_x87 what)
{
	struct insn_machine *m = machine_of(ctx);

	if (what == INSN_X87_INIT)
		m->x87_status = 0;
	return what == INSN_X87_CW ? 0x37f : m->x87_status;
}

/* The image has the vector registers; the header is a pattern. */
static bool op_fx(struct insn_ctx *ctx, void *image, bool save, bool wide)
{
	struct insn_machine *m = machine_of(ctx);
	u8 *bytes = image;
	unsigned int i;

	if (!save && bytes[27] == 0xff)
		return false;
	for (i = 0; i < 16; i++) {
		if (save)
			memcpy(bytes + 160 + 16 * i, m->vec[i], 16);
		else
			memcpy(m->vec[i], bytes + 160 + 16 * i, 16);
	}
	if (save)
		memset(bytes, wide ? 0x64 : 0x32, 160);
	else
		m->writes++;
	return true;
}

static u64 op_tsc(struct insn_ctx *ctx)
{
	(void)ctx;
	return 0x1122334455667788;
}

static bool op_msr(struct insn_ctx *ctx, u32 index, u64 *val)
{
	(void)ctx;
	switch (index) {
	case 0x174: /* SYSENTER_CS */
		*val = 0x10;
		return true;
	case 0x175:
		*val = 0xffff800000007000;
		return true;
	case 0x176:
		*val = 0xffff800000001234;
		return true;
	case 0xc0000081: /* STAR */
		*val = 0x0023001000004321;
		return true;
	case 0xc0000082: /* LSTAR */
		*val = 0xffff800000004444;
		return true;
	case 0xc0000083: /* CSTAR */
		*val = 0x5555;
		return true;
	case 0xc0000084:
		*val = 0x300;
		return true;
	case 0xc0000103: /* TSC_AUX */
		*val = 0xa5a5;
		return true;
	default:
		return false;
	}
}

static void log_pio(struct insn_machine *m, u16 port, unsigned int size, unsigned int count)
{
	m->pio_calls++;
	m->writes++;
	m->pio_port = port;
	m->pio_size = size;
	m->pio_count = count;
}

static enum insn_result op_pio_in(struct insn_ctx *ctx, u16 port, unsigned int size, void *buf,
				  unsigned int count)
{
	struct insn_machine *m = machine_of(ctx);
	u8 *bytes = buf;
	unsigned int i;

	m->calls++;
	if (m->pio_device && !answered(m))
		return INSN_PENDING;
	log_pio(m, port, size, count);
	for (i = 0; i < size * count; i++)
		bytes[i] = m->pio_next++;
	return INSN_DONE;
}

static enum insn_result op_pio_out(struct insn_ctx *ctx, u16 port, unsigned int size,
				   const void *buf, unsigned int count)
{
	struct insn_machine *m = machine_of(ctx);
	unsigned int len = size * count;

	m->calls++;
	log_pio(m, port, size, count);
	if (m->pio_out_len + len <= sizeof(m->pio_out)) {
		memcpy(m->pio_out + m->pio_out_len, buf, len);
		m->pio_out_len += len;
	}
	return INSN_DONE;
}

static void op_vec_read(struct insn_ctx *ctx, unsigned int n, void *buf, unsigned int len)
{
	memcpy(buf, machine_of(ctx)->vec[n], len);
}

static void op_vec_write(struct insn_ctx *ctx, unsigned int n, const void *buf, unsigned int len)
{
	machine_of(ctx)->writes++;
	memcpy(machine_of(ctx)->vec[n], buf, len);
}

static const struct insn_ops ops = {
	.fetch = op_fetch,
	.read = op_read,
	.write = op_write,
	.cmpxchg = op_cmpxchg,
	.check_write = op_check_write,
	.system = op_system,
	.is_device = op_is_device,
	.pio_in = op_pio_in,
	.pio_out = op_pio_out,
	.vec_read = op_vec_read,
	.vec_write = op_vec_write,
	.mmx = op_mmx,
	.x87 = op_x87,
	.fx = op_fx,
	.tsc = op_tsc,
	.msr = op_msr,
};

static void set_segment(struct insn_machine *m, unsigned int seg, u64 base, u32 limit, u16 attr)
{
	m->ctx.r.seg[seg] = (struct insn_segment){
		.base = base, .limit = limit, .sel = base >> 4, .attr = attr,
	};
}

static void segments16(struct insn_machine *m)
{
	static const u64 bases[INSN_NSEGS] = { 0x28000, 0x10000, 0x30000, 0x20000, 0x8000, 0xc000 };
	unsigned int i;

	for (i = 0; i < INSN_NSEGS; i++)
		set_segment(m, i, bases[i], 0xffff, i == INSN_CS ? 0x9b : 0x93);
	m->ctx.r.rip = 0x100;
}

static void segments_flat(struct insn_machine *m, bool l)
{
	unsigned int i;

	for (i = 0; i < INSN_NSEGS; i++)
		set_segment(m, i, 0, 0xffffffff, 0xc93);
	set_segment(m, INSN_CS, 0, 0xffffffff, l ? 0xa9b : 0xc9b);
	m->ctx.r.seg[INSN_FS].base = 0x8000;
	m->ctx.r.seg[INSN_GS].base = 0xc000;
	m->ctx.r.rip = 0x1000;
}

void machine_init(struct insn_machine *m, enum machine_mode mode)
{
	struct insn_regs *r = &m->ctx.r;

	memset(m, 0, sizeof(*m));
	m->ctx.ops = &ops;
	memset(m->page, PAGE_RW, sizeof(m->page));
	r->rflags = 2;
	r->cr0 = mode == REAL ? 0x10 : 0x11;
	r->cr4 = 0x600; /* OSFXSR, OSXMMEXCPT */
	r->xcr0 = 7;
	if (mode == LONG) {
		r->cr4 |= 0x40020; /* OSXSAVE, PAE */
		r->cr0 |= 0x80000000;
		r->efer = 0x500;
	}
	if (mode == REAL || mode == PROT16)
		segments16(m);
	else
		segments_flat(m, mode == LONG);
	set_segment(m, INSN_TR, MACHINE_TSS, 0x2069, 0x8b);
	m->mem[MACHINE_TSS + 0x66] = 0x68;
}

void machine_forbid_ports(struct insn_machine *m, bool forbid)
{
	memset(m->mem + MACHINE_TSS + 0x68, forbid ? 0xff : 0, 0x2002);
}

void machine_code(struct insn_machine *m, const void *code, unsigned int len)
{
	u64 lin = m->ctx.r.rip;

	if (!(m->ctx.r.seg[INSN_CS].attr & 0x200))
		lin = (u32)(lin + m->ctx.r.seg[INSN_CS].base);
	copy(m, lin, (void *)code, len, true);
}

enum insn_result machine_step(struct insn_machine *m)
{
	m->reads = 0;
	m->calls = 0;
	m->writes = 0;
	return insn_emulate(&m->ctx);
}

/* ---- the text form ---- */

static const char *const gpr_names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					   "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const seg_names[INSN_ALL_SEGS] = { "es", "cs", "ss", "ds", "fs", "gs", "ld", "tr" };

static u64 *named_register(struct insn_regs *r, const char *name)
{
	static const struct {
		const char *name;
		size_t offset;
	} names[] = {
		{ "cr0", offsetof(struct insn_regs, cr0) },	       { "cr2", offsetof(struct insn_regs, cr2) },
		{ "cr3", offsetof(struct insn_regs, cr3) },	       { "cr4", offsetof(struct insn_regs, cr4) },
		{ "cr8", offsetof(struct insn_regs, cr8) },
		{ "efer", offsetof(struct insn_regs, efer) },	       { "xcr0", offsetof(struct insn_regs, xcr0) },
		{ "gdt.base", offsetof(struct insn_regs, gdt.base) }, { "idt.base", offsetof(struct insn_regs, idt.base) },
	};
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (!strcmp(name, gpr_names[i]))
			return &r->gpr[i];
	if (!strcmp(name, "rip"))
		return &r->rip;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i].name))
			return (u64 *)((u8 *)r + names[i].offset);
	return NULL;
}

static bool apply_flags(struct insn_machine *m, const char *val, bool *any_flags)
{
	static const char letters[] = "cpazsod";
	static const u16 bits[] = { 1, 4, 0x10, 0x40, 0x80, 0x800, 0x400 };
	const char *at;

	if (!strcmp(val, "?")) {
		*any_flags = true;
		return true;
	}
	m->ctx.r.rflags &= ~(u64)(MACHINE_STATUS | 0x400);
	for (; *val; val++) {
		at = strchr(letters, *val);
		if (!at)
			return false;
		m->ctx.r.rflags |= bits[at - letters];
	}
	return true;
}

static bool apply_segment(struct insn_machine *m, const char *name, u64 val)
{
	unsigned int i;

	if (!strcmp(name, "gdt.limit") || !strcmp(name, "idt.limit")) {
		(name[0] == 'g' ? &m->ctx.r.gdt : &m->ctx.r.idt)->limit = val;
		return true;
	}
	for (i = 0; i < INSN_ALL_SEGS; i++)
		if (!strncmp(name, seg_names[i], 2))
			break;
	if (i == INSN_ALL_SEGS)
		return false;
	if (!strcmp(name + 3, "base"))
		m->ctx.r.seg[i].base = val;
	else if (!strcmp(name + 3, "limit"))
		m->ctx.r.seg[i].limit = val;
	else if (!strcmp(name + 3, "attr"))
		m->ctx.r.seg[i].attr = val;
	else if (!strcmp(name + 3, "sel"))
		m->ctx.r.seg[i].sel = val;
	else
		return false;
	return true;
}

/* [ADDRESS]:SIZE */
static bool apply_memory(struct insn_machine *m, const char *name, u64 val)
{
	char *end;
	u64 lin = strtoull(name + 1, &end, 16);
	unsigned int i, size;

	if (strncmp(end, "]:", 2))
		return false;
	size = strtoul(end + 2, &end, 16);
	if (*end || !machine_at(m, lin) || !machine_at(m, lin + size - 1))
		return false;
	for (i = 0; i < size; i++)
		*machine_at(m, lin + i) = val >> (8 * (i & 7));
	return true;
}

static bool apply_page(struct insn_machine *m, const char *name, const char *val)
{
	static const char *const kinds[] = { "none", "ro", "rw", "dev" };
	unsigned int page = strtoul(name + 4, NULL, 16), i;

	for (i = 0; i < 4; i++) {
		if (page < MACHINE_PAGES && !strcmp(val, kinds[i])) {
			m->page[page] = i;
			return true;
		}
	}
	return false;
}

static bool apply_vector(struct insn_machine *m, const char *name, u64 val)
{
	char *end;
	unsigned int n = strtoul(name + 1, &end, 10);
	unsigned int part = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	if (n > 15 || part > 3)
		return false;
	memcpy(m->vec[n] + 8 * part, &val, 8);
	return true;
}

static bool apply_word(struct insn_machine *m, const char *name, const char *text, bool *any_flags)
{
	u64 val = strtoull(text, NULL, 16);
	u64 *reg = named_register(&m->ctx.r, name);

	if (reg)
		*reg = val;
	else if (!strcmp(name, "fl"))
		return apply_flags(m, text, any_flags);
	else if (!strcmp(name, "efl"))
		m->ctx.r.rflags |= val;
	else if (!strcmp(name, "clr"))
		m->ctx.r.rflags &= ~val;
	else if (!strcmp(name, "cpl"))
		m->ctx.r.cpl = val;
	else if (!strcmp(name, "races"))
		m->races = val;
	else if (!strcmp(name, "pio") && !strcmp(text, "deny"))
		machine_forbid_ports(m, true);
	else if (!strcmp(name, "pio"))
		m->pio_device = true;
	else if (!strcmp(name, "cpu"))
		m->ctx.cpu = (struct insn_cpu){ .amd = true, .tzcnt = true, .lzcnt = true };
	else if (!strcmp(name, "sw"))
		m->x87_status = val;
	else if (name[0] == 'm')
		m->mmx[strtoul(name + 1, NULL, 10) & 7] = val;
	else if (name[0] == '[')
		return apply_memory(m, name, val);
	else if (!strncmp(name, "page", 4))
		return apply_page(m, name, text);
	else if (name[0] == 'v')
		return apply_vector(m, name, val);
	else
		return apply_segment(m, name, val);
	return true;
}

bool machine_apply(struct insn_machine *m, const char *text, bool *any_flags)
{
	char buf[512], *word, *eq, *save;

	if (strlen(text) >= sizeof(buf))
		return false;
	strcpy(buf, text);
	for (word = strtok_r(buf, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		eq = strchr(word, '=');
		if (!eq)
			return false;
		*eq = 0;
		if (!apply_word(m, word, eq + 1, any_flags))
			return false;
	}
	return true;
}
