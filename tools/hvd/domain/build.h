/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling a new domain: memory, kernel, initrd, boot data, entry point.
 *
 * Each build runs in a process of its own, forked from hvd's privileged half. Reading a file may hang (a dead NFS
 * server), unpacking a kernel takes a second, giving out a hundred GiB takes many: none of that may
 * stop the loop, and a corrupt kernel that trips over a decompressor ends that process alone. What
 * the process leaves half done goes when the caller destroys the domain.
 *
 * Unpacked kernels are kept in memory for the next build, by device, inode, size and time of change
 * of the file that they came from.
 */
#ifndef DOMAIN_BUILD_H
#define DOMAIN_BUILD_H

#include <stdint.h>

struct build;
struct builder;
struct domain_spec;
struct event_base;
struct fault;

/* Called from the loop once, unless the build is cancelled; 'fault' is NULL on success. */
typedef void (*build_done_cb)(void *arg, const struct fault *fault);

void builder_create(struct event_base *base, struct builder **ret_builder);
/* All builds must have ended or been cancelled. NULL is fine. */
void builder_destroy(struct builder *builder);

/*
 * Starts to fill 'domid', which is empty and paused. 'spec' is not used after this has returned.
 * Fails with '*ret_fault' set when no process can be made; then the callback is not called.
 */
int build_start(struct builder *builder, uint16_t domid, const struct domain_spec *spec,
		build_done_cb done, void *arg, struct build **ret_build, struct fault *ret_fault);

/* Ends the process now, without a call. NULL is fine. */
void build_cancel(struct build *build);

#endif
