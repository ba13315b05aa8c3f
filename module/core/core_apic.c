// SPDX-License-Identifier: GPL-2.0-only
/* Interrupt commands to CPUs that Linux does not know (SDM vol. 3, "Issuing Interprocessor Interrupts"). x2APIC mode. */
#include <linux/delay.h>
#include <asm/apicdef.h>
#include <asm/barrier.h>
#include <asm/msr.h>

#include "core_apic.h"

#define MSR_X2APIC_ICR (APIC_BASE_MSR + (APIC_ICR >> 4))
/* SDM vol. 3, "MP Initialization Protocol Algorithm": 10 ms after INIT, 200 us between the two SIPIs. */
#define INIT_MS 10
#define STARTUP_US 300

static void core_apic_command(u32 apic_id, u32 command)
{
	/* WRMSR to the ICR does not wait for earlier stores. */
	mb();
	wrmsrl(MSR_X2APIC_ICR, (u64)apic_id << 32 | command);
}

bool core_apic_usable(void)
{
	u64 base;

	rdmsrl(MSR_IA32_APICBASE, base);
	return (base & (MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE)) == (MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE);
}

void core_apic_send_nmi(u32 apic_id)
{
	core_apic_command(apic_id, APIC_DM_NMI);
}

void core_apic_command_init(u32 apic_id)
{
	core_apic_command(apic_id, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
}

void core_apic_send_init(u32 apic_id)
{
	core_apic_command_init(apic_id);
	msleep(INIT_MS);
	core_apic_command(apic_id, APIC_INT_LEVELTRIG | APIC_DM_INIT);
}

void core_apic_send_startup(u32 apic_id, u8 page)
{
	core_apic_command(apic_id, APIC_DM_STARTUP | page);
	usleep_range(STARTUP_US, 2 * STARTUP_US);
	core_apic_command(apic_id, APIC_DM_STARTUP | page);
	usleep_range(STARTUP_US, 2 * STARTUP_US);
}
