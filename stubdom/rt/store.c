/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The xenstore's ring, its messages and events (see store.h). */
#include "store.h"

#include "rt.h"
#include "str.h"

#include <xen/errno.h>
#include <xen/hvm/params.h>

#define NR_EVENTS 16u

static struct xenstore_domain_interface *ring;
static evtchn_port_t ring_port;
static struct store_event events[NR_EVENTS];
static unsigned int nr_events, nr_lost;
static uint32_t last_id;

/* The protocol has names for errors. */
static const struct {
	int err;
	const char *name;
} errors[] = {
#define ERROR(name) { XEN_##name, #name }
	ERROR(EINVAL), ERROR(EACCES), ERROR(EEXIST), ERROR(EISDIR), ERROR(ENOENT), ERROR(ENOMEM),
	ERROR(ENOSPC), ERROR(EIO), ERROR(ENOTEMPTY), ERROR(ENOSYS), ERROR(EROFS), ERROR(EBUSY),
	ERROR(EAGAIN), ERROR(EISCONN), ERROR(E2BIG), ERROR(EPERM),
};

static int error_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (str_same(errors[i].name, name))
			return -errors[i].err;
	return -XEN_EIO;
}

static void on_ring(evtchn_port_t port)
{
	(void)port; /* it ends rt_wait() */
}

int store_init(void)
{
	uint64_t pfn = rt_hvm_param(HVM_PARAM_STORE_PFN);

	ring_port = (evtchn_port_t)rt_hvm_param(HVM_PARAM_STORE_EVTCHN);
	/* Within what entry.S maps. */
	if (!pfn || pfn >= 1ul << 20 || !ring_port)
		return -XEN_ENODEV;
	ring = (struct xenstore_domain_interface *)(uintptr_t)(pfn << 12);
	rt_event_bind(ring_port, on_ring);
	return 0;
}

/* ---- bytes: as many as there is room for, then the next ---- */

static void put(const void *bytes, size_t n)
{
	const char *from = bytes;
	XENSTORE_RING_IDX at = ring->req_prod;

	while (n) {
		if (at - __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE) == XENSTORE_RING_SIZE) {
			rt_event_send(ring_port);
			rt_wait();
			continue;
		}
		ring->req[MASK_XENSTORE_IDX(at)] = *from++;
		at++;
		n--;
		__atomic_store_n(&ring->req_prod, at, __ATOMIC_RELEASE);
	}
	rt_event_send(ring_port);
}

/* To nowhere, if bytes is NULL. */
static void take(void *bytes, size_t n)
{
	char *to = bytes;
	XENSTORE_RING_IDX at = ring->rsp_cons;

	while (n) {
		if (at == __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE)) {
			rt_wait();
			continue;
		}
		if (to)
			*to++ = ring->rsp[MASK_XENSTORE_IDX(at)];
		at++;
		n--;
		__atomic_store_n(&ring->rsp_cons, at, __ATOMIC_RELEASE);
		/* Whoever found it full waits for room. */
		if (__atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) - at == XENSTORE_RING_SIZE - 1)
			rt_event_send(ring_port);
	}
}

/* ---- messages ---- */

static void take_event(size_t length)
{
	static char payload[XENSTORE_PAYLOAD_MAX + 1];
	size_t path;

	take(payload, length);
	payload[length] = 0;
	path = str_length(payload) + 1;
	if (nr_events == NR_EVENTS || path > length || path > STORE_EVENT_SIZE ||
	    length - path > STORE_EVENT_SIZE) {
		nr_lost++;
		return;
	}
	str_copy(events[nr_events].path, payload, STORE_EVENT_SIZE);
	str_copy(events[nr_events].token, payload + path, STORE_EVENT_SIZE);
	nr_events++;
}

void store_send(uint32_t type, uint32_t id, uint32_t tx, const void *payload, size_t length)
{
	struct xsd_sockmsg header = { .type = type, .req_id = id, .tx_id = tx, .len = (uint32_t)length };

	put(&header, sizeof(header));
	put(payload, length);
}

/* The next message, if it is an answer: true. */
static bool receive_one(struct xsd_sockmsg *h, char *answer, size_t size)
{
	size_t kept;

	take(h, sizeof(*h));
	if (h->type == XS_WATCH_EVENT) {
		take_event(h->len);
		return false;
	}
	kept = h->len < size ? h->len : size;
	take(answer, kept);
	take(NULL, h->len - kept);
	return true;
}

long store_receive(struct xsd_sockmsg *ret_header, char *answer, size_t size)
{
	char name[16];

	while (!receive_one(ret_header, answer, size))
		;
	if (ret_header->type != XS_ERROR)
		return (long)ret_header->len;
	memset(name, 0, sizeof(name));
	memcpy(name, answer, size < sizeof(name) - 1 ? size : sizeof(name) - 1);
	return error_of(name);
}

long store_call(uint32_t type, uint32_t tx, const void *payload, size_t length, char *answer, size_t size)
{
	struct xsd_sockmsg header;
	char small[16]; /* for "OK", or an error's name */
	long ret;

	store_send(type, ++last_id, tx, payload, length);
	ret = size < sizeof(small) ? store_receive(&header, small, sizeof(small))
				   : store_receive(&header, answer, size);
	if (size && size < sizeof(small))
		memcpy(answer, small, size);
	/* Somebody else's answer would be a fault of the other side's. */
	return header.req_id == last_id && header.tx_id == tx ? ret : -XEN_EIO;
}

/* ---- requests ---- */

long store_read(uint32_t tx, const char *path, char *value, size_t size)
{
	long n = store_call(XS_READ, tx, path, str_length(path) + 1, value, size - 1);

	if (n >= 0)
		value[(size_t)n < size ? (size_t)n : size - 1] = 0;
	return n;
}

long store_write_bytes(uint32_t tx, const char *path, const void *value, size_t length)
{
	static char payload[XENSTORE_PAYLOAD_MAX];
	size_t n = str_length(path) + 1;

	if (n > sizeof(payload) || length > sizeof(payload) - n)
		return -XEN_E2BIG;
	memcpy(payload, path, n);
	memcpy(payload + n, value, length);
	return store_call(XS_WRITE, tx, payload, n + length, NULL, 0);
}

long store_write(uint32_t tx, const char *path, const char *value)
{
	return store_write_bytes(tx, path, value, str_length(value));
}

long store_path(uint32_t type, uint32_t tx, const char *path, char *answer, size_t size)
{
	return store_call(type, tx, path, str_length(path) + 1, answer, size);
}

long store_pair(uint32_t type, const char *a, const char *b)
{
	char payload[2 * STORE_EVENT_SIZE];
	size_t na = str_length(a) + 1, nb = str_length(b) + 1;

	if (na > STORE_EVENT_SIZE || nb > STORE_EVENT_SIZE)
		return -XEN_E2BIG;
	memcpy(payload, a, na);
	memcpy(payload + na, b, nb);
	return store_call(type, 0, payload, na + nb, NULL, 0);
}

long store_begin(uint32_t *ret_tx)
{
	char text[16] = "";
	long n = store_call(XS_TRANSACTION_START, 0, "", 1, text, sizeof(text));

	if (n < 0)
		return n;
	*ret_tx = (uint32_t)str_number(text);
	return 0;
}

long store_end(uint32_t tx, int commit)
{
	return store_call(XS_TRANSACTION_END, tx, commit ? "T" : "F", 2, NULL, 0);
}

/* ---- events ---- */

unsigned int store_events(void)
{
	return nr_events + nr_lost;
}

void store_event(struct store_event *ret_event)
{
	struct xsd_sockmsg header;
	unsigned int i;

	/* An answer that nobody asked for is dropped. */
	while (!nr_events)
		receive_one(&header, NULL, 0);
	*ret_event = events[0];
	for (i = 1; i < nr_events; i++)
		events[i - 1] = events[i];
	nr_events--;
}
