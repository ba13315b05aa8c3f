/* SPDX-License-Identifier: GPL-2.0-only */
/* Access to guest memory by guest physical address. */
#ifndef TAXCUT_MEM_GPA_H
#define TAXCUT_MEM_GPA_H

#include <linux/types.h>

struct vcpu;
struct vm;

/*
 * vm->mem_sem is held for reading: the run loop always holds
 * it, ioctls take it.
 *
 * gpa_ptr(): the kernel's address of guest memory that lies within one page;
 * NULL where there is none, or none that may be written (write). A page that is
 * absent is fetched: that pauses the vCPU (struct vcpu_runner), sleeps and drops
 * vm->mem_sem for the time, so a pointer from an earlier call is good no more.
 * The vCPU's thread, interrupts on. If the owner lacks the page, the result is
 * NULL, and a loaded vCPU leaves KVM_RUN with an error before it enters again.
 */
void *gpa_ptr(struct vcpu *v, u64 gpa, unsigned int len, bool write);
/* The same where sleeping is impossible: NULL also for a page that is absent. */
void *gpa_ptr_present(struct vm *vm, u64 gpa, unsigned int len, bool write);
/* Copy len bytes from or to guest memory; may cross pages and slots. -EFAULT where gpa_ptr() would be NULL. */
int gpa_read(struct vcpu *v, u64 gpa, void *buf, unsigned int len);
int gpa_write(struct vcpu *v, u64 gpa, const void *buf, unsigned int len);
/* What could not be fetched does not matter after all. */
void gpa_forget_error(struct vcpu *v);

#endif /* TAXCUT_MEM_GPA_H */
