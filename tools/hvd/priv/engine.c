/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders, user, privileges of the engine; the contract is in engine.h.
 */
#include "priv/engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/walls.h"

#define LOCK_FILE "lock" /* the privileged half's */

int engine_find_user(const struct conf *conf, struct engine_user *ret)
{
	const char *const names[] = { "hvd-engine", conf->user, "hvd", "nobody" };
	struct passwd *pw = NULL;

	memset(ret, 0, sizeof(*ret));
	if (geteuid())
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !pw; i++)
		pw = names[i] ? getpwnam(names[i]) : NULL;
	if (!pw || !pw->pw_uid) {
		log_error("hvd needs a user that is not root: hvd-engine, hvd or nobody");
		return pw ? -EINVAL : -ENOENT;
	}
	ret->is_other = true;
	ret->uid = pw->pw_uid;
	ret->gid = pw->pw_gid;
	snprintf(ret->name, sizeof(ret->name), "%s", pw->pw_name);
	return 0;
}

/* ---- Folders ---- */

static int make_folder(const char *path, mode_t mode)
{
	char *copy = xstrdup(path);
	int err = 0;

	for (char *slash = strchr(copy + 1, '/'); !err; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, slash ? 0755 : mode) && errno != EEXIST)
			err = -errno;
		if (!slash)
			break;
		*slash = '/';
	}
	if (err)
		log_error("cannot make the folder %s: %s", path, strerror(-err));
	free(copy);
	return err;
}

/* Opened first: what is looked at is then what is given, whatever the name has come to mean. */
static void give_file(int dir, const char *name, const struct engine_user *user)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool is_plain;

	if (fd < 0)
		return;
	is_plain = !fstat(fd, &st) && st.st_uid == 0 &&
		   ((S_ISREG(st.st_mode) && st.st_nlink == 1) || S_ISSOCK(st.st_mode) || S_ISLNK(st.st_mode));
	if (is_plain && fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH))
		log_warning("%s cannot be given to %s: %s", name, user->name, strerror(errno));
	close(fd);
}

static void give_contents(int dir, bool files_only, const struct engine_user *user)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, LOCK_FILE) && (!files_only || entry->d_type == DT_REG))
			give_file(dir, entry->d_name, user);
	closedir(d);
}

/* The engine's own. */
static int own_folder(const char *path, mode_t mode, const struct engine_user *user)
{
	int err = make_folder(path, mode), dir;

	if (err || !user->is_other)
		return err;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fchown(dir, user->uid, user->gid)) {
		err = -errno;
		log_error("cannot give the folder %s to %s: %s", path, user->name, strerror(-err));
	} else {
		give_contents(dir, false, user);
	}
	if (dir >= 0)
		close(dir);
	return err;
}

/*
 * Root's, but the engine may add files and remove its own: sockets, the lock and the empty root of back
 * ends lie there, too.
 */
static int shared_folder(const char *path, const struct engine_user *user)
{
	int err = make_folder(path, 0755), dir;

	if (err || !user->is_other)
		return err;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fchown(dir, 0, user->gid) || fchmod(dir, 01775)) {
		err = -errno;
		log_error("cannot let %s into the folder %s: %s", user->name, path, strerror(-err));
	} else {
		give_contents(dir, true, user);
	}
	if (dir >= 0)
		close(dir);
	return err;
}

static int own_below(const char *path, const char *name, mode_t mode, const struct engine_user *user)
{
	char *below = xasprintf("%s/%s", path, name);
	int err = own_folder(below, mode, user);

	free(below);
	return err;
}

static int make_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	int err = make_folder(folder, 0755);

	free(folder);
	return err;
}

int engine_own_definitions(const struct conf *conf, const struct engine_user *user)
{
	int err = own_folder(conf->domains_dir, 0700, user);

	return err ? err : own_below(conf->domains_dir, "autostart", 0700, user);
}

int engine_make_folders(const struct conf *conf, const struct engine_user *user)
{
	int err = shared_folder(conf->run_dir, user);

	if (!err)
		err = make_parent(conf->socket);
	if (!err)
		err = make_parent(conf->xenstore_socket);
	if (!err)
		err = own_below(conf->run_dir, "rings", 0700, user);
	if (!err)
		err = own_below(conf->run_dir, "backend", 0700, user);
	if (!err)
		err = own_folder(conf->console_dir, 0700, user);
	if (err)
		return err;
	/* A host without definitions and histories still runs guests. */
	engine_own_definitions(conf, user);
	own_folder(conf->history_dir, 0750, user);
	return 0;
}

/* ---- Privileges ---- */

static int failed(const char *what)
{
	int err = errno ? -errno : -EPERM;

	log_error("hvd's engine cannot give up its privileges: %s: %s", what, strerror(-err));
	return err;
}

static int check_reach(const char *path, const struct engine_user *user)
{
	int err;

	if (!access(path, R_OK | W_OK | X_OK))
		return 0;
	err = -errno;
	log_error("user %s cannot use the folder %s: %s (may everybody pass the folders above it?)", user->name, path,
		  strerror(-err));
	return err;
}

int engine_drop(const struct conf *conf, const struct engine_user *user, const char *conf_path)
{
	const struct rlimit none = { 0, 0 };
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("prctl");
	if (!user->is_other)
		return 0;
	if (setrlimit(RLIMIT_CORE, &none))
		return failed("setrlimit");
	if (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return failed(user->name);
#if defined(__SANITIZE_ADDRESS__)
	prctl(PR_SET_DUMPABLE, 1); /* or the search for leaks at the end fails */
#endif
	errno = 0;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return failed("it could be undone");
	err = check_reach(conf->run_dir, user);
	if (!err)
		err = check_reach(conf->console_dir, user);
	if (!err)
		err = walls_enter_folders(conf, conf_path);
	return err ? err : walls_filter_calls();
}
