/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and sizes of images: see name.h.
 */
#include "image/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "lib/xmem.h"

#define PART_MAX 95u /* librbd's limit for images */
#define PATH_LENGTH_MAX 4000u

/* Takes one part of the name over; false: it is none. */
static bool take(char **ret, const char *text, size_t n)
{
	if (!n || n > PART_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("@:\\", text[i]))
			return false;
	*ret = xstrndup(text, n);
	return true;
}

/* "a", "a/b", "a/b/c": pool, namespace and image, as far as they are there. */
static bool parse_parts(const char *text, size_t n, bool is_folder, struct rbd_spec *rbd)
{
	const char *part[3] = { text };
	size_t len[3] = { 0 };
	unsigned int nr = 1;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '/') {
			len[nr - 1]++;
			continue;
		}
		if (nr == 3)
			return false;
		part[nr++] = text + i + 1;
	}
	if (!take(&rbd->pool, part[0], len[0]))
		return false;
	if (is_folder)
		return nr == 1 || (nr == 2 && take(&rbd->namespace, part[1], len[1]));
	if (nr == 1 || !take(&rbd->image, part[nr - 1], len[nr - 1]))
		return false;
	return nr == 2 || take(&rbd->namespace, part[1], len[1]);
}

static bool parse_rbd(const char *text, bool is_folder, struct rbd_spec *rbd)
{
	const char *at = strchr(text, '@');

	if (!at)
		return parse_parts(text, strlen(text), is_folder, rbd);
	return !is_folder && parse_parts(text, (size_t)(at - text), false, rbd) &&
	       !strchr(at, '/') && take(&rbd->snapshot, at + 1, strlen(at + 1));
}

int image_name_parse(const char *text, bool is_folder, struct image_name *ret, char **ret_error)
{
	struct image_name name = { 0 };

	if (text[0] == '/') {
		if (strlen(text) > PATH_LENGTH_MAX) {
			*ret_error = xasprintf("the path is too long");
			return -EINVAL;
		}
		name.path = xstrdup(text);
		*ret = name;
		return 0;
	}
	name.rbd = xcalloc(1, sizeof(*name.rbd));
	if (!parse_rbd(text, is_folder, name.rbd)) {
		*ret_error = is_folder ?
			xasprintf("'%.200s' is neither a POOL[/NAMESPACE] nor the path of a folder", text) :
			xasprintf("'%.200s' is neither POOL[/NAMESPACE]/IMAGE[@SNAPSHOT] nor a path", text);
		image_name_fini(&name);
		return -EINVAL;
	}
	*ret = name;
	return 0;
}

void image_name_fini(struct image_name *name)
{
	free(name->path);
	if (name->rbd) {
		free(name->rbd->pool);
		free(name->rbd->namespace);
		free(name->rbd->image);
		free(name->rbd->snapshot);
		free(name->rbd);
	}
}

bool image_size_parse(const char *text, unsigned long long *ret_bytes)
{
	static const char units[] = "KMGTP";
	unsigned long long value, factor = 1;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || text[0] < '0' || text[0] > '9')
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		factor = 1ull << (10 * (unit - units + 1));
		end++;
		if (*end == 'i')
			end++;
	}
	if (*end == 'B')
		end++;
	return !*end && !__builtin_mul_overflow(value, factor, ret_bytes) && *ret_bytes > 0 &&
	       *ret_bytes <= 1ull << 60;
}
