// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the processor offers, by the flags that Linux prints (AMD APM vol. 3, appendix E; Intel's are in the line
 * "vmx flags", SDM vol. 3, appendix A).
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

/* A feature of both vendors, under two names; intel NULL: every Intel processor with VMX has it. */
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
		f = good("%s, %s", d->vendor, model ? model : "model unknown");
	else
		f = found(CHECK_FAIL, xasprintf("%s: neither SVM nor VMX", d->vendor),
			  xstrdup("use an AMD or Intel host, or the lab's emulated ones (lab/lab)"));
	free(model);
	return f;
}

static struct finding check_virt(const struct doctor *d)
{
	const char *name = is_intel(d) ? "VMX" : "SVM";

	if (has_word(d->flags, is_intel(d) ? "vmx" : "svm"))
		return good("%s", name);
	return found(CHECK_FAIL, xasprintf("no %s", name),
		     xasprintf("switch %s on in the firmware setup; in a virtual machine, have nested virtualization enabled",
			       is_intel(d) ? "VT-x" : "SVM (AMD-V)"));
}

static struct finding check_nested_paging(const struct doctor *d)
{
	if (!is_intel(d) && has_word(d->flags, "npt"))
		return good("nested paging");
	if (is_intel(d) && has_vmx_flag(d, "ept") && has_vmx_flag(d, "ept_ad") &&
	    has_vmx_flag(d, "unrestricted_guest") && has_vmx_flag(d, "vnmi"))
		return good("EPT with accessed and dirty bits, unrestricted guests, virtual NMIs");
	return found(CHECK_FAIL,
		     xstrdup(is_intel(d) ? "no EPT with accessed and dirty bits, unrestricted guests and virtual NMIs" :
			     "no nested paging"),
		     xasprintf("it is required; every %s has it, a virtual machine may hide it",
			       is_intel(d) ? "Intel server processor since Haswell" : "AMD processor since family 10h"));
}

/* Linux shows the flag only where it uses FRED. */
static struct finding check_fred(const struct doctor *d)
{
	if (!has_word(d->flags, "fred"))
		return good("the kernel does not use FRED");
	if (!is_intel(d))
		return good("the kernel uses FRED, which SVM does not mind");
	return found(CHECK_FAIL, xstrdup("the kernel uses FRED: the module cannot hand NMIs on to it"),
		     xstrdup("boot with fred=off"));
}

static struct finding check_xsave(const struct doctor *d)
{
	if (has_word(d->flags, "xsave"))
		return good("XSAVE%s", has_word(d->flags, "xsaves") ? ", XSAVES" : "");
	return found(CHECK_FAIL, xstrdup("no XSAVE"),
		     xstrdup("it is required; do not boot with noxsave"));
}

static struct finding check_x2apic(const struct doctor *d)
{
	if (has_word(d->flags, "x2apic"))
		return good("x2APIC");
	return found(CHECK_WARN, xstrdup("no x2APIC: host IPIs go through MMIO"),
		     xstrdup("switch x2APIC on in the firmware setup and boot with the IOMMU's interrupt remapping on"));
}

static struct finding check_tsc(const struct doctor *d)
{
	char *source = sys_read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
	bool steady = has_word(d->flags, "constant_tsc") && has_word(d->flags, "nonstop_tsc");
	bool used = source && !strcmp(source, "tsc");
	struct finding f;

	if (steady && used)
		f = good("constant, nonstop, and the host's clock source");
	else
		f = found(CHECK_WARN,
			  xasprintf("%s; the host's clock source is %s",
				    steady ? "constant and nonstop" : "not constant and nonstop",
				    source ? source : "unknown"),
			  xstrdup(steady ? "boot with tsc=reliable if the hardware's TSCs are in step" :
				  "guests read the time less precisely; use newer hardware, or tsc=reliable in an emulator"));
	free(source);
	return f;
}

static struct finding check_arat(const struct doctor *d)
{
	if (has_word(d->flags, "arat"))
		return good("the APIC timer runs in every C-state");
	return found(CHECK_WARN,
		     xstrdup("the APIC timer may stop in deep C-states: MWAIT exits stay on"), NULL);
}

/* One optional feature: with it a cut is cheaper, without it an exit remains. */
static struct finding optional(const struct doctor *d, const char *amd, const char *intel, const char *with,
			       const char *without)
{
	if (has_feature(d, amd, intel))
		return good("%s", with);
	return found(CHECK_WARN, xstrdup(without), NULL);
}

static struct finding check_nrips(const struct doctor *d)
{
	return optional(d, "nrip_save", NULL, "the processor saves the next RIP",
			"not available: instruction lengths are decoded in software");
}

static struct finding check_flushbyasid(const struct doctor *d)
{
	return optional(d, "flushbyasid", "vpid", "TLB flushes touch one guest only",
			"not available: a guest's TLB flush flushes the host's entries too");
}

static struct finding check_avic(const struct doctor *d)
{
	if (!is_intel(d) && has_word(d->flags, "avic"))
		return good("AVIC is there, but not used: an interrupt for a running vCPU costs one exit");
	return optional(d, "avic", "posted_intr", "interrupts can reach a running vCPU without an exit",
			"not available: an interrupt for a running vCPU costs one exit");
}

static struct finding check_tsc_scale(const struct doctor *d)
{
	return optional(d, "tsc_scale", "tsc_scaling", "guests can have another TSC frequency",
			"not available: guests have the host's TSC frequency");
}

static struct finding check_nested(const struct doctor *d)
{
	if (!has_word(d->flags, "hypervisor"))
		return good("bare metal");
	return found(CHECK_WARN,
		     xstrdup("this host is itself a virtual machine: every exit also passes its hypervisor"),
		     xstrdup("measure on bare metal; figures taken here compare within one run only"));
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
