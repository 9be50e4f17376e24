// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control domain's view of ACPI: the firmware's own tables, but for those that describe what
 * it does not have. Its MADT lists its vCPUs, with UID = vCPU id (that is how a Xen guest finds
 * out which vCPU it is) and the physical APIC ids, which its drivers put into devices; I/O APICs
 * and overrides are the firmware's. Left out are the IOMMU's tables (hv's business) and the NUMA
 * ones, which name CPUs by ids that are not these.
 */
#include "dom0.h"

#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/panic.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#define MADT_LAPIC	  0u
#define MADT_X2APIC	  9u
#define MADT_ENABLED	  1u
#define APIC_ID_XAPIC_MAX 254u
#define ALIGNMENT	  64ul

struct madt_header {
	struct acpi_header h;
	uint32_t lapic_address, flags;
} __packed;

struct madt_lapic {
	uint8_t type, length, uid, apic_id;
	uint32_t flags;
} __packed;

struct madt_x2apic {
	uint8_t type, length;
	uint16_t pad;
	uint32_t apic_id, flags, uid;
} __packed;

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum2, pad[3];
} __packed;

static const char left_out[][4] = {
	{ 'A', 'P', 'I', 'C' }, { 'D', 'M', 'A', 'R' }, { 'I', 'V', 'R', 'S' },
	{ 'S', 'R', 'A', 'T' }, { 'S', 'L', 'I', 'T' },
};

static bool is_left_out(const struct acpi_header *h)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(left_out); i++) {
		if (memcmp(h->signature, left_out[i], sizeof(left_out[i])) == 0)
			return true;
	}
	return false;
}

static uint32_t count_tables(void)
{
	uint32_t n = 0;
	paddr_t address;

	while (acpi_table_at(n, &address))
		n++;
	return n;
}

static uint64_t madt_size(const struct domain *d)
{
	return sizeof(struct madt_header) + d->nr_vcpus * sizeof(struct madt_x2apic) +
	       acpi_info.madt_io_size;
}

static uint64_t xsdt_size(void)
{
	return sizeof(struct acpi_header) + (count_tables() + 1) * sizeof(uint64_t);
}

/* RSDP, MADT and XSDT, each at a multiple of 64. */
uint64_t dom0_acpi_size(const struct domain *d)
{
	return ROUND_UP(ALIGNMENT + ROUND_UP(madt_size(d), ALIGNMENT) +
				ROUND_UP(xsdt_size(), ALIGNMENT),
			PAGE_SIZE);
}

static uint8_t sum_to_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *b++);
	return (uint8_t)-sum;
}

static void fill_header(struct acpi_header *h, const char *signature, uint32_t length,
			uint8_t revision)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = length;
	h->revision = revision;
	memcpy(h->oem_id, "hv    ", sizeof(h->oem_id));
	memcpy(h->oem_table_id, "control ", sizeof(h->oem_table_id));
	h->oem_revision = 1;
	memcpy(h->creator_id, "hv  ", sizeof(h->creator_id));
	h->creator_revision = 1;
}

static uint8_t *add_cpu(uint8_t *p, const struct vcpu *v)
{
	uint32_t apic_id = arch_vcpu_apic_id(v);
	struct madt_lapic *l = (void *)p;
	struct madt_x2apic *x = (void *)p;

	if (apic_id <= APIC_ID_XAPIC_MAX && v->id <= UINT8_MAX) {
		*l = (struct madt_lapic){ MADT_LAPIC, sizeof(*l), (uint8_t)v->id, (uint8_t)apic_id,
					  MADT_ENABLED };
		return p + sizeof(*l);
	}
	*x = (struct madt_x2apic){ MADT_X2APIC, sizeof(*x), 0, apic_id, MADT_ENABLED, v->id };
	return p + sizeof(*x);
}

static void build_madt(const struct domain *d, struct madt_header *m)
{
	uint8_t *p = (uint8_t *)(m + 1);
	uint32_t i;

	m->lapic_address = (uint32_t)acpi_info.lapic_address;
	m->flags = acpi_info.madt_flags;
	for (i = 0; i < d->nr_vcpus; i++)
		p = add_cpu(p, d->vcpus[i]);
	memcpy(p, acpi_info.madt_io_entries, acpi_info.madt_io_size);
	p += acpi_info.madt_io_size;
	fill_header(&m->h, "APIC", (uint32_t)(p - (uint8_t *)m), 4);
	m->h.checksum = sum_to_zero(m, m->h.length);
}

static void build_xsdt(struct acpi_header *x, paddr_t madt)
{
	uint8_t *p = (uint8_t *)(x + 1); /* entries are not aligned to their size */
	const struct acpi_header *h;
	uint64_t address;
	unsigned int i;
	paddr_t at;

	address = madt;
	memcpy(p, &address, sizeof(address));
	p += sizeof(address);
	for (i = 0; (h = acpi_table_at(i, &at)); i++) {
		if (is_left_out(h))
			continue;
		address = at;
		memcpy(p, &address, sizeof(address));
		p += sizeof(address);
	}
	fill_header(x, "XSDT", (uint32_t)(p - (uint8_t *)x), 1);
	x->checksum = sum_to_zero(x, x->length);
}

paddr_t dom0_acpi_build(const struct domain *d, paddr_t at, uint64_t size)
{
	struct acpi_rsdp *rsdp = paddr_to_ptr(at);
	paddr_t madt = at + ALIGNMENT, xsdt = madt + ROUND_UP(madt_size(d), ALIGNMENT);

	ASSERT(xsdt + xsdt_size() <= at + size);
	memset(paddr_to_ptr(at), 0, size);
	build_madt(d, paddr_to_ptr(madt));
	build_xsdt(paddr_to_ptr(xsdt), madt);
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "hv    ", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = sum_to_zero(rsdp, offsetof(struct acpi_rsdp, length));
	rsdp->checksum2 = sum_to_zero(rsdp, sizeof(*rsdp));
	return at;
}
