/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's ACPI tables: RSDP, XSDT, FADT, MADT, DSDT.
 *
 * They tell a hardware-reduced machine without PIT, PIC, RTC and I/O APIC, list the vCPUs (UID =
 * APIC id = vCPU id), and give the ports by which a guest turns itself off and reboots.
 */
#ifndef DOMAIN_ACPI_H
#define DOMAIN_ACPI_H

#include <stddef.h>
#include <stdint.h>

/* hv turns accesses to these into the domain's shutdown. */
#define ACPI_SLEEP_CONTROL_PORT 0x600u /* 8 bits: sleep type << 2, SLP_EN = 0x20 */
#define ACPI_SLEEP_STATUS_PORT 0x601u
#define ACPI_RESET_PORT 0x602u
#define ACPI_RESET_VALUE 1u

/* Bytes that acpi_make() writes for so many vCPUs. */
size_t acpi_size(unsigned int nr_vcpus);

/*
 * Writes the tables for a guest that has 'to' at guest-physical 'gpa' (16-byte aligned, below
 * 4 GiB; the RSDP comes first). vCPUs from 'nr_online' on are "online capable" only.
 */
void acpi_make(void *to, uint64_t gpa, unsigned int nr_vcpus, unsigned int nr_online);

#endif
