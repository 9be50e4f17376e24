/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permissions.
 *
 * The first entry names the owner, who may do everything, and what strangers may do; the others
 * name single domains. An entry for the asking domain counts even where it gives less than
 * strangers have. A new node takes its parent's permissions, except that a guest owns what it
 * makes. Sets are immutable and shared, because a store has thousands of nodes and a handful of
 * different permissions.
 */
#include "xenstore/perms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"

struct xs_perms *perms_create(const struct xs_perm *p, unsigned int nr)
{
	struct xs_perms *perms = xmalloc(sizeof(*perms) + nr * sizeof(*p));

	perms->refs = 1;
	perms->nr = nr;
	memcpy(perms->p, p, nr * sizeof(*p));
	return perms;
}

struct xs_perms *perms_get(struct xs_perms *perms)
{
	perms->refs++;
	return perms;
}

void perms_put(struct xs_perms *perms)
{
	if (perms && !--perms->refs)
		free(perms);
}

static unsigned int perms_access(const struct xs_perms *perms, const struct xs_who *who)
{
	unsigned int i;

	if (who->privileged || perms->p[0].domid == who->domid)
		return XS_ACCESS_READ | XS_ACCESS_WRITE;
	for (i = 1; i < perms->nr; i++) {
		if (perms->p[i].domid == who->domid)
			return perms->p[i].access;
	}
	return perms->p[0].access;
}

bool perms_allow(const struct xs_perms *perms, const struct xs_who *who, unsigned int access)
{
	return (perms_access(perms, who) & access) == access;
}

bool perms_allow_change(const struct xs_perms *perms, const struct xs_who *who)
{
	return who->privileged || perms->p[0].domid == who->domid;
}

struct xs_perms *perms_inherit(struct xs_perms *parent, const struct xs_who *who)
{
	struct xs_perms *perms;

	if (who->privileged || parent->p[0].domid == who->domid)
		return perms_get(parent);
	perms = perms_create(parent->p, parent->nr);
	perms->p[0].domid = who->domid;
	return perms;
}

struct xs_perms *perms_without(const struct xs_perms *perms, uint16_t domid)
{
	struct xs_perms *without;
	unsigned int i, nr = 1;

	for (i = 0; i < perms->nr && perms->p[i].domid != domid; i++)
		;
	if (i == perms->nr)
		return NULL;

	without = perms_create(perms->p, perms->nr);
	if (without->p[0].domid == domid)
		without->p[0].domid = 0;
	for (i = 1; i < perms->nr; i++) {
		if (perms->p[i].domid != domid)
			without->p[nr++] = perms->p[i];
	}
	without->nr = nr;
	return without;
}

int perms_access_of(char letter, uint8_t *ret_access)
{
	switch (letter) {
	case 'n':
		*ret_access = 0;
		return 0;
	case 'r':
		*ret_access = XS_ACCESS_READ;
		return 0;
	case 'w':
		*ret_access = XS_ACCESS_WRITE;
		return 0;
	case 'b':
		*ret_access = XS_ACCESS_READ | XS_ACCESS_WRITE;
		return 0;
	}
	return -EINVAL;
}

char perms_letter_of(uint8_t access)
{
	return "nrwb"[access & 3];
}

/* One "r5", NUL-terminated. */
static int perms_parse_one(const char *text, struct xs_perm *ret)
{
	unsigned long domid = 0;
	const char *c;

	if (perms_access_of(text[0], &ret->access) || !text[1])
		return -EINVAL;
	for (c = text + 1; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		domid = domid * 10 + (unsigned long)(*c - '0');
		if (domid > UINT16_MAX)
			return -EINVAL;
	}
	ret->domid = (uint16_t)domid;
	return 0;
}

int perms_parse(const char *text, size_t length, unsigned int max, struct xs_perms **ret_perms)
{
	const char *end = text + length;
	struct xs_perm p[PERMS_MAX];
	unsigned int nr = 0;

	if (!length || text[length - 1])
		return -EINVAL;
	if (max > PERMS_MAX)
		max = PERMS_MAX;
	for (; text < end; text += strlen(text) + 1) {
		if (nr == max)
			return -ENOSPC;
		if (perms_parse_one(text, &p[nr]))
			return -EINVAL;
		nr++;
	}
	*ret_perms = perms_create(p, nr);
	return 0;
}

size_t perms_format(const struct xs_perms *perms, char *buf, size_t size)
{
	size_t used = 0;
	unsigned int i;
	char one[8];
	int n;

	for (i = 0; i < perms->nr; i++) {
		n = snprintf(one, sizeof(one), "%c%u", perms_letter_of(perms->p[i].access),
			     perms->p[i].domid);
		if (used + (size_t)n + 1 <= size)
			memcpy(buf + used, one, (size_t)n + 1);
		used += (size_t)n + 1;
	}
	return used;
}
