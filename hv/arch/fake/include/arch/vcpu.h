/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test can see of what was done to a vCPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <hv/types.h>

struct arch_vcpu {
	uint64_t entry, start_info; /* arch_vcpu_set_entry() */
	uint64_t raised[4];	    /* vectors, until the test clears them */
	uint64_t raised_level[4];
	bool nmi;
};

#endif
