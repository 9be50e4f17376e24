/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console's two rings of bytes. The guest can write all of the page at any time, so each call
 * reads each index once, checks the pair, and works with what it read.
 */
#include "console_ring.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/console.h>

ssize_t console_ring_peek(struct xencons_interface *page, void *buf, size_t n, uint32_t *ret_cons)
{
	uint32_t cons = __atomic_load_n(&page->out_cons, __ATOMIC_RELAXED);
	uint32_t prod = __atomic_load_n(&page->out_prod, __ATOMIC_ACQUIRE);
	size_t done;

	if (prod - cons > sizeof(page->out))
		return -EBADMSG;
	*ret_cons = cons;
	for (done = 0; done < n && cons != prod; cons++)
		((char *)buf)[done++] = page->out[MASK_XENCONS_IDX(cons, page->out)];
	return (ssize_t)done;
}

void console_ring_consume(struct xencons_interface *page, uint32_t cons)
{
	__atomic_store_n(&page->out_cons, cons, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

ssize_t console_ring_read(struct xencons_interface *page, void *buf, size_t n)
{
	uint32_t cons;
	ssize_t done = console_ring_peek(page, buf, n, &cons);

	if (done > 0)
		console_ring_consume(page, cons + (uint32_t)done);
	return done;
}

ssize_t console_ring_write(struct xencons_interface *page, const void *buf, size_t n)
{
	uint32_t prod = __atomic_load_n(&page->in_prod, __ATOMIC_RELAXED);
	uint32_t cons = __atomic_load_n(&page->in_cons, __ATOMIC_ACQUIRE);
	size_t done;

	if (prod - cons > sizeof(page->in))
		return -EBADMSG;
	for (done = 0; done < n && prod - cons < sizeof(page->in); prod++)
		page->in[MASK_XENCONS_IDX(prod, page->in)] = ((const char *)buf)[done++];
	if (done) {
		__atomic_store_n(&page->in_prod, prod, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	return (ssize_t)done;
}
