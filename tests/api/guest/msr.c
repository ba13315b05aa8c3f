// SPDX-License-Identifier: GPL-2.0-only
/* Guest code for msr.c: RDMSR and WRMSR with any index. */
#include "lib.h"
#include "msr.h"

#define MISC_FEATURES_ENABLES 0x140

void g_msr_probe(u64 first);
void g_cpuid_fault(u64 arg);

/* args[0]: number of MSRs. The records go to GPA_FREE. */
void g_msr_probe(u64 first)
{
	struct msr_record *r = (void *)GPA_FREE;

	for (u32 i = 0; i < args[0]; i++, r++) {
		u32 index = (u32)first + i;

		*r = (struct msr_record){ 0 };
		if (try_rdmsr(index, &r->value[0]))
			r->done |= MSR_READ;
		if (try_wrmsr(index, 0))
			r->done |= MSR_WRITE_0;
		try_rdmsr(index, &r->value[1]);
		if (try_wrmsr(index, ~0UL))
			r->done |= MSR_WRITE_1;
		try_rdmsr(index, &r->value[2]);
		try_wrmsr(index, r->value[0]);
	}
}

static void cpuid_in_user_mode(void)
{
	TRY("cpuid",, "a"(0), "c"(0) : "rbx", "rdx", "memory");
	USER_END();
}

void g_cpuid_fault(u64 arg)
{
	(void)arg;
	for (u64 on = 0; on < 4; on++) {
		wrmsr(MISC_FEATURES_ENABLES, on & 1);
		EXPECT_EQ(rdmsr(MISC_FEATURES_ENABLES), on & 1);
		EXPECT(cpuid(0, 0).eax > 0); /* no fault in supervisor mode */
		run_user(cpuid_in_user_mode);
		EXPECT_EQ(trap.vector, on & 1 ? 13 : NO_TRAP);
		if (on & 1)
			EXPECT_EQ(trap.error, 0);
	}
}
