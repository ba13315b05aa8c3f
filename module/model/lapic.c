// SPDX-License-Identifier: GPL-2.0-only
/* The local APIC's registers, acceptance and priority; see lapic.h for who may touch what. */
#include "lapic.h"

#define LAPIC_REGS 64 /* register slots in use: offsets 0..0x3f0 */
#define VERSION_XAPIC 0x14U
#define LVT_ENTRIES 6
#define VERSION_EOI_SUPPRESS BIT(24)
#define ALL_WORDS 0xff /* of irr_words */

#define SVR_WRITABLE 0x3ffU
#define LVT_VECTOR 0xffU
#define LVT_DELIVERY 0x700U
#define LVT_STATUS BIT(12)
#define LVT_LINT (BIT(13) | BIT(15)) /* polarity, trigger mode */
#define LVT_REMOTE_IRR BIT(14)
#define LVTT_PERIODIC BIT(17)
#define LVTT_DEADLINE BIT(18)
#define ICR_BUSY BIT(12)
#define ICR_X2APIC_RESERVED (GENMASK_ULL(31, 20) | GENMASK_ULL(17, 16) | BIT_ULL(13))
#define TDCR_WRITABLE 0xbU

#define XAPIC_READ BIT(0)
#define XAPIC_WRITE BIT(1)
#define X2APIC_READ BIT(2)
#define X2APIC_WRITE BIT(3)
#define ALL_READ (XAPIC_READ | X2APIC_READ)
#define ALL (ALL_READ | XAPIC_WRITE | X2APIC_WRITE)

#define REG(offset) ((offset) >> 4)

/* Which registers exist in which mode (SDM 3 "x2APIC Register Address Space"). */
static const u8 reg_access[LAPIC_REGS] = {
	[REG(LAPIC_ID)] = ALL_READ | XAPIC_WRITE,
	[REG(LAPIC_VERSION)] = ALL_READ,
	[REG(LAPIC_TPR)] = ALL,
	[REG(LAPIC_APR)] = XAPIC_READ,
	[REG(LAPIC_PPR)] = ALL_READ,
	[REG(LAPIC_EOI)] = XAPIC_READ | XAPIC_WRITE | X2APIC_WRITE,
	[REG(LAPIC_RRD)] = XAPIC_READ,
	[REG(LAPIC_LDR)] = ALL_READ | XAPIC_WRITE,
	[REG(LAPIC_DFR)] = XAPIC_READ | XAPIC_WRITE,
	[REG(LAPIC_SVR)] = ALL,
	[REG(LAPIC_ISR) ... REG(LAPIC_IRR) + 7] = ALL_READ,
	[REG(LAPIC_ESR)] = ALL,
	[REG(LAPIC_ICR)] = ALL,
	[REG(LAPIC_ICR2)] = XAPIC_READ | XAPIC_WRITE,
	[REG(LAPIC_LVTT) ... REG(LAPIC_TMICT)] = ALL,
	[REG(LAPIC_TMCCT)] = ALL_READ,
	[REG(LAPIC_TDCR)] = ALL,
	[REG(LAPIC_SELF_IPI)] = X2APIC_WRITE,
};

static u8 access_of(u32 slot)
{
	if (slot >= LAPIC_REGS)
		return 0;
	return reg_access[array_index_nospec(slot, (u32)LAPIC_REGS)];
}

static void reg_set(struct lapic *l, u32 offset, u32 value)
{
	WRITE_ONCE(*lapic_word(l, offset), value);
}

/* The word of a 256-bit register (ISR, TMR, IRR) that holds vector. */
static u32 *vector_word(const struct lapic *l, u32 offset, u8 vector)
{
	return lapic_word(l, offset + (vector >> 5) * 16);
}

static bool vector_test(const struct lapic *l, u32 offset, u8 vector)
{
	return word_load(vector_word(l, offset, vector)) & (1U << (vector & 31));
}

/* The highest in the words up to this one. */
static int vector_highest(const struct lapic *l, u32 offset, int i)
{
	for (; i >= 0; i--) {
		u32 word = lapic_reg(l, offset + i * 16);

		if (word)
			return i * 32 + fls(word) - 1;
	}
	return -1;
}

/* After a bit was set in that word of IRR, or posted for it. */
static void irr_word_filled(struct lapic *l, unsigned int i)
{
	if (!(word_load(&l->irr_words) & BIT(i)))
		word_test_and_set_bit(&l->irr_words, i);
}

static bool in_x2apic(const struct lapic *l)
{
	return lapic_mode(l) == APIC_MODE_X2APIC;
}

static u32 x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1U << (id & 15);
}

static u32 version(const struct lapic *l)
{
	u32 v = VERSION_XAPIC | (LVT_ENTRIES - 1) << 16;

	return l->has_eoi_suppress ? v | VERSION_EOI_SUPPRESS : v;
}

/* A register as software sees it; the version depends on the configuration. */
static u32 reg_visible(const struct lapic *l, u32 offset)
{
	return offset == LAPIC_VERSION ? version(l) : lapic_reg(l, offset);
}

static u32 lvt_writable(const struct lapic *l, u32 offset)
{
	u32 mask = LVT_VECTOR | LAPIC_LVT_MASKED;

	switch (offset) {
	case LAPIC_LVTT:
		return mask | LVTT_PERIODIC | (l->has_tsc_deadline ? LVTT_DEADLINE : 0);
	case LAPIC_LVTTHMR:
	case LAPIC_LVTPC:
		return mask | LVT_DELIVERY;
	case LAPIC_LVT0:
	case LAPIC_LVT1:
		return mask | LVT_DELIVERY | LVT_LINT;
	default:
		return mask;
	}
}

static u32 svr_writable(const struct lapic *l)
{
	return SVR_WRITABLE | (l->has_eoi_suppress ? LAPIC_SVR_NO_EOI_BROADCAST : 0);
}

/* ID and LDR as the mode that was just entered shows them. */
static void load_id(struct lapic *l)
{
	if (in_x2apic(l)) {
		reg_set(l, LAPIC_ID, l->x2apic_id);
		reg_set(l, LAPIC_LDR, x2apic_ldr(l->x2apic_id));
	} else {
		reg_set(l, LAPIC_ID, l->x2apic_id << 24);
		reg_set(l, LAPIC_LDR, 0);
	}
}

static void forget_posted(struct lapic *l)
{
	unsigned int i;

	if (!l->pi_desc)
		return;
	word_take(&l->pi_desc->on);
	word_take(&l->eoi_exit_pending_any);
	for (i = 0; i < ARRAY_SIZE(l->eoi_exit_pending); i++) {
		word_take(&l->pi_desc->pir[i]);
		word_take(&l->eoi_exit_pending[i]);
	}
}

/* All registers but the ID as after power-up. */
static void reset_registers(struct lapic *l)
{
	u32 id = lapic_reg(l, LAPIC_ID);
	u32 offset;

	for (offset = 0; offset < LAPIC_REGS * 16; offset += 16)
		reg_set(l, offset, 0);
	reg_set(l, LAPIC_ID, id);
	reg_set(l, LAPIC_VERSION, version(l));
	reg_set(l, LAPIC_DFR, 0xffffffff);
	reg_set(l, LAPIC_SVR, 0xff);
	for (offset = LAPIC_LVTT; offset <= LAPIC_LVTERR; offset += 16)
		reg_set(l, offset, LAPIC_LVT_MASKED);
	/* As KVM: the boot processor starts in virtual wire mode, without firmware's help. */
	if (l->bsp)
		reg_set(l, LAPIC_LVT0, APIC_MSG_EXTINT << 8);
	if (in_x2apic(l))
		reg_set(l, LAPIC_LDR, x2apic_ldr(l->x2apic_id));
	forget_posted(l);
	l->isr_highest = -1;
	WRITE_ONCE(l->irr_words, ALL_WORDS);
	WRITE_ONCE(l->esr_new, 0);
	WRITE_ONCE(l->esr_disarmed, 0);
}

static void all_changed(struct lapic_effects *e)
{
	e->map = true;
	e->timer = true;
	e->timer_reg = 0;
	e->lvt0 = true;
	e->event = true;
}

void lapic_init(struct lapic *l, u8 *regs, u32 x2apic_id, bool bsp)
{
	struct lapic_effects ignored = { .ipi = false };

	memset(l, 0, sizeof(*l));
	memset(regs, 0, KVM_APIC_REG_SIZE);
	l->regs = regs;
	l->x2apic_id = x2apic_id;
	l->bsp = bsp;
	l->phys_bits = 52;
	lapic_reset(l, false, &ignored);
}

void lapic_reset(struct lapic *l, bool init, struct lapic_effects *e)
{
	if (!init) {
		WRITE_ONCE(l->base, LAPIC_BASE_DEFAULT | LAPIC_BASE_ENABLE |
			   (l->bsp ? LAPIC_BASE_BSP : 0));
		load_id(l);
	}
	reset_registers(l);
	all_changed(e);
}

int lapic_set_base(struct lapic *l, u64 value, bool host, struct lapic_effects *e)
{
	u64 legal = LAPIC_BASE_BSP | LAPIC_BASE_ENABLE | GENMASK_ULL(l->phys_bits - 1, 12);
	enum apic_mode old = lapic_mode(l);
	enum apic_mode new = lapic_base_mode(value);

	if (l->has_x2apic)
		legal |= LAPIC_BASE_X2APIC;
	if (value & ~legal)
		return -EINVAL;
	if ((value & LAPIC_BASE_X2APIC) && new == APIC_MODE_DISABLED)
		return -EINVAL;
	if (!host && old == APIC_MODE_X2APIC && new == APIC_MODE_XAPIC)
		return -EINVAL;
	if (!host && old == APIC_MODE_DISABLED && new == APIC_MODE_X2APIC)
		return -EINVAL;

	WRITE_ONCE(l->base, value);
	if (old == new)
		return 0;
	/* Switched off by the guest: it finds power-up state when it comes back. */
	if (!host && new == APIC_MODE_DISABLED) {
		reset_registers(l);
		e->timer = true;
		e->timer_reg = 0;
	}
	if (new != APIC_MODE_DISABLED)
		load_id(l);
	e->map = true;
	e->lvt0 = true;
	e->event = true;
	return 0;
}

static u32 *state_word(struct kvm_lapic_state *s, u32 offset)
{
	return (u32 *)(s->regs + offset);
}

static u32 state_reg(const struct kvm_lapic_state *s, u32 offset)
{
	u32 value;

	memcpy(&value, s->regs + offset, sizeof(value));
	return value;
}

void lapic_state_get(const struct lapic *l, struct kvm_lapic_state *s, bool x2apic_format)
{
	u32 offset;

	memset(s, 0, sizeof(*s));
	for (offset = 0; offset < LAPIC_REGS * 16; offset += 16)
		*state_word(s, offset) = reg_visible(l, offset);
	if (in_x2apic(l) && !x2apic_format)
		*state_word(s, LAPIC_ID) = l->x2apic_id << 24;
}

/* The bits of a register that user space may bring in; the rest is dropped. */
static u32 state_mask(const struct lapic *l, u32 offset)
{
	switch (offset) {
	case LAPIC_TPR:
	case LAPIC_ESR:
		return 0xff;
	case LAPIC_LDR:
		return 0xff000000;
	case LAPIC_SVR:
		return svr_writable(l);
	case LAPIC_ISR:
	case LAPIC_TMR:
		return ~0U << LAPIC_FIRST_LEGAL_VECTOR;
	case LAPIC_ICR:
		return ~(u32)ICR_BUSY;
	case LAPIC_LVTT:
	case LAPIC_LVTTHMR:
	case LAPIC_LVTPC:
	case LAPIC_LVT0:
	case LAPIC_LVT1:
	case LAPIC_LVTERR:
		return lvt_writable(l, offset);
	case LAPIC_TDCR:
		return TDCR_WRITABLE;
	default:
		return (access_of(REG(offset)) & ALL_READ) ? ~0U : 0;
	}
}

/* What TMR says is level-triggered may be pending or in service: its end must be heard of. */
static void watch_level(struct lapic *l)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(l->eoi_exit_bitmap); i++)
		l->eoi_exit_bitmap[i] |= lapic_reg(l, LAPIC_TMR + i * 16);
	l->eoi_exit_bitmap_changed = true;
}

int lapic_state_set(struct lapic *l, const struct kvm_lapic_state *s, bool x2apic_format,
		    struct lapic_effects *e)
{
	u32 id = state_reg(s, LAPIC_ID);
	u32 offset;

	if (in_x2apic(l) && x2apic_format && id != l->x2apic_id)
		return -EINVAL;
	for (offset = 0; offset < LAPIC_REGS * 16; offset += 16)
		reg_set(l, offset, state_reg(s, offset) & state_mask(l, offset));
	if (in_x2apic(l))
		load_id(l);
	else
		reg_set(l, LAPIC_ID, id & 0xff000000);
	reg_set(l, LAPIC_VERSION, version(l));
	reg_set(l, LAPIC_EOI, 0);
	reg_set(l, LAPIC_DFR, lapic_reg(l, LAPIC_DFR) | 0x0fffffff);
	forget_posted(l);
	watch_level(l);
	l->isr_highest = vector_highest(l, LAPIC_ISR, 7);
	WRITE_ONCE(l->irr_words, ALL_WORDS);
	WRITE_ONCE(l->esr_new, 0);
	WRITE_ONCE(l->esr_disarmed, 0);
	lapic_update_ppr(l);
	all_changed(e);
	return 0;
}

void lapic_set_current_count(struct lapic *l, u32 count)
{
	reg_set(l, LAPIC_TMCCT, count);
}

/* Where another thread puts a vector. */
static u32 *accepting_word(struct lapic *l, u8 vector, bool watched)
{
	if (likely(!l->pi_desc))
		return vector_word(l, LAPIC_IRR, vector);
	return watched ? &l->eoi_exit_pending[vector >> 5] : &l->pi_desc->pir[vector >> 5];
}

/* Log an error (LAPIC_ESR_*); true if LVTERR set a bit in IRR: notify. Any thread. */
static bool lapic_error(struct lapic *l, unsigned int esr_bit)
{
	word_test_and_set_bit(&l->esr_new, esr_bit);
	if (word_test_and_set_bit(&l->esr_disarmed, 0))
		return false;
	return lapic_local_deliver(l, LAPIC_LVTERR) == LAPIC_LOCAL_FIXED;
}

static enum lapic_irr_result set_irr(struct lapic *l, u8 vector, bool level, bool watched)
{
	u32 *tmr = vector_word(l, LAPIC_TMR, vector);

	if (!lapic_enabled(l))
		return LAPIC_REJECTED;
	if (vector < LAPIC_FIRST_LEGAL_VECTOR)
		return lapic_error(l, LAPIC_ESR_RECEIVE_VECTOR) ? LAPIC_ERROR : LAPIC_ILLEGAL;
	if (level)
		word_test_and_set_bit(tmr, vector & 31);
	else if (vector_test(l, LAPIC_TMR, vector))
		word_test_and_clear_bit(tmr, vector & 31);
	if (word_test_and_set_bit(accepting_word(l, vector, watched), vector & 31))
		return LAPIC_ALREADY;
	irr_word_filled(l, vector >> 5);
	if (l->pi_desc && watched)
		word_test_and_set_bit(&l->eoi_exit_pending_any, 0);
	return LAPIC_NEW;
}

enum lapic_irr_result lapic_set_irr(struct lapic *l, u8 vector, bool level)
{
	return set_irr(l, vector, level, level);
}

enum lapic_irr_result lapic_set_irr_eoi_exit(struct lapic *l, u8 vector)
{
	return set_irr(l, vector, false, true);
}

void lapic_irr_was_filled(struct lapic *l, u8 highest)
{
	word_set_bits(&l->irr_words, (2U << (highest >> 5)) - 1);
}

void lapic_sync_pir_to_irr(struct lapic *l)
{
	unsigned int i;

	if (!l->pi_desc)
		return;
	word_take(&l->pi_desc->on);
	word_take(&l->eoi_exit_pending_any);
	for (i = 0; i < ARRAY_SIZE(l->eoi_exit_pending); i++) {
		u32 held = word_load(&l->eoi_exit_pending[i]) ? word_take(&l->eoi_exit_pending[i]) : 0;
		u32 found = held | (word_load(&l->pi_desc->pir[i]) ? word_take(&l->pi_desc->pir[i]) : 0);

		if (!found)
			continue;
		reg_set(l, LAPIC_IRR + i * 16, lapic_reg(l, LAPIC_IRR + i * 16) | found);
		irr_word_filled(l, i);
		l->irr_moved = true;
		if (held & ~l->eoi_exit_bitmap[i])
			l->eoi_exit_bitmap_changed = true;
		l->eoi_exit_bitmap[i] |= held;
	}
}

/* lapic_state_set() may leave illegal vectors in IRR. They read back, and do nothing. */
static u32 legal_irr_word(const struct lapic *l, int i)
{
	u32 word = lapic_reg(l, LAPIC_IRR + i * 16);

	return i ? word : word & ~(BIT(LAPIC_FIRST_LEGAL_VECTOR) - 1);
}

int lapic_highest_irr(struct lapic *l)
{
	u32 words;

	if (!word_load(&l->irr_words))
		return -1;
	lapic_sync_pir_to_irr(l);
	while ((words = word_load(&l->irr_words))) {
		int i = fls(words) - 1;
		u32 word = legal_irr_word(l, i);

		if (word)
			return i * 32 + fls(word) - 1;
		word_test_and_clear_bit(&l->irr_words, i);
		lapic_sync_pir_to_irr(l);
		if (legal_irr_word(l, i))
			irr_word_filled(l, i);
	}
	return -1;
}

int lapic_pending_vector(struct lapic *l)
{
	int vector = lapic_highest_irr(l);

	if (vector < 0 || !lapic_hw_enabled(l))
		return -1;
	return (vector & 0xf0) > (int)(lapic_reg(l, LAPIC_PPR) & 0xf0) ? vector : -1;
}

bool lapic_update_ppr(struct lapic *l)
{
	u32 old = lapic_reg(l, LAPIC_PPR);
	u32 tpr = lapic_reg(l, LAPIC_TPR);
	u32 service = l->isr_highest < 0 ? 0 : (u32)l->isr_highest & 0xf0;
	u32 ppr = (tpr & 0xf0) >= service ? tpr : service;

	reg_set(l, LAPIC_PPR, ppr);
	return ppr < old;
}

void lapic_accept(struct lapic *l, u8 vector)
{
	word_test_and_clear_bit(vector_word(l, LAPIC_IRR, vector), vector & 31);
	word_test_and_set_bit(vector_word(l, LAPIC_ISR, vector), vector & 31);
	l->isr_highest = max_t(int, l->isr_highest, vector);
	lapic_update_ppr(l);
}

/* The highest in service leaves. */
static void leave_service(struct lapic *l, u8 vector)
{
	word_test_and_clear_bit(vector_word(l, LAPIC_ISR, vector), vector & 31);
	l->isr_highest = vector_highest(l, LAPIC_ISR, vector >> 5);
	l->irr_moved = true;
	lapic_update_ppr(l);
}

bool lapic_eoi_exit_is_level(const struct lapic *l, u8 vector)
{
	return vector_test(l, LAPIC_TMR, vector) && !(lapic_reg(l, LAPIC_SVR) & LAPIC_SVR_NO_EOI_BROADCAST);
}

void lapic_eoi(struct lapic *l, struct lapic_effects *e)
{
	u8 vector = (u8)l->isr_highest;

	if (l->isr_highest < 0)
		return;
	leave_service(l, vector);
	e->eoi = true;
	e->eoi_vector = vector;
	e->eoi_level = lapic_eoi_exit_is_level(l, vector);
	e->event = true;
}

u8 lapic_get_cr8(const struct lapic *l)
{
	return (lapic_reg(l, LAPIC_TPR) >> 4) & 15;
}

bool lapic_set_cr8(struct lapic *l, u8 cr8)
{
	reg_set(l, LAPIC_TPR, (u32)(cr8 & 15) << 4);
	return lapic_update_ppr(l);
}

static enum lapic_local local_disabled(u32 lvt)
{
	/* The pins bypass a disabled APIC (SDM 3 "Enabling or Disabling the Local APIC"). */
	if (lvt == LAPIC_LVT0)
		return LAPIC_LOCAL_EXTINT;
	return lvt == LAPIC_LVT1 ? LAPIC_LOCAL_NMI : LAPIC_LOCAL_MASKED;
}

static enum lapic_local local_fixed(struct lapic *l, u8 vector)
{
	switch (lapic_set_irr(l, vector, false)) {
	case LAPIC_NEW:
		return LAPIC_LOCAL_FIXED;
	case LAPIC_ALREADY:
		return LAPIC_LOCAL_COALESCED;
	case LAPIC_ERROR:
		return LAPIC_LOCAL_ERROR;
	default:
		return LAPIC_LOCAL_MASKED;
	}
}

enum lapic_local lapic_local_deliver(struct lapic *l, u32 lvt)
{
	u32 value = lapic_reg(l, lvt);

	if (!lapic_hw_enabled(l))
		return local_disabled(lvt);
	if (value & LAPIC_LVT_MASKED)
		return LAPIC_LOCAL_MASKED;
	if (lvt == LAPIC_LVTPC && word_test_and_set_bit(lapic_word(l, lvt), 16))
		return LAPIC_LOCAL_MASKED;
	if (lvt == LAPIC_LVTT || lvt == LAPIC_LVTERR)
		return local_fixed(l, (u8)value);
	switch ((value >> 8) & 7) {
	case APIC_MSG_FIXED:
		return local_fixed(l, (u8)value);
	case APIC_MSG_SMI:
		return LAPIC_LOCAL_SMI;
	case APIC_MSG_NMI:
		return LAPIC_LOCAL_NMI;
	case APIC_MSG_INIT:
		return LAPIC_LOCAL_INIT;
	case APIC_MSG_EXTINT:
		return LAPIC_LOCAL_EXTINT;
	default:
		return LAPIC_LOCAL_MASKED;
	}
}

bool lapic_accepts_pic(const struct lapic *l)
{
	u32 lvt0 = lapic_reg(l, LAPIC_LVT0);

	if (!lapic_hw_enabled(l))
		return true;
	return !(lvt0 & LAPIC_LVT_MASKED) && ((lvt0 >> 8) & 7) == APIC_MSG_EXTINT;
}

static void own_error(struct lapic *l, unsigned int esr_bit, struct lapic_effects *e)
{
	if (lapic_error(l, esr_bit))
		e->event = true;
}

bool lapic_post(struct lapic *l, enum lapic_pending what)
{
	return !word_test_and_set_bit(&l->pending, what);
}

bool lapic_post_sipi(struct lapic *l, u8 vector)
{
	WRITE_ONCE(l->sipi_vector, vector);
	return lapic_post(l, LAPIC_PENDING_SIPI);
}

bool lapic_take(struct lapic *l, enum lapic_pending what)
{
	return lapic_is_pending(l, what) && word_test_and_clear_bit(&l->pending, what);
}

void lapic_map_entry(const struct lapic *l, struct ipi_map_vcpu *entry)
{
	entry->mode = lapic_mode(l);
	entry->pic = lapic_accepts_pic(l);
	entry->enabled = lapic_enabled(l);
	entry->xapic_id = lapic_reg(l, LAPIC_ID) >> 24;
	entry->x2apic_id = l->x2apic_id;
	entry->ldr = lapic_reg(l, LAPIC_LDR);
	entry->dfr = lapic_reg(l, LAPIC_DFR);
}

u32 lapic_read(struct lapic *l, u32 offset)
{
	return access_of(REG(offset)) & XAPIC_READ ? reg_visible(l, offset & 0x3f0) : 0;
}

static void write_svr(struct lapic *l, u32 value, struct lapic_effects *e)
{
	u32 old = lapic_reg(l, LAPIC_SVR);
	u32 offset;

	value &= svr_writable(l);
	reg_set(l, LAPIC_SVR, value);
	/* SDM 3 "Local APIC State After It Has Been Software Disabled"; LVT0 may be open in that state after a reset */
	if (!(value & LAPIC_SVR_ENABLE))
		for (offset = LAPIC_LVTT; offset <= LAPIC_LVTERR; offset += 16)
			reg_set(l, offset, lapic_reg(l, offset) | LAPIC_LVT_MASKED);
	else if (old & LAPIC_SVR_ENABLE)
		return;
	e->map = true;
	e->lvt0 = true;
	e->event = true;
}

static void write_lvt(struct lapic *l, u32 offset, u32 value, struct lapic_effects *e)
{
	u32 old = lapic_reg(l, offset);

	value &= lvt_writable(l, offset);
	if (!(lapic_reg(l, LAPIC_SVR) & LAPIC_SVR_ENABLE))
		value |= LAPIC_LVT_MASKED;
	reg_set(l, offset, value);
	if (offset == LAPIC_LVT0) {
		e->lvt0 = true;
		e->event = true;
	}
	if (offset != LAPIC_LVTT)
		return;
	if ((old ^ value) & LVTT_DEADLINE)
		reg_set(l, LAPIC_TMICT, 0);
	e->timer = true;
	e->timer_reg = offset;
}

static void write_timer(struct lapic *l, u32 offset, u32 value, struct lapic_effects *e)
{
	if (offset == LAPIC_TMICT && (lapic_reg(l, LAPIC_LVTT) & LVTT_DEADLINE))
		return;
	reg_set(l, offset, offset == LAPIC_TDCR ? value & TDCR_WRITABLE : value);
	e->timer = true;
	e->timer_reg = offset;
}

static void write_esr(struct lapic *l)
{
	u32 errors = __atomic_exchange_n(&l->esr_new, 0, __ATOMIC_SEQ_CST);

	reg_set(l, LAPIC_ESR, errors & 0xff);
	word_test_and_clear_bit(&l->esr_disarmed, 0);
}

static void write_icr(struct lapic *l, u32 low, u32 high, bool x2apic, struct lapic_effects *e)
{
	struct apic_msg msg;

	reg_set(l, LAPIC_ICR, low & ~(u32)ICR_BUSY);
	reg_set(l, LAPIC_ICR2, high);
	ipi_decode((u64)high << 32 | low, x2apic, &msg);
	if (msg.delivery <= APIC_MSG_LOWEST && msg.vector < LAPIC_FIRST_LEGAL_VECTOR) {
		own_error(l, LAPIC_ESR_SEND_VECTOR, e);
		return;
	}
	if (!apic_msg_valid(&msg))
		return;
	e->ipi = true;
	e->msg = msg;
}

static void write_self_ipi(struct lapic *l, u8 vector, struct lapic_effects *e)
{
	if (vector < LAPIC_FIRST_LEGAL_VECTOR) {
		own_error(l, LAPIC_ESR_SEND_VECTOR, e);
		return;
	}
	e->ipi = true;
	ipi_decode((u32)APIC_TO_SELF << 18 | vector, true, &e->msg);
}

/* A register that both modes share, value already free of reserved bits that fault. */
static void write_common(struct lapic *l, u32 offset, u32 value, struct lapic_effects *e)
{
	switch (offset) {
	case LAPIC_TPR:
		reg_set(l, LAPIC_TPR, value & 0xff);
		lapic_update_ppr(l);
		e->event = true;
		break;
	case LAPIC_EOI:
		lapic_eoi(l, e);
		break;
	case LAPIC_SVR:
		write_svr(l, value, e);
		break;
	case LAPIC_ESR:
		write_esr(l);
		break;
	case LAPIC_TMICT:
	case LAPIC_TDCR:
		write_timer(l, offset, value, e);
		break;
	default:
		write_lvt(l, offset, value, e);
		break;
	}
}

void lapic_write(struct lapic *l, u32 offset, u32 value, struct lapic_effects *e)
{
	if (!(access_of(REG(offset)) & XAPIC_WRITE)) {
		if (!(access_of(REG(offset)) & XAPIC_READ))
			own_error(l, LAPIC_ESR_REGISTER, e);
		return;
	}
	switch (offset) {
	case LAPIC_ID:
	case LAPIC_LDR:
		reg_set(l, offset, value & 0xff000000);
		e->map = true;
		break;
	case LAPIC_DFR:
		reg_set(l, offset, value | 0x0fffffff);
		e->map = true;
		break;
	case LAPIC_ICR:
		write_icr(l, value, lapic_reg(l, LAPIC_ICR2), false, e);
		break;
	case LAPIC_ICR2:
		reg_set(l, offset, value & 0xff000000);
		break;
	default:
		write_common(l, offset, value, e);
		break;
	}
}

void lapic_mmio_read(struct lapic *l, u32 offset, unsigned int len, void *data,
		     struct lapic_effects *e)
{
	u32 value;

	memset(data, 0, len);
	if ((offset & 15) + len > sizeof(value))
		return;
	if (unlikely(!(access_of(REG(offset)) & XAPIC_READ)))
		own_error(l, LAPIC_ESR_REGISTER, e);
	value = lapic_read(l, offset & ~15U);
	memcpy(data, (u8 *)&value + (offset & 3), len);
}

void lapic_mmio_write(struct lapic *l, u32 offset, unsigned int len, const void *data,
		      struct lapic_effects *e)
{
	u32 value;

	if (len != sizeof(value) || (offset & 15))
		return;
	memcpy(&value, data, sizeof(value));
	lapic_write(l, offset, value, e);
}

int lapic_msr_read(struct lapic *l, u32 msr, u64 *value)
{
	u32 slot = msr - LAPIC_MSR_FIRST;

	if (!in_x2apic(l) || !(access_of(slot) & X2APIC_READ))
		return -EINVAL;
	*value = reg_visible(l, (slot << 4) & 0x3f0);
	if (slot == REG(LAPIC_ICR))
		*value |= (u64)lapic_reg(l, LAPIC_ICR2) << 32;
	return 0;
}

/* Bits that raise #GP when written as an MSR (SDM 3 "Reserved Bit Checking"). */
static u64 msr_reserved(const struct lapic *l, u32 offset)
{
	u32 readonly = 0;

	switch (offset) {
	case LAPIC_ICR:
		return ICR_X2APIC_RESERVED;
	case LAPIC_EOI:
	case LAPIC_ESR:
		return ~0ULL;
	case LAPIC_TPR:
	case LAPIC_SELF_IPI:
		return ~0xffULL;
	case LAPIC_SVR:
		return ~(u64)(SVR_WRITABLE | LAPIC_SVR_NO_EOI_BROADCAST);
	case LAPIC_TMICT:
		return ~0xffffffffULL;
	case LAPIC_TDCR:
		return ~(u64)TDCR_WRITABLE;
	case LAPIC_LVT0:
	case LAPIC_LVT1:
		readonly = LVT_REMOTE_IRR;
		fallthrough;
	default:
		return ~(u64)(lvt_writable(l, offset) | LVT_STATUS | readonly);
	}
}

int lapic_msr_write(struct lapic *l, u32 msr, u64 value, struct lapic_effects *e)
{
	u32 slot = msr - LAPIC_MSR_FIRST;
	u32 offset = slot << 4;

	if (!in_x2apic(l) || !(access_of(slot) & X2APIC_WRITE))
		return -EINVAL;
	if (value & msr_reserved(l, offset))
		return -EINVAL;
	if (offset == LAPIC_ICR)
		write_icr(l, (u32)value, (u32)(value >> 32), true, e);
	else if (offset == LAPIC_SELF_IPI)
		write_self_ipi(l, (u8)value, e);
	else
		write_common(l, offset, (u32)value, e);
	return 0;
}
