/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the process that fills a domain, from the privileged half.
 */
#ifndef DOMAIN_BUILD_PROCESS_H
#define DOMAIN_BUILD_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct domain_spec;
struct kernel_entry;

struct build_process {
	uint16_t domid;
	const struct domain_spec *spec; /* name, kernel, initrd, command line, memory, vCPUs */
	const struct kernel_entry *entries;
	unsigned int nr_entries;
	int report; /* a SOCK_SEQPACKET socket */
	int lock;   /* stays open until the process ends */
	const char *user, *chroot_dir; /* for who unpacks a kernel */
};

int build_process_start(const struct build_process *p, pid_t *ret_pid);

#endif
