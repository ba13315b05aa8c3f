/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library of the API tests. A test is a function that runs in its own
 * process with a time limit; the first failed check ends it. Guests run
 * functions of guest/ (found by name) in 64-bit mode, on identity page tables.
 */
#ifndef API_HARNESS_H
#define API_HARNESS_H

#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "layout.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

struct test {
	const char *name;
	void (*fn)(void);
	struct test *next;
};

void test_register(struct test *t);

/* Duration of a stress test in seconds; not part of its time limit. */
extern unsigned int stress_seconds;

/* Defines a test and registers it; names sort by file, then by line. */
#define TEST(name_)                                                                                \
	static void test_##name_(void);                                                            \
	static struct test entry_##name_ = { #name_, test_##name_, NULL };                         \
	__attribute__((constructor)) static void register_##name_(void)                            \
	{                                                                                          \
		test_register(&entry_##name_);                                                     \
	}                                                                                          \
	static void test_##name_(void)

/* End the test as failed, or as skipped because the host or the hypervisor lacks something. */
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void test_skip(const char *why) __attribute__((noreturn));

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			FAIL("%s", #cond);                                                         \
	} while (0)
#define CHECK_EQ(got_, want_)                                                                      \
	do {                                                                                       \
		long long g_ = (long long)(got_), w_ = (long long)(want_);                         \
		if (g_ != w_)                                                                      \
			FAIL("%s is %lld (0x%llx), not %lld (0x%llx)", #got_, g_, g_, w_, w_);     \
	} while (0)
#define CHECK_RANGE(got_, low_, high_)                                                             \
	do {                                                                                       \
		long long g_ = (long long)(got_);                                                  \
		if (g_ < (long long)(low_) || g_ > (long long)(high_))                             \
			FAIL("%s is %lld, not in [%lld, %lld]", #got_, g_, (long long)(low_),      \
			     (long long)(high_));                                                  \
	} while (0)
/* A call that must succeed (result >= 0) or fail with one errno. */
#define OK(call)                                                                                   \
	({                                                                                         \
		long r_ = (call);                                                                  \
		if (r_ < 0)                                                                        \
			FAIL("%s: %s", #call, strerrorname_np(errno));                             \
		r_;                                                                                \
	})
#define ERR(call, want_)                                                                           \
	do {                                                                                       \
		errno = 0;                                                                         \
		long r_ = (call);                                                                  \
		int e_ = errno;                                                                    \
		if (r_ >= 0)                                                                       \
			FAIL("%s is %ld, not %s", #call, r_, strerrorname_np(want_));              \
		if (e_ != (want_))                                                                 \
			FAIL("%s: %s, not %s", #call, strerrorname_np(e_), strerrorname_np(want_)); \
	} while (0)

enum chip { CHIP_NONE, CHIP_SPLIT, CHIP_FULL };

struct vcpu;

struct vm {
	int fd;
	u8 *mem; /* GUEST_MEMORY bytes at GPA 0, slot 0 */
	struct vcpu *vcpus[MANY_VCPUS];
	int nr_vcpus;
};

struct vcpu {
	struct vm *vm;
	int id, fd;
	struct kvm_run *run;
	pthread_t thread;
};

/* Is this stock KVM? For tests of what taxcut does differently on purpose. */
bool is_stock(void);
/* Is the host's CPU emulated by QEMU? It lacks features that some tests need. */
bool is_emulated_cpu(void);
/* QEMU's VMRUN may deliver an interrupt twice; taxcut works around it (docs/emulator-bugs.md). */
bool may_inject_twice(void);
/* TAXCUT_OWN is set: the first vCPUs of each VM own CPUs. */
bool vcpus_own_cpus(void);
/* Does the CPU deliver and end the interrupts of a running vCPU in x2APIC mode itself (APICv, posted interrupts)? */
bool cpu_delivers(void);
const char *device_path(void);
int device_open(void);
long capability(int cap);

/* A bare VM: no irqchip, no memory. */
struct vm *vm_create_bare(void);
/* A VM with memory, the guest's program in it, page tables, GDT and IDT. */
struct vm *vm_create(enum chip chip);
void vm_add_chip(struct vm *vm, enum chip chip);
/* Adds a slot of anonymous memory; returns its host address. */
void *vm_add_memory(struct vm *vm, u32 slot, u64 gpa, u64 size, u32 flags);
int vm_set_slot(struct vm *vm, u32 slot, u64 gpa, u64 size, void *host, u32 flags);
void vm_enable_cap(struct vm *vm, u32 cap, u64 arg);
void vm_close(struct vm *vm);

/* A vCPU with the CPUID that the hypervisor offers. */
struct vcpu *vcpu_create(struct vm *vm, int id);
/* A vCPU without KVM_SET_CPUID2. */
struct vcpu *vcpu_create_bare(struct vm *vm, int id);
void vcpu_set_offered_cpuid(struct vcpu *v);
struct kvm_cpuid2 *offered_cpuid(void);
/* The next run starts at the guest function, in 64-bit mode with interrupts off. */
void vcpu_start(struct vcpu *v, const char *function, u64 arg);
/* Copies the code between two symbols to GPA_REAL; the next run starts there, in 16-bit or 32-bit mode. */
void vcpu_start_real(struct vcpu *v, const char *from, const char *to);
void vcpu_start_prot(struct vcpu *v, const char *from, const char *to);

/* KVM_RUN, repeated on EINTR; returns the exit reason. */
u32 vcpu_run(struct vcpu *v);
/* One KVM_RUN: 0 or -errno. */
int vcpu_run_once(struct vcpu *v);
/* Runs; the exit must be for @reason. */
void vcpu_expect(struct vcpu *v, u32 reason);
/* Runs; the guest must reach sync_host(n). */
void vcpu_sync(struct vcpu *v, u32 n);
/* Runs; the guest function must return. */
void vcpu_done(struct vcpu *v);
/* The last exit must be the return of the guest function, without a failed check. */
void vcpu_check_done(struct vcpu *v);
/* vcpu_start() and vcpu_done(). */
void vcpu_call(struct vcpu *v, const char *function, u64 arg);
/* Runs the guest function to its end in a new thread. */
void vcpu_thread(struct vcpu *v);
void vcpu_join(struct vcpu *v);
/* Sends a signal to that thread, which must not be joined yet. */
void vcpu_signal(struct vcpu *v, int signal);
void vcpu_set_affinity(struct vcpu *v, const cpu_set_t *set);
/* The first CPU that vCPUs run on: not CPU 0 of an emulated AMD host (docs/emulator-bugs.md). */
int first_cpu(void);
/* Pins the calling thread to @cpu; skips the test when there is no such CPU. */
void pin(int cpu);

/* The host address of a variable of the guest's program. */
void *guest_symbol(struct vm *vm, const char *name);
u64 guest_address(const char *name);
#define guest_args(vm) ((volatile u64 *)guest_symbol(vm, "args"))
#define guest_results(vm) ((volatile u64 *)guest_symbol(vm, "results"))
#define guest_irqs(vm) ((volatile u64 *)guest_symbol(vm, "irqs"))

struct kvm_regs vcpu_regs(struct vcpu *v);
void vcpu_set_regs(struct vcpu *v, struct kvm_regs r);
struct kvm_sregs vcpu_sregs(struct vcpu *v);
u64 vcpu_get_msr(struct vcpu *v, u32 index);
int vcpu_set_msr(struct vcpu *v, u32 index, u64 value); /* as KVM_SET_MSRS: 1 set, 0 refused */

/* A statistic by name; false when the file lacks it. @fd: a VM or a vCPU. */
bool stat_find(int fd, const char *name, u64 *value);
u64 stat_get(int fd, const char *name);
/* The same from an open statistics file. KVM_GET_STATS_FD waits until the vCPU leaves KVM_RUN; reading does not. */
bool stat_read(int stats, const char *name, u64 *value);

/* Timer modes of the LVT timer register, for guest/timer.c: one-shot, periodic, TSC deadline. */
#define LVTT_MODES { 0, 0x20000, 0x40000 }

/* A number from a "Name: N kB" line of /proc/self/status. */
long proc_status(const char *name);
/* Free memory of the host in kB, without memory whose freeing is deferred. */
long free_kb(void);
/* Writes to a file of procfs or sysfs: 0, or the errno. */
int file_write(const char *path, const char *text);
/* Writes a parameter of taxcut.ko: 0, or the errno. */
int param_try(const char *name, const char *value);
u64 now_ns(void);

#endif /* API_HARNESS_H */
