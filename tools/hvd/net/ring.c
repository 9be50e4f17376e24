/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network rings as bytes: see ring.h.
 *
 * A packet of the guest is a chain of slots: the first with the whole size, extra information, more
 * fragments. A packet to the guest fills as many pages as the guest has offered, with the
 * extra information in the second slot.
 */
#include "net/ring.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <xen/xen.h>

#include <xen/io/netif.h>

#define OFFSET_REQ_PROD 0
#define OFFSET_REQ_EVENT 4
#define OFFSET_RSP_PROD 8
#define OFFSET_RSP_EVENT 12
#define HEADER_SIZE 64

#define TX_SLOT_SIZE 12
#define RX_SLOT_SIZE 8

#define ETHER_HEADER 14u
#define IPV6_HEADER 40u
#define TCP_HEADER 20u
#define UDP_HEADER 8u

_Static_assert(sizeof(union netif_tx_sring_entry) == TX_SLOT_SIZE, "tx slot");
_Static_assert(sizeof(union netif_rx_sring_entry) == RX_SLOT_SIZE, "rx slot");
_Static_assert(offsetof(struct netif_tx_sring, ring) == HEADER_SIZE, "header");

/* ---- both rings ---- */

static uint32_t load_index(const struct net_ring *r, unsigned int offset)
{
	return __atomic_load_n((volatile uint32_t *)(r->shared + offset), __ATOMIC_ACQUIRE);
}

static void store_index(struct net_ring *r, unsigned int offset, uint32_t value)
{
	__atomic_store_n((volatile uint32_t *)(r->shared + offset), value, __ATOMIC_RELEASE);
}

static void ring_init(struct net_ring *r, void *shared, unsigned int slot_size,
		      unsigned int nr_slots)
{
	r->shared = shared;
	r->slot_size = slot_size;
	r->nr_slots = nr_slots;
	r->rsp_prod = load_index(r, OFFSET_RSP_PROD);
	r->rsp_pushed = r->rsp_prod;
	r->req_cons = r->rsp_prod;
}

void net_tx_ring_init(struct net_ring *r, void *shared)
{
	ring_init(r, shared, TX_SLOT_SIZE, NET_TX_RING_SLOTS);
}

void net_rx_ring_init(struct net_ring *r, void *shared)
{
	ring_init(r, shared, RX_SLOT_SIZE, NET_RX_RING_SLOTS);
}

static volatile uint32_t *slot_at(const struct net_ring *r, uint32_t index)
{
	return (volatile uint32_t *)(r->shared + HEADER_SIZE +
				     (size_t)(index & (r->nr_slots - 1)) * r->slot_size);
}

static void slot_read(const struct net_ring *r, uint32_t index, void *ret)
{
	volatile uint32_t *slot = slot_at(r, index);
	uint32_t words[TX_SLOT_SIZE / 4];
	unsigned int i;

	for (i = 0; i < r->slot_size / 4; i++)
		words[i] = slot[i];
	memcpy(ret, words, r->slot_size);
}

/* All responses, extra information included, fit in 8 bytes. */
static void slot_write(struct net_ring *r, const void *rsp, unsigned int size)
{
	volatile uint32_t *slot = slot_at(r, r->rsp_prod);
	uint32_t words[RX_SLOT_SIZE / 4] = { 0 };
	unsigned int i;

	memcpy(words, rsp, size);
	for (i = 0; i < (size + 3) / 4; i++)
		slot[i] = words[i];
	r->rsp_prod++;
}

int net_ring_nr_waiting(const struct net_ring *r, unsigned int *ret_nr)
{
	uint32_t prod = load_index(r, OFFSET_REQ_PROD);

	if (prod - r->rsp_prod > r->nr_slots || prod - r->req_cons > r->nr_slots)
		return -EPROTO;
	*ret_nr = prod - r->req_cons;
	return 0;
}

bool net_ring_arm(struct net_ring *r, unsigned int nr_seen)
{
	store_index(r, OFFSET_REQ_EVENT, r->req_cons + nr_seen + 1);
	/* The front end looks at req_event after it has moved req_prod; we look in the other order. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load_index(r, OFFSET_REQ_PROD) != r->req_cons + nr_seen;
}

bool net_ring_push(struct net_ring *r)
{
	uint32_t old = r->rsp_pushed;

	store_index(r, OFFSET_RSP_PROD, r->rsp_prod);
	r->rsp_pushed = r->rsp_prod;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return r->rsp_prod - load_index(r, OFFSET_RSP_EVENT) < r->rsp_prod - old;
}

/* ---- from the guest ---- */

static int add_slot(struct net_tx_packet *p, uint16_t id, bool is_extra)
{
	if (p->nr_slots == NET_MAX_TX_CHAIN)
		return -EPROTO;
	p->slots[p->nr_slots].id = id;
	p->slots[p->nr_slots].is_extra = is_extra;
	p->nr_slots++;
	return 0;
}

/* 0, or -EINVAL for what we did not offer and do not know. */
static int parse_extra(const struct netif_extra_info *extra, struct net_tx_packet *p)
{
	if (extra->type != XEN_NETIF_EXTRA_TYPE_GSO || p->gso_type != XEN_NETIF_GSO_TYPE_NONE)
		return -EINVAL;
	if (extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
	    extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
		return -EINVAL;
	if (extra->u.gso.size == 0)
		return -EINVAL;
	p->gso_type = extra->u.gso.type;
	p->gso_size = extra->u.gso.size;
	return 0;
}

/* Takes the extra slots behind the first one; '*left' counts the slots that may still be taken. */
static int take_extras(struct net_ring *r, struct net_tx_packet *p, unsigned int *left)
{
	struct {
		struct netif_extra_info info;
		uint8_t pad[TX_SLOT_SIZE - sizeof(struct netif_extra_info)];
	} extra;
	int err = 0;

	do {
		if (*left == 0)
			return -EPROTO;
		slot_read(r, r->req_cons++, &extra);
		(*left)--;
		if (add_slot(p, 0, true))
			return -EPROTO;
		if (parse_extra(&extra.info, p))
			err = -EINVAL;
	} while (extra.info.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return err;
}

static int check_frags(struct net_tx_packet *p)
{
	unsigned int i, rest = 0;

	/* The first slot tells the size of the whole, the others their own. */
	for (i = 1; i < p->nr_frags; i++)
		rest += p->frags[i].size;
	if (rest >= p->size)
		return -EINVAL;
	p->frags[0].size = (uint16_t)(p->size - rest);

	for (i = 0; i < p->nr_frags; i++) {
		const struct net_tx_frag *f = &p->frags[i];

		if (f->size == 0 || f->offset >= NET_PAGE_SIZE ||
		    f->size > NET_PAGE_SIZE - f->offset)
			return -EINVAL;
	}
	return p->size < ETHER_HEADER ? -EINVAL : 0;
}

int net_tx_next(struct net_ring *r, struct net_tx_packet *ret)
{
	struct netif_tx_request req;
	unsigned int left;
	int err;

	err = net_ring_nr_waiting(r, &left);
	if (err)
		return err;
	if (left == 0)
		return 0;

	memset(ret, 0, offsetof(struct net_tx_packet, slots));
	ret->nr_slots = 0;
	do {
		/* A packet is published as a whole: a chain that goes on behind the end is broken. */
		if (left == 0)
			return -EPROTO;
		slot_read(r, r->req_cons++, &req);
		left--;
		if (add_slot(ret, req.id, false))
			return -EPROTO;
		if (ret->nr_slots == 1) {
			ret->size = req.size;
			ret->csum_blank = (req.flags & NETTXF_csum_blank) != 0;
			ret->csum_valid = (req.flags & NETTXF_data_validated) != 0;
		}
		if (ret->nr_frags < NET_MAX_TX_FRAGS) {
			ret->frags[ret->nr_frags].gref = req.gref;
			ret->frags[ret->nr_frags].offset = req.offset;
			ret->frags[ret->nr_frags].size = req.size;
			ret->nr_frags++;
		} else {
			err = -EINVAL;
		}
		if (ret->nr_slots == 1 && req.flags & NETTXF_extra_info) {
			int extra_err = take_extras(r, ret, &left);

			if (extra_err == -EPROTO)
				return -EPROTO;
			if (extra_err)
				err = extra_err;
		}
	} while (req.flags & NETTXF_more_data);

	if (!err)
		err = check_frags(ret);
	return err ? err : 1;
}

void net_tx_respond(struct net_ring *r, const struct net_tx_packet *p, int16_t status)
{
	struct netif_tx_response rsp;
	unsigned int i;

	for (i = 0; i < p->nr_slots; i++) {
		rsp.id = p->slots[i].id;
		rsp.status = p->slots[i].is_extra ? NETIF_RSP_NULL : status;
		slot_write(r, &rsp, sizeof(rsp));
	}
}

/* ---- headers ---- */

#define PROTO_TCP 6
#define PROTO_UDP 17

struct headers {
	bool is_v6;
	uint8_t proto;
	unsigned int l3;
	unsigned int l4;
	unsigned int l4_size; /* as the IP header says */
};

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static int parse_ipv4(const uint8_t *data, unsigned int size, struct headers *h)
{
	unsigned int header, total;

	if (size < h->l3 + 20 || data[h->l3] >> 4 != 4)
		return -EINVAL;
	header = (data[h->l3] & 15u) * 4;
	total = be16(data + h->l3 + 2);
	if (header < 20 || total < header || size - h->l3 < total)
		return -EINVAL;
	if (be16(data + h->l3 + 6) & 0x3fff) /* a fragment: no complete transport packet */
		return -EINVAL;
	h->proto = data[h->l3 + 9];
	h->l4 = h->l3 + header;
	h->l4_size = total - header;
	return 0;
}

static int parse_ipv6(const uint8_t *data, unsigned int size, struct headers *h)
{
	unsigned int pos = h->l3 + IPV6_HEADER;
	unsigned int end, hops;
	uint8_t next;

	if (size < pos || data[h->l3] >> 4 != 6)
		return -EINVAL;
	end = pos + be16(data + h->l3 + 4);
	if (end > size)
		return -EINVAL;
	next = data[h->l3 + 6];
	/* Hop-by-hop, routing and destination options, in any order; a fragment is none of them. */
	for (hops = 0; hops < 8 && (next == 0 || next == 43 || next == 60); hops++) {
		if (end - pos < 8)
			return -EINVAL;
		next = data[pos];
		pos += (data[pos + 1] + 1u) * 8;
		if (pos > end)
			return -EINVAL;
	}
	h->is_v6 = true;
	h->proto = next;
	h->l4 = pos;
	h->l4_size = end - pos;
	return 0;
}

static int parse_headers(const uint8_t *data, unsigned int size, struct headers *h)
{
	unsigned int type, tags, pos = 12;
	int err;

	memset(h, 0, sizeof(*h));
	for (tags = 0; tags < 3; tags++) {
		if (size < pos + 2)
			return -EINVAL;
		type = be16(data + pos);
		pos += 2;
		if (type != 0x8100 && type != 0x88a8)
			break;
		pos += 2;
	}
	h->l3 = pos;
	if (type == 0x0800)
		err = parse_ipv4(data, size, h);
	else if (type == 0x86dd)
		err = parse_ipv6(data, size, h);
	else
		err = -EINVAL;
	if (err)
		return err;
	if (h->proto == PROTO_TCP)
		return h->l4_size < TCP_HEADER ? -EINVAL : 0;
	if (h->proto == PROTO_UDP)
		return h->l4_size < UDP_HEADER ? -EINVAL : 0;
	return -EINVAL;
}

static uint32_t sum_words(const uint8_t *p, unsigned int size, uint32_t sum)
{
	/* At most 64 KiB: 32768 words of 16 bits cannot overflow 32 bits. */
	for (; size > 1; size -= 2, p += 2)
		sum += be16(p);
	return size ? sum + ((uint32_t)p[0] << 8) : sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t pseudo_sum(const uint8_t *data, const struct headers *h, unsigned int l4_size)
{
	uint32_t sum = h->proto;

	sum += l4_size & 0xffff;
	sum += l4_size >> 16;
	if (h->is_v6)
		return sum_fold(sum_words(data + h->l3 + 8, 32, sum));
	return sum_fold(sum_words(data + h->l3 + 12, 8, sum));
}

static unsigned int csum_offset(const struct headers *h)
{
	return h->proto == PROTO_TCP ? 16 : 6;
}

static void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static int gso_header(const struct net_tx_packet *p, const uint8_t *data, const struct headers *h,
		      struct virtio_net_hdr *ret)
{
	unsigned int tcp_header = (data[h->l4 + 12] >> 4) * 4u;

	if (h->proto != PROTO_TCP || h->is_v6 != (p->gso_type == XEN_NETIF_GSO_TYPE_TCPV6))
		return -EINVAL;
	if (tcp_header < TCP_HEADER || tcp_header > h->l4_size)
		return -EINVAL;
	ret->gso_type = h->is_v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	if (data[h->l4 + 13] & 0x80) /* CWR is for the first segment only */
		ret->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	ret->gso_size = p->gso_size;
	ret->hdr_len = (uint16_t)(h->l4 + tcp_header);
	return 0;
}

int net_tx_header(const struct net_tx_packet *p, uint8_t *data, struct virtio_net_hdr *ret)
{
	bool is_gso = p->gso_type != XEN_NETIF_GSO_TYPE_NONE;
	struct headers h;

	memset(ret, 0, sizeof(*ret));
	if (!p->csum_blank && !is_gso) {
		ret->flags = p->csum_valid ? VIRTIO_NET_HDR_F_DATA_VALID : 0;
		return 0;
	}
	/* A packet to be cut gets new checksums in any case, whatever its flags say. */
	if (parse_headers(data, p->size, &h))
		return -EINVAL;
	if (is_gso && gso_header(p, data, &h, ret))
		return -EINVAL;
	ret->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	ret->csum_start = (uint16_t)h.l4;
	ret->csum_offset = (uint16_t)csum_offset(&h);
	put_be16(data + h.l4 + csum_offset(&h), pseudo_sum(data, &h, h.l4_size));
	return 0;
}

/* ---- to the guest ---- */

/* What the sender left to the hardware, done by hand. */
static int complete_checksum(const struct virtio_net_hdr *hdr, uint8_t *data, unsigned int size)
{
	unsigned int at = (unsigned int)hdr->csum_start + hdr->csum_offset;
	uint16_t sum;

	if (hdr->csum_start >= size || at + 2 > size)
		return -EINVAL;
	sum = (uint16_t)~sum_fold(sum_words(data + hdr->csum_start, size - hdr->csum_start, 0));
	/* Zero means "none" to UDP; the other zero is as good to everyone. */
	put_be16(data + at, sum ? sum : 0xffff);
	return 0;
}

static int plan_checksum(const struct virtio_net_hdr *hdr, uint8_t *data, unsigned int size,
			 const struct net_rx_features *features, struct net_rx_plan *ret)
{
	struct headers h;

	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
		ret->flags = hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID ? NETRXF_data_validated : 0;
		return 0;
	}
	ret->flags = NETRXF_data_validated;
	/* The flag has no place for an offset: the front end finds it in headers that it knows. */
	if (parse_headers(data, size, &h) == 0 && hdr->csum_start == h.l4 &&
	    hdr->csum_offset == csum_offset(&h) &&
	    (h.is_v6 ? features->csum_v6 : features->csum_v4)) {
		ret->flags |= NETRXF_csum_blank;
		return 0;
	}
	return complete_checksum(hdr, data, size);
}

static int plan_gso(const struct virtio_net_hdr *hdr, const struct net_rx_features *features,
		    struct net_rx_plan *ret)
{
	ret->gso_type = XEN_NETIF_GSO_TYPE_NONE;
	ret->gso_size = 0;
	switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return 0;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		if (!features->gso_v4)
			return -EINVAL;
		ret->gso_type = XEN_NETIF_GSO_TYPE_TCPV4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if (!features->gso_v6)
			return -EINVAL;
		ret->gso_type = XEN_NETIF_GSO_TYPE_TCPV6;
		break;
	default:
		return -EINVAL;
	}
	ret->gso_size = hdr->gso_size;
	return 0;
}

int net_rx_plan(const struct virtio_net_hdr *hdr, uint8_t *data, unsigned int size,
		const struct net_rx_features *features, struct net_rx_plan *ret)
{
	int err;

	if (size < ETHER_HEADER || size > NET_MAX_RX_PACKET)
		return -EINVAL;
	err = plan_gso(hdr, features, ret);
	if (!err)
		err = plan_checksum(hdr, data, size, features, ret);
	if (err)
		return err;
	ret->nr_data_slots = (size + NET_PAGE_SIZE - 1) / NET_PAGE_SIZE;
	ret->nr_slots = ret->nr_data_slots;
	if (ret->gso_type != XEN_NETIF_GSO_TYPE_NONE) {
		ret->flags |= NETRXF_extra_info;
		ret->nr_slots++;
	}
	return ret->nr_data_slots > 1 && !features->sg ? -EINVAL : 0;
}

void net_rx_take(struct net_ring *r, struct net_rx_request *ret)
{
	struct netif_rx_request req;

	slot_read(r, r->req_cons++, &req);
	ret->id = req.id;
	ret->gref = req.gref;
}

void net_rx_respond(struct net_ring *r, uint16_t id, uint16_t flags, int16_t status)
{
	struct netif_rx_response rsp = { .id = id, .offset = 0, .flags = flags, .status = status };

	slot_write(r, &rsp, sizeof(rsp));
}

void net_rx_respond_gso(struct net_ring *r, uint8_t gso_type, uint16_t gso_size)
{
	struct netif_extra_info extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.type = gso_type;
	extra.u.gso.size = gso_size;
	slot_write(r, &extra, sizeof(extra));
}
