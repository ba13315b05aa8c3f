// SPDX-License-Identifier: GPL-2.0-only
/* The guest side of the test library: reports, exceptions, interrupts, the local APIC. */
#include "lib.h"

volatile struct trap trap;
volatile u64 resume;
volatile u64 irqs[256];
volatile u64 irq_tsc[256];
volatile int eoi_mode;
void (*volatile irq_hook)(u64 vector);
volatile u64 args[16], results[64];

/* Read by the host after a failure. */
struct {
	const char *file, *what;
	u64 line, got, want;
} failure;

struct frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error, rip, cs, flags, rsp, ss;
};

void trap_entry(struct frame *f);
extern volatile u64 user_return_rsp;
void user_return(void);

void done(u32 failed)
{
	for (;;)
		out32(PORT_DONE, failed);
}

void fail(const char *file, int line, const char *what, u64 got, u64 want)
{
	failure.file = file;
	failure.line = line;
	failure.what = what;
	failure.got = got;
	failure.want = want;
	done(1);
}

static void eoi(u64 vector)
{
	if (eoi_mode == EOI_PIC) {
		if (vector >= 0x28)
			out8(0xa0, 0x20);
		out8(0x20, 0x20);
	} else if (eoi_mode != EOI_NONE) {
		apic_write(0xb0, 0);
	}
}

void trap_entry(struct frame *f)
{
	if (f->vector == 0x80) {
		f->rip = (u64)user_return;
		f->cs = SEL_CODE64;
		f->ss = SEL_DATA;
		f->rsp = user_return_rsp;
		return;
	}
	if (f->vector >= 32 || f->vector == 2) {
		if (irq_hook)
			return irq_hook(f->vector);
		irq_tsc[f->vector] = rdtsc();
		irqs[f->vector]++;
		if (f->vector >= 32)
			eoi(f->vector);
		return;
	}
	trap.vector = f->vector;
	trap.error = f->error;
	trap.rip = f->rip;
	trap.flags = f->flags;
	asm volatile("mov %%cr2, %0" : "=r"(trap.cr2));
	asm volatile("mov %%dr6, %0" : "=r"(trap.dr6));
	trap.count++;
	if (f->vector == 1 && !resume) {
		f->flags &= ~0x100UL;
		return;
	}
	if (!resume)
		fail("exception at", f->rip, "vector", f->vector, f->error);
	f->rip = resume;
	f->flags &= ~0x100UL;
	resume = 0;
}

int try_rdmsr(u32 index, u64 *value)
{
	u32 lo = 0, hi = 0;

	TRY("rdmsr", "+a"(lo) COMMA "+d"(hi), "c"(index) : "memory");
	*value = lo | (u64)hi << 32;
	return trap.vector == NO_TRAP;
}

int try_wrmsr(u32 index, u64 value)
{
	TRY("wrmsr",, "a"((u32)value), "d"((u32)(value >> 32)), "c"(index) : "memory");
	return trap.vector == NO_TRAP;
}

static int cpu_is_amd(void)
{
	return cpuid(0, 0).ebx == 0x68747541 || cpuid(0, 0).ebx == 0x6f677948;
}

long hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	static int amd = -1;
	long r;

	if (amd < 0)
		amd = cpu_is_amd();
	if (amd)
		asm volatile("vmmcall" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	else
		asm volatile("vmcall" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return r;
}

u32 apic_read(u32 reg)
{
	return eoi_mode == EOI_X2APIC ? (u32)rdmsr(0x800 + reg / 16) : mmio_read32(XAPIC_BASE + reg);
}

void apic_write(u32 reg, u32 value)
{
	if (eoi_mode == EOI_X2APIC)
		wrmsr(0x800 + reg / 16, value);
	else
		mmio_write32(XAPIC_BASE + reg, value);
}

void apic_icr(u32 dest, u32 low)
{
	if (eoi_mode == EOI_X2APIC) {
		wrmsr(0x830, (u64)dest << 32 | low);
	} else {
		mmio_write32(XAPIC_BASE + 0x310, dest << 24);
		mmio_write32(XAPIC_BASE + 0x300, low);
	}
}

/* Switches to @mode (EOI_XAPIC or EOI_X2APIC) and enables the APIC by software, spurious vector 0xff. */
void apic_enable(int mode)
{
	if (mode == EOI_X2APIC)
		wrmsr(0x1b, rdmsr(0x1b) | 0xc00);
	eoi_mode = mode;
	apic_write(0xf0, 0x1ff);
}

int wait_count(volatile u64 *counter, u64 n, u64 ticks)
{
	u64 start = rdtsc();

	sti();
	while (*counter < n && rdtsc() - start < ticks)
		pause();
	cli();
	return *counter >= n;
}
