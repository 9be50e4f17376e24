/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens inside the process that fills a domain; build.c starts it.
 */
#ifndef DOMAIN_BUILD_CHILD_H
#define DOMAIN_BUILD_CHILD_H

#include <stdint.h>

#include "fault.h"

struct domain_spec;

/* Names the contents of a kernel file. */
struct kernel_key {
	uint64_t dev, inode, size;
	int64_t mtime_s, mtime_ns;
};

/* An unpacked kernel: an ELF image in a memfd. */
struct kernel_entry {
	struct kernel_key key;
	int fd;
	uint64_t elf_size;
	uint64_t last_use; /* a counter: larger is later */
};
#define KERNEL_ENTRIES_MAX 4u

/* What the process tells before it ends, in one write to a pipe (and so at most PIPE_BUF bytes). */
struct build_report {
	struct fault fault; /* FAULT_NONE: the domain is complete */
	struct kernel_key key;
	uint64_t elf_size;  /* of the kernel that is new in 'new_fd'; 0: the file says nothing new */
	int used_entry;	    /* which of the entries was used, or -1 */
};

/*
 * Fills the domain and returns what to report. 'entries' are the kernels at hand, 'new_fd' an empty
 * memfd for one that is not among them.
 */
struct build_report build_child_run(uint16_t domid, const struct domain_spec *spec,
				    const struct kernel_entry *entries, unsigned int nr_entries,
				    int new_fd);

#endif
