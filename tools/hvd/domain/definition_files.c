/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of definitions; the contract is in definition_files.h.
 *
 * A rename takes two steps (the new file, then the old one's removal), so a hidden file says which
 * are to be one while it goes on; whoever reads the folder next finishes what was begun.
 */
#include "domain/definition_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/definitions.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define LINKS "autostart"
#define RENAME_NOTE ".rename"

#define FILE_NAME_SIZE (SPEC_NAME_MAX + 32)

static void file_name(char name[FILE_NAME_SIZE], const char *before, const char *domain,
		      const char *after)
{
	snprintf(name, FILE_NAME_SIZE, "%s%s%s", before, domain, after);
}

/* ---- The folder ---- */

static int make_folders(const char *path)
{
	char *copy = xstrdup(path);
	int err = 0;

	for (char *slash = strchr(copy + 1, '/'); !err; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, slash ? 0755 : 0700) && errno != EEXIST)
			err = -errno;
		if (!slash)
			break;
		*slash = '/';
	}
	free(copy);
	return err;
}

int definition_folder_open(const char *path, int *ret_dir)
{
	int err = make_folders(path), fd;

	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (mkdirat(fd, LINKS, 0700) && errno != EEXIST) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_dir = fd;
	return 0;
}

static int is_definition(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 && !strcmp(entry->d_name + n - 4, ".xml");
}

int definition_file_names(int dir, struct definition_names *ret_names)
{
	struct dirent **entries;
	int nr = scandirat(dir, ".", &entries, is_definition, alphasort);

	if (nr < 0)
		return -errno;
	ret_names->nr = (size_t)nr;
	ret_names->name = xcalloc((size_t)nr + 1, sizeof(char *));
	for (int i = 0; i < nr; i++) {
		ret_names->name[i] = xstrndup(entries[i]->d_name, strlen(entries[i]->d_name) - 4);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

void definition_file_names_free(struct definition_names *names)
{
	for (size_t i = 0; i < names->nr; i++)
		free(names->name[i]);
	free(names->name);
}

/* ---- Whole files ---- */

static int read_whole(int fd, size_t max, char **ret_text)
{
	char *text = xmalloc(max + 2);
	size_t used = 0;
	ssize_t n;

	while (used <= max && (n = read(fd, text + used, max + 1 - used)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return -errno;
		}
		used += (size_t)n;
	}
	text[used] = '\0';
	if (used > max || strlen(text) != used) {
		free(text);
		return used > max ? -EFBIG : -EILSEQ;
	}
	*ret_text = text;
	return 0;
}

static int read_at(int dir, const char *file, size_t max, char **ret_text)
{
	/* Not waiting: what looks like a file may be a pipe that nobody writes to. */
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	struct stat st;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : read_whole(fd, max, ret_text);
	close(fd);
	return err;
}

static int write_all(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			text += done;
			n -= (size_t)done;
		}
	}
	return fsync(fd) ? -errno : 0;
}

static int write_at(int dir, const char *file, const char *text)
{
	char temporary[FILE_NAME_SIZE];
	int fd, err;

	file_name(temporary, ".", file, ".new");
	unlinkat(dir, temporary, 0); /* of one who died here */
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text);
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir, temporary, dir, file))
		err = -errno;
	if (err) {
		unlinkat(dir, temporary, 0);
		return err;
	}
	return fsync(dir) ? -errno : 0;
}

int definition_file_read(int dir, const char *name, size_t max, char **ret_text)
{
	char file[FILE_NAME_SIZE];

	file_name(file, "", name, ".xml");
	return read_at(dir, file, max, ret_text);
}

int definition_file_write(int dir, const char *name, const char *text)
{
	char file[FILE_NAME_SIZE];

	file_name(file, "", name, ".xml");
	return write_at(dir, file, text);
}

int definition_file_remove(int dir, const char *name)
{
	char file[FILE_NAME_SIZE];

	file_name(file, "", name, ".xml");
	if (unlinkat(dir, file, 0) && errno != ENOENT)
		return -errno;
	return fsync(dir) ? -errno : 0;
}

/* ---- Links ---- */

static int sync_links(int dir)
{
	int fd = openat(dir, LINKS, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = fsync(fd) ? -errno : 0;
	close(fd);
	return err;
}

bool definition_link_exists(int dir, const char *name)
{
	char file[FILE_NAME_SIZE];
	struct stat st;

	file_name(file, LINKS "/", name, ".xml");
	return !fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW);
}

int definition_link_set(int dir, const char *name, bool on)
{
	char file[FILE_NAME_SIZE], target[FILE_NAME_SIZE];

	file_name(file, LINKS "/", name, ".xml");
	file_name(target, "../", name, ".xml");
	if (on && symlinkat(target, dir, file) && errno != EEXIST)
		return -errno;
	if (!on && unlinkat(dir, file, 0) && errno != ENOENT)
		return -errno;
	return sync_links(dir);
}

/* ---- Renames ---- */

/* The last steps, which may have been done already. */
static int finish_rename(int dir, const char *from, const char *to, bool link)
{
	int err = link ? definition_link_set(dir, to, true) : 0;

	if (!err)
		err = definition_link_set(dir, from, false);
	if (!err)
		err = definition_file_remove(dir, from);
	if (!err && unlinkat(dir, RENAME_NOTE, 0) && errno != ENOENT)
		err = -errno;
	return err;
}

int definition_file_rename(int dir, const char *from, const char *to, const char *text, bool link)
{
	char *note = xasprintf("%s %s %d\n", from, to, link);
	int err = write_at(dir, RENAME_NOTE, note);

	free(note);
	if (!err)
		err = definition_file_write(dir, to, text);
	if (err) {
		unlinkat(dir, RENAME_NOTE, 0);
		return err;
	}
	/* From here the domain has its new name, whatever happens. */
	err = finish_rename(dir, from, to, link);
	if (err)
		log_error("the definition '%s' is now '%s', but the old file stays: %s", from, to,
			  strerror(-err));
	return 0;
}

void definition_file_finish_rename(int dir)
{
	char from[SPEC_NAME_MAX + 1], to[SPEC_NAME_MAX + 1], *note, *text;
	int link;

	if (read_at(dir, RENAME_NOTE, 256, &note))
		return;
	if (sscanf(note, "%63s %63s %d", from, to, &link) == 3 && definition_name_is_valid(from) &&
	    definition_name_is_valid(to) && !definition_file_read(dir, to, SPEC_XML_MAX, &text)) {
		free(text);
		log_info("the definition '%s' becomes '%s', as was begun", from, to);
		finish_rename(dir, from, to, link);
	}
	unlinkat(dir, RENAME_NOTE, 0);
	free(note);
}
