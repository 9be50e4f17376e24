/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Histories of domains; the contract is in history.h.
 */
#include "domain/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "domain/definitions.h"
#include "domain/domain.h"
#include "domain/spec.h"
#include "lib/json_line.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define LINE_MAX_BYTES 2048u
#define PATH_SIZE (SPEC_NAME_MAX + 16)

struct history {
	int dir;
	bool complained;
};

int history_open(const char *dir, struct history **ret_h)
{
	struct history *h;
	int fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	h = xcalloc(1, sizeof(*h));
	h->dir = fd;
	*ret_h = h;
	return 0;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	close(h->dir);
	free(h);
}

uint64_t history_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void path_of(char path[PATH_SIZE], const char *name, const char *end)
{
	snprintf(path, PATH_SIZE, "%s.log%s", name, end);
}

/* ---- Writing ---- */

static void complain(struct history *h, const char *name, int err)
{
	if (!h->complained)
		log_warning("the history of domain '%s' cannot be written: %s", name, strerror(err));
	h->complained = true;
}

/* Makes room for one more name. */
static void drop_oldest(struct history *h)
{
	int fd = openat(h->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char oldest[PATH_SIZE] = "", *end;
	struct dirent *entry;
	unsigned int nr = 0;
	time_t when = 0;
	struct stat st;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		end = strrchr(entry->d_name, '.');
		if (!end || strcmp(end, ".log") || strlen(entry->d_name) >= sizeof(oldest) ||
		    fstatat(h->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!nr++ || st.st_mtime < when) {
			when = st.st_mtime;
			strcpy(oldest, entry->d_name);
		}
	}
	closedir(dir);
	if (nr < HISTORY_FILES_MAX)
		return;
	unlinkat(h->dir, oldest, 0);
	strcat(oldest, ".1");
	unlinkat(h->dir, oldest, 0);
}

/* The file of a name, with room for a line. A descriptor or a negative errno. */
static int open_file(struct history *h, const char *name)
{
	char path[PATH_SIZE], old[PATH_SIZE];
	struct stat st;
	int fd;

	path_of(path, name, "");
	path_of(old, name, ".1");
	if (fstatat(h->dir, path, &st, AT_SYMLINK_NOFOLLOW))
		drop_oldest(h);
	else if (st.st_size + LINE_MAX_BYTES > HISTORY_FILE_MAX && renameat(h->dir, path, h->dir, old))
		return -errno;
	fd = openat(h->dir, path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		    0640);
	return fd < 0 ? -errno : fd;
}

static void append(struct history *h, const char *name, const char *line, size_t n)
{
	int fd = open_file(h, name);
	ssize_t written;

	if (fd < 0) {
		complain(h, name, -fd);
		return;
	}
	written = write(fd, line, n);
	if (written != (ssize_t)n)
		complain(h, name, written < 0 ? errno : ENOSPC);
	close(fd);
}

static struct json_object *entry_json(const struct history_entry *e, bool with_message)
{
	struct json_object *o = json_object_new_object();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_object_add(o, "time_ms", json_object_new_int64(now.tv_sec * 1000 + now.tv_nsec / 1000000));
	json_object_object_add(o, "what", json_object_new_string(e->what));
	json_object_object_add(o, "by", json_object_new_string(e->by));
	if (!strcmp(e->by, "client"))
		json_object_object_add(o, "uid", json_object_new_int64(e->uid));
	if (e->duration_ms != HISTORY_NO_DURATION)
		json_object_object_add(o, "duration_ms", json_object_new_uint64(e->duration_ms));
	if (e->outcome)
		json_object_object_add(o, "outcome", json_object_new_string(e->outcome));
	if (e->message && with_message)
		json_object_object_add(o, "message", json_object_new_string(e->message));
	return o;
}

void history_add(struct history *h, const char *name, const struct history_entry *entry)
{
	struct json_object *o;
	char *line;
	size_t n;

	if (!h || !name || !definition_name_is_valid(name))
		return;
	o = entry_json(entry, true);
	line = json_line_format(o, &n);
	json_object_put(o);
	if (n > LINE_MAX_BYTES) { /* every byte of a message may have become six */
		free(line);
		o = entry_json(entry, false);
		line = json_line_format(o, &n);
		json_object_put(o);
	}
	append(h, name, line, n);
	free(line);
}

/* ---- What happens by itself ---- */

void history_note_state(struct history *h, struct domain *d, enum domain_state from)
{
	struct history_entry e = { .by = "hvd", .duration_ms = HISTORY_NO_DURATION };

	switch (d->state) {
	case DOMAIN_SHUTDOWN:
		e.by = "guest";
		e.what = shutdown_reason_name(d->shutdown_reason);
		break;
	case DOMAIN_CRASHED:
		e.by = "guest";
		e.what = "crash";
		e.message = d->crash_reason;
		break;
	case DOMAIN_RUNNING:
		if (from != DOMAIN_PAUSED || d->generation < 2 || d->noted_generation == d->generation)
			return;
		d->noted_generation = d->generation;
		e.what = "restarted";
		break;
	case DOMAIN_GONE:
		e.what = "gone";
		if (d->fault.code != FAULT_NONE) {
			e.outcome = fault_name(d->fault.code);
			e.message = d->fault.text;
		}
		break;
	case DOMAIN_BUILDING:
	case DOMAIN_PAUSED:
	case DOMAIN_DYING:
		return;
	}
	history_add(h, d->spec->name, &e);
}

void history_rename(struct history *h, const char *from, const char *to)
{
	static const char *const ends[] = { "", ".1" };
	char before[PATH_SIZE], after[PATH_SIZE];

	for (unsigned int i = 0; h && i < 2; i++) {
		path_of(before, from, ends[i]);
		path_of(after, to, ends[i]);
		/* Of an earlier domain of that name: its history ends here. */
		if (renameat(h->dir, before, h->dir, after) && errno == ENOENT)
			unlinkat(h->dir, after, 0);
	}
}

/* ---- Reading ---- */

static int read_file(struct history *h, const char *path, char **ret_text)
{
	int fd = openat(h->dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;
	char *text;

	*ret_text = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	text = xmalloc(HISTORY_FILE_MAX + 1);
	while (used < HISTORY_FILE_MAX && (n = read(fd, text + used, HISTORY_FILE_MAX - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = '\0';
	*ret_text = text;
	return 0;
}

/* A line that was cut off, or is none, is left out. */
static void add_lines(struct json_object *list, char *text)
{
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		struct json_object *o = *line ? json_tokener_parse(line) : NULL;

		if (json_object_is_type(o, json_type_object))
			json_object_array_add(list, o);
		else
			json_object_put(o);
	}
}

int history_read(struct history *h, const char *name, unsigned int max,
		 struct json_object **ret_entries)
{
	static const char *const ends[] = { ".1", "" };
	struct json_object *list = json_object_new_array();
	char path[PATH_SIZE], *text;
	size_t nr;
	int err = 0;

	for (unsigned int i = 0; h && !err && i < 2; i++) {
		path_of(path, name, ends[i]);
		err = read_file(h, path, &text);
		if (err)
			break;
		add_lines(list, text);
		free(text);
	}
	if (err) {
		json_object_put(list);
		return err;
	}
	nr = json_object_array_length(list);
	if (nr > max)
		json_object_array_del_idx(list, 0, nr - max);
	*ret_entries = list;
	return 0;
}
