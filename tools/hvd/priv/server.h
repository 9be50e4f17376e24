/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileged half of hvd; priv.h is what it looks like from the other side.
 */
#ifndef PRIV_SERVER_H
#define PRIV_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "domain/build_child.h"

struct conf;

/*
 * Of a PRIV_BUILD; behind it come name, kernel, initrd and command line. The entries' descriptors
 * follow the report's.
 */
struct priv_build {
	uint64_t memory_bytes;
	uint32_t nr_vcpus, nr_vcpus_online;
	uint32_t nr_entries;
	uint32_t log_level;
	struct kernel_entry entries[KERNEL_ENTRIES_MAX];
};

/* The process, from its fork to its end. 'parent' is the engine's, which has the other end of 'sock'. */
void priv_server_main(const struct conf *conf, int sock, pid_t parent) __attribute__((noreturn));

#endif
