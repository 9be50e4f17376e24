/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permissions of a node: an owner, what everybody else may do, and exceptions by domain.
 */
#ifndef HVD_XENSTORE_PERMS_H
#define HVD_XENSTORE_PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XS_ACCESS_READ	1u
#define XS_ACCESS_WRITE 2u

struct xs_perm {
	uint16_t domid;
	uint8_t access; /* XS_ACCESS_* */
};

/* Never changed once made, and shared by reference: children mostly have their parent's. */
struct xs_perms {
	unsigned int refs;
	unsigned int nr;    /* at least 1 */
	struct xs_perm p[]; /* [0]: the owner, and the access of all who are not named */
};

/* Who asks. The control domain is privileged: the store does not refuse it anything. */
struct xs_who {
	uint16_t domid;
	bool privileged;
};

/* At most this many entries, whoever asks. */
#define PERMS_MAX 64u

struct xs_perms *perms_create(const struct xs_perm *p, unsigned int nr);
struct xs_perms *perms_get(struct xs_perms *perms);
void perms_put(struct xs_perms *perms); /* NULL is fine */

/* May 'who' do all of 'access'? */
bool perms_allow(const struct xs_perms *perms, const struct xs_who *who, unsigned int access);
/* May 'who' change the permissions? */
bool perms_allow_change(const struct xs_perms *perms, const struct xs_who *who);

/* What a node has that 'who' makes below a parent with 'parent': the parent's, but his own. */
struct xs_perms *perms_inherit(struct xs_perms *parent, const struct xs_who *who);

/*
 * The permissions without anything for 'domid': its entries are gone, what it owned is the control
 * domain's. NULL: they do not mention the domain.
 */
struct xs_perms *perms_without(const struct xs_perms *perms, uint16_t domid);

/* "n0\0r5\0" of 'length' bytes. -EINVAL: not that; -ENOSPC: more than 'max' entries. */
int perms_parse(const char *text, size_t length, unsigned int max, struct xs_perms **ret_perms);

/* The same text into 'buf'. Returns its length; more than 'size' means that it was cut. */
size_t perms_format(const struct xs_perms *perms, char *buf, size_t size);

/* 'n', 'r', 'w' or 'b' <-> access. -EINVAL: none of these. */
int perms_access_of(char letter, uint8_t *ret_access);
char perms_letter_of(uint8_t access);

#endif
