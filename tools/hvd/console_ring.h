/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page of a PV console. Pure: works on any such page.
 */
#ifndef HVD_CONSOLE_RING_H
#define HVD_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct xencons_interface;

/*
 * Takes up to 'n' bytes of the guest's output; puts up to 'n' bytes into its input. Both return
 * the number of bytes, which may be 0, or -EBADMSG when the indices cannot be.
 */
ssize_t console_ring_read(struct xencons_interface *page, void *buf, size_t n);
/*
 * The two halves of a read, for who has something to do in between: 'ret_cons' is where the bytes begin,
 * and console_ring_consume() says how far they were taken.
 */
ssize_t console_ring_peek(struct xencons_interface *page, void *buf, size_t n, uint32_t *ret_cons);
void console_ring_consume(struct xencons_interface *page, uint32_t cons);

ssize_t console_ring_write(struct xencons_interface *page, const void *buf, size_t n);

#endif
