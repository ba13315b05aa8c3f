// SPDX-License-Identifier: GPL-2.0-only
/* What the processor offers, by the flags that Linux prints (AMD APM vol. 3, appendix E). */
#include <string.h>

#include "doctor.h"
#include "sysfs.h"

static bool is_amd(const struct doctor *d)
{
	return !strcmp(d->vendor, "AuthenticAMD") || !strcmp(d->vendor, "HygonGenuine");
}

static struct finding check_vendor(const struct doctor *d)
{
	char *model = d->cpuinfo ? cpuinfo_field(d->cpuinfo, "model name") : NULL;
	struct finding f;

	if (is_amd(d))
		f = good("%s, %s", d->vendor, model ? model : "model unknown");
	else
		f = found(CHECK_FAIL, xasprintf("%s: this version drives AMD processors (SVM)",
						d->vendor),
			  xstrdup("use an AMD host, or the lab's emulated one (lab/lab)"));
	free(model);
	return f;
}

static struct finding check_virt(const struct doctor *d)
{
	if (has_word(d->flags, "svm"))
		return good("SVM");
	if (is_amd(d))
		return found(CHECK_FAIL, xstrdup("no SVM"),
			     xstrdup("switch SVM (AMD-V) on in the firmware setup; in a virtual machine, have nested virtualization enabled"));
	return found(CHECK_FAIL, xasprintf("no SVM%s", has_word(d->flags, "vmx") ?
					   " (VMX, which this version does not drive)" : ""),
		     NULL);
}

static struct finding check_npt(const struct doctor *d)
{
	if (has_word(d->flags, "npt"))
		return good("nested paging");
	return found(CHECK_FAIL, xstrdup("no nested paging"),
		     xstrdup("it is required; every AMD processor since family 10h has it, a virtual machine may hide it"));
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
static struct finding optional(const struct doctor *d, const char *flag, const char *with,
			       const char *without)
{
	if (has_word(d->flags, flag))
		return good("%s", with);
	return found(CHECK_WARN, xstrdup(without), NULL);
}

static struct finding check_nrips(const struct doctor *d)
{
	return optional(d, "nrip_save", "the processor saves the next RIP",
			"not available: instruction lengths are decoded in software");
}

static struct finding check_decode(const struct doctor *d)
{
	return optional(d, "decodeassists", "the processor hands over MMIO instruction bytes",
			"not available: MMIO instructions are fetched through the guest's page tables");
}

static struct finding check_flushbyasid(const struct doctor *d)
{
	return optional(d, "flushbyasid", "TLB flushes touch one guest only",
			"not available: a guest's TLB flush flushes the host's entries too");
}

static struct finding check_avic(const struct doctor *d)
{
	return optional(d, "avic", "interrupts can reach a running vCPU without an exit",
			"not available: an interrupt for a running vCPU costs one exit");
}

static struct finding check_vgif(const struct doctor *d)
{
	return good("%s; guests see no SVM, so nothing depends on it",
		    has_word(d->flags, "vgif") ? "virtual GIF" : "no virtual GIF");
}

static struct finding check_pause(const struct doctor *d)
{
	return optional(d, "pausefilter", "PAUSE loops can be filtered",
			"not available: PAUSE is not intercepted, as on a dedicated core");
}

static struct finding check_tsc_scale(const struct doctor *d)
{
	return optional(d, "tsc_scale", "guests can have another TSC frequency",
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
	{ "nested-paging", check_npt },
	{ "xsave", check_xsave },
	{ "x2apic", check_x2apic },
	{ "tsc", check_tsc },
	{ "arat", check_arat },
	{ "next-rip", check_nrips },
	{ "decode-assists", check_decode },
	{ "flush-by-asid", check_flushbyasid },
	{ "avic", check_avic },
	{ "vgif", check_vgif },
	{ "pause-filter", check_pause },
	{ "tsc-scaling", check_tsc_scale },
	{ "bare-metal", check_nested },
	{ NULL, NULL }
};
