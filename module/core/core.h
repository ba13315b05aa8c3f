/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owned cores: CPUs that are out of Linux and run one vCPU each.
 *
 * core.c takes a CPU and gives it back, core_memory.c makes its address space,
 * core_apic.c sends it INIT, SIPI and NMIs, doorbell.c is how it wakes a thread.
 * image/ is the code that runs on it, mailbox.h what it shares with the module.
 *
 * Locking. core_take() and core_give_back() take core_mutex; the list of cores
 * changes under doorbell.c's spin lock. The vCPU's thread owns the rest of
 * struct core while it is its turn (mailbox.h).
 */
#ifndef TAXCUT_CORE_CORE_H
#define TAXCUT_CORE_CORE_H

#include <linux/list.h>
#include <linux/rcuwait.h>
#include <linux/types.h>

#include "mailbox.h"

struct core_memory;

struct core {
	int cpu; /* as Linux numbered it */
	u32 apic_id;
	struct core_memory *memory;
	struct core_mailbox *mailbox;
	void *xstate; /* the guest's XSAVE area, standard format, as long as asked for */
	struct rcuwait wait; /* the vCPU's thread, until the core has handed over */
	struct list_head link; /* doorbell.c */
};

/* What a core is started with. */
struct core_setup {
	u32 vendor; /* CORE_VENDOR_* */
	u64 control_pa; /* the page that VMRUN takes */
	u64 xcr0; /* XSAVE features */
	u32 xstate_size; /* bytes they need */
};

/* Module load and unload. 0, or -errno: no owned cores on this host (core_usable() is false), everything else works. */
int core_init(void);
void core_exit(void);
bool core_usable(void);

/*
 * Takes the CPU out of Linux and starts the image there. May sleep, for seconds.
 * ERR_PTR: -EINVAL (no such CPU), -EBUSY (it is owned, a thread of its core is in
 * use, or Linux does not let it go), -EOPNOTSUPP (core_usable()), -ENOMEM, -EIO (it
 * does not start).
 */
struct core *core_take(unsigned int cpu, const struct core_setup *setup);
/* It is the thread's turn, or the core is dead. Gives the CPU back to Linux and frees everything. May sleep. */
void core_give_back(struct core *c);
/* How many there are. */
unsigned int core_count(void);
/* The host goes down: no guest runs on after this. Any context. */
void core_stop_all(void);

/* The thread's turn: the vCPU is its own. */
static inline bool core_thread_turn(const struct core *c)
{
	return smp_load_acquire(&c->mailbox->turn) == TURN_THREAD;
}

/* It has trapped, or did not answer: no guest runs there again. */
static inline bool core_is_dead(const struct core *c)
{
	return READ_ONCE(c->mailbox->state) == CORE_STATE_DEAD;
}

/* The thread only: what core_kick() asked for so far does not count for the turn to come. */
static inline void core_clear_kick(struct core *c)
{
	WRITE_ONCE(c->mailbox->kick, 0);
}

/* The core's turn begins; the thread has filled the mailbox. */
void core_run(struct core *c);
/* Sleeps until the core has handed over. 0; -EINTR: a signal, the core has been kicked out; -EIO: it is dead. */
int core_wait(struct core *c);
/* Any context: the core hands over soon, without another entry if it is its turn. */
void core_kick(struct core *c);

#endif /* TAXCUT_CORE_CORE_H */
