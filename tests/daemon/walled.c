/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walled: the engine's system calls: what passes, what fails, what ends the process. Each in a process
 * of its own. TAP.
 *
 * A program and no unit test, because those are built with sanitizers, and with them there is no
 * filter.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

#include "lib/log.h"
#include "priv/walls.h"

#define REFUSED 77 /* the call failed with EPERM */
#define DONE	78

/* How a process ends that calls 'f' behind the filter: its exit status, or minus the signal. */
static int behind(long (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || walls_filter_calls())
			_exit(1);
		_exit(f() >= 0 ? DONE : errno == EPERM ? REFUSED : 2);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 0;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static long call_execve(void)
{
	char *const none[] = { NULL };

	return execve("/bin/true", none, none);
}

static long call_fork(void)
{
	return syscall(SYS_fork);
}

static long call_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

/* What is tried here must do no harm where the walls have a hole. */
static long call_mount(void)
{
	return syscall(SYS_mount, "none", "/nowhere/at/all", "tmpfs", 0, NULL);
}

static long call_setuid(void)
{
	return syscall(SYS_setuid, 0);
}

static long call_kill(void)
{
	return kill(getppid(), 0);
}

static long call_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long call_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long call_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long call_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long call_hypercall(void)
{
	return ioctl(0, IOCTL_PRIVCMD_HYPERCALL, NULL);
}

static long call_foreign_map(void)
{
	return ioctl(0, IOCTL_PRIVCMD_MMAPBATCH_V2, NULL);
}

static long call_grant_map(void)
{
	return ioctl(0, IOCTL_GNTDEV_MAP_GRANT_REF, NULL);
}

static long call_chown(void)
{
	return chown("/nowhere/at/all", 0, 0);
}

static long call_what_it_needs(void)
{
	char byte = 'x';
	int pair[2], fd = open("/proc/self/status", O_RDONLY);

	if (fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return -1;
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0 || socket(AF_INET, SOCK_STREAM, 0) < 0)
		return -1;
	if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1)
		return -1;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static const struct {
	const char *what;
	long (*call)(void);
	int expected;
} attempts[] = {
	{ "what the loop needs passes", call_what_it_needs, DONE },
	{ "execve ends the process", call_execve, -SIGSYS },
	{ "fork does", call_fork, -SIGSYS },
	{ "ptrace does", call_ptrace, -SIGSYS },
	{ "mount does", call_mount, -SIGSYS },
	{ "setuid does", call_setuid, -SIGSYS },
	{ "kill fails", call_kill, REFUSED },
	{ "clone fails", call_clone, REFUSED },
	{ "a packet socket fails", call_packet_socket, REFUSED },
	{ "a netlink socket fails", call_netlink_socket, REFUSED },
	{ "new executable memory fails", call_executable_memory, REFUSED },
	{ "a hypercall fails", call_hypercall, REFUSED },
	{ "a page of a guest's memory is not mapped", call_foreign_map, REFUSED },
	{ "nor one that it lends", call_grant_map, REFUSED },
	{ "chown fails", call_chown, REFUSED },
};

int main(void)
{
	const size_t nr = sizeof(attempts) / sizeof(attempts[0]);
	bool failed = false;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("1..%zu\n", nr);
	for (size_t i = 0; i < nr; i++) {
		int how = behind(attempts[i].call);

		failed |= how != attempts[i].expected;
		printf("%sok %zu - %s (%d)\n", how == attempts[i].expected ? "" : "not ", i + 1, attempts[i].what, how);
	}
	return failed;
}
