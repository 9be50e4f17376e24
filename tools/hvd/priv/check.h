/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the privileged half refuses. Pure: nothing here asks the kernel or the hypervisor.
 *
 * The engine is to be believed as little as a guest: it may have become one's tool. All it may ask for
 * is what an honest one needs.
 */
#ifndef PRIV_CHECK_H
#define PRIV_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct hvabi_request;
struct priv_build;

/* The domain is a guest: neither the control domain nor one of the numbers that mean something. */
bool check_guest(uint64_t domid);

/*
 * A control operation that the engine may have; those that build a domain and read its memory are the
 * builder's.
 */
bool check_control(const struct hvabi_request *rq);

/*
 * A parameter of a guest's that tells it where its store and console are. Their pages are where hvd
 * lays them out: what the parameter names is what check_loan() lets the engine map.
 */
bool check_param(uint64_t domid, uint64_t index, uint64_t value);

/* One of the two pages of a guest's that the engine talks through. */
bool check_loan(uint64_t domid, uint64_t loan);

/* A name that the kernel takes for an interface, and that is no path. */
bool check_interface(const char *name);

/* Text for people, on a command line: short, and one line. */
bool check_name(const char *name);

/* Sizes and strings of what shall be built. */
bool check_build(const struct priv_build *build, unsigned int nr_fds, const char *name, const char *kernel,
		 const char *initrd, const char *cmdline);

/*
 * Where a file lies that was opened for a guest, as the kernel names it: without links and dots.
 * Disks may not be what the host itself is made of, and kernels not what the host keeps to itself.
 * 'image_folders': with colons between, those in which alone disks may lie; NULL: it does not matter.
 * NULL: fine; else the folder in which it must not be.
 */
const char *check_image_path(const char *resolved, const char *image_folders);
const char *check_boot_path(const char *resolved);

#endif
