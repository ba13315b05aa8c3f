/* SPDX-License-Identifier: GPL-2.0-only */
/* What guest code of the API tests can use. All of it is shared by all vCPUs of a VM. */
#ifndef API_GUEST_LIB_H
#define API_GUEST_LIB_H

#include "layout.h"

#define MAX_CPUS 64

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

/* The last exception; vector is NO_TRAP when there was none. */
#define NO_TRAP 0x1000
struct trap {
	u64 vector, error, cr2, rip, flags, dr6, count;
};
extern volatile struct trap trap;
extern volatile u64 resume; /* where an exception goes on; 0: it is a failure */
extern volatile u64 irqs[256]; /* interrupts taken, by vector */
extern volatile u64 irq_tsc[256]; /* when the last one was */
extern volatile int eoi_mode; /* EOI_*: what the interrupt handler does at the end */
enum { EOI_NONE, EOI_XAPIC, EOI_X2APIC, EOI_PIC };
/* Takes all interrupts, EOI included, if a test has one. */
extern void (*volatile irq_hook)(u64 vector);

/* For the two sides of a test. */
extern volatile u64 args[16], results[64];

void done(u32 failed);
void fail(const char *file, int line, const char *what, u64 got, u64 want);

#define EXPECT_EQ(got_, want_)                                                                     \
	do {                                                                                       \
		u64 g_ = (u64)(got_), w_ = (u64)(want_);                                           \
		if (g_ != w_)                                                                      \
			fail(__FILE__, __LINE__, #got_, g_, w_);                                   \
	} while (0)
#define EXPECT(cond) EXPECT_EQ(!!(cond), 1)

/*
 * One piece of assembly that may fault: execution goes on behind it, and `trap`
 * says what happened. At most one vCPU at a time.
 */
#define TRY(insn, outputs, ...)                                                                    \
	do {                                                                                       \
		trap.vector = NO_TRAP;                                                             \
		asm volatile("movq $771f, resume\n\t" insn "\n771:\n\tmovq $0, resume"             \
			     : outputs : __VA_ARGS__);                                             \
	} while (0)
#define COMMA ,

static inline void out8(u16 port, u8 v) { asm volatile("outb %0, %1" ::"a"(v), "Nd"(port) : "memory"); }
static inline void out16(u16 port, u16 v) { asm volatile("outw %0, %1" ::"a"(v), "Nd"(port) : "memory"); }
static inline void out32(u16 port, u32 v) { asm volatile("outl %0, %1" ::"a"(v), "Nd"(port) : "memory"); }

static inline u8 in8(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u64 rdmsr(u32 index)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(index) : "memory");
	return lo | (u64)hi << 32;
}

static inline void wrmsr(u32 index, u64 v)
{
	asm volatile("wrmsr" ::"a"((u32)v), "d"((u32)(v >> 32)), "c"(index) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return lo | (u64)hi << 32;
}

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 index)
{
	struct cpuid_regs r;

	asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(index) : "memory");
	return r;
}

static inline void sti(void) { asm volatile("sti" ::: "memory"); }
static inline void cli(void) { asm volatile("cli" ::: "memory"); }
static inline void hlt(void) { asm volatile("hlt" ::: "memory"); }
static inline void sti_hlt_cli(void) { asm volatile("sti\n\thlt\n\tcli" ::: "memory"); }
static inline void pause(void) { asm volatile("pause" ::: "memory"); }
static inline void sync_host(u32 n) { out32(PORT_SYNC, n); }

static inline u32 mmio_read32(u64 gpa) { return *(volatile u32 *)gpa; }
static inline void mmio_write32(u64 gpa, u32 v) { *(volatile u32 *)gpa = v; }

/* Which vCPU this is: its stack tells, so that finding out costs no exit. */
static inline u32 this_cpu(void)
{
	u64 rsp;

	asm volatile("movq %%rsp, %0" : "=r"(rsp));
	return (rsp - GPA_STACKS) / STACK_SIZE % MAX_CPUS;
}

/*
 * Paravirtual EOI: true when the hypervisor has offered to end the interrupt
 * in service, which is taken with it. One instruction, as another may nest.
 */
static inline int pv_eoi(volatile u32 *word)
{
	u8 offered;

	asm volatile("btrl $0, %0\n\tsetc %1" : "+m"(*word), "=q"(offered)::"cc", "memory");
	return offered;
}

/* MSR access that may fault: true when it did not. */
int try_rdmsr(u32 index, u64 *value);
int try_wrmsr(u32 index, u64 value);

/* KVM hypercall by the instruction that this CPU's vendor has. */
long hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d);

/* The local APIC, in the mode that eoi_mode says. */
#define XAPIC_BASE 0xfee00000UL
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
void apic_icr(u32 dest, u32 low);
void apic_enable(int mode);

/* Run fn at CPL 3 (it must not return, but end with USER_END()). */
void run_user(void (*fn)(void));
#define USER_END() asm volatile("int $0x80")

/* Wait with interrupts on until *counter has reached n: true, or false after `ticks` TSC cycles. */
int wait_count(volatile u64 *counter, u64 n, u64 ticks);

#endif /* API_GUEST_LIB_H */
