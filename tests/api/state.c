// SPDX-License-Identifier: GPL-2.0-only
/* vCPU state: round trips, hostile values, moving a running guest into another VM. */
#include "harness.h"

#include <asm/kvm_para.h>
#include <sys/mman.h>

static struct vcpu *one_vcpu(enum chip chip)
{
	return vcpu_create(vm_create(chip), 0);
}

TEST(state_regs)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	struct kvm_regs r, back;

	for (u32 i = 0; i < sizeof(r) / 8; i++)
		((u64 *)&r)[i] = 0x1111111111111111 * (i % 15 + 1);
	r.rip = 0x123456;
	r.rflags = 0x246;
	vcpu_set_regs(v, r);
	back = vcpu_regs(v);
	CHECK(!memcmp(&r, &back, sizeof(r)));
}

/* All bits of all registers can be set, on a vCPU that has not run: no value is special. */
TEST(state_regs_all_ones)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	volatile u64 *trap;
	struct kvm_regs r;

	vcpu_start(v, "g_rsp", 0);
	r = vcpu_regs(v);
	r.rsp = ~0ULL;
	vcpu_set_regs(v, r);
	vcpu_done(v);
	CHECK_EQ(guest_results(v->vm)[0], ~0ULL);
	CHECK_EQ(vcpu_regs(v).rsp, ~0ULL);
	vm_close(v->vm);

	v = one_vcpu(CHIP_NONE);
	trap = guest_symbol(v->vm, "trap");
	vcpu_start(v, "g_nothing", 0x77);
	r = vcpu_regs(v);
	*(u64 *)guest_symbol(v->vm, "resume") = r.rip;
	r.rip = ~0ULL;
	vcpu_set_regs(v, r);
	vcpu_done(v);
	CHECK_EQ(guest_results(v->vm)[0], 0x77);
	CHECK_EQ(trap[0], 14); /* vector, error, CR2, RIP: #PF at the last address, which is not mapped */
	CHECK_EQ(trap[2], ~0ULL);
	CHECK_EQ(trap[3], ~0ULL);
}

/* Power-up state (SDM vol. 3, table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or INIT"). */
TEST(state_reset)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_sregs s = vcpu_sregs(v);
	struct kvm_regs r = vcpu_regs(v);

	CHECK_EQ(r.rip, 0xfff0);
	CHECK_EQ(r.rflags, 2);
	CHECK_EQ(s.cs.selector, 0xf000);
	CHECK_EQ(s.cs.base, 0xffff0000);
	CHECK_EQ(s.cs.limit, 0xffff);
	CHECK_EQ(s.cr0, 0x60000010);
	CHECK_EQ(s.cr3, 0);
	CHECK_EQ(s.cr4, 0);
	CHECK_EQ(s.efer, 0);
	CHECK_EQ(s.apic_base, 0xfee00900);
	CHECK_EQ(s.idt.limit, 0xffff);
}

static void compare_segment(const char *name, const struct kvm_segment *a, const struct kvm_segment *b)
{
	if (a->base != b->base || a->limit != b->limit || a->selector != b->selector || a->type != b->type ||
	    a->present != b->present || a->dpl != b->dpl || a->db != b->db || a->s != b->s || a->l != b->l || a->g != b->g)
		FAIL("%s: base %llx limit %x selector %x type %x p%u dpl%u db%u s%u l%u g%u, not "
		     "%llx %x %x %x p%u dpl%u db%u s%u l%u g%u", name, b->base, b->limit, b->selector, b->type,
		     b->present, b->dpl, b->db, b->s, b->l, b->g, a->base, a->limit, a->selector, a->type,
		     a->present, a->dpl, a->db, a->s, a->l, a->g);
}

static void compare_sregs(const struct kvm_sregs *a, const struct kvm_sregs *b)
{
	compare_segment("CS", &a->cs, &b->cs);
	compare_segment("DS", &a->ds, &b->ds);
	compare_segment("SS", &a->ss, &b->ss);
	compare_segment("TR", &a->tr, &b->tr);
	CHECK_EQ(b->gdt.base, a->gdt.base);
	CHECK_EQ(b->gdt.limit, a->gdt.limit);
	CHECK_EQ(b->idt.base, a->idt.base);
	CHECK_EQ(b->cr0, a->cr0);
	CHECK_EQ(b->cr2, a->cr2);
	CHECK_EQ(b->cr3, a->cr3);
	CHECK_EQ(b->cr4, a->cr4);
	CHECK_EQ(b->cr8, a->cr8);
	CHECK_EQ(b->efer, a->efer);
	CHECK_EQ(b->apic_base, a->apic_base);
}

TEST(state_sregs)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_sregs s, back;
	struct kvm_sregs2 s2;

	vcpu_start(v, "g_nothing", 0);
	s = vcpu_sregs(v);
	s.cr2 = 0x123456789abc;
	s.cr8 = 5;
	s.gdt.limit = 0x1ff;
	OK(ioctl(v->fd, KVM_SET_SREGS, &s));
	back = vcpu_sregs(v);
	compare_sregs(&s, &back);
	OK(ioctl(v->fd, KVM_GET_SREGS2, &s2));
	CHECK_EQ(s2.cr3, s.cr3);
	s2.cr2 = 0x777;
	OK(ioctl(v->fd, KVM_SET_SREGS2, &s2));
	CHECK_EQ(vcpu_sregs(v).cr2, 0x777);
	s2.flags = 1 << 5;
	ERR(ioctl(v->fd, KVM_SET_SREGS2, &s2), EINVAL);
}

/* Invalid values, one at a time, are refused; the state does not change. */
TEST(state_sregs_hostile)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_sregs good, s, back;

	vcpu_start(v, "g_nothing", 0);
	good = vcpu_sregs(v);
#define BAD(field, value)                                                                          \
	do {                                                                                       \
		s = good;                                                                          \
		s.field = value;                                                                   \
		ERR(ioctl(v->fd, KVM_SET_SREGS, &s), EINVAL);                                      \
		back = vcpu_sregs(v);                                                              \
		compare_sregs(&good, &back);                                                       \
	} while (0)
	BAD(cr4, good.cr4 | 1ULL << 40);
	BAD(cr4, good.cr4 & ~0x20ULL); /* long mode without PAE */
	BAD(efer, good.efer | 1ULL << 50);
	BAD(efer, good.efer & ~0x400ULL); /* LMA does not fit CR0.PG and LME */
	BAD(cr0, good.cr0 | 1ULL << 33);
	BAD(cr3, good.cr3 | 1ULL << 62);
	BAD(cr0, good.cr0 & ~1ULL); /* PG without PE */
	BAD(cr0, good.cr0 | 0x20000000); /* NW without CD */
	BAD(apic_base, good.apic_base | 1ULL << 60);
	BAD(apic_base, (good.apic_base & ~0x800ULL) | 0x400);
	vcpu_done(v);
}

TEST(state_fpu)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	struct kvm_fpu f = {}, back;

	for (u32 i = 0; i < 16; i++)
		memset(f.xmm[i], 0x10 + i, 16);
	f.fcw = 0x37f;
	f.mxcsr = 0x1f80;
	OK(ioctl(v->fd, KVM_SET_FPU, &f));
	OK(ioctl(v->fd, KVM_GET_FPU, &back));
	CHECK_EQ(back.fcw, 0x37f);
	/* Stock KVM ignores MXCSR in KVM_SET_FPU and KVM_GET_FPU. */
	if (!is_stock())
		CHECK_EQ(back.mxcsr, 0x1f80);
	CHECK(!memcmp(f.xmm, back.xmm, sizeof(f.xmm)));
	if (is_stock())
		return; /* it does not mark the SSE state as in use, so the registers are lost at the next load */
	vcpu_call(v, "g_nothing", 0);
	OK(ioctl(v->fd, KVM_GET_FPU, &back));
	CHECK(!memcmp(f.xmm, back.xmm, sizeof(f.xmm)));
}

TEST(state_xsave)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	long size = capability(KVM_CAP_XSAVE2);
	u8 *x = calloc(1, size), *back = calloc(1, size);

	CHECK(size >= 4096);
	OK(ioctl(v->fd, KVM_GET_XSAVE2, x));
	for (u32 i = 0; i < 256; i++)
		x[160 + i] = i;
	*(u64 *)(x + 512) |= 3; /* XSTATE_BV: x87, SSE */
	OK(ioctl(v->fd, KVM_SET_XSAVE, x));
	OK(ioctl(v->fd, KVM_GET_XSAVE2, back));
	CHECK(!memcmp(x + 160, back + 160, 256));
	OK(ioctl(v->fd, KVM_GET_XSAVE, back));
	CHECK(!memcmp(x + 160, back + 160, 256));
	*(u64 *)(x + 512) = 1ULL << 62;
	ERR(ioctl(v->fd, KVM_SET_XSAVE, x), EINVAL);
	*(u64 *)(x + 512) = 3;
	*(u32 *)(x + 24) = 0xffffffff; /* MXCSR with reserved bits */
	ERR(ioctl(v->fd, KVM_SET_XSAVE, x), EINVAL);
	memset(x + 512, 0xff, 64);
	ERR(ioctl(v->fd, KVM_SET_XSAVE, x), EINVAL);
	vcpu_call(v, "g_nothing", 0);
}

TEST(state_xcrs)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	struct kvm_xcrs x = {};

	OK(ioctl(v->fd, KVM_GET_XCRS, &x));
	CHECK_EQ(x.nr_xcrs, 1);
	CHECK_EQ(x.xcrs[0].value, 1);
	x.xcrs[0].value = 3;
	OK(ioctl(v->fd, KVM_SET_XCRS, &x));
	memset(&x, 0, sizeof(x));
	OK(ioctl(v->fd, KVM_GET_XCRS, &x));
	CHECK_EQ(x.xcrs[0].value, 3);
	x.xcrs[0].value = 2;
	ERR(ioctl(v->fd, KVM_SET_XCRS, &x), EINVAL);
	x.xcrs[0].value = ~0ULL;
	ERR(ioctl(v->fd, KVM_SET_XCRS, &x), EINVAL);
	x.xcrs[0].value = 3;
	x.nr_xcrs = 1000;
	ERR(ioctl(v->fd, KVM_SET_XCRS, &x), EINVAL);
	vcpu_call(v, "g_nothing", 0);
}

TEST(state_debugregs)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	struct kvm_debugregs d = { .db = { 1, 2, 3, 4 }, .dr6 = 0xffff0ff0, .dr7 = 0x400 }, back;

	OK(ioctl(v->fd, KVM_SET_DEBUGREGS, &d));
	OK(ioctl(v->fd, KVM_GET_DEBUGREGS, &back));
	CHECK(!memcmp(&d, &back, sizeof(d)));
	d.dr7 = 1ULL << 40;
	ERR(ioctl(v->fd, KVM_SET_DEBUGREGS, &d), EINVAL);
	d.dr7 = 0x400;
	d.dr6 = 1ULL << 40;
	ERR(ioctl(v->fd, KVM_SET_DEBUGREGS, &d), EINVAL);
	d.dr6 = 0xffff0ff0;
	d.flags = 1;
	ERR(ioctl(v->fd, KVM_SET_DEBUGREGS, &d), EINVAL);
}

/* Every MSR in the list can be read and written back. */
TEST(state_msr_list)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + 4096);

	list->nmsrs = 1;
	ERR(ioctl(device_open(), KVM_GET_MSR_INDEX_LIST, list), E2BIG);
	CHECK_RANGE(list->nmsrs, 20, 1024);
	OK(ioctl(device_open(), KVM_GET_MSR_INDEX_LIST, list));
	for (u32 i = 0; i < list->nmsrs; i++) {
		u64 value = vcpu_get_msr(v, list->indices[i]);

		if (vcpu_set_msr(v, list->indices[i], value) != 1)
			FAIL("MSR 0x%x: its own value 0x%llx is refused", list->indices[i], (long long)value);
	}
}

/* KVM_SET_MSRS stops at the first MSR that it refuses, and returns the number of MSRs set. */
TEST(state_msrs_partial)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry e[3];
	} m = { .head.nmsrs = 3, .e = { { .index = 0x174, .data = 8 }, { .index = 0x12345678 }, { .index = 0x175 } } };

	CHECK_EQ(OK(ioctl(v->fd, KVM_SET_MSRS, &m)), 1);
	CHECK_EQ(OK(ioctl(v->fd, KVM_GET_MSRS, &m)), 1);
	CHECK_EQ(m.e[0].data, 8);
	m.head.nmsrs = 100000;
	ERR(ioctl(v->fd, KVM_GET_MSRS, &m), E2BIG);
}

/* All MSRs that QEMU sets must be accepted: QEMU aborts when one is refused. */
TEST(state_msrs_of_qemu)
{
	static const u32 fixed[] = { 0x174, 0x175, 0x176, 0x277, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
				     0xc0000102, 0x10, 0x3b, 0x6e0, 0x1a0, 0x11, 0x12, 0x4b564d00, 0x4b564d01,
				     0x4b564d03, 0x4b564d04, 0x4b564d05, 0x17a, 0x17b, 0x2ff, 0x250, 0x258, 0x259 };
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	u64 mcg = 10 | 1 << 8 | 1 << 24;

	OK(ioctl(v->fd, KVM_X86_SETUP_MCE, &mcg));
	for (u32 i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (vcpu_set_msr(v, fixed[i], vcpu_get_msr(v, fixed[i])) != 1)
			FAIL("MSR 0x%x", fixed[i]);
	for (u32 i = 0x268; i <= 0x26f; i++)
		CHECK_EQ(vcpu_set_msr(v, i, vcpu_get_msr(v, i)), 1);
	for (u32 i = 0x200; i <= 0x20f; i++)
		CHECK_EQ(vcpu_set_msr(v, i, vcpu_get_msr(v, i)), 1);
	for (u32 i = 0x400; i < 0x400 + 40; i++)
		CHECK_EQ(vcpu_set_msr(v, i, vcpu_get_msr(v, i)), 1);
	mcg = 200;
	ERR(ioctl(v->fd, KVM_X86_SETUP_MCE, &mcg), EINVAL);
}

TEST(state_lapic)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_lapic_state l, back;

	OK(ioctl(v->fd, KVM_GET_LAPIC, &l));
	CHECK_EQ(*(u32 *)(l.regs + 0x20) >> 24, 0);
	*(u32 *)(l.regs + 0xf0) = 0x1ff;
	*(u32 *)(l.regs + 0x80) = 0x30;
	*(u32 *)(l.regs + 0x350) = 0x10700;
	*(u32 *)(l.regs + 0x200) = 0; /* IRR */
	OK(ioctl(v->fd, KVM_SET_LAPIC, &l));
	OK(ioctl(v->fd, KVM_GET_LAPIC, &back));
	CHECK_EQ(*(u32 *)(back.regs + 0xf0), 0x1ff);
	CHECK_EQ(*(u32 *)(back.regs + 0x80), 0x30);
	CHECK_EQ(*(u32 *)(back.regs + 0x350), 0x10700);
	CHECK_EQ(vcpu_sregs(v).cr8, 3);
	memset(&l, 0xff, sizeof(l));
	ioctl(v->fd, KVM_SET_LAPIC, &l); /* invalid state: must do no harm */
	vcpu_start(v, "g_nothing", 0);
	vcpu_done(v);
	v = one_vcpu(CHIP_NONE);
	ERR(ioctl(v->fd, KVM_GET_LAPIC, &l), EINVAL);
}

/* A vCPU that waits for interrupt 0x64, which is pending in its restored x2APIC; @level: the TMR word of the vector. */
static struct vcpu *with_pending_irq(u32 level)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_lapic_state l;

	CHECK_EQ(vcpu_set_msr(v, 0x1b, 0xfee00d00), 1);
	OK(ioctl(v->fd, KVM_GET_LAPIC, &l));
	*(u32 *)(l.regs + 0xf0) = 0x1ff;
	*(u32 *)(l.regs + 0x180 + 0x30) = level;
	*(u32 *)(l.regs + 0x200 + 0x30) = 1 << 4; /* IRR */
	OK(ioctl(v->fd, KVM_SET_LAPIC, &l));
	vcpu_start(v, "g_wait_irq", 0x64);
	vcpu_sync(v, 1);
	return v;
}

/* An interrupt pending in a restored LAPIC is delivered. */
TEST(state_lapic_pending)
{
	vcpu_done(with_pending_irq(0));
}

/* A level-triggered one is delivered, too, and its EOI exits, although this LAPIC has not received one before. */
TEST(state_lapic_pending_level)
{
	struct vcpu *v = with_pending_irq(1 << 4);

	vcpu_expect(v, KVM_EXIT_IOAPIC_EOI);
	CHECK_EQ(v->run->eoi.vector, 0x64);
	vcpu_done(v);
}

/* User space clears the interrupt in service (0x64); a pending lower one (0x55) is then delivered. */
TEST(state_lapic_eoi)
{
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x64 };
	struct vcpu *v = vcpu_create(vm, 0);

	vcpu_start(v, "g_nested", 0x64);
	vcpu_sync(v, 1);
	CHECK_EQ(OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &msi)), 1);
	vcpu_sync(v, 2);
	msi.data = 0x55;
	CHECK_EQ(OK(ioctl(vm->fd, KVM_SIGNAL_MSI, &msi)), 1);
	vcpu_sync(v, 3);
	CHECK_EQ(vcpu_set_msr(v, 0x80b, 0), 1);
	vcpu_done(v);
}

TEST(state_mp_state)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_mp_state m = { KVM_MP_STATE_HALTED };

	OK(ioctl(v->fd, KVM_SET_MP_STATE, &m));
	m.mp_state = 99;
	OK(ioctl(v->fd, KVM_GET_MP_STATE, &m));
	CHECK_EQ(m.mp_state, KVM_MP_STATE_HALTED);
	m.mp_state = 77;
	ERR(ioctl(v->fd, KVM_SET_MP_STATE, &m), EINVAL);
	m.mp_state = KVM_MP_STATE_RUNNABLE;
	OK(ioctl(v->fd, KVM_SET_MP_STATE, &m));
	v = one_vcpu(CHIP_NONE);
	m.mp_state = KVM_MP_STATE_HALTED;
	ERR(ioctl(v->fd, KVM_SET_MP_STATE, &m), EINVAL);
}

/* User space queues an exception, and the guest takes it. */
TEST(state_vcpu_events)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	struct kvm_vcpu_events e, back;

	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.exception.injected, 0);
	e.nmi.masked = 1;
	e.flags = KVM_VCPUEVENT_VALID_NMI_PENDING;
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e));
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &back));
	CHECK_EQ(back.nmi.masked, 1);
	e.nmi.masked = 0;
	e.flags = 1u << 30;
	ERR(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e), EINVAL);
	e.flags = 0;
	e.exception.injected = 1;
	e.exception.nr = 2; /* vector 2 is no exception */
	ERR(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e), EINVAL);
	e.exception.nr = 40;
	ERR(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e), EINVAL);
	vcpu_start(v, "g_nothing", 0);
	e.exception.nr = 6;
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e));
	vcpu_run(v);
	CHECK_EQ(((volatile u64 *)guest_symbol(v->vm, "trap"))[0], 6);
}

TEST(state_tsc)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	long khz = OK(ioctl(v->fd, KVM_GET_TSC_KHZ, 0));
	u64 a, b;

	CHECK_RANGE(khz, 10000, 10000000); /* an emulated CPU may count at 50 MHz */
	OK(ioctl(v->fd, KVM_SET_TSC_KHZ, khz));
	CHECK_EQ(vcpu_set_msr(v, 0x10, 0x1000000000), 1);
	a = vcpu_get_msr(v, 0x10);
	usleep(10000);
	b = vcpu_get_msr(v, 0x10);
	CHECK_RANGE(a, 0x1000000000, 0x1000000000 + khz * 2000LL);
	CHECK_RANGE(b - a, khz * 5LL, khz * 2000LL);
	if (!capability(KVM_CAP_TSC_CONTROL))
		ERR(ioctl(v->fd, KVM_SET_TSC_KHZ, khz / 2), EINVAL);
}

/* Any frequency is accepted or refused, independent of the host's (which is a few MHz on an emulated host). */
TEST(state_tsc_khz_any)
{
	static const u32 wanted[] = { 1, 2, 1000, 65535, 65536, 1000000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);
	struct kvm_clock_data clock;

	CHECK_EQ(vcpu_set_msr(v, 0x4b564d01, GPA_FREE | 1), 1);
	for (u32 i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int r = ioctl(v->fd, KVM_SET_TSC_KHZ, (unsigned long)wanted[i]);

		CHECK(!r || errno == EINVAL || errno == EIO); /* stock KVM on CPUs without scaling: EIO */
		if (!r)
			CHECK_EQ((u32)ioctl(v->fd, KVM_GET_TSC_KHZ, 0), wanted[i]); /* the int result may be negative */
		r = ioctl(vm->fd, KVM_SET_TSC_KHZ, (unsigned long)wanted[i]);
		CHECK((r < 0 && errno == EINVAL) || is_stock()); /* the VM has a vCPU */
		/* kvmclock and timer work with the frequency. */
		vcpu_call(v, "g_nothing", 0);
		OK(ioctl(vm->fd, KVM_GET_CLOCK, &clock));
	}
}

/* The same for a VM without vCPUs. */
TEST(state_tsc_khz_any_default)
{
	static const u32 wanted[] = { 1, 65535, 65536, 0x7fffffff, 0xffffffff };

	for (u32 i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct vm *vm = vm_create(CHIP_SPLIT);
		int r = ioctl(vm->fd, KVM_SET_TSC_KHZ, (unsigned long)wanted[i]);

		CHECK(!r || errno == EINVAL);
		vcpu_call(vcpu_create(vm, 0), "g_nothing", 0);
		vm_close(vm);
	}
}

TEST(state_tsc_offset)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	u64 offset = 0;
	struct kvm_device_attr a = { .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (u64)&offset };

	OK(ioctl(v->fd, KVM_HAS_DEVICE_ATTR, &a));
	offset = 0x123456789;
	OK(ioctl(v->fd, KVM_SET_DEVICE_ATTR, &a));
	offset = 0;
	OK(ioctl(v->fd, KVM_GET_DEVICE_ATTR, &a));
	CHECK_EQ(offset, 0x123456789);
	a.attr = 77;
	ERR(ioctl(v->fd, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
}

TEST(state_translate)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);
	struct kvm_translation t = { .linear_address = 0x123456 };

	vcpu_start(v, "g_nothing", 0);
	OK(ioctl(v->fd, KVM_TRANSLATE, &t));
	CHECK_EQ(t.valid, 1);
	CHECK_EQ(t.physical_address, 0x123456);
	t.linear_address = 0x10;
	OK(ioctl(v->fd, KVM_TRANSLATE, &t));
	CHECK_EQ(t.valid, 0);
}

/* Registers in the run page: stored at every exit, loaded when marked dirty. */
TEST(state_sync_regs)
{
	struct vcpu *v = one_vcpu(CHIP_NONE);

	vcpu_start(v, "g_sum", 2000);
	v->run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	vcpu_sync(v, 0);
	CHECK_EQ(v->run->s.regs.regs.rip, vcpu_regs(v).rip);
	CHECK_EQ(v->run->s.regs.sregs.cr3, GPA_PML4);
	v->run->s.regs.regs.rip = guest_address("g_nothing");
	v->run->s.regs.regs.rdi = 0x4321;
	v->run->s.regs.regs.rsp = GPA_STACKS + STACK_SIZE - 8;
	v->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	vcpu_done(v);
	CHECK_EQ(guest_results(v->vm)[0], 0x4321);
	v->run->kvm_dirty_regs = 1 << 20;
	CHECK_EQ(vcpu_run_once(v), -EINVAL);
	v->run->kvm_dirty_regs = 0;
	v->run->kvm_valid_regs = ~0ULL;
	CHECK_EQ(vcpu_run_once(v), -EINVAL);
}

/* ---- a running guest is moved into another VM ---- */

struct saved {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_mp_state mp;
	struct kvm_lapic_state lapic;
	u8 xsave[16384];
};

static void save(struct vcpu *v, struct saved *s)
{
	OK(ioctl(v->fd, KVM_GET_REGS, &s->regs));
	OK(ioctl(v->fd, KVM_GET_SREGS, &s->sregs));
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &s->events));
	OK(ioctl(v->fd, KVM_GET_XCRS, &s->xcrs));
	OK(ioctl(v->fd, KVM_GET_DEBUGREGS, &s->debugregs));
	OK(ioctl(v->fd, KVM_GET_MP_STATE, &s->mp));
	OK(ioctl(v->fd, KVM_GET_LAPIC, &s->lapic));
	CHECK(capability(KVM_CAP_XSAVE2) <= (long)sizeof(s->xsave));
	OK(ioctl(v->fd, KVM_GET_XSAVE2, s->xsave));
}

static void restore(struct vcpu *v, struct saved *s)
{
	OK(ioctl(v->fd, KVM_SET_XSAVE, s->xsave));
	OK(ioctl(v->fd, KVM_SET_XCRS, &s->xcrs));
	OK(ioctl(v->fd, KVM_SET_SREGS, &s->sregs));
	OK(ioctl(v->fd, KVM_SET_REGS, &s->regs));
	OK(ioctl(v->fd, KVM_SET_LAPIC, &s->lapic));
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &s->events));
	OK(ioctl(v->fd, KVM_SET_DEBUGREGS, &s->debugregs));
	OK(ioctl(v->fd, KVM_SET_MP_STATE, &s->mp));
}

static struct vcpu *move(struct vcpu *from)
{
	static struct saved s;
	struct vm *vm = vm_create(CHIP_SPLIT);
	struct vcpu *v = vcpu_create(vm, 0);

	save(from, &s);
	memcpy(vm->mem, from->vm->mem, GUEST_MEMORY);
	restore(v, &s);
	/* The TSC continues from its value; the deadline is relative to it. */
	CHECK_EQ(vcpu_set_msr(v, 0x10, vcpu_get_msr(from, 0x10)), 1);
	CHECK_EQ(vcpu_set_msr(v, 0x6e0, vcpu_get_msr(from, 0x6e0)), 1);
	vm_close(from->vm);
	return v;
}

TEST(state_move_computation)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);
	u64 x = 1;

	vcpu_start(v, "g_sum", 10000);
	for (int i = 0; i < 10; i++) {
		vcpu_sync(v, i);
		v->run->immediate_exit = 1; /* completes the OUT before the state is read */
		CHECK_EQ(vcpu_run_once(v), -EINTR);
		v = move(v);
	}
	vcpu_done(v);
	for (u64 i = 0; i < 10000; i++)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	CHECK_EQ(guest_results(v->vm)[0], x);
}

/* The same with values in SSE registers. */
TEST(state_move_sse)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);

	vcpu_start(v, "g_sse_keep", 5);
	for (int i = 0; i < 5; i++) {
		vcpu_sync(v, 3);
		v->run->immediate_exit = 1;
		CHECK_EQ(vcpu_run_once(v), -EINTR);
		v = move(v);
	}
	vcpu_done(v);
}

/* Moved with an armed timer and an enabled LAPIC: the interrupts arrive. */
TEST(state_move_interrupts)
{
	struct vcpu *v = one_vcpu(CHIP_SPLIT);

	vcpu_start(v, "g_move_irq", 5);
	for (int i = 1; i <= 5; i++) {
		vcpu_sync(v, i);
		v->run->immediate_exit = 1;
		CHECK_EQ(vcpu_run_once(v), -EINTR);
		v = move(v);
	}
	vcpu_done(v);
}

/* A pending triple fault that user space restores takes effect. */
TEST(state_triple_fault_event)
{
	struct vm *vm = vm_create(CHIP_NONE);
	struct vcpu *v;
	struct kvm_vcpu_events e;

	vm_enable_cap(vm, KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1);
	v = vcpu_create(vm, 0);
	vcpu_start(v, "g_nothing", 0);
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK(e.flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT);
	e.triple_fault.pending = 1;
	OK(ioctl(v->fd, KVM_SET_VCPU_EVENTS, &e));
	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.triple_fault.pending, 1);
	vcpu_expect(v, KVM_EXIT_SHUTDOWN);
}
