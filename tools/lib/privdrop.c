/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a process does not need: see privdrop.h.
 *
 * The order matters. The root directory needs root; the user goes next and takes the
 * capabilities along; the filter comes last, because what precedes it is not in its list.
 */
#include "lib/privdrop.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a loop over open descriptors, a thread pool and libc's memory need. */
static const char *const allowed[] = {
	"read", "readv", "pread64", "preadv", "preadv2",
	"write", "writev", "pwrite64", "pwritev", "pwritev2",
	"fsync", "fdatasync", "fallocate", "fstat", "lseek",
	"recvmsg", "sendmsg", "recvfrom", "sendto", "shutdown", "close", "dup", "fcntl", "accept4",
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	"poll", "ppoll", "select", "pselect6", "eventfd2",
	"timerfd_create", "timerfd_settime",
	"mmap", "munmap", "mprotect", "madvise", "mremap", "brk", "membarrier",
	"futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "restart_syscall",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getpid", "gettid", "getrandom", "exit", "exit_group",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "tgkill",
};

/* What a library that speaks to a network needs beyond, on its own threads. */
static const char *const allowed_network[] = {
	"connect", "setsockopt", "getsockopt", "getsockname", "getpeername", "sendmmsg", "recvmmsg",
	"uname", "sysinfo", "pipe2", "getuid", "geteuid", "getgid", "getegid", "getcpu", "times",
	"getrusage", "get_robust_list", "epoll_create", "rt_sigtimedwait", "sched_getparam",
	"sched_getscheduler", "getrlimit",
};

/* What no fault of ours would try. */
static const char *const fatal[] = {
	"execve", "execveat", "ptrace", "fork", "vfork",
	"mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "bpf", "keyctl", "add_key",
	"init_module", "finit_module", "kexec_load", "process_vm_readv", "process_vm_writev",
	"setuid", "setresuid", "setgid", "setresgid", "capset", "perf_event_open", "userfaultfd",
};

/* The same for those who do not serve anybody by a socket, and where there is no network. */
static const char *const fatal_listen[] = { "bind", "listen" };
static const char *const fatal_network[] = { "socket", "connect" };

static int complain(const char *what, int err)
{
	fprintf(stderr, "cannot give up privileges: %s: %s\n", what, strerror(err));
	return -err;
}

static int lower_limit(int resource, rlim_t value)
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	return setrlimit(resource, &limit) ? complain("setrlimit", errno) : 0;
}

static int enter_root(const char *dir)
{
	struct stat st;

	if (chdir(dir) || stat(".", &st))
		return complain(dir, errno);
	/* A root directory that somebody else can fill is none. */
	if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return complain(dir, EPERM);
	if (chroot(".") || chdir("/"))
		return complain("chroot", errno);
	return 0;
}

static int become_user(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return complain("setresuid", errno);
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return complain("setresuid could be undone", EPERM);
	return 0;
}

static int filter_ioctls(scmp_filter_ctx ctx, const unsigned long *ioctls, size_t nr_ioctls)
{
	size_t i;
	int err;

	for (i = 0; i < nr_ioctls; i++) {
		/* The kernel looks at the low 32 bits only, so the comparison does, too. */
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, ioctls[i]));
		if (err)
			return err;
	}
	return 0;
}

static int filter_mappings(scmp_filter_ctx ctx)
{
	/* New executable memory is what an intruder needs first. */
	static const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	size_t i;
	int err;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, 0x4 /* PROT_EXEC */, 0));
		if (err)
			return err;
	}
	return 0;
}

static int add_calls(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t nr_names)
{
	size_t i;
	int nr, err = 0;

	for (i = 0; !err && i < nr_names; i++) {
		nr = seccomp_syscall_resolve_name(names[i]);
		/* A call that this libseccomp does not know yet stays refused. */
		if (nr == __NR_SCMP_ERROR || nr == SCMP_SYS(mmap) || nr == SCMP_SYS(mprotect))
			continue;
		err = seccomp_rule_add(ctx, action, nr, 0);
	}
	return err;
}

static int filter_network(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t i;
	int err;

	err = add_calls(ctx, SCMP_ACT_ALLOW, allowed_network,
			sizeof(allowed_network) / sizeof(allowed_network[0]));
	for (i = 0; !err && i < 2; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]),
				       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_STREAM));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				       SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	/* Threads, not processes. clone3() hides its flags in memory; libc then takes clone(). */
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

/* What all have in common. */
static int begin_filter(scmp_filter_ctx *ret)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!ctx)
		return -ENOMEM;
	*ret = ctx;
	err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = add_calls(ctx, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	if (!err)
		err = add_calls(ctx, SCMP_ACT_KILL_PROCESS, fatal, sizeof(fatal) / sizeof(fatal[0]));
	return err;
}

int privdrop_filter(const struct privdrop_calls *more)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	scmp_filter_ctx ctx = NULL;
	int err = begin_filter(&ctx);

	if (!err)
		err = add_calls(ctx, SCMP_ACT_ALLOW, more->names, more->nr_names);
	for (size_t i = 0; !err && i < sizeof(families) / sizeof(families[0]); i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	if (!err)
		err = filter_mappings(ctx);
	if (!err)
		err = filter_ioctls(ctx, more->ioctls, more->nr_ioctls);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err ? complain("seccomp", -err) : 0;
}

static int filter_calls(const struct privdrop *p)
{
	scmp_filter_ctx ctx = NULL;
	int err = begin_filter(&ctx);

	/* fstat() of this libc: the descriptor form of newfstatat, which names no file. */
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				       SCMP_A3(SCMP_CMP_EQ, 0x1000 /* AT_EMPTY_PATH */));
	if (!err)
		err = add_calls(ctx, SCMP_ACT_KILL_PROCESS, fatal_listen,
				sizeof(fatal_listen) / sizeof(fatal_listen[0]));
	if (!err && p->network)
		err = filter_network(ctx);
	else if (!err)
		err = add_calls(ctx, SCMP_ACT_KILL_PROCESS, fatal_network,
				sizeof(fatal_network) / sizeof(fatal_network[0]));
	if (!err)
		err = filter_mappings(ctx);
	if (!err)
		err = filter_ioctls(ctx, p->ioctls, p->nr_ioctls);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err ? complain("seccomp", -err) : 0;
}

int privdrop_apply(const struct privdrop *p)
{
	struct passwd *pw;
	uid_t uid;
	gid_t gid;
	int err;

	errno = 0;
	pw = getpwnam(p->user); /* reads /etc/passwd, which is gone after the next step */
	if (!pw)
		return complain(p->user, errno ? errno : ENOENT);
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	if (uid == 0)
		return complain(p->user, EINVAL);

	err = lower_limit(RLIMIT_CORE, 0);
	if (!err)
		err = lower_limit(RLIMIT_NOFILE, p->max_files);
	if (!err)
		err = lower_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	if (!err && p->max_memory)
		err = lower_limit(RLIMIT_AS, p->max_memory);
	if (!err)
		err = enter_root(p->chroot_dir);
	if (!err)
		err = become_user(uid, gid);
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0))
		return complain("prctl", errno);
	return filter_calls(p);
}
