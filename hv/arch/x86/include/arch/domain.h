/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 part of a domain. */
#ifndef ARCH_DOMAIN_H
#define ARCH_DOMAIN_H

#include <hv/types.h>

struct arch_domain {
	mfn_t io_bitmap;  /* which ports exit; shared by all vCPUs */
	mfn_t msr_bitmap; /* which MSRs exit */
	uint32_t nr_refusals; /* logged so far; atomic */
};

#endif
