/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network rings as bytes, and packets between their format and the tap's header.
 *
 * Pure: memory in, struct or error out. Ring slots are copied once and looked at afterwards.
 * The layout is the same for 32-bit and 64-bit guests. (<xen/io/netif.h>)
 */
#ifndef NET_RING_H
#define NET_RING_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#define NET_PAGE_SIZE 4096u
#define NET_TX_RING_SLOTS 256u
#define NET_RX_RING_SLOTS 256u

#define NET_MAX_TX_FRAGS 18u     /* data slots that a packet may have */
#define NET_MAX_TX_CHAIN 32u     /* slots, wrong ones included, after which we stop to count */
#define NET_MAX_PACKET 65535u    /* what the guest can send: the size field has 16 bits */
#define NET_MAX_RX_PACKET 65600u /* what the tap can give us: a full IP packet and its headers */
#define NET_MAX_RX_SLOTS 18u     /* data slots for that, and one for the GSO information */

struct net_ring {
	volatile uint8_t *shared;
	unsigned int slot_size;
	unsigned int nr_slots;
	uint32_t req_cons;
	uint32_t rsp_prod;
	uint32_t rsp_pushed;
};

void net_tx_ring_init(struct net_ring *r, void *shared);
void net_rx_ring_init(struct net_ring *r, void *shared);

/* Requests that wait. -EPROTO: the producer index makes no sense, do not use the ring any more. */
int net_ring_nr_waiting(const struct net_ring *r, unsigned int *ret_nr);

/*
 * Asks for a notification with the first request behind the 'nr_seen' that wait already; true:
 * it is there meanwhile, look again.
 */
bool net_ring_arm(struct net_ring *r, unsigned int nr_seen);

/* Publishes responses. True: the front end wants to be notified. */
bool net_ring_push(struct net_ring *r);

/* ---- from the guest ---- */

struct net_tx_frag {
	uint32_t gref;
	uint16_t offset;
	uint16_t size;
};

struct net_tx_packet {
	struct net_tx_frag frags[NET_MAX_TX_FRAGS];
	unsigned int nr_frags;
	unsigned int size; /* of all fragments */
	bool csum_blank;
	bool csum_valid;
	uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_ */
	uint16_t gso_size;

	/* Every slot wants a response; those of extra information an empty one. */
	struct {
		uint16_t id;
		bool is_extra;
	} slots[NET_MAX_TX_CHAIN];
	unsigned int nr_slots;
};

/*
 * Takes the next packet with all its slots. 1: 'ret' is filled; 0: none; -EPROTO: chain or index
 * make no sense, do not use the ring any more; -EINVAL: the slots were taken, the packet cannot be
 * sent, and its slots want error responses.
 */
int net_tx_next(struct net_ring *r, struct net_tx_packet *ret);

/* Answers all slots of a packet: NETIF_RSP_OKAY, _ERROR. */
void net_tx_respond(struct net_ring *r, const struct net_tx_packet *p, int16_t status);

/*
 * The tap's header for a packet whose bytes are in 'data'. Writes the pseudo header's checksum into
 * the packet where its own is still missing. -EINVAL: the headers do not say what the flags need.
 */
int net_tx_header(const struct net_tx_packet *p, uint8_t *data, struct virtio_net_hdr *ret);

/* ---- to the guest ---- */

/* What the front end takes. */
struct net_rx_features {
	bool sg;
	bool csum_v4;
	bool csum_v6;
	bool gso_v4;
	bool gso_v6;
};

struct net_rx_plan {
	uint16_t flags; /* NETRXF_ of the first slot, without more_data */
	uint8_t gso_type;
	uint16_t gso_size;
	unsigned int nr_data_slots;
	unsigned int nr_slots; /* with the one for GSO */
};

/*
 * How a packet from the tap goes to the guest. Completes the checksum in 'data' where the front end
 * does not do that. -EINVAL: the front end cannot take this packet, drop it.
 */
int net_rx_plan(const struct virtio_net_hdr *hdr, uint8_t *data, unsigned int size,
		const struct net_rx_features *features, struct net_rx_plan *ret);

struct net_rx_request {
	uint16_t id;
	uint32_t gref;
};

/* The caller has made sure with net_ring_nr_waiting() that there is one. */
void net_rx_take(struct net_ring *r, struct net_rx_request *ret);

/* One data slot; 'status' is its number of bytes or NETIF_RSP_ERROR. */
void net_rx_respond(struct net_ring *r, uint16_t id, uint16_t flags, int16_t status);
void net_rx_respond_gso(struct net_ring *r, uint8_t gso_type, uint16_t gso_size);

#endif
