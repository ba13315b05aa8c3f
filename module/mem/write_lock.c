// SPDX-License-Identifier: GPL-2.0-only
/* Stopping the vCPUs for a change of the memory map. */
#include <linux/delay.h>
#include <linux/ktime.h>

#include "base/kick.h"
#include "base/vcpu.h"
#include "core/core.h"
#include "write_lock.h"

#define MEM_MAX_TURN_NS NSEC_PER_MSEC

/* At least half of the time belongs to the vCPUs. */
static void mem_give_vcpus_a_turn(struct vm *vm)
{
	u64 now = ktime_get_ns(), until = READ_ONCE(vm->mem_turn_until_ns);

	if (now < until)
		fsleep(DIV_ROUND_UP(until - now, NSEC_PER_USEC));
}

static void mem_call_vcpus_out(struct vm *vm)
{
	int i, n = smp_load_acquire(&vm->nr_vcpus);

	atomic_inc(&vm->mem_writers);
	smp_mb__after_atomic();
	for (i = 0; i < n; i++)
		vcpu_kick(vm->vcpus[i]);
}

/* The thread of a vCPU on an owned core holds no lock meanwhile: it sleeps. The core hands over within microseconds. */
static void mem_await_cores(struct vm *vm)
{
	int i, n = smp_load_acquire(&vm->nr_vcpus);

	for (i = 0; i < n; i++) {
		struct core *core = READ_ONCE(vm->vcpus[i]->core);

		while (core && !core_thread_turn(core) && !core_is_dead(core))
			cpu_relax();
	}
}

void mem_write_lock(struct vm *vm)
{
	mem_give_vcpus_a_turn(vm);
	mem_call_vcpus_out(vm);
	down_write(&vm->mem_sem);
	mem_await_cores(vm);
	vm->mem_locked_ns = ktime_get_ns();
}

void mem_write_unlock(struct vm *vm)
{
	u64 now = ktime_get_ns();

	if (READ_ONCE(vm->mem_held_up)) {
		WRITE_ONCE(vm->mem_held_up, false);
		WRITE_ONCE(vm->mem_turn_until_ns, now + min_t(u64, now - vm->mem_locked_ns, MEM_MAX_TURN_NS));
	}
	/* In this order: a vCPU that still sees a writer would not wait but spin. */
	atomic_dec(&vm->mem_writers);
	up_write(&vm->mem_sem);
}

void mem_write_lock_spinning(struct vm *vm)
{
	mem_call_vcpus_out(vm);
	while (!down_write_trylock(&vm->mem_sem))
		cpu_relax();
	mem_await_cores(vm);
	vm->mem_locked_ns = ktime_get_ns();
}
