// SPDX-License-Identifier: GPL-2.0-only
/* The mitigations that a CPU and the host's policy require. */
#include "model/mitigation.h"
#include "story.h"

#define ON { .wanted = true }

STORY(a_cpu_without_faults_needs_none)
{
	struct mitigation_facts f = { .wanted = true, .flush_l1d = true, .l1tf_choice = L1TF_FULL };
	struct mitigations m = mitigations_needed(&f);

	assert_false(m.ibpb || m.bp_spec_reduce || m.l1d || m.l1d_lacks || m.small_pages);
}

STORY(the_parameter_switches_all_of_it_off)
{
	struct mitigation_facts f = { .ibpb = true, .bp_spec_reduce = KERNEL_ON, .l1tf = true, .l1tf_choice = L1TF_FULL,
				      .flush_l1d = true, .itlb_multihit = true };
	struct mitigations m = mitigations_needed(&f);

	assert_false(m.ibpb || m.bp_spec_reduce || m.l1d || m.l1d_lacks || m.small_pages);
	f.wanted = true;
	m = mitigations_needed(&f);
	assert_true(m.ibpb && m.bp_spec_reduce && m.l1d && m.small_pages && !m.l1d_lacks);
}

STORY(predictors_are_flushed_between_vcpus_unless_every_exit_does)
{
	struct mitigation_facts f = ON;

	assert_false(mitigations_needed(&f).ibpb);
	f.ibpb = true;
	assert_true(mitigations_needed(&f).ibpb);
	f.ibpb_on_exit = true;
	assert_false(mitigations_needed(&f).ibpb);
}

STORY(a_kernel_that_knows_of_srso_has_the_say)
{
	static const u32 words[] = { 0, CPUID_BP_SPEC_REDUCE, CPUID_BP_SPEC_REDUCE | CPUID_SRSO_NO };
	struct mitigation_facts f = ON;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		f.cpuid_80000021_eax = words[i];
		f.bp_spec_reduce = KERNEL_ON;
		assert_true(mitigations_needed(&f).bp_spec_reduce);
		f.bp_spec_reduce = KERNEL_OFF;
		assert_false(mitigations_needed(&f).bp_spec_reduce);
	}
}

STORY(for_one_that_does_not_the_cpu_decides)
{
	static const struct {
		u32 eax;
		bool host_off, ibpb_on_exit, want;
	} table[] = {
		{ CPUID_BP_SPEC_REDUCE, false, false, true },
		{ CPUID_BP_SPEC_REDUCE, true, false, false },
		{ CPUID_BP_SPEC_REDUCE, false, true, false },
		{ CPUID_BP_SPEC_REDUCE | CPUID_SRSO_NO, false, false, false },
		{ CPUID_SRSO_NO, false, false, false },
		{ 0, false, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct mitigation_facts f = { .wanted = true, .bp_spec_reduce = KERNEL_UNKNOWN };

		f.cpuid_80000021_eax = table[i].eax;
		f.host_off = table[i].host_off;
		f.ibpb_on_exit = table[i].ibpb_on_exit;
		assert_int_equal(mitigations_needed(&f).bp_spec_reduce, table[i].want);
	}
}

STORY(the_l1_cache_is_flushed_as_the_kernel_says)
{
	static const enum mitigation_l1d want[] = {
		[L1TF_OFF] = L1D_KEEP,
		[L1TF_CONDITIONAL] = L1D_FLUSH_IF_USED,
		[L1TF_FULL] = L1D_FLUSH_ALWAYS,
	};

	for (u32 i = 0; i < ARRAY_SIZE(want); i++) {
		struct mitigation_facts f = { .wanted = true, .l1tf = true, .flush_l1d = true, .l1tf_choice = i };
		struct mitigations m = mitigations_needed(&f);

		assert_int_equal(m.l1d, want[i]);
		assert_false(m.l1d_lacks);
		/* Without the command the mitigation is only reported as missing, if it is required. */
		f.flush_l1d = false;
		m = mitigations_needed(&f);
		assert_int_equal(m.l1d, L1D_KEEP);
		assert_int_equal(m.l1d_lacks, want[i] != L1D_KEEP);
		/* A nested hypervisor whose host applies the mitigation. */
		f.l1d_flush_not_needed = true;
		m = mitigations_needed(&f);
		assert_false(m.l1d || m.l1d_lacks);
		f.l1d_flush_not_needed = false;
		f.l1tf = false;
		m = mitigations_needed(&f);
		assert_false(m.l1d || m.l1d_lacks);
	}
}

STORY(small_pages_follow_the_fault_and_the_host)
{
	struct mitigation_facts f = { .wanted = true, .itlb_multihit = true };

	assert_true(mitigations_needed(&f).small_pages);
	f.host_off = true;
	assert_false(mitigations_needed(&f).small_pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_without_faults_needs_none),
		cmocka_unit_test(the_parameter_switches_all_of_it_off),
		cmocka_unit_test(predictors_are_flushed_between_vcpus_unless_every_exit_does),
		cmocka_unit_test(a_kernel_that_knows_of_srso_has_the_say),
		cmocka_unit_test(for_one_that_does_not_the_cpu_decides),
		cmocka_unit_test(the_l1_cache_is_flushed_as_the_kernel_says),
		cmocka_unit_test(small_pages_follow_the_fault_and_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
