/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the programs that attack the module from user space: random
 * numbers, virtual machines, and counts that show whether all resources were
 * released.
 */
#ifndef FUZZ_CLIENT_H
#define FUZZ_CLIENT_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096ULL

/* A reproducible stream: the same seed gives the same numbers. */
struct rng {
	u64 state;
};

u64 rng_next(struct rng *r);
/* 0..n-1; n > 0. */
u32 rng_below(struct rng *r, u32 n);
/* True once in n calls, on average. */
bool rng_one_in(struct rng *r, u32 n);
/* A number that is likely to be a boundary value. */
u64 rng_interesting(struct rng *r);
void rng_fill(struct rng *r, void *buf, size_t len);

/* CLOCK_MONOTONIC in ms. */
u64 now_ms(void);
void sleep_us(unsigned int us);

/* Opens the device TAXCUT_DEV (default: /dev/taxcut). -1 and errno on failure. */
int client_open(void);
/* The device's module, as in /sys/module: "taxcut", or "kvm_amd" for /dev/kvm. */
const char *client_module(void);

enum irqchip { IRQCHIP_NONE, IRQCHIP_SPLIT, IRQCHIP_FULL, NR_IRQCHIPS };

#define MACHINE_VCPUS 4

/* A virtual machine with one slot of RAM at guest address 0. */
struct machine {
	int dev, vm;
	unsigned int nr;
	int vcpu[MACHINE_VCPUS];
	struct kvm_run *run[MACHINE_VCPUS];
	size_t run_size;
	u8 *ram;
	size_t ram_size;
};

/* False, with errno, when a resource is missing; machine_destroy() cleans up in this case, too. */
bool machine_create(struct machine *m, enum irqchip irqchip, unsigned int nr_vcpus, size_t ram_size);
void machine_destroy(struct machine *m);
int machine_slot(int vm, u32 slot, u32 flags, u64 gpa, u64 size, const void *hva);

/* Put a vCPU into a flat mode with CPL 0, executing at rip. 64: long mode, page tables built by mode_tables(). */
enum cpu_mode { MODE_16, MODE_32, MODE_64 };
int machine_enter(struct machine *m, unsigned int i, enum cpu_mode mode, u64 rip, u64 rsp);

/*
 * EFER.LME with neither CR4.PAE nor CR0.PG is a legal state, but the emulated
 * host cannot run it: QEMU 10's TCG does not restore the host's CR0 at #VMEXIT
 * then, and the host's kernel crashes. All code here that sets special registers
 * or EFER avoids it.
 */
#define MSR_EFER 0xc0000080
#define EFER_LME (1u << 8)
#define DR7_ENABLES 0xff
void spare_emulator(struct kvm_sregs *s);
/*
 * Page tables for MODE_64 at gpa (three pages, in the first GiB): the first
 * GiB and the last GiB below 4 GiB, identity-mapped, without the 2 MiB around the
 * tables. A guest that executes its own page tables hangs QEMU 10's TCG: while
 * TCG translates an instruction that crosses a page, it holds a lock on the first
 * page, and the walk to the second page takes the same lock.
 */
void mode_tables(struct machine *m, u64 gpa);
#define MODE_TABLES_GPA 0x400000
/* Sets the supported CPUID, with the APIC ID filled in. */
int machine_cpuid(struct machine *m, unsigned int i);

/* The host's resources in use. */
struct ledger {
	u64 pinned; /* pages held by pin_user_pages() */
	u64 available_kb, slab_kb;
	long module_refs; /* -1: not known */
};

void ledger_take(struct ledger *l);
/*
 * Waits (up to 10 s) until no more resources are in use than before. NULL, or a
 * message. Memory may differ by slack_kb: caches and per-CPU lists vary.
 */
const char *ledger_check(const struct ledger *before, u64 slack_kb);

/* Print a result line. */
void report_ok(const char *name);
void report_failed(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern unsigned int report_failures;

/* waitpid() with a time limit in ms, after which the child is killed. False: the child did not end even then. */
bool reap(pid_t child, unsigned int limit_ms, int *status);

#endif /* FUZZ_CLIENT_H */
