/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes of tables that depend on the architecture. */
#ifndef ARCH_LIMITS_H
#define ARCH_LIMITS_H

#define ACPI_MAX_CPUS 512u

#endif
