/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making of a guest's ACPI tables; the contract is in acpi.h.
 *
 * Layouts are those of the ACPI specification 6.3, chapter 5.2; each struct names its section.
 */
#include "domain/acpi.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define PACKED __attribute__((packed))

struct acpi_header { /* 5.2.6 */
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} PACKED;
static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

struct acpi_rsdp { /* 5.2.5.3 */
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} PACKED;
static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 5.2.5.3");

struct acpi_xsdt { /* 5.2.8 */
	struct acpi_header h;
	uint64_t tables[2];
} PACKED;

struct acpi_gas { /* 5.2.3.2 */
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
} PACKED;
#define GAS_IO 1u
#define GAS_ACCESS_BYTE 1u

struct acpi_fadt { /* 5.2.9 */
	struct acpi_header h;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved0;
	uint8_t pm_profile;
	uint8_t fixed_hardware_1[62]; /* SCI_INT to CENTURY: none of it in a reduced machine */
	uint8_t century;
	uint16_t boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct acpi_gas reset_register;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_version;
	uint64_t x_facs;
	uint64_t x_dsdt;
	struct acpi_gas fixed_hardware_2[8]; /* X_PM1a_EVT_BLK to X_GPE1_BLK */
	struct acpi_gas sleep_control;
	struct acpi_gas sleep_status;
	uint64_t hypervisor_id;
} PACKED;
static_assert(__builtin_offsetof(struct acpi_fadt, boot_arch) == 109, "ACPI 5.2.9");
static_assert(__builtin_offsetof(struct acpi_fadt, reset_register) == 116, "ACPI 5.2.9");
static_assert(__builtin_offsetof(struct acpi_fadt, sleep_control) == 244, "ACPI 5.2.9");
static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 5.2.9");

#define FADT_REVISION 6u
#define FADT_MINOR 3u
#define PM_PROFILE_ENTERPRISE_SERVER 4u
#define BOOT_ARCH_NO_VGA (1u << 2)
#define BOOT_ARCH_NO_CMOS_RTC (1u << 5)
#define FADT_WBINVD (1u << 0)
#define FADT_PWR_BUTTON (1u << 4)   /* set: there is no fixed power button */
#define FADT_SLP_BUTTON (1u << 5)   /* the same for sleep */
#define FADT_RESET_REG_SUP (1u << 10)
#define FADT_HEADLESS (1u << 12)
#define FADT_FORCE_APIC_PHYSICAL (1u << 19)
#define FADT_HW_REDUCED_ACPI (1u << 20)

struct acpi_madt { /* 5.2.12 */
	struct acpi_header h;
	uint32_t local_apic;
	uint32_t flags;
} PACKED;

struct madt_local_apic { /* 5.2.12.2 */
	uint8_t type;
	uint8_t length;
	uint8_t uid;
	uint8_t apic_id;
	uint32_t flags;
} PACKED;
static_assert(sizeof(struct madt_local_apic) == 8, "ACPI 5.2.12.2");
#define MADT_LOCAL_APIC 0u
#define MADT_ENABLED (1u << 0)
#define MADT_ONLINE_CAPABLE (1u << 1)
#define LOCAL_APIC_ADDRESS 0xfee00000u

/*
 * The DSDT's contents, AML: Name (\_S5, Package (4) { 5, 0, 0, 0 }). The sleep type 5 goes into
 * the sleep control register.
 */
static const uint8_t dsdt_aml[] = {
	0x08,				 /* NameOp */
	'\\', '_', 'S', '5', '_',	 /* \_S5_ */
	0x12, 0x07, 0x04,		 /* PackageOp, 7 bytes from here, 4 elements */
	0x0a, 0x05, 0x00, 0x00, 0x00,	 /* BytePrefix 5, ZeroOp three times */
};

/* Tables begin at multiples of 16, in this order. */
struct acpi_places {
	size_t xsdt, fadt, dsdt, madt, end;
};

static size_t align16(size_t n)
{
	return (n + 15) & ~(size_t)15;
}

static struct acpi_places acpi_place(unsigned int nr_vcpus)
{
	struct acpi_places p;

	p.xsdt = align16(sizeof(struct acpi_rsdp));
	p.fadt = align16(p.xsdt + sizeof(struct acpi_xsdt));
	p.dsdt = align16(p.fadt + sizeof(struct acpi_fadt));
	p.madt = align16(p.dsdt + sizeof(struct acpi_header) + sizeof(dsdt_aml));
	p.end = align16(p.madt + sizeof(struct acpi_madt) +
			nr_vcpus * sizeof(struct madt_local_apic));
	return p;
}

size_t acpi_size(unsigned int nr_vcpus)
{
	return acpi_place(nr_vcpus).end;
}

static uint8_t checksum(const void *table, size_t size)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *bytes++);
	return (uint8_t)-sum;
}

static void make_header(struct acpi_header *h, const char *signature, uint8_t revision, size_t size)
{
	memcpy(h->signature, signature, 4);
	h->length = (uint32_t)size;
	h->revision = revision;
	memcpy(h->oem_id, "HV    ", 6);
	memcpy(h->oem_table_id, "HVPVH   ", 8);
	h->oem_revision = 1;
	memcpy(h->creator_id, "HVD ", 4);
	h->creator_revision = 1;
}

static void finish(struct acpi_header *h)
{
	h->checksum = 0;
	h->checksum = checksum(h, h->length);
}

static struct acpi_gas io_byte(uint16_t port)
{
	return (struct acpi_gas){
		.space = GAS_IO,
		.bit_width = 8,
		.access_size = GAS_ACCESS_BYTE,
		.address = port,
	};
}

static void make_rsdp(struct acpi_rsdp *rsdp, uint64_t xsdt)
{
	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem_id, "HV    ", 6);
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

static void make_fadt(struct acpi_fadt *fadt, uint64_t dsdt)
{
	make_header(&fadt->h, "FACP", FADT_REVISION, sizeof(*fadt));
	fadt->dsdt = (uint32_t)dsdt;
	fadt->x_dsdt = dsdt;
	fadt->pm_profile = PM_PROFILE_ENTERPRISE_SERVER;
	/* A kernel that GRUB has started knows from these two that it is a PVH guest. */
	fadt->boot_arch = BOOT_ARCH_NO_VGA | BOOT_ARCH_NO_CMOS_RTC;
	fadt->flags = FADT_WBINVD | FADT_PWR_BUTTON | FADT_SLP_BUTTON | FADT_RESET_REG_SUP |
		      FADT_HEADLESS | FADT_FORCE_APIC_PHYSICAL | FADT_HW_REDUCED_ACPI;
	fadt->reset_register = io_byte(ACPI_RESET_PORT);
	fadt->reset_value = ACPI_RESET_VALUE;
	fadt->minor_version = FADT_MINOR;
	fadt->sleep_control = io_byte(ACPI_SLEEP_CONTROL_PORT);
	fadt->sleep_status = io_byte(ACPI_SLEEP_STATUS_PORT);
	memcpy(&fadt->hypervisor_id, "XenVMMXe", 8);
	finish(&fadt->h);
}

static void make_madt(struct acpi_madt *madt, size_t size, unsigned int nr_vcpus,
		      unsigned int nr_online)
{
	struct madt_local_apic *apic = (struct madt_local_apic *)(madt + 1);

	make_header(&madt->h, "APIC", 5, size);
	madt->local_apic = LOCAL_APIC_ADDRESS;
	for (unsigned int i = 0; i < nr_vcpus; i++)
		apic[i] = (struct madt_local_apic){
			.type = MADT_LOCAL_APIC,
			.length = sizeof(*apic),
			.uid = (uint8_t)i,
			.apic_id = (uint8_t)i,
			.flags = i < nr_online ? MADT_ENABLED : MADT_ONLINE_CAPABLE,
		};
	finish(&madt->h);
}

void acpi_make(void *to, uint64_t gpa, unsigned int nr_vcpus, unsigned int nr_online)
{
	struct acpi_places p = acpi_place(nr_vcpus);
	uint8_t *base = to;
	struct acpi_xsdt *xsdt = (struct acpi_xsdt *)(base + p.xsdt);
	struct acpi_header *dsdt = (struct acpi_header *)(base + p.dsdt);

	memset(to, 0, p.end);
	make_rsdp((struct acpi_rsdp *)base, gpa + p.xsdt);

	make_header(&xsdt->h, "XSDT", 1, sizeof(*xsdt));
	xsdt->tables[0] = gpa + p.fadt;
	xsdt->tables[1] = gpa + p.madt;
	finish(&xsdt->h);

	make_fadt((struct acpi_fadt *)(base + p.fadt), gpa + p.dsdt);

	make_header(dsdt, "DSDT", 2, sizeof(*dsdt) + sizeof(dsdt_aml));
	memcpy(dsdt + 1, dsdt_aml, sizeof(dsdt_aml));
	finish(dsdt);

	make_madt((struct acpi_madt *)(base + p.madt),
		  sizeof(struct acpi_madt) + nr_vcpus * sizeof(struct madt_local_apic), nr_vcpus,
		  nr_online);
}
