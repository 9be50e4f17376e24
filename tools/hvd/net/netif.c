/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network interface of a guest.
 *
 * Both directions work in rounds: take up to NET_BATCH packets from one side, move their bytes with
 * one grant copy call, hand them to the other side, answer. Every packet is copied into a
 * buffer of ours first, because the guest could still change it, and because without an IOMMU no
 * network card may be pointed to a page that belongs to the guest. A round that leaves work
 * behind continues in the next round of the loop, after all other interfaces had their turn.
 *
 * To the guest: a packet that finds no free slots waits here, and the tap is not read until the
 * guest offers some. What arrives meanwhile queues up in the tap, which drops when it is full.
 * From the guest: the tap takes every packet or drops it, so the guest never waits for the host.
 */
#include "net/netif.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xengnttab.h>

#include <xen/io/netif.h>

#include "backend/child.h"
#include "backend/stats.h"
#include "evtchn.h"
#include "lib/log.h"
#include "net/tap.h"

#define NET_BATCH 16u
#define NET_ROUNDS 4u /* from the guest, before the others have their turn */
#define BATCH_OPS (NET_BATCH * NET_MAX_TX_FRAGS)

_Static_assert(NET_MAX_RX_SLOTS <= NET_MAX_TX_FRAGS, "one array of copies serves both directions");

struct rx_packet {
	struct virtio_net_hdr hdr;
	struct net_rx_plan plan;
	unsigned int size;
};

struct netif {
	struct netif_host *host;
	unsigned int id;
	int tap;
	struct backend_net_stats *stats;
	struct event *tap_readable;
	struct event *tx_again;

	bool connected;
	struct net_rx_features features;
	struct net_ring tx;
	struct net_ring rx;
	void *tx_memory;
	void *rx_memory;
	struct evtchn_port *tx_port;
	struct evtchn_port *rx_port; /* NULL: tx_port is for both */

	/* A packet from the tap that waits for slots: it lies in rx_waiting. */
	bool rx_is_waiting;
	struct rx_packet rx_packet;
	uint8_t rx_waiting[NET_MAX_RX_PACKET + 1];
};

/*
 * The packets of one round, of whichever interface has its turn: nothing stays here between rounds.
 *
 * hv copies within one page on each side, so the kernel cuts a copy wherever one of ours ends. A
 * packet to the guest starts on a page, as it does there: one copy a page, not two. One from the
 * guest starts where its second fragment lies as it does in the guest's page; see tx_start().
 */
#define BUFFER_SIZE (18u * NET_PAGE_SIZE)

_Static_assert(BUFFER_SIZE >= NET_PAGE_SIZE + NET_MAX_RX_PACKET + 1, "at any offset in a page");

static uint8_t buffers[NET_BATCH][BUFFER_SIZE] __attribute__((aligned(NET_PAGE_SIZE)));
static struct xengnttab_grant_copy_segment copy_ops[BATCH_OPS];

static void netif_break(struct netif *n, const char *reason)
{
	log_error("domain %u, interface %u: %s", n->host->child->domid, n->id, reason);
	netif_disconnect(n);
	n->host->on_broken(n, reason);
}

static struct evtchn_port *rx_port(struct netif *n)
{
	return n->rx_port ? n->rx_port : n->tx_port;
}

/* Fills in one copy between a page of the guest and our memory; it counts as failed until done. */
static void copy_op(struct netif *n, struct xengnttab_grant_copy_segment *op, bool to_guest,
		    uint32_t gref, uint16_t offset, void *ours, uint16_t size)
{
	union xengnttab_copy_ptr guest = {
		.foreign = { .ref = gref, .offset = offset, .domid = n->host->child->domid },
	};
	union xengnttab_copy_ptr local = { .virt = ours };

	op->source = to_guest ? local : guest;
	op->dest = to_guest ? guest : local;
	op->len = size;
	op->flags = to_guest ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
	op->status = GNTST_general_error;
}

/* ---- from the guest ---- */

struct tx_entry {
	struct net_tx_packet packet;
	uint8_t *data;
	bool bad;
	unsigned int first_op;
};

/*
 * Where in a buffer the packet starts. The first fragment is mostly headers; what comes after fills
 * pages of the guest, which are one copy each if ours begin and end at the same bytes.
 */
static unsigned int tx_start(const struct net_tx_packet *p)
{
	if (p->nr_frags < 2)
		return p->nr_frags ? p->frags[0].offset : 0;
	return (NET_PAGE_SIZE + p->frags[1].offset - p->frags[0].size % NET_PAGE_SIZE) %
	       NET_PAGE_SIZE;
}

static void tx_send(struct netif *n, struct tx_entry *e)
{
	struct virtio_net_hdr hdr;
	int16_t status = NETIF_RSP_ERROR;
	unsigned int i;

	for (i = 0; i < e->packet.nr_frags && !e->bad; i++)
		e->bad = copy_ops[e->first_op + i].status != GNTST_okay;
	if (e->bad || net_tx_header(&e->packet, e->data, &hdr)) {
		backend_stats_add(&n->stats->tx_errors, 1);
	} else if (tap_write(n->tap, &hdr, e->data, e->packet.size)) {
		backend_stats_add(&n->stats->tx_drops, 1);
	} else {
		status = NETIF_RSP_OKAY;
		backend_stats_add(&n->stats->tx_packets, 1);
		backend_stats_add(&n->stats->tx_bytes, e->packet.size);
	}
	net_tx_respond(&n->tx, &e->packet, status);
}

static unsigned int tx_plan_copies(struct netif *n, struct tx_entry *e, uint8_t *buffer,
				   unsigned int nr_ops)
{
	uint8_t *data = buffer + tx_start(&e->packet);
	unsigned int i;

	e->data = data;
	e->first_op = nr_ops;
	for (i = 0; i < e->packet.nr_frags; i++) {
		const struct net_tx_frag *f = &e->packet.frags[i];

		copy_op(n, &copy_ops[nr_ops++], false, f->gref, f->offset, data, f->size);
		data += f->size;
	}
	return nr_ops;
}

/*
 * Returns how many packets it took. The guest is asked for an event only when there was nothing to
 * take: what it sends while a round is under way is the next round's, and costs no event.
 */
static unsigned int tx_round(struct netif *n)
{
	static struct tx_entry entries[NET_BATCH];
	unsigned int nr = 0, nr_ops = 0, tries, i;
	int rc = 0;

	for (tries = 0; tries < 2 * NET_BATCH && nr < NET_BATCH; tries++) {
		struct tx_entry *e = &entries[nr];

		rc = net_tx_next(&n->tx, &e->packet);
		if (rc == -EPROTO || (rc == 0 && (nr || !net_ring_arm(&n->tx, 0))))
			break;
		if (rc == 0)
			continue;
		e->bad = rc < 0;
		if (!e->bad)
			nr_ops = tx_plan_copies(n, e, buffers[nr], nr_ops);
		nr++;
	}
	/* A failure shows in the single copies. */
	if (nr_ops)
		xengnttab_grant_copy(n->host->child->gnttab, nr_ops, copy_ops);
	for (i = 0; i < nr; i++)
		tx_send(n, &entries[i]);
	if (nr && net_ring_push(&n->tx))
		evtchn_port_notify(n->tx_port);
	if (rc != -EPROTO)
		return nr;
	netif_break(n, "the front end's transmit ring makes no sense");
	return 0;
}

static void tx_rounds(struct netif *n)
{
	static const struct timeval now = { 0, 0 };
	unsigned int rounds;

	for (rounds = 0; rounds < NET_ROUNDS; rounds++)
		if (tx_round(n) == 0)
			return;
	evtimer_add(n->tx_again, &now);
}

static void netif_on_tx_again(evutil_socket_t fd, short what, void *arg)
{
	struct netif *n = arg;

	(void)fd;
	(void)what;
	if (n->connected)
		tx_rounds(n);
}

/* ---- to the guest ---- */

struct rx_slot {
	uint16_t id;
	uint16_t size;
	bool is_gso;
};

struct rx_entry {
	struct rx_packet packet;
	struct rx_slot slots[NET_MAX_RX_SLOTS];
	unsigned int first_op;
};

/* Takes slots for a packet, plans its copies. */
static unsigned int rx_plan_copies(struct netif *n, struct rx_entry *e, uint8_t *data,
				   unsigned int nr_ops)
{
	unsigned int i, left = e->packet.size;
	struct net_rx_request req;

	e->first_op = nr_ops;
	for (i = 0; i < e->packet.plan.nr_slots; i++) {
		struct rx_slot *s = &e->slots[i];

		net_rx_take(&n->rx, &req);
		s->id = req.id;
		/* The front end expects the extra information in the second slot. */
		s->is_gso = i == 1 && e->packet.plan.gso_type != XEN_NETIF_GSO_TYPE_NONE;
		if (s->is_gso)
			continue;
		s->size = (uint16_t)(left < NET_PAGE_SIZE ? left : NET_PAGE_SIZE);
		copy_op(n, &copy_ops[nr_ops++], true, req.gref, 0, data, s->size);
		data += s->size;
		left -= s->size;
	}
	return nr_ops;
}

static void rx_respond(struct netif *n, const struct rx_entry *e)
{
	const struct net_rx_plan *plan = &e->packet.plan;
	unsigned int i, op = e->first_op, data_slots = 0;
	bool failed = false;

	for (i = 0; i < plan->nr_slots; i++) {
		const struct rx_slot *s = &e->slots[i];
		uint16_t flags = i == 0 ? plan->flags : 0;
		int16_t status;

		if (s->is_gso) {
			net_rx_respond_gso(&n->rx, plan->gso_type, plan->gso_size);
			continue;
		}
		data_slots++;
		if (data_slots < plan->nr_data_slots)
			flags |= NETRXF_more_data;
		status = copy_ops[op++].status == GNTST_okay ? (int16_t)s->size : NETIF_RSP_ERROR;
		failed = failed || status == NETIF_RSP_ERROR;
		net_rx_respond(&n->rx, s->id, flags, status);
	}
	backend_stats_add(failed ? &n->stats->rx_errors : &n->stats->rx_packets, 1);
	if (!failed)
		backend_stats_add(&n->stats->rx_bytes, e->packet.size);
}

/* The next packet: the one that waits, or one from the tap. False: none. */
static bool rx_next(struct netif *n, struct rx_packet *p, uint8_t *data)
{
	int size;

	if (n->rx_is_waiting) {
		n->rx_is_waiting = false;
		*p = n->rx_packet;
		memcpy(data, n->rx_waiting, p->size);
		return true;
	}
	size = tap_read(n->tap, &p->hdr, data, NET_MAX_RX_PACKET + 1);
	if (size <= 0)
		return false; /* the event comes again if it was only this packet */
	p->size = (unsigned int)size;
	if (net_rx_plan(&p->hdr, data, p->size, &n->features, &p->plan))
		p->plan.nr_slots = 0; /* to be dropped */
	return true;
}

static void rx_wait(struct netif *n, const struct rx_packet *p, const uint8_t *data)
{
	n->rx_packet = *p;
	memcpy(n->rx_waiting, data, p->size);
	n->rx_is_waiting = true;
	event_del(n->tap_readable);
}

/*
 * Are there slots for a packet? If not, an event is on its way as soon as the guest offers more. A
 * guest that moves its index to and fro gets no more than a few looks.
 */
static int rx_has_slots(struct netif *n, unsigned int needed, bool *ret)
{
	unsigned int waiting, tries;
	int err;

	for (tries = 0; tries < 8; tries++) {
		err = net_ring_nr_waiting(&n->rx, &waiting);
		if (err)
			return err;
		*ret = waiting >= needed;
		if (*ret || !net_ring_arm(&n->rx, waiting))
			return 0;
	}
	return 0;
}

static void rx_round(struct netif *n)
{
	static struct rx_entry entries[NET_BATCH];
	unsigned int nr = 0, nr_ops = 0, tries, i;
	bool has_slots = false;
	int err = 0;

	for (tries = 0; tries < 2 * NET_BATCH && nr < NET_BATCH; tries++) {
		struct rx_entry *e = &entries[nr];

		if (!rx_next(n, &e->packet, buffers[nr]))
			break;
		if (e->packet.plan.nr_slots == 0) {
			backend_stats_add(&n->stats->rx_drops, 1);
			continue;
		}
		err = rx_has_slots(n, e->packet.plan.nr_slots, &has_slots);
		if (err)
			break;
		if (!has_slots) {
			rx_wait(n, &e->packet, buffers[nr]);
			break;
		}
		nr_ops = rx_plan_copies(n, e, buffers[nr], nr_ops);
		nr++;
	}
	if (nr_ops)
		xengnttab_grant_copy(n->host->child->gnttab, nr_ops, copy_ops);
	for (i = 0; i < nr; i++)
		rx_respond(n, &entries[i]);
	if (nr && net_ring_push(&n->rx))
		evtchn_port_notify(rx_port(n));
	if (err)
		netif_break(n, "the front end's receive ring makes no sense");
}

static void netif_on_tap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	rx_round(arg);
}

/* ---- events ---- */

static void netif_on_rx_event(void *arg)
{
	struct netif *n = arg;

	/* Only a packet that waits makes the guest's new slots interesting. */
	if (!n->rx_is_waiting)
		return;
	event_add(n->tap_readable, NULL);
	rx_round(n);
}

static void netif_on_tx_event(void *arg)
{
	struct netif *n = arg;

	tx_rounds(n);
	if (n->connected && !n->rx_port)
		netif_on_rx_event(n);
}

/* ---- connection ---- */

struct netif *netif_create(struct netif_host *host, unsigned int id, int tap)
{
	struct netif *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->host = host;
	n->id = id;
	n->stats = backend_stats_net(id);
	n->tap_readable = event_new(host->child->base, tap, EV_READ | EV_PERSIST, netif_on_tap, n);
	n->tx_again = evtimer_new(host->child->base, netif_on_tx_again, n);
	if (!n->tap_readable || !n->tx_again) {
		if (n->tap_readable)
			event_free(n->tap_readable);
		if (n->tx_again)
			event_free(n->tx_again);
		free(n);
		return NULL;
	}
	n->tap = tap;
	return n;
}

void netif_destroy(struct netif *n)
{
	netif_disconnect(n);
	event_free(n->tap_readable);
	event_free(n->tx_again);
	close(n->tap);
	backend_stats_drop(BACKEND_STATS_NET, n->id);
	free(n);
}

bool netif_is_connected(const struct netif *n)
{
	return n->connected;
}

int netif_tap(const struct netif *n)
{
	return n->tap;
}

unsigned int netif_id(const struct netif *n)
{
	return n->id;
}

static void *map_ring(struct netif *n, uint32_t ref)
{
	return xengnttab_map_grant_ref(n->host->child->gnttab, n->host->child->domid, ref,
				       PROT_READ | PROT_WRITE);
}

static int bind_channels(struct netif *n, const struct netif_spec *spec)
{
	struct child *child = n->host->child;
	int err;

	err = evtchn_mux_bind(child->mux, child->domid, spec->tx_event_channel, netif_on_tx_event,
			      n, &n->tx_port);
	if (err || spec->rx_event_channel == spec->tx_event_channel)
		return err;
	return evtchn_mux_bind(child->mux, child->domid, spec->rx_event_channel,
			       netif_on_rx_event, n, &n->rx_port);
}

int netif_connect(struct netif *n, const struct netif_spec *spec, const char **ret_error)
{
	static const struct timeval now = { 0, 0 };
	int err = -EFAULT;

	*ret_error = "connected already";
	if (n->connected)
		return -EISCONN;
	n->features = spec->features;
	*ret_error = "cannot map the rings";
	n->tx_memory = map_ring(n, spec->tx_ring_ref);
	n->rx_memory = n->tx_memory ? map_ring(n, spec->rx_ring_ref) : NULL;
	if (!n->rx_memory)
		goto undo;
	net_tx_ring_init(&n->tx, n->tx_memory);
	net_rx_ring_init(&n->rx, n->rx_memory);

	*ret_error = "cannot bind the event channel";
	err = bind_channels(n, spec);
	if (err)
		goto undo;
	*ret_error = "cannot tell the tap what the guest takes";
	err = tap_set_features(n->tap, &n->features);
	if (err)
		goto undo;
	*ret_error = "not enough memory";
	err = -ENOMEM;
	if (event_add(n->tap_readable, NULL))
		goto undo;
	n->connected = true;
	n->stats->connected = 1;
	/* The guest may have sent before we were there, and notified nobody. */
	evtimer_add(n->tx_again, &now);
	return 0;
undo:
	netif_disconnect(n);
	return err;
}

void netif_disconnect(struct netif *n)
{
	xengnttab_handle *gnttab = n->host->child->gnttab;

	n->connected = false;
	n->stats->connected = 0;
	n->rx_is_waiting = false;
	event_del(n->tap_readable);
	event_del(n->tx_again);
	evtchn_port_unbind(n->tx_port);
	evtchn_port_unbind(n->rx_port);
	n->tx_port = NULL;
	n->rx_port = NULL;
	if (n->tx_memory)
		xengnttab_unmap(gnttab, n->tx_memory, 1);
	if (n->rx_memory)
		xengnttab_unmap(gnttab, n->rx_memory, 1);
	n->tx_memory = NULL;
	n->rx_memory = NULL;
}
