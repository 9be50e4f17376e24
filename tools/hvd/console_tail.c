/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading console logs; the contract is in console_tail.h.
 */
#include "console_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xmem.h"

/* The two files, the older first; fd is -1 where there is none. */
struct part {
	int fd;
	uint64_t inode;
	off_t size;
};

static int open_part(const char *path, struct part *ret_part)
{
	struct part p = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) };
	struct stat st;
	int err;

	*ret_part = (struct part){ .fd = -1 };
	if (p.fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = fstat(p.fd, &st) ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (err) {
		close(p.fd);
		return err;
	}
	p.inode = st.st_ino;
	p.size = st.st_size;
	*ret_part = p;
	return 0;
}

static void close_parts(struct part parts[2])
{
	for (int i = 0; i < 2; i++)
		if (parts[i].fd >= 0)
			close(parts[i].fd);
}

static int open_parts(const char *path, struct part parts[2])
{
	char *old = xasprintf("%s.1", path);
	int err;

	parts[1].fd = -1;
	err = open_part(old, &parts[0]);
	if (!err)
		err = open_part(path, &parts[1]);
	free(old);
	if (!err && parts[0].fd < 0 && parts[1].fd < 0)
		err = -ENOENT;
	if (err)
		close_parts(parts);
	return err;
}

/* Adds up to 'max' bytes; a read that fails adds none. */
static void read_part(const struct part *p, off_t from, size_t max, struct console_text *text)
{
	ssize_t n;

	while (max && (n = pread(p->fd, text->bytes + text->n, max, from)) > 0) {
		text->n += (size_t)n;
		from += n;
		max -= (size_t)n;
	}
	snprintf(text->next, sizeof(text->next), "%llu:%lld", (unsigned long long)p->inode,
		 (long long)from);
}

static void start(struct console_text *text, size_t max)
{
	*text = (struct console_text){ .bytes = xmalloc(max + 1) };
}

int console_text_from(const char *path, const char *place, size_t max, struct console_text *ret_text)
{
	unsigned long long inode = 0;
	struct part parts[2];
	long long from = 0;
	int err, i = 0;
	char end;

	if (place && (sscanf(place, "%llu:%lld%c", &inode, &from, &end) != 2 || from < 0))
		return -EINVAL;
	err = open_parts(path, parts);
	if (err)
		return err;
	start(ret_text, max);
	while (place && i < 2 && (parts[i].fd < 0 || parts[i].inode != inode))
		i++;
	if (i == 2) {
		ret_text->lost = true;
		from = i = 0;
	}
	/* At the end of the older one the newer one goes on. */
	for (; i < 2 && !ret_text->n; i++, from = 0)
		if (parts[i].fd >= 0)
			read_part(&parts[i], from, max, ret_text);
	close_parts(parts);
	return 0;
}

/* Where the last 'lines' lines begin. */
static size_t lines_begin(const char *bytes, size_t n, unsigned int lines)
{
	size_t at = n;

	if (!lines)
		return n;
	if (at && bytes[at - 1] == '\n')
		at--; /* the end of the last line begins no other */
	while (at && (bytes[at - 1] != '\n' || --lines))
		at--;
	return at;
}

int console_text_tail(const char *path, unsigned int lines, size_t max, struct console_text *ret_text)
{
	struct part parts[2];
	size_t newer, begin;
	int err = open_parts(path, parts);

	if (err)
		return err;
	start(ret_text, max);
	newer = (size_t)parts[1].size < max ? (size_t)parts[1].size : max;
	if (parts[0].fd >= 0 && newer < max) {
		size_t older = max - newer;

		older = older < (size_t)parts[0].size ? older : (size_t)parts[0].size;
		read_part(&parts[0], parts[0].size - (off_t)older, older, ret_text);
	}
	if (parts[1].fd >= 0)
		read_part(&parts[1], parts[1].size - (off_t)newer, newer, ret_text);
	begin = lines_begin(ret_text->bytes, ret_text->n, lines);
	ret_text->n -= begin;
	memmove(ret_text->bytes, ret_text->bytes + begin, ret_text->n);
	close_parts(parts);
	return 0;
}
