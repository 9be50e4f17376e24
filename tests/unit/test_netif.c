/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tools/hvd/net: netif.c and ring.c with a guest made of a few pages, and a datagram socket in
 * the tap's place. The grant and event channel libraries are replaced by what is below: a grant
 * reference is the number of a page, and there are only NR_PAGES of them.
 */
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xengnttab.h>

#include <xen/io/netif.h>

#include "backend/child.h"
#include "evtchn.h"
#include "net/netif.h"
#include "net/tap.h"

#define NR_PAGES 400u
#define TX_PAGE 398u
#define RX_PAGE 399u
#define RX_DATA 100u /* and up: pages for packets to the guest */
#define BAD_PAGE 5000u

/* ---- the libraries ---- */

static uint8_t *guest;
static unsigned int nr_mapped, nr_bound;

struct evtchn_port {
	evtchn_cb cb;
	void *arg;
	unsigned int nr_notified;
};

static struct evtchn_port *ports[2]; /* by remote port */

void *xengnttab_map_grant_ref(xengnttab_handle *h, uint32_t domid, uint32_t ref, int prot)
{
	(void)h;
	(void)domid;
	(void)prot;
	if (ref >= NR_PAGES)
		return NULL;
	nr_mapped++;
	return guest + ref * 4096ul;
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	(void)h;
	(void)start;
	nr_mapped -= count;
	return 0;
}

int xengnttab_grant_copy(xengnttab_handle *h, uint32_t count, xengnttab_grant_copy_segment_t *segs)
{
	uint32_t i;

	(void)h;
	for (i = 0; i < count; i++) {
		bool from = (segs[i].flags & GNTCOPY_source_gref) != 0;
		union xengnttab_copy_ptr *g = from ? &segs[i].source : &segs[i].dest;
		void *ours = from ? segs[i].dest.virt : segs[i].source.virt;
		uint8_t *theirs = guest + g->foreign.ref * 4096ul + g->foreign.offset;

		if (g->foreign.ref >= NR_PAGES || g->foreign.offset + segs[i].len > 4096) {
			segs[i].status = GNTST_bad_gntref;
			continue;
		}
		memcpy(from ? ours : (void *)theirs, from ? (void *)theirs : ours, segs[i].len);
		segs[i].status = GNTST_okay;
	}
	return 0;
}

int evtchn_mux_bind(struct evtchn_mux *mux, uint16_t remote, uint32_t remote_port, evtchn_cb cb,
		    void *arg, struct evtchn_port **ret)
{
	(void)mux;
	(void)remote;
	if (remote_port > 1)
		return -EINVAL;
	*ret = calloc(1, sizeof(**ret));
	(*ret)->cb = cb;
	(*ret)->arg = arg;
	ports[remote_port] = *ret;
	nr_bound++;
	return 0;
}

void evtchn_port_notify(struct evtchn_port *port)
{
	port->nr_notified++;
}

void evtchn_port_unbind(struct evtchn_port *port)
{
	unsigned int i;

	if (!port)
		return;
	for (i = 0; i < 2; i++)
		if (ports[i] == port)
			ports[i] = NULL;
	nr_bound--;
	free(port);
}

int tap_set_features(int fd, const struct net_rx_features *features)
{
	(void)fd;
	(void)features;
	return 0;
}

int tap_read(int fd, struct virtio_net_hdr *ret_hdr, uint8_t *data, unsigned int size)
{
	struct iovec iov[2] = { { ret_hdr, sizeof(*ret_hdr) }, { data, size } };
	ssize_t n = readv(fd, iov, 2);

	return n < 0 ? 0 : (int)n - (int)sizeof(*ret_hdr);
}

int tap_write(int fd, const struct virtio_net_hdr *hdr, const uint8_t *data, unsigned int size)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)hdr, sizeof(*hdr) },
				{ (void *)(uintptr_t)data, size } };

	return writev(fd, iov, 2) < 0 ? -errno : 0;
}

/* ---- the guest ---- */

static struct child child = { .domid = 7 };
static struct netif_host host;
static struct netif *netif;
static struct netif_tx_sring *tx;
static struct netif_rx_sring *rx;
static int wire; /* the other end of the tap */
static unsigned int nr_broken;

static void on_broken(struct netif *n, const char *reason)
{
	(void)n;
	(void)reason;
	nr_broken++;
}

static uint8_t *page(unsigned int n)
{
	return guest + n * 4096ul;
}

static int join(uint32_t tx_ref, uint32_t tx_port, uint32_t rx_port)
{
	struct netif_spec spec = { .tx_ring_ref = tx_ref, .rx_ring_ref = RX_PAGE,
				   .tx_event_channel = tx_port, .rx_event_channel = rx_port,
				   .features = { true, true, true, true, true } };
	const char *error;

	memset(tx, 0, 4096);
	memset(rx, 0, 4096);
	tx->req_event = tx->rsp_event = rx->req_event = rx->rsp_event = 1;
	return netif_connect(netif, &spec, &error);
}

static void setup(void)
{
	int socks[2], size = 1 << 20;

	guest = mmap(NULL, NR_PAGES * 4096ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	tx = (void *)page(TX_PAGE);
	rx = (void *)page(RX_PAGE);
	child.base = event_base_new();
	host.child = &child;
	host.on_broken = on_broken;
	nr_broken = nr_mapped = nr_bound = 0;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, socks))
		abort();
	setsockopt(socks[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(socks[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	wire = socks[1];
	netif = netif_create(&host, 0, socks[0]);
}

static void teardown(void)
{
	netif_destroy(netif);
	CU_ASSERT_EQUAL(nr_mapped, 0);
	CU_ASSERT_EQUAL(nr_bound, 0);
	event_base_free(child.base);
	close(wire);
	munmap(guest, NR_PAGES * 4096ul);
}

static void spin(void)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		event_base_loop(child.base, EVLOOP_NONBLOCK);
}

static void kick(unsigned int port)
{
	if (ports[port])
		ports[port]->cb(ports[port]->arg);
	spin();
}

static void send_slot(uint32_t ref, uint16_t offset, uint16_t size, uint16_t flags)
{
	tx->ring[tx->req_prod % 256].req = (struct netif_tx_request){
		.gref = ref, .offset = offset, .size = size, .flags = flags,
		.id = (uint16_t)(tx->req_prod + 7) };
	tx->req_prod++;
}

static void offer(unsigned int nr)
{
	while (nr--) {
		rx->ring[rx->req_prod % 256].req = (struct netif_rx_request){
			.id = (uint16_t)(rx->req_prod % 256), .gref = RX_DATA + rx->req_prod % 256 };
		rx->req_prod++;
	}
}

static ssize_t from_wire(uint8_t *bytes, size_t size, struct virtio_net_hdr *hdr)
{
	static uint8_t buf[70000];
	ssize_t n = recv(wire, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < (ssize_t)sizeof(*hdr))
		return -1;
	memcpy(hdr, buf, sizeof(*hdr));
	n -= (ssize_t)sizeof(*hdr);
	memcpy(bytes, buf + sizeof(*hdr), (size_t)n < size ? (size_t)n : size);
	return n;
}

static void to_wire(unsigned int size, unsigned int seed, uint8_t gso_type)
{
	static uint8_t buf[70000];
	struct virtio_net_hdr hdr = { .gso_type = gso_type, .gso_size = gso_type ? 1000 : 0 };
	unsigned int i;

	memcpy(buf, &hdr, sizeof(hdr));
	for (i = 0; i < size; i++)
		buf[sizeof(hdr) + i] = (uint8_t)((i + seed) * 31 >> 3);
	CU_ASSERT_EQUAL(send(wire, buf, sizeof(hdr) + size, MSG_DONTWAIT), sizeof(hdr) + size);
}

static bool page_has(unsigned int n, unsigned int from, unsigned int size, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		if (page(n)[i] != (uint8_t)((from + i + seed) * 31 >> 3))
			return false;
	return true;
}

/* ---- promises ---- */

static void packet_of_several_pages_is_sent_as_one(void)
{
	static uint8_t bytes[9000];
	struct virtio_net_hdr hdr;
	unsigned int i;

	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	for (i = 0; i < 4096; i++) {
		page(1)[i] = 1;
		page(2)[i] = 2;
	}
	send_slot(1, 4000, 1096, NETTXF_more_data);
	send_slot(2, 8, 1000, 0);
	kick(0);
	CU_ASSERT_EQUAL(from_wire(bytes, sizeof(bytes), &hdr), 1096);
	CU_ASSERT_EQUAL(bytes[95], 1);
	CU_ASSERT_EQUAL(bytes[96], 2);
	CU_ASSERT_EQUAL(bytes[1095], 2);
	CU_ASSERT_EQUAL(tx->rsp_prod, 2);
	CU_ASSERT_EQUAL(tx->ring[0].rsp.id, 7);
	CU_ASSERT_EQUAL(tx->ring[1].rsp.id, 8);
	CU_ASSERT_EQUAL(tx->ring[1].rsp.status, NETIF_RSP_OKAY);
	CU_ASSERT_EQUAL(ports[0]->nr_notified, 1);
	teardown();
}

static void page_that_cannot_be_had_fails_only_its_packet(void)
{
	static uint8_t bytes[9000];
	struct virtio_net_hdr hdr;

	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 0), 0);
	send_slot(1, 0, 100, 0);
	send_slot(BAD_PAGE, 0, 100, 0);
	send_slot(1, 0, 102, 0);
	kick(0);
	CU_ASSERT_EQUAL(tx->rsp_prod, 3);
	CU_ASSERT_EQUAL(tx->ring[0].rsp.status, NETIF_RSP_OKAY);
	CU_ASSERT_EQUAL(tx->ring[1].rsp.status, NETIF_RSP_ERROR);
	CU_ASSERT_EQUAL(tx->ring[2].rsp.status, NETIF_RSP_OKAY);
	CU_ASSERT_EQUAL(from_wire(bytes, sizeof(bytes), &hdr), 100);
	CU_ASSERT_EQUAL(from_wire(bytes, sizeof(bytes), &hdr), 102);
	teardown();
}

static void full_ring_is_sent_in_several_rounds(void)
{
	static uint8_t bytes[9000];
	struct virtio_net_hdr hdr;
	unsigned int i, nr = 0;

	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	for (i = 0; i < 256; i++)
		send_slot(i % 90, 0, (uint16_t)(60 + i), 0);
	kick(0);
	CU_ASSERT_EQUAL(tx->rsp_prod, 256);
	while (from_wire(bytes, sizeof(bytes), &hdr) > 0)
		nr++;
	/* The socket, unlike a tap, holds few packets: what it refuses is dropped, but answered. */
	CU_ASSERT_TRUE(nr > 0 && nr <= 256);
	teardown();
}

static void packet_for_the_guest_fills_its_pages(void)
{
	struct netif_extra_info extra;

	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	offer(10);
	to_wire(9000, 3, VIRTIO_NET_HDR_GSO_TCPV4);
	spin();
	CU_ASSERT_EQUAL(rx->rsp_prod, 4);
	CU_ASSERT_EQUAL(rx->ring[0].rsp.status, 4096);
	CU_ASSERT_EQUAL(rx->ring[0].rsp.flags, NETRXF_more_data | NETRXF_extra_info);
	memcpy(&extra, &rx->ring[1], sizeof(extra));
	CU_ASSERT_EQUAL(extra.u.gso.size, 1000);
	CU_ASSERT_EQUAL(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
	CU_ASSERT_EQUAL(rx->ring[2].rsp.status, 4096);
	CU_ASSERT_EQUAL(rx->ring[2].rsp.id, 2);
	CU_ASSERT_EQUAL(rx->ring[2].rsp.flags, NETRXF_more_data);
	CU_ASSERT_EQUAL(rx->ring[3].rsp.status, 9000 - 8192);
	CU_ASSERT_EQUAL(rx->ring[3].rsp.flags, 0);
	CU_ASSERT_TRUE(page_has(RX_DATA, 0, 4096, 3));
	CU_ASSERT_TRUE(page_has(RX_DATA + 2, 4096, 4096, 3));
	CU_ASSERT_TRUE(page_has(RX_DATA + 3, 8192, 9000 - 8192, 3));
	CU_ASSERT_EQUAL(ports[1]->nr_notified, 1);
	teardown();
}

static void packet_waits_for_slots_and_is_not_lost(void)
{
	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	offer(2);
	to_wire(9000, 1, 0); /* wants three */
	to_wire(100, 2, 0);
	spin();
	CU_ASSERT_EQUAL(rx->rsp_prod, 0);
	CU_ASSERT_EQUAL(rx->req_event, 3); /* the next one is to be announced */
	offer(1);
	kick(1);
	CU_ASSERT_EQUAL(rx->rsp_prod, 3);
	CU_ASSERT_TRUE(page_has(RX_DATA + 2, 8192, 9000 - 8192, 1));
	CU_ASSERT_EQUAL(rx->req_event, 4);
	offer(1);
	kick(1);
	CU_ASSERT_EQUAL(rx->rsp_prod, 4);
	CU_ASSERT_TRUE(page_has(RX_DATA + 3, 0, 100, 2));
	teardown();
}

static void one_channel_serves_both_rings(void)
{
	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 0), 0);
	CU_ASSERT_EQUAL(nr_bound, 1);
	to_wire(100, 1, 0);
	spin();
	CU_ASSERT_EQUAL(rx->rsp_prod, 0);
	offer(1);
	kick(0);
	CU_ASSERT_EQUAL(rx->rsp_prod, 1);
	teardown();
}

static void insane_rings_end_the_connection(void)
{
	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	tx->req_prod = 257;
	kick(0);
	CU_ASSERT_EQUAL(nr_broken, 1);
	CU_ASSERT_EQUAL(nr_mapped, 0);
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	rx->req_prod = 1u << 31;
	to_wire(100, 1, 0);
	spin();
	CU_ASSERT_EQUAL(nr_broken, 2);
	CU_ASSERT_EQUAL(nr_bound, 0);
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	offer(1);
	to_wire(100, 1, 0);
	spin();
	CU_ASSERT_EQUAL(rx->rsp_prod, 1);
	teardown();
}

static void what_cannot_be_connected_leaves_nothing(void)
{
	setup();
	CU_ASSERT_NOT_EQUAL(join(NR_PAGES, 0, 1), 0);
	CU_ASSERT_NOT_EQUAL(join(TX_PAGE, 9, 1), 0);
	CU_ASSERT_NOT_EQUAL(join(TX_PAGE, 0, 9), 0);
	CU_ASSERT_EQUAL(nr_mapped, 0);
	CU_ASSERT_EQUAL(nr_bound, 0);
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), -EISCONN);
	teardown();
}

static void random_chains_are_answered_slot_by_slot(void)
{
	unsigned int round, i, nr;
	char byte;

	srand(5);
	setup();
	CU_ASSERT_EQUAL(join(TX_PAGE, 0, 1), 0);
	for (round = 0; round < 500; round++) {
		uint32_t before = tx->rsp_prod;

		nr = 1 + (unsigned int)rand() % 20;
		for (i = 0; i < nr; i++)
			send_slot((uint32_t)(rand() % 420), (uint16_t)(rand() % 4200),
				  (uint16_t)(rand() % 3000),
				  (uint16_t)(i + 4 < nr ? rand() % 8 : rand() % 4));
		kick(0);
		CU_ASSERT_EQUAL(nr_broken, 0);
		CU_ASSERT_EQUAL_FATAL(tx->rsp_prod, before + nr);
		while (recv(wire, &byte, 1, MSG_DONTWAIT) > 0)
			;
	}
	teardown();
}

UNIT_MAIN("netif",
	  UNIT_TEST(packet_of_several_pages_is_sent_as_one),
	  UNIT_TEST(page_that_cannot_be_had_fails_only_its_packet),
	  UNIT_TEST(full_ring_is_sent_in_several_rounds),
	  UNIT_TEST(packet_for_the_guest_fills_its_pages),
	  UNIT_TEST(packet_waits_for_slots_and_is_not_lost),
	  UNIT_TEST(one_channel_serves_both_rings),
	  UNIT_TEST(insane_rings_end_the_connection),
	  UNIT_TEST(what_cannot_be_connected_leaves_nothing),
	  UNIT_TEST(random_chains_are_answered_slot_by_slot))
