/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page that a domain shares with the store. Pure: works on any such page, real or made up.
 */
#ifndef HVD_XENSTORE_RING_H
#define HVD_XENSTORE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct xenstore_domain_interface;

/*
 * Takes up to 'n' bytes of the domain's requests; puts up to 'n' bytes of replies there. Both
 * return the number of bytes, -EAGAIN when there is nothing to read or no room, or -EBADMSG when
 * the indices cannot be.
 */
ssize_t ring_read(struct xenstore_domain_interface *page, void *buf, size_t n);
ssize_t ring_write(struct xenstore_domain_interface *page, const void *buf, size_t n);

/*
 * The two halves of ring_read(), for who has something to note in between: 'ret_cons' is what the index
 * becomes by ring_consume().
 */
ssize_t ring_peek(struct xenstore_domain_interface *page, void *buf, size_t n, uint32_t *ret_cons);
void ring_consume(struct xenstore_domain_interface *page, uint32_t cons);

/* Tells the domain what we can do. For a new connection. */
void ring_start(struct xenstore_domain_interface *page);

/* Writes the reason why we no longer listen (XENSTORE_ERROR_*). */
void ring_set_error(struct xenstore_domain_interface *page, unsigned int error);

/* Does the domain ask for a new beginning? Then ring_restart() gives it. */
bool ring_wants_restart(struct xenstore_domain_interface *page);
void ring_restart(struct xenstore_domain_interface *page);

#endif
