/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on images that are files. A running guest holds a lock of its file (flock), which is how it is
 * known to be in use; it is never taken away from it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "image/file_image.h"
#include "image/task.h"
#include "priv/place.h"

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)value));
}

int file_image_open(const char *path, int flags, struct stat *ret)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, ret) ? -errno : S_ISREG(ret->st_mode) ? 0 : -EINVAL;
	if (!err && place_check_image(fd))
		err = -EPERM;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int open_reported(const char *path, int flags, struct stat *st)
{
	int fd = file_image_open(path, flags, st);

	if (fd == -EINVAL)
		return report_fail("bad_request", "%s is not a regular file", path);
	return fd < 0 ? report_errno(fd, "opening it", path) : fd;
}

/* ---- list ---- */

static int action_list(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir && errno == ENOENT)
		return report_fail("image_not_found", "there is no folder %s", path);
	if (!dir)
		return report_errno(-errno, "listing its files", path);
	while ((e = readdir(dir)) && !report_cancelled()) {
		struct json_object *o;
		struct stat st;

		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "name", json_object_new_string(e->d_name));
		add_number(o, "size", (uint64_t)st.st_size);
		add_number(o, "used", (uint64_t)st.st_blocks * 512);
		report_item(o);
	}
	closedir(dir);
	report_done(NULL);
	return 0;
}

/* ---- One file ---- */

static int action_create(struct task *t, const char *path)
{
	int fd, err;

	if (!t->size)
		return report_fail("bad_request", "%s: of what size?", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOENT ?
			report_fail("image_not_found", "%s: its folder does not exist", path) :
			report_errno(-errno, "creating it", path);
	err = place_check_image(fd) ? -EPERM : ftruncate(fd, (off_t)t->size) ? -errno : 0;
	close(fd);
	if (err) {
		unlink(path);
		return report_errno(err, "creating it", path);
	}
	report_done(NULL);
	return 0;
}

static int action_info(const char *path)
{
	struct json_object *o;
	struct stat st;
	int fd = open_reported(path, O_RDONLY, &st);

	if (fd < 0)
		return fd;
	o = json_object_new_object();
	json_object_object_add(o, "image", json_object_new_string(path));
	json_object_object_add(o, "kind", json_object_new_string("file"));
	add_number(o, "size", (uint64_t)st.st_size);
	add_number(o, "used", (uint64_t)st.st_blocks * 512);
	json_object_object_add(o, "in_use", json_object_new_boolean(flock(fd, LOCK_EX | LOCK_NB) != 0));
	close(fd);
	report_done(o);
	return 0;
}

static int action_resize(struct task *t, const char *path)
{
	struct json_object *o;
	struct stat st;
	int fd, err = 0;

	if (!t->size)
		return report_fail("bad_request", "%s: to what size?", path);
	fd = open_reported(path, O_RDWR, &st);
	if (fd < 0)
		return fd;
	if (t->size < (uint64_t)st.st_size) {
		if (!t->shrink) {
			close(fd);
			return report_fail("bad_request",
					   "%s has %llu bytes: --shrink cuts off what is beyond the new size", path,
					   (unsigned long long)st.st_size);
		}
		/* A guest may be given more while it runs, never less. */
		err = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	}
	if (!err && ftruncate(fd, (off_t)t->size))
		err = -errno;
	close(fd);
	if (err)
		return report_errno(err, "changing its size", path);
	o = json_object_new_object();
	add_number(o, "old_size", (uint64_t)st.st_size);
	add_number(o, "size", t->size);
	report_done(o);
	return 0;
}

static int action_remove(const char *path)
{
	struct stat st;
	int fd = open_reported(path, O_RDONLY, &st), err;

	if (fd < 0)
		return fd;
	err = flock(fd, LOCK_EX | LOCK_NB) || unlink(path) ? -errno : 0;
	close(fd);
	if (err)
		return report_errno(err, "removing it", path);
	report_done(NULL);
	return 0;
}

int file_action(struct task *t)
{
	const char *path = t->image.path;

	if (!strcmp(t->action, "list"))
		return action_list(path);
	if (!strcmp(t->action, "create"))
		return action_create(t, path);
	if (!strcmp(t->action, "info"))
		return action_info(path);
	if (!strcmp(t->action, "resize"))
		return action_resize(t, path);
	if (!strcmp(t->action, "remove"))
		return action_remove(path);
	if (!strncmp(t->action, "snap-", 5) || !strcmp(t->action, "flatten"))
		return report_fail("image_unsupported",
				   "%s is a file: it has no snapshots; 'hvctl image clone' copies it", path);
	if (!strcmp(t->action, "lock") || !strcmp(t->action, "unlock"))
		return report_fail("image_unsupported",
				   "%s is a file: a running guest locks it, nobody else can", path);
	return report_fail("bad_request", "there is no action '%.40s'", t->action);
}
