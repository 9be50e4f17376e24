/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics pages as hv makes them, for those who read them where there is no hv. */
#ifndef TESTS_STATS_PAGES_H
#define TESTS_STATS_PAGES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Pages with domains 0 .. nr_domains - 1 of 'vcpus_each' vCPUs, which all run since the beginning; no
 * counter is zero. '*ret_size' bytes, page-aligned, never freed.
 */
void *stats_pages_make(uint32_t nr_domains, uint32_t vcpus_each, size_t *ret_size);

#endif
