/* SPDX-License-Identifier: GPL-2.0-only */
/* Stopping the vCPUs for a change of the memory map; mem/memslot.c says why and how. */
#ifndef TAXCUT_MEM_WRITE_LOCK_H
#define TAXCUT_MEM_WRITE_LOCK_H

struct vm;

/* Get every vCPU out of the guest, then hold vm->mem_sem for writing. The holder must not wait for memory. */
void mem_write_lock(struct vm *vm);
/* The same where sleeping is forbidden (the OOM reaper's notifier); other holders keep the lock only while they compute. */
void mem_write_lock_spinning(struct vm *vm);
void mem_write_unlock(struct vm *vm);

#endif /* TAXCUT_MEM_WRITE_LOCK_H */
