/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory types by MTRRs (Intel SDM vol. 3, 12.11). Pure: the registers are read in vmx.c. */
#include <arch/x86.h>
#include <hv/compiler.h>

#include "vmx.h"

#define DEF_TYPE 0xffu
#define DEF_FIXED_ENABLED BIT(10)
#define DEF_ENABLED BIT(11)
#define VARIABLE_VALID BIT(11)
#define FIXED_END 0x100000u

enum { TYPE_UC = 0, TYPE_WT = 4, TYPE_WB = 6 };

/* Eight ranges a register, of 64, 16, then 4 KiB. */
static unsigned int fixed_type(const struct mtrrs *m, paddr_t address, paddr_t *ret_end)
{
	paddr_t first = 0, size = 0x10000;
	unsigned int reg = 0;

	if (address >= 0xc0000) {
		first = 0xc0000;
		size = 0x1000;
		reg = 3;
	} else if (address >= 0x80000) {
		first = 0x80000;
		size = 0x4000;
		reg = 1;
	}
	*ret_end = ROUND_DOWN(address, size) + size;
	reg += (unsigned int)((address - first) / (8 * size));
	return m->fixed[reg] >> (address / size % 8) * 8 & 0xff;
}

/*
 * Is the address in range i? Nothing changes before *ret_end. A mask may have gaps, and then the
 * range comes again and again.
 */
static bool variable_matches(const struct mtrrs *m, unsigned int i, paddr_t address,
			     paddr_t *ret_end)
{
	uint64_t all = BIT(m->address_bits) - 1, mask = m->mask[i] & PTE_ADDR & all;
	uint64_t size = mask ? mask & -mask : BIT(m->address_bits);
	paddr_t start = m->base[i] & mask;

	if ((mask | (size - 1)) != all)
		*ret_end = ROUND_DOWN(address, size) + size;
	else if (address < start)
		*ret_end = start;
	else if (address - start < size)
		*ret_end = start + size;
	else
		*ret_end = BIT(m->address_bits);
	return (address & mask) == start;
}

/* Of overlapping ranges uncached wins, then write-through; other mixtures are undefined. */
static unsigned int combine(unsigned int a, unsigned int b)
{
	if (a == b)
		return a;
	if ((a == TYPE_WT && b == TYPE_WB) || (a == TYPE_WB && b == TYPE_WT))
		return TYPE_WT;
	return TYPE_UC;
}

unsigned int mtrr_type(const struct mtrrs *m, paddr_t address, paddr_t *ret_end)
{
	unsigned int type = 0, i;
	bool found = false;

	*ret_end = MAX(BIT(m->address_bits), address + PAGE_SIZE);
	if (!(m->def_type & DEF_ENABLED))
		return TYPE_UC;
	if (address < FIXED_END && (m->cap & MTRR_CAP_FIXED) && (m->def_type & DEF_FIXED_ENABLED))
		return fixed_type(m, address, ret_end);
	for (i = 0; i < MIN(m->cap & MTRR_CAP_NR_VARIABLE, MTRR_NR_VARIABLE); i++) {
		unsigned int this = m->base[i] & 0xff;
		paddr_t end;

		if (!(m->mask[i] & VARIABLE_VALID))
			continue;
		if (variable_matches(m, i, address, &end)) {
			type = found ? combine(type, this) : this;
			found = true;
		}
		*ret_end = MIN(*ret_end, end);
	}
	return found ? type : m->def_type & DEF_TYPE;
}
