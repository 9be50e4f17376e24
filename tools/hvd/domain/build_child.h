/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens inside the process that fills a domain; build.c starts it.
 */
#ifndef DOMAIN_BUILD_CHILD_H
#define DOMAIN_BUILD_CHILD_H

#include <stdint.h>

#include "fault.h"

struct domain_spec;
struct unpack_walls;

/* Names the contents of a kernel file. */
struct kernel_key {
	uint64_t dev, inode, size;
	int64_t mtime_s, mtime_ns;
};

/* An unpacked kernel: an ELF image in a memfd that nobody can change any more. */
struct kernel_entry {
	struct kernel_key key;
	int fd;
	uint64_t elf_size;
	uint64_t last_use; /* a counter: larger is later */
};
#define KERNEL_ENTRIES_MAX 4u

/* What the process tells before it ends, in one packet; with it the descriptor of a new kernel. */
struct build_report {
	struct fault fault; /* FAULT_NONE: the domain is complete */
	struct kernel_key key;
	uint64_t elf_size;  /* of the kernel that is new; 0: there is none */
	int used_entry;	    /* which of the entries was used, or -1 */
};

/*
 * Fills the domain and returns what to report. 'entries' are the kernels at hand; they come from who is
 * not believed, and those that could still change are left aside. '*ret_kernel' is the memfd of a new
 * one, or -1.
 */
struct build_report build_child_run(uint16_t domid, const struct domain_spec *spec,
				    const struct kernel_entry *entries, unsigned int nr_entries,
				    const struct unpack_walls *walls, int *ret_kernel);

#endif
