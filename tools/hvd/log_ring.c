/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last lines of hvd's log; see log_ring.h.
 */
#include "log_ring.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <json-c/json.h>

#include "lib/log.h"
#include "lib/xmem.h"

#define LOOKED_AT_MAX 512u /* lines of one call */

/* Bytes of lines, each with its line end, one after another and round and round. */
#define FILE_BYTES (256u << 10)
#define FILE_MAGIC 0x6c645648u
#define COUNT_MAX (1ull << 60) /* more was never logged */

struct log_file {
	uint32_t magic, size;
	uint64_t end;	/* bytes that were ever written: what is before them is whole */
	uint64_t lines; /* that were ever written */
	char bytes[FILE_BYTES];
};

static char *lines[LOG_RING_LINES]; /* by number */
static uint64_t next_line;
static struct log_file *file; /* NULL: none */

static void keep_in_memory(const char *line, size_t n)
{
	char **place = &lines[next_line++ % LOG_RING_LINES];

	free(*place);
	*place = xstrndup(line, n);
}

/* The bytes first, then the count: who is killed between the two has not written it. */
static void keep_in_file(const char *line, size_t n)
{
	if (n >= FILE_BYTES / 2)
		n = FILE_BYTES / 2;
	for (size_t i = 0; i < n; i++)
		file->bytes[(file->end + i) % FILE_BYTES] = line[i];
	file->bytes[(file->end + n) % FILE_BYTES] = '\n';
	__atomic_store_n(&file->end, file->end + n + 1, __ATOMIC_RELEASE);
	file->lines++;
}

static void keep(const char *line, size_t n)
{
	keep_in_memory(line, n);
	if (file)
		keep_in_file(line, n);
}

void log_ring_start(void)
{
	log_set_sink(keep);
}

/* ---- The file ---- */

static int map_file(const char *path, struct log_file **ret)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;
	void *p;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof(**ret)))
		err = -errno;
	/* No page of it may be missing when a line comes: the end of the tmpfs would be ours. */
	if (!err)
		err = -posix_fallocate(fd, 0, sizeof(**ret));
	p = err ? MAP_FAILED : mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!err && p == MAP_FAILED)
		err = -errno;
	close(fd);
	if (!err)
		*ret = p;
	return err;
}

/* The lines in it, oldest first, into memory. The oldest of a full one has lost its beginning. */
static void read_back(const struct log_file *f)
{
	uint64_t at = f->end > FILE_BYTES ? f->end - FILE_BYTES : 0;
	char line[4096];
	size_t n = 0;
	bool whole = at == 0;

	next_line = f->lines;
	for (uint64_t i = at; i < f->end; i++)
		next_line -= f->bytes[i % FILE_BYTES] == '\n' && next_line > 0;
	for (; at < f->end; at++) {
		char c = f->bytes[at % FILE_BYTES];

		if (c != '\n') {
			line[n] = c;
			n += n < sizeof(line) - 1;
			continue;
		}
		if (whole)
			keep_in_memory(line, n);
		else
			next_line++;
		whole = true;
		n = 0;
	}
}

int log_ring_keep(const char *path)
{
	uint64_t nr = next_line < LOG_RING_LINES ? next_line : LOG_RING_LINES, i;
	char *early[LOG_RING_LINES];
	struct log_file *f = NULL;
	int err = map_file(path, &f);

	if (err)
		return err;
	if (f->magic != FILE_MAGIC || f->size != FILE_BYTES || f->end > COUNT_MAX || f->lines > f->end) {
		memset(f, 0, sizeof(*f));
		f->size = FILE_BYTES;
		f->magic = FILE_MAGIC;
	}
	for (i = 0; i < nr; i++) {
		early[i] = lines[(next_line - nr + i) % LOG_RING_LINES];
		lines[(next_line - nr + i) % LOG_RING_LINES] = NULL;
	}
	read_back(f);
	file = f;
	for (i = 0; i < nr; i++) {
		keep(early[i], strlen(early[i]));
		free(early[i]);
	}
	return 0;
}

void log_ring_stop(void)
{
	log_set_sink(NULL);
	if (file)
		munmap(file, sizeof(*file));
	file = NULL;
	for (unsigned int i = 0; i < LOG_RING_LINES; i++) {
		free(lines[i]);
		lines[i] = NULL;
	}
	next_line = 0;
}

static bool is_of_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.+-", c));
}

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(line, word); at; at = strstr(at + 1, word))
		if ((at == line || !is_of_name(at[-1])) && !is_of_name(at[n]))
			return true;
	return false;
}

/* Guests' words may be in a line: what is no ASCII becomes '?'. */
static struct json_object *text_of(const char *line)
{
	char *copy = xstrdup(line);
	struct json_object *o;

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	o = json_object_new_string(copy);
	free(copy);
	return o;
}

struct json_object *log_ring_get(uint64_t *position, const char *word, unsigned int max)
{
	uint64_t first = next_line > LOG_RING_LINES ? next_line - LOG_RING_LINES : 0, at = *position;
	struct json_object *list = json_object_new_array();
	unsigned int looked_at = 0;

	if (at < first)
		at = first;
	for (; at < next_line && looked_at < LOOKED_AT_MAX && json_object_array_length(list) < max;
	     at++, looked_at++) {
		const char *line = lines[at % LOG_RING_LINES];

		if (!line)
			continue; /* of an earlier hvd, and no more in its file */
		if (!word || has_word(line, word))
			json_object_array_add(list, text_of(line));
	}
	*position = at < next_line ? at : next_line;
	return list;
}

uint64_t log_ring_next(void)
{
	return next_line;
}
