/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tools/hvd/net/ring.c: chains of slots to packets and back, offloads, and hostile guests. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include <xen/xen.h>

#include <xen/io/netif.h>

#include "net/ring.h"

struct fixture {
	_Alignas(4096) uint8_t memory[NET_PAGE_SIZE];
	struct net_ring ring;
	struct net_tx_packet packet;
};

static struct fixture *setup_tx(void)
{
	struct fixture *f = aligned_alloc(4096, sizeof(*f) / 4096 * 4096 + 4096);

	memset(f, 0, sizeof(*f));
	net_tx_ring_init(&f->ring, f->memory);
	return f;
}

static struct netif_tx_request *slot(struct fixture *f, unsigned int i)
{
	return (struct netif_tx_request *)(f->memory + 64) + i;
}

static void set_slot(struct fixture *f, unsigned int i, uint16_t flags, uint16_t offset,
		     uint16_t size)
{
	*slot(f, i) = (struct netif_tx_request){
		.gref = 100 + i, .offset = offset, .flags = flags, .id = (uint16_t)i, .size = size
	};
}

static void set_gso(struct fixture *f, unsigned int i, uint8_t type, uint8_t flags,
		    uint8_t gso_type, uint16_t size)
{
	struct netif_extra_info e = { .type = type, .flags = flags };

	e.u.gso.size = size;
	e.u.gso.type = gso_type;
	memcpy(slot(f, i), &e, sizeof(e));
}

static int next(struct fixture *f, uint32_t prod)
{
	*(uint32_t *)f->memory = prod;
	return net_tx_next(&f->ring, &f->packet);
}

static void one_slot_is_a_packet(void)
{
	struct fixture *f = setup_tx();

	set_slot(f, 0, NETTXF_csum_blank | NETTXF_data_validated, 16, 60);
	CU_ASSERT_EQUAL(next(f, 1), 1);
	CU_ASSERT_EQUAL(f->packet.nr_frags, 1);
	CU_ASSERT_EQUAL(f->packet.size, 60);
	CU_ASSERT_EQUAL(f->packet.frags[0].gref, 100);
	CU_ASSERT_EQUAL(f->packet.frags[0].offset, 16);
	CU_ASSERT_EQUAL(f->packet.frags[0].size, 60);
	CU_ASSERT_TRUE(f->packet.csum_blank);
	CU_ASSERT_EQUAL(next(f, 1), 0);
	free(f);
}

static void first_slot_carries_the_size_of_all(void)
{
	struct fixture *f = setup_tx();

	set_slot(f, 0, NETTXF_more_data | NETTXF_extra_info | NETTXF_csum_blank, 0, 9000);
	set_gso(f, 1, XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4, 1448);
	set_slot(f, 2, NETTXF_more_data, 0, 4096);
	set_slot(f, 3, 0, 0, 4000);
	CU_ASSERT_EQUAL(next(f, 4), 1);
	CU_ASSERT_EQUAL(f->packet.nr_frags, 3);
	CU_ASSERT_EQUAL(f->packet.nr_slots, 4);
	CU_ASSERT_EQUAL(f->packet.frags[0].size, 904);
	CU_ASSERT_EQUAL(f->packet.frags[2].gref, 103);
	CU_ASSERT_EQUAL(f->packet.gso_size, 1448);
	CU_ASSERT_EQUAL(f->packet.gso_type, XEN_NETIF_GSO_TYPE_TCPV4);
	free(f);
}

static void every_slot_gets_a_response_and_extras_an_empty_one(void)
{
	struct fixture *f = setup_tx();
	struct netif_tx_response rsp;

	set_slot(f, 0, NETTXF_extra_info, 0, 60);
	set_gso(f, 1, XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV6, 1000);
	CU_ASSERT_EQUAL(next(f, 2), 1);
	net_tx_respond(&f->ring, &f->packet, NETIF_RSP_OKAY);
	memcpy(&rsp, slot(f, 0), sizeof(rsp));
	CU_ASSERT_EQUAL(rsp.id, 0);
	CU_ASSERT_EQUAL(rsp.status, NETIF_RSP_OKAY);
	memcpy(&rsp, slot(f, 1), sizeof(rsp));
	CU_ASSERT_EQUAL(rsp.status, NETIF_RSP_NULL);
	CU_ASSERT_TRUE(net_ring_push(&f->ring) || 1);
	CU_ASSERT_EQUAL(((uint32_t *)f->memory)[2], 2);
	free(f);
}

static void slots_beyond_their_page_are_refused(void)
{
	struct fixture *f = setup_tx();

	set_slot(f, 0, 0, 4090, 60);
	set_slot(f, 1, 0, 65535, 60);
	set_slot(f, 2, 0, 0, 4097);
	set_slot(f, 3, 0, 0, 13);
	set_slot(f, 4, NETTXF_more_data, 0, 60);
	set_slot(f, 5, 0, 0, 60); /* fragments larger than the whole */
	set_slot(f, 6, NETTXF_more_data, 0, 60);
	set_slot(f, 7, 0, 0, 0);
	CU_ASSERT_EQUAL(next(f, 8), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 8), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 8), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 8), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 8), -EINVAL);
	CU_ASSERT_EQUAL(f->packet.nr_slots, 2);
	CU_ASSERT_EQUAL(next(f, 8), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 8), 0);
	free(f);
}

static void unknown_extra_information_is_refused(void)
{
	struct fixture *f = setup_tx();

	set_slot(f, 0, NETTXF_extra_info, 0, 60);
	set_gso(f, 1, XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0, 0, 0);
	set_slot(f, 2, NETTXF_extra_info, 0, 60);
	set_gso(f, 3, XEN_NETIF_EXTRA_TYPE_GSO, 0, 9, 1000);
	set_slot(f, 4, NETTXF_extra_info, 0, 60);
	set_gso(f, 5, XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4, 0);
	set_slot(f, 6, NETTXF_extra_info, 0, 60);
	set_gso(f, 7, XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE,
		XEN_NETIF_GSO_TYPE_TCPV4, 1000);
	set_gso(f, 8, XEN_NETIF_EXTRA_TYPE_GSO, 0, XEN_NETIF_GSO_TYPE_TCPV4, 1000);
	CU_ASSERT_EQUAL(next(f, 9), -EINVAL);
	CU_ASSERT_EQUAL(f->packet.nr_slots, 2);
	CU_ASSERT_EQUAL(next(f, 9), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 9), -EINVAL);
	CU_ASSERT_EQUAL(next(f, 9), -EINVAL);
	CU_ASSERT_EQUAL(f->packet.nr_slots, 3);
	CU_ASSERT_EQUAL(next(f, 9), 0);
	free(f);
}

static void chain_without_end_is_a_protocol_error(void)
{
	struct fixture *f = setup_tx();
	unsigned int i;

	set_slot(f, 0, NETTXF_more_data, 0, 100);
	CU_ASSERT_EQUAL(next(f, 1), -EPROTO);
	free(f);

	f = setup_tx();
	for (i = 0; i < NET_TX_RING_SLOTS; i++)
		set_slot(f, i, NETTXF_more_data, 0, 100);
	CU_ASSERT_EQUAL(next(f, 256), -EPROTO);
	free(f);

	f = setup_tx();
	set_slot(f, 0, NETTXF_extra_info, 0, 100);
	CU_ASSERT_EQUAL(next(f, 1), -EPROTO);
	CU_ASSERT_EQUAL(next(f, 1000), -EPROTO);
	free(f);
}

static void nineteen_fragments_are_refused_but_answered(void)
{
	struct fixture *f = setup_tx();
	unsigned int i;

	for (i = 0; i < 19; i++)
		set_slot(f, i, i < 18 ? NETTXF_more_data : 0, 0, i ? 100 : 2000);
	set_slot(f, 19, 0, 0, 60);
	CU_ASSERT_EQUAL(next(f, 20), -EINVAL);
	CU_ASSERT_EQUAL(f->packet.nr_slots, 19);
	CU_ASSERT_EQUAL(next(f, 20), 1);
	free(f);
}

/* ---- headers ---- */

static unsigned int make_ipv4(uint8_t *p, uint8_t proto, unsigned int payload)
{
	unsigned int l4 = proto == 6 ? 20 : 8;
	unsigned int total = 20 + l4 + payload;

	memset(p, 0, 14 + total);
	p[12] = 0x08;
	p[14] = 0x45;
	p[16] = (uint8_t)(total >> 8);
	p[17] = (uint8_t)total;
	p[23] = proto;
	memcpy(p + 26, "\x0a\x09\x00\x02\x0a\x09\x00\x01", 8);
	if (proto == 6)
		p[34 + 12] = 0x50;
	memset(p + 34 + l4, 0xab, payload);
	return 14 + total;
}

static unsigned int make_ipv6(uint8_t *p, uint8_t proto, unsigned int payload, bool options)
{
	unsigned int l4 = proto == 6 ? 20 : 8;
	unsigned int ext = options ? 16 : 0;
	unsigned int length = ext + l4 + payload;
	uint8_t *t = p + 54 + ext;

	memset(p, 0, 54 + length);
	p[12] = 0x86;
	p[13] = 0xdd;
	p[14] = 0x60;
	p[18] = (uint8_t)(length >> 8);
	p[19] = (uint8_t)length;
	p[20] = options ? 0 : proto;
	memset(p + 22, 0x20, 32);
	if (options) {
		p[54] = proto;
		p[55] = 1; /* 16 bytes */
	}
	if (proto == 6)
		t[12] = 0x50;
	memset(t + l4, 0xcd, payload);
	return 54 + length;
}

/* The receiver's view: pseudo header and everything behind sum up to all ones. */
static bool checksum_is_right(const uint8_t *p, unsigned int size, unsigned int l4, bool v6,
			      uint8_t proto)
{
	uint32_t sum = proto + (size - l4);
	unsigned int i, from = v6 ? 22 : 26, to = v6 ? 54 : 34;

	for (i = from; i < to; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	for (i = l4; i < size; i++)
		sum += (i - l4) & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static const struct net_rx_features nothing;
static const struct net_rx_features everything = { true, true, true, true, true };

/* What the guest left open must be a correct packet once it is completed. */
static void roundtrip(uint8_t *data, unsigned int size, unsigned int l4, bool v6, uint8_t proto)
{
	struct net_tx_packet p = { .size = size, .csum_blank = true };
	struct net_rx_plan plan;
	struct virtio_net_hdr hdr;

	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), 0);
	CU_ASSERT_EQUAL(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CU_ASSERT_EQUAL(hdr.csum_start, l4);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, size, &everything, &plan), 0);
	CU_ASSERT_EQUAL(plan.flags, NETRXF_csum_blank | NETRXF_data_validated);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, size, &nothing, &plan), 0);
	CU_ASSERT_EQUAL(plan.flags, NETRXF_data_validated);
	CU_ASSERT_TRUE(checksum_is_right(data, size, l4, v6, proto));
}

static void unfinished_checksums_survive_both_directions(void)
{
	static uint8_t data[4096];

	roundtrip(data, make_ipv4(data, 6, 100), 34, false, 6);
	roundtrip(data, make_ipv4(data, 17, 101), 34, false, 17);
	roundtrip(data, make_ipv6(data, 6, 33, false), 54, true, 6);
	roundtrip(data, make_ipv6(data, 17, 1, true), 70, true, 17);
}

static void garbage_in_the_checksum_field_does_no_harm(void)
{
	static uint8_t data[4096];
	unsigned int size = make_ipv4(data, 6, 50);

	data[34 + 16] = 0x12;
	data[34 + 17] = 0x34;
	roundtrip(data, size, 34, false, 6);
}

static void headers_that_lie_are_refused(void)
{
	static uint8_t data[4096];
	struct virtio_net_hdr hdr;
	struct net_tx_packet p = { .csum_blank = true };

	p.size = make_ipv4(data, 6, 0) - 1; /* shorter than the header says */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = make_ipv4(data, 6, 0);
	data[14] = 0x44; /* header of 16 bytes */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = make_ipv4(data, 6, 10);
	data[14] = 0x4f; /* header over the end */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = make_ipv4(data, 17, 10);
	data[20] = 0x20; /* first of several fragments */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = make_ipv4(data, 1, 10); /* ICMP has no such offload */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = make_ipv6(data, 17, 0, true);
	data[55] = 255; /* options over the end */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = 14;
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
}

static void gso_becomes_the_taps_header_and_back(void)
{
	static uint8_t data[65536];
	struct net_tx_packet p = { .csum_blank = false, .gso_size = 1448,
				   .gso_type = XEN_NETIF_GSO_TYPE_TCPV4 };
	struct virtio_net_hdr hdr;
	struct net_rx_plan plan;

	p.size = make_ipv4(data, 6, 20000);
	data[34 + 13] = 0x90; /* ACK, CWR */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), 0);
	CU_ASSERT_EQUAL(hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN);
	CU_ASSERT_EQUAL(hdr.gso_size, 1448);
	CU_ASSERT_EQUAL(hdr.hdr_len, 54);
	CU_ASSERT_EQUAL(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, p.size, &everything, &plan), 0);
	CU_ASSERT_EQUAL(plan.gso_type, XEN_NETIF_GSO_TYPE_TCPV4);
	CU_ASSERT_EQUAL(plan.gso_size, 1448);
	CU_ASSERT_EQUAL(plan.nr_data_slots, 5);
	CU_ASSERT_EQUAL(plan.nr_slots, 6);
	CU_ASSERT_EQUAL(plan.flags,
			NETRXF_csum_blank | NETRXF_data_validated | NETRXF_extra_info);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, p.size, &nothing, &plan), -EINVAL);
	p.gso_type = XEN_NETIF_GSO_TYPE_TCPV6; /* but it is IPv4 */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.gso_type = XEN_NETIF_GSO_TYPE_TCPV4;
	data[34 + 12] = 0x40; /* TCP header of 16 bytes */
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
	p.size = make_ipv4(data, 17, 2000);
	CU_ASSERT_EQUAL(net_tx_header(&p, data, &hdr), -EINVAL);
}

static void large_packets_need_scatter_gather(void)
{
	static uint8_t data[NET_MAX_RX_PACKET + 1];
	struct virtio_net_hdr hdr = { 0 };
	struct net_rx_plan plan;

	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, 4096, &nothing, &plan), 0);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, 4097, &nothing, &plan), -EINVAL);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, 13, &everything, &plan), -EINVAL);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, NET_MAX_RX_PACKET, &everything, &plan), 0);
	CU_ASSERT_TRUE(plan.nr_slots < NET_MAX_RX_SLOTS);
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, NET_MAX_RX_PACKET + 1, &everything, &plan),
			-EINVAL);
}

static void checksum_place_beyond_the_packet_is_refused(void)
{
	static uint8_t data[100];
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535,
				      .csum_offset = 65535 };
	struct net_rx_plan plan;

	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, 100, &nothing, &plan), -EINVAL);
	hdr.csum_start = 98;
	hdr.csum_offset = 1;
	CU_ASSERT_EQUAL(net_rx_plan(&hdr, data, 100, &nothing, &plan), -EINVAL);
}

static void vlan_tags_are_looked_through(void)
{
	static uint8_t data[200], tagged[204];
	struct net_tx_packet p = { .csum_blank = true };
	struct virtio_net_hdr hdr;

	p.size = make_ipv4(data, 6, 50) + 4;
	memcpy(tagged, data, 12);
	memcpy(tagged + 12, "\x81\x00\x00\x05", 4);
	memcpy(tagged + 16, data + 12, p.size - 16);
	CU_ASSERT_EQUAL(net_tx_header(&p, tagged, &hdr), 0);
	CU_ASSERT_EQUAL(hdr.csum_start, 38);
}

static void arming_behind_waiting_requests_asks_for_the_next_one(void)
{
	struct fixture *f = setup_tx();
	uint32_t *w = (uint32_t *)f->memory;

	net_rx_ring_init(&f->ring, f->memory);
	w[0] = 3;
	CU_ASSERT_FALSE(net_ring_arm(&f->ring, 3));
	CU_ASSERT_EQUAL(w[1], 4);
	CU_ASSERT_TRUE(net_ring_arm(&f->ring, 2));
	free(f);
}

static void random_chains_keep_their_bounds(void)
{
	struct fixture *f = setup_tx();
	static uint8_t data[65536];
	struct virtio_net_hdr hdr;
	unsigned int round, i;
	uint32_t *words = (uint32_t *)f->memory;
	int rc;

	srand(2);
	for (round = 0; round < 5000; round++) {
		for (i = 16; i < 1024; i++)
			words[i] = (uint32_t)rand() ^ (uint32_t)rand() << 16;
		for (i = 0; i < 40; i++)
			slot(f, i)->flags &= (uint16_t)(rand() % 16);
		for (i = 0; i < 40; i++)
			slot(f, i)->size &= 0xfff;
		memset(words, 0, 64);
		net_tx_ring_init(&f->ring, f->memory);
		while ((rc = next(f, 40)) == 1 || rc == -EINVAL) {
			CU_ASSERT_TRUE(f->packet.nr_slots >= 1 &&
				       f->packet.nr_slots <= NET_MAX_TX_CHAIN);
			net_tx_respond(&f->ring, &f->packet, 0);
			if (rc == -EINVAL)
				continue;
			CU_ASSERT_TRUE(f->packet.size <= NET_MAX_PACKET);
			net_tx_header(&f->packet, data, &hdr);
		}
		CU_ASSERT_TRUE(f->ring.req_cons <= 40);
	}
	free(f);
}

UNIT_MAIN("net_ring",
	  UNIT_TEST(one_slot_is_a_packet),
	  UNIT_TEST(first_slot_carries_the_size_of_all),
	  UNIT_TEST(every_slot_gets_a_response_and_extras_an_empty_one),
	  UNIT_TEST(slots_beyond_their_page_are_refused),
	  UNIT_TEST(unknown_extra_information_is_refused),
	  UNIT_TEST(chain_without_end_is_a_protocol_error),
	  UNIT_TEST(nineteen_fragments_are_refused_but_answered),
	  UNIT_TEST(unfinished_checksums_survive_both_directions),
	  UNIT_TEST(garbage_in_the_checksum_field_does_no_harm),
	  UNIT_TEST(headers_that_lie_are_refused),
	  UNIT_TEST(gso_becomes_the_taps_header_and_back),
	  UNIT_TEST(large_packets_need_scatter_gather),
	  UNIT_TEST(checksum_place_beyond_the_packet_is_refused),
	  UNIT_TEST(vlan_tags_are_looked_through),
	  UNIT_TEST(arming_behind_waiting_requests_asks_for_the_next_one),
	  UNIT_TEST(random_chains_keep_their_bounds))
