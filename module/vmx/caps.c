// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this CPU's VMX can do, and what we make of it: one table of controls.
 *
 * A capability MSR says of each bit of a control word whether it must be 1
 * (low half) and whether it may be 1 (high half); SDM vol. 3, appendix A.
 * Required: without it the module does not load. Wanted: used where present.
 * Later: not on from the beginning. Refused: it must be possible to leave it off. Bits that the table does not
 * name are what the CPU insists on, or 0.
 */
#include <linux/cpu.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "base/compat.h"
#include "base/params.h"
#include "caps.h"
#include "vmx.h"

#define TRUE_CONTROLS BIT_ULL(55) /* IA32_VMX_BASIC: the TRUE MSRs exist (appendix A.1) */
#define VMCS_MEMORY_TYPE GENMASK_ULL(53, 50)
#define VMCS_MEMORY_WB (6ULL << 50)
#define MISC_ACTIVITY_HLT BIT_ULL(6) /* IA32_VMX_MISC (appendix A.6) */

enum control_word { PIN, PROC, PROC2, EXIT, ENTRY, NR_WORDS };

enum control_need {
	REQUIRED, /* on from the beginning */
	REQUIRED_LATER, /* must be there; switched on when it is needed */
	WANTED,
	WANTED_LATER,
	REFUSED,
};

struct control {
	enum control_word word;
	u32 bit;
	enum control_need need;
	const char *name;
};

static const struct control controls[] = {
	{ PIN, PIN_BASED_EXT_INTR_MASK, REQUIRED, "external-interrupt exiting" },
	{ PIN, PIN_BASED_NMI_EXITING, REQUIRED, "NMI exiting" },
	{ PIN, PIN_BASED_VIRTUAL_NMIS, REQUIRED, "virtual NMIs" },
	{ PIN, PIN_BASED_POSTED_INTR, WANTED_LATER, "posted interrupts" },
	{ PIN, PIN_BASED_VMX_PREEMPTION_TIMER, WANTED_LATER, NULL },

	{ PROC, CPU_BASED_USE_TSC_OFFSETTING, REQUIRED, "TSC offsetting" },
	{ PROC, CPU_BASED_TPR_SHADOW, REQUIRED, "TPR shadow" },
	{ PROC, CPU_BASED_RDPMC_EXITING, REQUIRED, "RDPMC exiting" },
	{ PROC, CPU_BASED_MOV_DR_EXITING, REQUIRED, "MOV-DR exiting" },
	{ PROC, CPU_BASED_UNCOND_IO_EXITING, REQUIRED, "unconditional I/O exiting" },
	{ PROC, CPU_BASED_USE_MSR_BITMAPS, REQUIRED, "MSR bitmaps" },
	{ PROC, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, REQUIRED, "secondary controls" },
	{ PROC, CPU_BASED_HLT_EXITING, REQUIRED_LATER, "HLT exiting" },
	{ PROC, CPU_BASED_MWAIT_EXITING, REQUIRED_LATER, "MWAIT exiting" },
	{ PROC, CPU_BASED_MONITOR_EXITING, REQUIRED_LATER, "MONITOR exiting" },
	{ PROC, CPU_BASED_INTR_WINDOW_EXITING, REQUIRED_LATER, "interrupt-window exiting" },
	{ PROC, CPU_BASED_NMI_WINDOW_EXITING, REQUIRED_LATER, "NMI-window exiting" },
	{ PROC, CPU_BASED_CR8_LOAD_EXITING, REQUIRED_LATER, "CR8-load exiting" },
	{ PROC, CPU_BASED_CR8_STORE_EXITING, REFUSED, "CR8-store exiting" },
	{ PROC, CPU_BASED_INVLPG_EXITING, REFUSED, "INVLPG exiting" },
	{ PROC, CPU_BASED_RDTSC_EXITING, REFUSED, "RDTSC exiting" },
	{ PROC, CPU_BASED_CR3_LOAD_EXITING, REFUSED, "CR3-load exiting" },
	{ PROC, CPU_BASED_CR3_STORE_EXITING, REFUSED, "CR3-store exiting" },
	{ PROC, CPU_BASED_USE_IO_BITMAPS, REFUSED, "I/O bitmaps" },
	{ PROC, CPU_BASED_MONITOR_TRAP_FLAG, REFUSED, "monitor trap flag" },
	{ PROC, CPU_BASED_PAUSE_EXITING, REFUSED, "PAUSE exiting" },

	{ PROC2, SECONDARY_EXEC_ENABLE_EPT, REQUIRED, "EPT" },
	{ PROC2, SECONDARY_EXEC_UNRESTRICTED_GUEST, REQUIRED, "unrestricted guest" },
	{ PROC2, SECONDARY_EXEC_WBINVD_EXITING, REQUIRED, "WBINVD exiting" },
	{ PROC2, SECONDARY_EXEC_ENABLE_VPID, WANTED, "VPID" },
	{ PROC2, SECONDARY_EXEC_ENABLE_RDTSCP, WANTED, "RDTSCP" },
	{ PROC2, SECONDARY_EXEC_ENABLE_INVPCID, WANTED, "INVPCID" },
	{ PROC2, SECONDARY_EXEC_TSC_SCALING, WANTED, "TSC scaling" },
	{ PROC2, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE, WANTED_LATER, "virtual x2APIC mode" },
	{ PROC2, SECONDARY_EXEC_APIC_REGISTER_VIRT, WANTED_LATER, "APIC-register virtualization" },
	{ PROC2, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY, WANTED_LATER, "virtual-interrupt delivery" },
	{ PROC2, SECONDARY_EXEC_ENCLS_EXITING, WANTED, NULL },
	{ PROC2, SECONDARY_EXEC_DESC, REFUSED, "descriptor-table exiting" },
	{ PROC2, SECONDARY_EXEC_RDRAND_EXITING, REFUSED, "RDRAND exiting" },
	{ PROC2, SECONDARY_EXEC_RDSEED_EXITING, REFUSED, "RDSEED exiting" },

	{ EXIT, VM_EXIT_SAVE_DEBUG_CONTROLS, REQUIRED, "save debug controls" },
	{ EXIT, VM_EXIT_HOST_ADDR_SPACE_SIZE, REQUIRED, "64-bit host" },
	{ EXIT, VM_EXIT_LOAD_IA32_PAT, REQUIRED, "load PAT on exit" },
	{ EXIT, VM_EXIT_LOAD_IA32_EFER, REQUIRED, "load EFER on exit" },
	{ EXIT, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL, WANTED_LATER, NULL },
	{ EXIT, VM_EXIT_ACK_INTR_ON_EXIT, WANTED_LATER, "acknowledge interrupt on exit" },

	{ ENTRY, VM_ENTRY_LOAD_DEBUG_CONTROLS, REQUIRED, "load debug controls" },
	{ ENTRY, VM_ENTRY_LOAD_IA32_PAT, REQUIRED, "load PAT on entry" },
	{ ENTRY, VM_ENTRY_LOAD_IA32_EFER, REQUIRED, "load EFER on entry" },
	{ ENTRY, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL, WANTED_LATER, NULL },
	{ ENTRY, VM_ENTRY_IA32E_MODE, REQUIRED_LATER, "64-bit guest" },
};

static const u32 control_msrs[NR_WORDS] = {
	[PIN] = MSR_IA32_VMX_TRUE_PINBASED_CTLS,   [PROC] = MSR_IA32_VMX_TRUE_PROCBASED_CTLS,
	[PROC2] = MSR_IA32_VMX_PROCBASED_CTLS2,	   [EXIT] = MSR_IA32_VMX_TRUE_EXIT_CTLS,
	[ENTRY] = MSR_IA32_VMX_TRUE_ENTRY_CTLS,
};

/* Bits of IA32_VMX_EPT_VPID_CAP. */
static const struct {
	u64 bit;
	enum control_need need;
	const char *name;
} ept_features[] = {
	{ VMX_EPT_PAGE_WALK_4_BIT, REQUIRED, "EPT with 4 levels" },
	{ VMX_EPTP_WB_BIT, REQUIRED, "write-back EPT" },
	{ VMX_EPT_2MB_PAGE_BIT, REQUIRED, "2M EPT pages" },
	{ VMX_EPT_AD_BIT, REQUIRED, "EPT accessed and dirty bits" },
	{ VMX_EPT_INVEPT_BIT | VMX_EPT_EXTENT_CONTEXT_BIT, REQUIRED, "single-context INVEPT" },
	{ VMX_EPT_1GB_PAGE_BIT, WANTED, "1G EPT pages" },
};

DEFINE_PER_CPU(struct vmx_cpu, vmx_cpus);
struct vmx_features vmx_features;
char vmx_missing_features[256];

static void vmx_report_lack(enum control_need need, const char *name, unsigned int *missing)
{
	if ((need == WANTED || need == WANTED_LATER) && name) {
		if (*vmx_missing_features)
			strlcat(vmx_missing_features, ", ", sizeof(vmx_missing_features));
		strlcat(vmx_missing_features, name, sizeof(vmx_missing_features));
	} else if (need == REQUIRED || need == REQUIRED_LATER) {
		pr_err("VMX: this CPU lacks %s, which is required\n", name);
		++*missing;
	}
}

/* The five control words, and what they may be; the number of things that make this CPU unusable. */
static unsigned int vmx_negotiate_controls(u32 *words, u32 *may)
{
	unsigned int i, missing = 0;
	u32 must[NR_WORDS];

	for (i = 0; i < NR_WORDS; i++) {
		rdmsr(control_msrs[i], must[i], may[i]);
		words[i] = must[i];
	}
	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		if (c->need == REFUSED) {
			if (must[c->word] & c->bit) {
				pr_err("VMX: this CPU cannot switch %s off\n", c->name);
				missing++;
			}
		} else if (!(may[c->word] & c->bit)) {
			vmx_report_lack(c->need, c->name, &missing);
		} else if (c->need != REQUIRED_LATER && c->need != WANTED_LATER) {
			words[c->word] |= c->bit;
		}
	}
	return missing;
}

static unsigned int vmx_negotiate_ept(u64 *ept)
{
	unsigned int i, missing = 0;

	rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, *ept);
	for (i = 0; i < ARRAY_SIZE(ept_features); i++) {
		if ((*ept & ept_features[i].bit) != ept_features[i].bit)
			vmx_report_lack(ept_features[i].need, ept_features[i].name, &missing);
	}
	return missing;
}

/* All of it or none; one in place of the other is not worth its own paths. */
static bool vmx_can_post(const u32 *may)
{
	u32 proc2 = SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE | SECONDARY_EXEC_APIC_REGISTER_VIRT |
		    SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;

	return param_posted_interrupts && HV_POSTED_VECTOR && (may[PIN] & PIN_BASED_POSTED_INTR) &&
	       (may[PROC2] & proc2) == proc2 && (may[EXIT] & VM_EXIT_ACK_INTR_ON_EXIT);
}

static void vmx_read_fixed_bits(struct vmx_features *f)
{
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, f->cr0_fixed0);
	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, f->cr0_fixed1);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, f->cr4_fixed0);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, f->cr4_fixed1);
	/* With unrestricted guest these two are free (SDM vol. 3, appendix A.7). */
	f->cr0_fixed0 &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
}

/*
 * ITLB multihit (CVE-2018-12207): a guest that changes the size of a page of
 * its code without a flush stops the CPU with a machine check. Where the pages
 * below are small, no translation is ever large.
 */
static void vmx_report_faults(void)
{
	if (mitigations.small_pages)
		vmx_report_lack(WANTED, "safe large pages (ITLB multihit)", NULL);
	if (mitigations.l1d_lacks) {
		vmx_report_lack(WANTED, "L1 data cache flush (L1TF)", NULL);
		pr_warn("VMX: this CPU's microcode cannot flush the L1 data cache: guests can read the host's memory (L1TF)\n");
	}
}

bool vmx_caps_ok(void)
{
	struct vmx_features *f = &vmx_features;
	u64 basic, misc, proc, ept;
	u32 words[NR_WORDS], may[NR_WORDS];

	vmx_missing_features[0] = 0;
	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	rdmsrl(MSR_IA32_VMX_PROCBASED_CTLS, proc);
	/* All that follows is behind these. */
	if (!(basic & TRUE_CONTROLS) || (basic & VMCS_MEMORY_TYPE) != VMCS_MEMORY_WB ||
	    !(proc >> 32 & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS) || !(misc & MISC_ACTIVITY_HLT)) {
		pr_err("VMX: this CPU's VMX is too old\n");
		return false;
	}
	if (vmx_negotiate_controls(words, may) + vmx_negotiate_ept(&ept))
		return false;
	f->revision = basic & GENMASK(30, 0);
	f->pin = words[PIN];
	f->proc = words[PROC];
	f->proc2 = words[PROC2];
	f->exit = words[EXIT];
	f->entry = words[ENTRY];
	f->vpid = f->proc2 & SECONDARY_EXEC_ENABLE_VPID;
	f->tsc_scale = f->proc2 & SECONDARY_EXEC_TSC_SCALING;
	f->encls = f->proc2 & SECONDARY_EXEC_ENCLS_EXITING;
	f->rdtscp = (f->proc2 & SECONDARY_EXEC_ENABLE_RDTSCP) && boot_cpu_has(X86_FEATURE_RDTSCP);
	f->ept_1g = ept & VMX_EPT_1GB_PAGE_BIT;
	f->ept_5level = ept & VMX_EPT_PAGE_WALK_5_BIT;
	vmx_report_faults();
	f->posting = vmx_can_post(may);
	if (f->posting)
		f->exit |= VM_EXIT_ACK_INTR_ON_EXIT;
	else if (!strstr(vmx_missing_features, "posted interrupts")) /* it has them; something else is missing, or they are not wanted */
		vmx_report_lack(WANTED, "posted interrupts", NULL);
	f->perf_switch = (may[EXIT] & VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL) &&
			 (may[ENTRY] & VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL);
	vmx_read_fixed_bits(f);
	return true;
}
