/* SPDX-License-Identifier: GPL-2.0-only */
/* Destination maps and sets for tests. Include it after ipi_map.h. */
#ifndef TAXCUT_TEST_IPI_MACHINE_H
#define TAXCUT_TEST_IPI_MACHINE_H

/* Fills *m with these vCPUs and no others. */
static inline void machine_fill(struct ipi_map *m, const struct ipi_map_vcpu *v, unsigned int nr)
{
	static const struct ipi_map_vcpu absent;
	unsigned int i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < nr; i++)
		ipi_map_change(m, i, &absent, &v[i]);
}

/* The members of *set, which must be below 64. */
static inline u64 low_word(const struct ipi_set *set)
{
	assert_int_equal(set->used & ~1U, 0);
	if (set->used)
		assert_int_not_equal(set->word[0], 0);
	return set->used ? set->word[0] : 0;
}

static inline unsigned int set_count(const struct ipi_set *set)
{
	struct ipi_set left = *set;
	unsigned int n = 0;
	int last = -1, i;

	while ((i = ipi_set_take(&left)) >= 0) {
		assert_true(i > last && i < IPI_MAP_VCPUS);
		last = i;
		n++;
	}
	return n;
}

static inline struct ipi_map_vcpu xapic(u32 id, u32 logical, u32 dfr)
{
	return (struct ipi_map_vcpu){ .enabled = true, .mode = APIC_MODE_XAPIC, .xapic_id = (u8)id,
				      .x2apic_id = id, .ldr = logical << 24, .dfr = dfr };
}

static inline struct ipi_map_vcpu x2apic(u32 id)
{
	return (struct ipi_map_vcpu){ .enabled = true, .mode = APIC_MODE_X2APIC, .x2apic_id = id };
}

#define FLAT 0xffffffffU
#define CLUSTER 0x0fffffffU

#endif /* TAXCUT_TEST_IPI_MACHINE_H */
