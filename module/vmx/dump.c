// SPDX-License-Identifier: GPL-2.0-only
/* A VM entry that failed, in words: what the CPU says, and the fields it has looked at. */
#include <linux/ratelimit.h>

#include "access.h"
#include "dump.h"
#include "vmx.h"

/* SDM vol. 3, "VM Instruction Error Numbers". */
static const char *const instruction_errors[] = {
	[4] = "VMLAUNCH with a VMCS that is not clear",
	[5] = "VMRESUME with a VMCS that was never launched",
	[6] = "VMRESUME after VMXOFF",
	[7] = "a control field is invalid",
	[8] = "a field of the host's state is invalid",
	[26] = "events are blocked by MOV SS",
};

struct dump_field {
	const char *name;
	unsigned long field;
};

#define F(name) { #name, name }

static const struct dump_field control_fields[] = {
	F(PIN_BASED_VM_EXEC_CONTROL), F(CPU_BASED_VM_EXEC_CONTROL), F(SECONDARY_VM_EXEC_CONTROL),
	F(VM_EXIT_CONTROLS), F(VM_ENTRY_CONTROLS), F(EXCEPTION_BITMAP), F(VM_ENTRY_INTR_INFO_FIELD),
	F(VM_ENTRY_EXCEPTION_ERROR_CODE), F(VM_ENTRY_INSTRUCTION_LEN), F(EPT_POINTER), F(VIRTUAL_APIC_PAGE_ADDR),
	F(MSR_BITMAP), F(TPR_THRESHOLD), F(CR0_GUEST_HOST_MASK), F(CR4_GUEST_HOST_MASK),
};

static const struct dump_field guest_fields[] = {
	F(GUEST_CR0), F(CR0_READ_SHADOW), F(GUEST_CR3), F(GUEST_CR4), F(CR4_READ_SHADOW), F(GUEST_IA32_EFER),
	F(GUEST_IA32_PAT), F(GUEST_RIP), F(GUEST_RSP), F(GUEST_RFLAGS), F(GUEST_DR7), F(GUEST_IA32_DEBUGCTL),
	F(GUEST_INTERRUPTIBILITY_INFO), F(GUEST_ACTIVITY_STATE), F(GUEST_PENDING_DBG_EXCEPTIONS),
	F(GUEST_PDPTR0), F(GUEST_PDPTR1), F(GUEST_PDPTR2), F(GUEST_PDPTR3), F(VMCS_LINK_POINTER),
	F(GUEST_GDTR_BASE), F(GUEST_GDTR_LIMIT), F(GUEST_IDTR_BASE), F(GUEST_IDTR_LIMIT),
	F(GUEST_SYSENTER_ESP), F(GUEST_SYSENTER_EIP),
};

static const struct dump_field host_fields[] = {
	F(HOST_CR0), F(HOST_CR3), F(HOST_CR4), F(HOST_IA32_EFER), F(HOST_IA32_PAT), F(HOST_RSP), F(HOST_RIP),
	F(HOST_FS_BASE), F(HOST_GS_BASE), F(HOST_TR_BASE), F(HOST_GDTR_BASE), F(HOST_IDTR_BASE), F(HOST_CS_SELECTOR),
	F(HOST_SS_SELECTOR), F(HOST_TR_SELECTOR), F(HOST_IA32_SYSENTER_ESP), F(HOST_IA32_SYSENTER_EIP),
};

static void vmx_dump_fields(const char *title, const struct dump_field *f, unsigned int n)
{
	unsigned int i;

	pr_warn("%s:\n", title);
	for (i = 0; i < n; i++)
		pr_warn("  %-30s %#llx\n", f[i].name, vmx_read(f[i].field));
}

static void vmx_dump_segments(void)
{
	static const char *const names[NR_SEGS] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR" };
	unsigned int i;

	for (i = 0; i < NR_SEGS; i++)
		pr_warn("  %-4s %04llx base %#llx limit %#llx access %#llx\n", names[i],
			vmx_read(GUEST_ES_SELECTOR + 2 * i), vmx_read(GUEST_ES_BASE + 2 * i),
			vmx_read(GUEST_ES_LIMIT + 2 * i), vmx_read(GUEST_ES_AR_BYTES + 2 * i));
}

static const char *vmx_guest_state_words(u64 qualification)
{
	switch (qualification) {
	case ENTRY_FAIL_PDPTE:
		return "the guest's state is invalid: PDPTEs";
	case ENTRY_FAIL_NMI:
		return "the guest's state is invalid: an NMI into a shadow of STI";
	case ENTRY_FAIL_VMCS_LINK_PTR:
		return "the guest's state is invalid: the VMCS link pointer";
	default:
		return "the guest's state is invalid";
	}
}

static const char *vmx_failure_words(u32 reason, u64 number)
{
	switch ((u16)reason) {
	case 0:
		return number < ARRAY_SIZE(instruction_errors) && instruction_errors[number] ?
			       instruction_errors[number] : "the instruction failed";
	case EXIT_REASON_INVALID_STATE:
		return vmx_guest_state_words(number);
	case EXIT_REASON_MSR_LOAD_FAIL:
		return "an MSR cannot be loaded";
	case EXIT_REASON_MCE_DURING_VMENTRY:
		return "machine check during the entry";
	default:
		return "unknown reason";
	}
}

void vmx_dump_failure(struct vcpu *v, u32 reason)
{
	static DEFINE_RATELIMIT_STATE(limit, 10 * HZ, 1);
	u64 number = reason ? vmx_read(EXIT_QUALIFICATION) : vmx_read(VM_INSTRUCTION_ERROR);

	if (!__ratelimit(&limit))
		return;
	pr_warn("%s: VM entry failed: %s (reason %#x, %s %llu)\n", v->stats_name, vmx_failure_words(reason, number),
		reason, reason ? "qualification" : "error", number);
	vmx_dump_fields("controls", control_fields, ARRAY_SIZE(control_fields));
	vmx_dump_fields("guest", guest_fields, ARRAY_SIZE(guest_fields));
	vmx_dump_segments();
	/* Addresses of the kernel: only where they are what is wrong. */
	if (!reason && number == VMXERR_ENTRY_INVALID_HOST_STATE_FIELD)
		vmx_dump_fields("host", host_fields, ARRAY_SIZE(host_fields));
}
