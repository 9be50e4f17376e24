/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting and ending processes with root's rights; the contract is in launch.h.
 */
#include "priv/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/child.h"
#include "priv/proc.h"

extern char **environ;

/* 'fds' become descriptors 3, 4 ... of the new process, which has nothing else of ours. */
static int start(char *const argv[], const int *fds, unsigned int nr_fds, short flags, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	for (unsigned int i = 0; i < nr_fds; i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i], (int)(CHILD_CHANNEL_FD + i));
	/* All else of ours is close-on-exec; this is for what a library forgot. */
	posix_spawn_file_actions_addclosefrom_np(&actions, (int)(CHILD_CHANNEL_FD + nr_fds));
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | flags));
	err = posix_spawn(ret_pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -err;
}

/*
 * Descriptors that are already where they shall go would be closed by the ones before them: all are
 * moved up first.
 */
static int start_with(char *const argv[], const int *fds, unsigned int nr_fds, short flags, pid_t *ret_pid)
{
	int up[2] = { -1, -1 }, err = 0;

	for (unsigned int i = 0; i < nr_fds && !err; i++) {
		up[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
		err = up[i] < 0 ? -errno : 0;
	}
	if (!err)
		err = start(argv, up, nr_fds, flags, ret_pid);
	for (unsigned int i = 0; i < nr_fds; i++)
		if (up[i] >= 0)
			close(up[i]);
	return err;
}

int launch_backend(const char *program, const char *user, const char *chroot_dir, uint16_t domid,
		   const char *name, int sock, int listening, pid_t *ret_pid)
{
	char domid_text[8];
	const int fds[2] = { sock, listening };
	const char *argv[] = { program, "--domid", domid_text, "--name", name, "--user", user,
			       "--chroot", chroot_dir, NULL };

	snprintf(domid_text, sizeof(domid_text), "%u", domid);
	/* In a process group of its own: what ends ours by a terminal or a service manager spares it. */
	return start_with((char *const *)(uintptr_t)argv, fds, 2, POSIX_SPAWN_SETPGROUP, ret_pid);
}

int launch_image_job(const char *program, const char *image_folders, int sock, pid_t *ret_pid)
{
	const char *argv[] = { program, image_folders, NULL };

	return start_with((char *const *)(uintptr_t)argv, &sock, 1, 0, ret_pid);
}

int launch_wait(pid_t pid, bool block, siginfo_t *ret_si)
{
	siginfo_t si = { 0 };

	if (pid <= 0)
		return -ECHILD;
	while (waitid(P_PID, (id_t)pid, &si, WEXITED | (block ? 0 : WNOHANG)))
		if (errno != EINTR)
			return -errno;
	if (!si.si_pid)
		return -EAGAIN;
	*ret_si = si;
	return 0;
}

static bool is_backend(pid_t pid)
{
	static const char *const names[] = { "hvd-blk", "hvd-net" }; /* and what follows: hvd-blk-rbd */
	char path[32], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(text, names[i], strlen(names[i])))
			return true;
	return false;
}

static int kill_adopted(pid_t pid, uint64_t start_time)
{
	int fd = pidfd_open(pid, 0), err = 0;

	if (fd < 0)
		return -errno;
	/* After the pidfd is there: the number cannot change its meaning any more. */
	if (!start_time || proc_start_time(pid) != start_time || !is_backend(pid))
		err = -ESRCH;
	else if (pidfd_send_signal(fd, SIGKILL, NULL, 0))
		err = -errno;
	close(fd);
	return err;
}

int launch_kill(pid_t pid, uint64_t start_time)
{
	siginfo_t si = { 0 };

	if (pid <= 1)
		return -ESRCH;
	/* A child keeps its number until we have waited for it, ended or not. */
	if (!waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT))
		return kill(pid, SIGKILL) ? -errno : 0;
	return kill_adopted(pid, start_time);
}
