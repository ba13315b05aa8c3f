/* SPDX-License-Identifier: GPL-2.0-only */
/* The library for guest code of the API tests. Its variables are shared by all vCPUs of a VM. */
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
/* the address at which execution continues after an exception; 0: the exception is a failure */
extern volatile u64 resume;
extern volatile u64 irqs[256]; /* interrupts taken, by vector */
extern volatile u64 irq_tsc[256]; /* TSC at the last one, by vector */
extern volatile int eoi_mode; /* EOI_*: the way in which the interrupt handler ends the interrupt */
enum { EOI_NONE, EOI_XAPIC, EOI_X2APIC, EOI_PIC };
/* If set, handles all interrupts, including EOI. */
extern void (*volatile irq_hook)(u64 vector);

/* Data between host and guest side of a test. */
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
 * Executes assembly that may fault; execution continues after it, and `trap` has
 * the exception. Only one vCPU at a time may use it.
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

/* The number of this vCPU, from its stack pointer, so that it takes no exit. */
static inline u32 this_cpu(void)
{
	u64 rsp;

	asm volatile("movq %%rsp, %0" : "=r"(rsp));
	return (rsp - GPA_STACKS) / STACK_SIZE % MAX_CPUS;
}

/*
 * Paravirtual EOI: true if the hypervisor offers to end the interrupt in
 * service; this accepts the offer. One instruction, as interrupts may nest.
 */
static inline int pv_eoi(volatile u32 *word)
{
	u8 offered;

	asm volatile("btrl $0, %0\n\tsetc %1" : "+m"(*word), "=q"(offered)::"cc", "memory");
	return offered;
}

/* MSR access that may fault: true if it did not. */
int try_rdmsr(u32 index, u64 *value);
int try_wrmsr(u32 index, u64 value);

/* KVM hypercall with the instruction of this CPU's vendor. */
long hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d);

/* The local APIC, in the mode of eoi_mode. */
#define XAPIC_BASE 0xfee00000UL
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
void apic_icr(u32 dest, u32 low);
void apic_enable(int mode);

/* Runs fn at CPL 3; fn must end with USER_END() instead of returning. */
void run_user(void (*fn)(void));
#define USER_END() asm volatile("int $0x80")

/* Waits with interrupts on until *counter reaches n: true; false after `ticks` TSC cycles. */
int wait_count(volatile u64 *counter, u64 n, u64 ticks);

#endif /* API_GUEST_LIB_H */
