/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The version of Xen's ABI that guests are told: the one whose headers we build with. */
#ifndef XEN_VERSION_H
#define XEN_VERSION_H

#define ABI_VERSION_MAJOR 4u
#define ABI_VERSION_MINOR 17u

#endif
