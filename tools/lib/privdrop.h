/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a process does not need. Used by hvd-blk and hvd-net once they have opened their
 * devices; there is no way back.
 */
#ifndef LIB_PRIVDROP_H
#define LIB_PRIVDROP_H

#include <stdbool.h>
#include <stddef.h>

struct privdrop {
	const char *user;       /* become this user and its group */
	const char *chroot_dir; /* empty directory that becomes the root */
	size_t max_files;       /* open descriptors */
	size_t max_memory;      /* address space in bytes, 0: unlimited */

	/*
	 * Also what a client library of network services needs: new TCP sockets, their options, and
	 * new threads. No other kind of socket, and still no listening.
	 */
	bool network;

	/* ioctl requests that stay allowed, on whatever descriptor; all others fail */
	const unsigned long *ioctls;
	size_t nr_ioctls;
};

/*
 * Empty root (the directory exists), no capabilities, no new privileges, no core dumps, resource
 * limits, and a list of allowed system calls (reading, writing and waiting on descriptors that are
 * already open, memory, threads' locks). Works on all threads of the process. A refused call fails with
 * EPERM; those that only an intruder would try (execve, ptrace, socket ...) end the process. Prints the
 * reason to stderr and returns a negative errno on failure; the process must then exit.
 */
int privdrop_apply(const struct privdrop *p);

/* Calls and ioctls beyond those that every process of ours may make. */
struct privdrop_calls {
	const char *const *names;
	size_t nr_names;
	const unsigned long *ioctls;
	size_t nr_ioctls;
};

/*
 * The list of system calls alone, for a process that has given up the rest in its own way: with sockets
 * of the families UNIX, INET and INET6, and without new threads. Prints and returns as privdrop_apply()
 * does.
 */
int privdrop_filter(const struct privdrop_calls *more);

#endif
