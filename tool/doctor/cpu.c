// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processor features, from the flags in /proc/cpuinfo (AMD APM vol. 3, appendix E; Intel's VMX features are in
 * the line "vmx flags", SDM vol. 3, appendix A).
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cpu.h"
#include "lib/sysfs.h"
#include "lib/util.h"

static bool is_amd(const struct doctor *d)
{
	return !strcmp(d->vendor, "AuthenticAMD") || !strcmp(d->vendor, "HygonGenuine");
}

static bool is_intel(const struct doctor *d)
{
	return !strcmp(d->vendor, "GenuineIntel");
}

static bool has_vmx_flag(const struct doctor *d, const char *flag)
{
	char *flags = d->cpuinfo ? cpuinfo_field(d->cpuinfo, "vmx flags") : NULL;
	bool has = flags && has_word(flags, flag);

	free(flags);
	return has;
}

/* A feature of both vendors under two flag names; @intel NULL: every Intel processor with VMX has it. */
static bool has_feature(const struct doctor *d, const char *amd, const char *intel)
{
	if (is_intel(d))
		return !intel || has_vmx_flag(d, intel);
	return has_word(d->flags, amd);
}

static struct finding check_vendor(const struct doctor *d)
{
	char *model = d->cpuinfo ? cpuinfo_field(d->cpuinfo, "model name") : NULL;
	struct finding f;

	if (is_amd(d) || is_intel(d))
		f = found_ok("%s, %s", d->vendor, model ? model : "model unknown");
	else
		f = found(CHECK_FAIL, xasprintf("%s: neither SVM nor VMX", d->vendor),
			  xstrdup("use an AMD or Intel host, or an emulated host of the lab (lab/lab)"));
	free(model);
	return f;
}

static struct finding check_virt(const struct doctor *d)
{
	const char *name = is_intel(d) ? "VMX" : "SVM";

	if (has_word(d->flags, is_intel(d) ? "vmx" : "svm"))
		return found_ok("%s", name);
	return found(CHECK_FAIL, xasprintf("no %s", name),
		     xasprintf("enable %s in the firmware setup; in a virtual machine, enable nested virtualization on its host",
			       is_intel(d) ? "VT-x" : "SVM (AMD-V)"));
}

static struct finding check_nested_paging(const struct doctor *d)
{
	if (!is_intel(d) && has_word(d->flags, "npt"))
		return found_ok("nested paging");
	if (is_intel(d) && has_vmx_flag(d, "ept") && has_vmx_flag(d, "ept_ad") &&
	    has_vmx_flag(d, "unrestricted_guest") && has_vmx_flag(d, "vnmi"))
		return found_ok("EPT with accessed and dirty bits, unrestricted guests, virtual NMIs");
	return found(CHECK_FAIL,
		     xstrdup(is_intel(d) ? "no EPT with accessed and dirty bits, unrestricted guests and virtual NMIs" :
			     "no nested paging"),
		     xasprintf("required; every %s has it, a virtual machine may hide it",
			       is_intel(d) ? "Intel server processor since Haswell" : "AMD processor since family 10h"));
}

/* Linux shows the flag only when it uses FRED. */
static struct finding check_fred(const struct doctor *d)
{
	if (!has_word(d->flags, "fred"))
		return found_ok("the kernel does not use FRED");
	if (!is_intel(d))
		return found_ok("the kernel uses FRED, which works with SVM");
	return found(CHECK_FAIL, xstrdup("the kernel uses FRED: the module cannot pass NMIs to it"),
		     xstrdup("boot with fred=off"));
}

static struct finding check_xsave(const struct doctor *d)
{
	if (has_word(d->flags, "xsave"))
		return found_ok("XSAVE%s", has_word(d->flags, "xsaves") ? ", XSAVES" : "");
	return found(CHECK_FAIL, xstrdup("no XSAVE"),
		     xstrdup("required; do not boot with noxsave"));
}

static struct finding check_x2apic(const struct doctor *d)
{
	if (has_word(d->flags, "x2apic"))
		return found_ok("x2APIC");
	return found(CHECK_WARN, xstrdup("no x2APIC: host IPIs go through MMIO"),
		     xstrdup("enable x2APIC in the firmware setup and the IOMMU's interrupt remapping in the kernel"));
}

static struct finding check_tsc(const struct doctor *d)
{
	char *source = sys_read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
	bool steady = has_word(d->flags, "constant_tsc") && has_word(d->flags, "nonstop_tsc");
	bool used = source && !strcmp(source, "tsc");
	struct finding f;

	if (steady && used)
		f = found_ok("constant, nonstop, and the host's clock source");
	else
		f = found(CHECK_WARN,
			  xasprintf("%s; the host's clock source is %s",
				    steady ? "constant and nonstop" : "not constant and nonstop",
				    source ? source : "unknown"),
			  xstrdup(steady ? "boot with tsc=reliable if the TSCs of all CPUs are synchronous" :
				  "time in guests is less precise; use newer hardware, or tsc=reliable in an emulator"));
	free(source);
	return f;
}

static struct finding check_arat(const struct doctor *d)
{
	if (has_word(d->flags, "arat"))
		return found_ok("the APIC timer runs in every C-state");
	return found(CHECK_WARN,
		     xstrdup("the APIC timer may stop in deep C-states: MWAIT keeps its exits"), NULL);
}

/* An optional feature: CHECK_OK with the text @with, or CHECK_WARN with the text @without. */
static struct finding optional(const struct doctor *d, const char *amd, const char *intel, const char *with,
			       const char *without)
{
	if (has_feature(d, amd, intel))
		return found_ok("%s", with);
	return found(CHECK_WARN, xstrdup(without), NULL);
}

static struct finding check_nrips(const struct doctor *d)
{
	return optional(d, "nrip_save", NULL, "the processor reports the next RIP",
			"not available: instruction lengths are decoded in software");
}

static struct finding check_flushbyasid(const struct doctor *d)
{
	return optional(d, "flushbyasid", "vpid", "a TLB flush affects one guest only",
			"not available: a guest's TLB flush flushes the host's entries too");
}

static struct finding check_avic(const struct doctor *d)
{
	if (!is_intel(d) && has_word(d->flags, "avic"))
		return found_ok("AVIC is available but not used: an interrupt for a running vCPU costs one exit");
	return optional(d, "avic", "posted_intr", "a running vCPU receives interrupts without an exit",
			"not available: an interrupt for a running vCPU costs one exit");
}

static struct finding check_tsc_scale(const struct doctor *d)
{
	return optional(d, "tsc_scale", "tsc_scaling", "a guest can have its own TSC frequency",
			"not available: guests have the host's TSC frequency");
}

static struct finding check_nested(const struct doctor *d)
{
	if (!has_word(d->flags, "hypervisor"))
		return found_ok("bare metal");
	return found(CHECK_WARN,
		     xstrdup("this host is a virtual machine: its hypervisor handles every exit too"),
		     xstrdup("measure on bare metal; figures from here compare within one run only"));
}

const struct check doctor_cpu_checks[] = {
	{ "vendor", check_vendor },
	{ "virtualization", check_virt },
	{ "nested-paging", check_nested_paging },
	{ "fred", check_fred },
	{ "xsave", check_xsave },
	{ "x2apic", check_x2apic },
	{ "tsc", check_tsc },
	{ "arat", check_arat },
	{ "next-rip", check_nrips },
	{ "flush-by-asid", check_flushbyasid },
	{ "avic", check_avic },
	{ "tsc-scaling", check_tsc_scale },
	{ "bare-metal", check_nested },
	{ NULL, NULL }
};
