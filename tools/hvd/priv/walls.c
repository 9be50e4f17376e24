/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock and seccomp for the engine; the contract is in walls.h.
 */
#include "priv/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/evtchn.h>

#include "conf.h"
#include "lib/log.h"
#include "lib/privdrop.h"
#include "lib/xmem.h"

/* ---- Folders ---- */

#define READ_ACCESS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OWN_ACCESS                                                                                          \
	(READ_ACCESS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                       \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |        \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
/* All that the first version knows: what is named here and nowhere allowed is forbidden. */
#define ALL_ACCESS                                                                                          \
	(OWN_ACCESS | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                            \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

static void allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return; /* what is not there cannot be used either */
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		log_warning("the engine cannot be let into %s: %s", path, strerror(errno));
	close(rule.parent_fd);
}

static void allow_folder_of(int ruleset, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;

	if (!slash || slash == path)
		return;
	folder = xstrndup(path, (size_t)(slash - path));
	allow(ruleset, folder, READ_ACCESS);
	free(folder);
}

int walls_enter_folders(const struct conf *conf, const char *conf_path)
{
	const struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_ACCESS };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), err = 0;

	if (ruleset < 0) {
		log_info("this kernel has no Landlock: only permissions keep the engine from files");
		return 0;
	}
	allow(ruleset, conf->run_dir, OWN_ACCESS);
	allow(ruleset, conf->console_dir, OWN_ACCESS);
	allow(ruleset, conf->domains_dir, OWN_ACCESS);
	allow(ruleset, conf->history_dir, OWN_ACCESS);
	allow(ruleset, "/proc", READ_ACCESS);
	allow_folder_of(ruleset, conf_path);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		err = -errno;
	close(ruleset);
	if (err)
		log_error("the engine cannot be kept from files: %s", strerror(-err));
	return err;
}

/* ---- System calls ---- */

/* Beyond what a back end has: files by name, sockets of its own, what libc asks about the process. */
static const char *const calls[] = {
	"open", "openat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
	"readlink", "readlinkat", "getdents64", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"mkdir", "mkdirat", "symlink", "symlinkat", "ftruncate", "fchmod", "umask", "flock", "fadvise64", "msync",
	"fstatfs", "getcwd",
	"socketpair", "bind", "listen", "connect", "setsockopt", "getsockopt", "getsockname", "getpeername",
	"accept", "sendmmsg", "recvmmsg", "pipe2", "dup2", "dup3",
	"memfd_create", "pidfd_open", "waitid", "wait4", "signalfd4", "timerfd_gettime", "rt_sigtimedwait",
	"getuid", "geteuid", "getgid", "getegid", "getppid", "getcpu", "getrusage", "times", "uname", "sysinfo",
	"getrlimit", "epoll_create", "get_robust_list", "sched_getparam", "sched_getscheduler",
};

static const unsigned long ioctls[] = {
	IOCTL_EVTCHN_BIND_VIRQ,
	IOCTL_EVTCHN_BIND_INTERDOMAIN,
	IOCTL_EVTCHN_UNBIND,
	IOCTL_EVTCHN_NOTIFY,
	FIONREAD,
	FIONBIO,
};

int walls_filter_calls(void)
{
	const struct privdrop_calls more = {
		.names = calls,
		.nr_names = sizeof(calls) / sizeof(calls[0]),
		.ioctls = ioctls,
		.nr_ioctls = sizeof(ioctls) / sizeof(ioctls[0]),
	};

	/* What sanitizers do at the end of a process is in no list. */
#if defined(__SANITIZE_ADDRESS__)
	log_warning("built with a sanitizer: the engine's system calls are not filtered");
	(void)more;
	return 0;
#else
	return privdrop_filter(&more);
#endif
}
