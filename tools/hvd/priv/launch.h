/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that the privileged half starts and ends for the engine.
 */
#ifndef PRIV_LAUNCH_H
#define PRIV_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Serves devices: in a process group of its own, and it outlives us. 0 or a negative errno, as all here. */
int launch_backend(const char *program, const char *user, const char *chroot_dir, uint16_t domid,
		   const char *name, int sock, int listening, pid_t *ret_pid);

/* hvd-image. */
int launch_image_job(const char *program, const char *image_folders, int sock, pid_t *ret_pid);

/*
 * Kills a child of ours; or a back end that an earlier hvd has started, which is one by its name, and
 * the very one by the time of its birth. -ESRCH: it is neither.
 */
int launch_kill(pid_t pid, uint64_t start_time);

/* A child's end. -EAGAIN: not yet; -ECHILD: no child of ours. */
int launch_wait(pid_t pid, bool block, siginfo_t *ret_si);

#endif
