/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared page: two rings of bytes, requests in and replies out.
 *
 * The indices run freely and are masked only for access. The domain can write all of the page at
 * any time, our own indices included. So each call reads each index once, refuses a pair that is
 * further apart than the ring is long, and copies what it found; a domain that cheats confuses
 * itself alone. We keep no copy of the indices: the page is all there is to know, and an hvd that
 * starts anew goes on where the last one stopped.
 */
#include "xenstore/ring.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

/*
 * Bytes from 'index' to the end of the ring or to 'available', whichever comes first: at most two
 * rounds move all.
 */
static size_t ring_run(uint32_t index, uint32_t available, size_t n)
{
	size_t run = XENSTORE_RING_SIZE - MASK_XENSTORE_IDX(index);

	if (run > available)
		run = available;
	return run < n ? run : n;
}

ssize_t ring_peek(struct xenstore_domain_interface *page, void *buf, size_t n, uint32_t *ret_cons)
{
	uint32_t cons = __atomic_load_n(&page->req_cons, __ATOMIC_RELAXED);
	uint32_t prod = __atomic_load_n(&page->req_prod, __ATOMIC_ACQUIRE);
	size_t run, done = 0;

	if (prod - cons > XENSTORE_RING_SIZE)
		return -EBADMSG;
	while (done < n && prod != cons) {
		run = ring_run(cons, prod - cons, n - done);
		memcpy((char *)buf + done, page->req + MASK_XENSTORE_IDX(cons), run);
		cons += (uint32_t)run;
		done += run;
	}
	if (!done)
		return n ? -EAGAIN : 0;
	*ret_cons = cons;
	return (ssize_t)done;
}

void ring_consume(struct xenstore_domain_interface *page, uint32_t cons)
{
	/*
	 * The domain tells us of new requests only when it finds that we had read all before. So
	 * our index must be out before we look for the last time (the next call's load).
	 */
	__atomic_store_n(&page->req_cons, cons, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

ssize_t ring_read(struct xenstore_domain_interface *page, void *buf, size_t n)
{
	uint32_t cons;
	ssize_t result = ring_peek(page, buf, n, &cons);

	if (result > 0)
		ring_consume(page, cons);
	return result;
}

ssize_t ring_write(struct xenstore_domain_interface *page, const void *buf, size_t n)
{
	uint32_t prod = __atomic_load_n(&page->rsp_prod, __ATOMIC_RELAXED);
	uint32_t cons = __atomic_load_n(&page->rsp_cons, __ATOMIC_ACQUIRE);
	uint32_t space = XENSTORE_RING_SIZE - (prod - cons);
	size_t run, done = 0;

	if (prod - cons > XENSTORE_RING_SIZE)
		return -EBADMSG;
	while (done < n && space) {
		run = ring_run(prod, space, n - done);
		memcpy(page->rsp + MASK_XENSTORE_IDX(prod), (const char *)buf + done, run);
		prod += (uint32_t)run;
		space -= (uint32_t)run;
		done += run;
	}
	if (!done)
		return n ? -EAGAIN : 0;
	/* The same the other way: it tells us of room only when it finds the ring full. */
	__atomic_store_n(&page->rsp_prod, prod, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (ssize_t)done;
}

void ring_start(struct xenstore_domain_interface *page)
{
	page->server_features =
		XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
	page->error = XENSTORE_ERROR_NONE;
	__atomic_store_n(&page->connection, XENSTORE_CONNECTED, __ATOMIC_RELEASE);
}

void ring_set_error(struct xenstore_domain_interface *page, unsigned int error)
{
	__atomic_store_n(&page->error, error, __ATOMIC_RELEASE);
}

bool ring_wants_restart(struct xenstore_domain_interface *page)
{
	return __atomic_load_n(&page->connection, __ATOMIC_ACQUIRE) == XENSTORE_RECONNECT;
}

void ring_restart(struct xenstore_domain_interface *page)
{
	page->req_cons = page->req_prod = 0;
	page->rsp_cons = page->rsp_prod = 0;
	ring_start(page);
}
