/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the privileged half would do as root, for its fuzzer: nothing of it happens. Each action looks
 * whether the engine may have it at all, by the rules as docs/security.md has them and not by the code
 * that is tested, and aborts if not.
 */
#ifndef TESTS_FUZZ_PRIV_WORLD_H
#define TESTS_FUZZ_PRIV_WORLD_H

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/types.h>

#define MUST(condition)          \
	do {                     \
		if (!(condition)) \
			abort(); \
	} while (0)

/* What is configured; the privileged half must not start or remove anything else. */
#define WORLD_SOCKET "/world/hvd.sock"
#define WORLD_READ_SOCKET "/world/hvd-ro.sock"
#define WORLD_STORE_SOCKET "/world/xenstored"
#define WORLD_BLK "/world/hvd-blk"
#define WORLD_RBD "/world/hvd-blk-rbd"
#define WORLD_NET "/world/hvd-net"
#define WORLD_IMAGE "/world/hvd-image"
#define WORLD_USER "world"
#define WORLD_CHROOT "/world/empty"

/* In the place of libc's, in the sources under test. */
int world_unlink(const char *path);
int world_kill(pid_t pid, int sig);
int world_pidfd_send_signal(int fd, int sig, siginfo_t *si, unsigned int flags);
int world_posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attr, char *const argv[], char *const envp[]);

/* The path that was opened last as an image; NULL: none since the last call. To be freed. */
char *world_take_image(void);

/* A descriptor as root's would be, of a file without contents. */
int world_fd(void);

#endif
