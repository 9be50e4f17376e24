/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ARCH_DOMAIN_H
#define ARCH_DOMAIN_H

struct arch_domain {
	int nothing;
};

#endif
