/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's rings as it likes to fill them. The first byte chooses: the block ring in either
 * layout, the transmit ring, or a packet from the tap. The rest is the ring's memory, from its
 * indices on, or the packet with its header. Whatever it is, the decoders must keep to what they
 * promise: no request outside of the disk, no fragment outside of its page, every slot counted.
 *
 * Search, with clang:
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Itools -Itools/hvd
 *		tests/fuzz/fuzz_rings.c tools/hvd/blk/inflight.c tools/hvd/blk/ring.c tools/hvd/net/ring.c
 *		-o fuzz_rings && ./fuzz_rings -max_len=4200 NEW tests/fuzz/corpus/rings
 * 'make check' replays the corpus.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "blk/ring.h"
#include "net/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(4096) uint8_t memory[4096];
static uint8_t page[BLK_PAGE_SIZE];

static void require(int promise)
{
	if (!promise)
		abort();
}

static void load_ring(const uint8_t *data, size_t size)
{
	memset(memory, 0, sizeof(memory));
	memcpy(memory, data, size < sizeof(memory) ? size : sizeof(memory));
	/* The segments of indirect requests come from the end of the input. */
	memset(page, 0, sizeof(page));
	memcpy(page, data + size / 2, size - size / 2 < sizeof(page) ? size - size / 2 : 4096);
}

static void try_block(enum blk_abi abi)
{
	static const struct blk_limits limits = { .nr_sectors = 100000, .can_discard = true };
	static struct blk_request req;
	struct blk_ring r;
	unsigned int i, taken;
	int rc;

	blk_ring_init(&r, memory, abi, 1);
	for (taken = 0; (rc = blk_ring_next(&r, &req)) == 1 || rc == -EINVAL; taken++) {
		require(taken < 32);
		require(req.nr_segments <= BLK_MAX_SEGMENTS || rc == -EINVAL);
		if (rc != 1)
			continue;
		if (req.is_indirect)
			blk_request_decode_indirect(&req, page);
		if (blk_request_check(&req, &limits) || req.op == BLK_FLUSH)
			continue;
		require(req.nr_sectors && req.sector < limits.nr_sectors &&
			req.nr_sectors <= limits.nr_sectors - req.sector);
		for (i = 0; i < req.nr_segments; i++)
			require(req.segments[i].first <= req.segments[i].last &&
				req.segments[i].last < BLK_SECTORS_PER_PAGE);
	}
	for (i = 0; i < taken; i++)
		blk_ring_respond(&r, 0, 1, 0, 0);
	blk_ring_push(&r);
}

static void try_transmit(void)
{
	static uint8_t bytes[NET_MAX_PACKET + 1];
	static struct net_tx_packet p;
	struct virtio_net_hdr hdr;
	struct net_ring r;
	unsigned int i, sum, slots = 0;
	int rc;

	net_tx_ring_init(&r, memory);
	while ((rc = net_tx_next(&r, &p)) == 1 || rc == -EINVAL) {
		slots += p.nr_slots;
		require(p.nr_slots && p.nr_slots <= NET_MAX_TX_CHAIN && slots <= r.nr_slots);
		if (rc != 1)
			continue;
		for (sum = 0, i = 0; i < p.nr_frags; i++) {
			require(p.frags[i].size && p.frags[i].offset + p.frags[i].size <= NET_PAGE_SIZE);
			sum += p.frags[i].size;
		}
		require(sum == p.size);
		memcpy(bytes, memory, sizeof(memory));
		if (net_tx_header(&p, bytes, &hdr) == 0 && hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
			require(hdr.csum_start + hdr.csum_offset + 2u <= p.size &&
				hdr.hdr_len <= p.size);
	}
	require(rc == 0 || rc == -EPROTO);
}

static void try_packet(const uint8_t *data, size_t size)
{
	static const struct net_rx_features all = { true, true, true, true, true };
	static const struct net_rx_features none;
	struct virtio_net_hdr hdr;
	struct net_rx_plan plan;
	uint8_t *exact;

	if (size < sizeof(hdr))
		return;
	memcpy(&hdr, data, sizeof(hdr));
	size -= sizeof(hdr);
	exact = malloc(size ? size : 1);
	memcpy(exact, data + sizeof(hdr), size);
	if (net_rx_plan(&hdr, exact, (unsigned int)size, &all, &plan) == 0)
		require(plan.nr_slots <= NET_MAX_RX_SLOTS && plan.nr_data_slots * 4096 >= size);
	if (net_rx_plan(&hdr, exact, (unsigned int)size, &none, &plan) == 0)
		require(plan.nr_slots == 1);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	load_ring(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		try_block(BLK_ABI_X86_64);
		break;
	case 1:
		try_block(BLK_ABI_X86_32);
		break;
	case 2:
		try_transmit();
		break;
	default:
		try_packet(data + 1, size - 1);
		break;
	}
	return 0;
}
