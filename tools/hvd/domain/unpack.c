/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that unpacks a kernel; the contract is in unpack.h.
 *
 * What it may still touch: the kernel's file, for reading; the memfd; a pipe for one answer; standard
 * error. It has no user, an empty root directory, and the system calls of a back end. It opens nothing
 * itself.
 */
#include "domain/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/bzimage.h"
#include "lib/privdrop.h"

#define CPU_SECONDS_MAX 240
#define FILES_MAX 16

struct answer {
	int32_t err;
	uint64_t size;
	char reason[UNPACK_REASON_MAX];
};

/* ---- In the process ---- */

static void close_others(int a, int b, int c)
{
	for (unsigned int from = 3; from <= 1024; from++)
		if ((int)from != a && (int)from != b && (int)from != c)
			close((int)from);
	close_range(1025, ~0u, 0);
}

static int enter_walls(const struct unpack_walls *walls)
{
	const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX };
	const struct privdrop p = {
		.user = walls->user,
		.chroot_dir = walls->chroot_dir,
		.max_files = FILES_MAX,
	};

	prctl(PR_SET_NAME, "hvd-unpack");
	if (setrlimit(RLIMIT_CPU, &cpu))
		return -errno;
	/* Whoever is not root has nothing to give away. */
	return geteuid() ? 0 : privdrop_apply(&p);
}

static int read_whole(int fd, uint8_t *to, uint64_t size)
{
	uint64_t at = 0;

	while (at < size) {
		ssize_t n = pread(fd, to + at, size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += (uint64_t)n;
	}
	return 0;
}

static int write_whole(int fd, const uint8_t *from, size_t size)
{
	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

static void unpack(int file, uint64_t size, int to, struct answer *a)
{
	const char *reason = NULL;
	uint8_t *bytes = malloc(size);
	void *elf = NULL;
	size_t elf_size = 0;
	int err = bytes ? read_whole(file, bytes, size) : -ENOMEM;

	if (err) {
		a->err = bytes ? -EIO : -ENOMEM;
		snprintf(a->reason, sizeof(a->reason), "%s", strerror(-err));
		return;
	}
	if (bzimage_unpack(bytes, size, UNPACK_ELF_MAX, &elf, &elf_size, &reason)) {
		a->err = -EINVAL;
		snprintf(a->reason, sizeof(a->reason), "%s", reason ? reason : "it cannot be unpacked");
		return;
	}
	a->err = write_whole(to, elf, elf_size);
	a->size = elf_size;
}

static void __attribute__((noreturn)) process_main(int file, uint64_t size, const struct unpack_walls *walls,
						   int to, int tell)
{
	struct answer a = { 0 };

	close_others(file, to, tell);
	a.err = enter_walls(walls);
	if (!a.err)
		unpack(file, size, to, &a);
	_exit(write(tell, &a, sizeof(a)) == sizeof(a) ? 0 : 1);
}

/* ---- Outside ---- */

static int listen_to(int fd, pid_t pid, struct answer *a)
{
	ssize_t n;
	int status;

	do
		n = read(fd, a, sizeof(*a));
	while (n < 0 && errno == EINTR);
	kill(pid, SIGKILL); /* it has said what it had to */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n == sizeof(*a)) {
		a->reason[sizeof(a->reason) - 1] = '\0';
		return a->err;
	}
	snprintf(a->reason, sizeof(a->reason), "the process that does it has died");
	return -ECHILD;
}

static int seal(int fd, uint64_t size)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (size == 0 || size > UNPACK_ELF_MAX || (uint64_t)end != size)
		return -EPROTO;
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ? -errno : 0;
}

int unpack_run(int file, uint64_t size, const struct unpack_walls *walls, int *ret_fd, uint64_t *ret_size,
	       char reason[UNPACK_REASON_MAX])
{
	int to = memfd_create("hvd-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING), tell[2], err;
	struct answer a = { 0 };
	pid_t pid;

	if (to < 0)
		return -errno;
	if (pipe2(tell, O_CLOEXEC)) {
		err = -errno;
		close(to);
		return err;
	}
	pid = fork();
	if (pid == 0)
		process_main(file, size, walls, to, tell[1]);
	err = pid < 0 ? -errno : 0;
	close(tell[1]);
	if (!err)
		err = listen_to(tell[0], pid, &a);
	close(tell[0]);
	if (!err)
		err = seal(to, a.size);
	memcpy(reason, a.reason, sizeof(a.reason));
	if (err) {
		close(to);
		return err;
	}
	*ret_fd = to;
	*ret_size = a.size;
	return 0;
}
