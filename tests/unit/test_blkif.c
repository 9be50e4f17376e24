/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tools/hvd/blk: blkif.c, grants.c, pool.c and file.c together, on a real file, with a guest made of
 * a few pages. The grant and event channel libraries are replaced by what is below: a grant
 * reference is the number of a page, and there are only NR_PAGES of them.
 */
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xengnttab.h>

#include <xen/io/blkif.h>

#include "backend/child.h"
#include "blk/blkif.h"
#include "blk/disk.h"
#include "evtchn.h"

#define NR_PAGES 600u
#define NR_SECTORS 2048u
#define RING_PAGE 598u
#define DATA_PAGE 20u
#define READONLY_PAGE 599u /* granted for reading only */

/* ---- the libraries ---- */

static int memfd;
static uint8_t *guest; /* the guest's own view of its pages */
static unsigned int nr_mapped, nr_bound, nr_notified, nr_copies, nr_map_calls;

struct evtchn_port {
	evtchn_cb cb;
	void *arg;
};

static struct evtchn_port *bound; /* the last one */

void *xengnttab_map_domain_grant_refs(xengnttab_handle *h, uint32_t count, uint32_t domid,
				      uint32_t *refs, int prot)
{
	uint8_t *p;
	uint32_t i;

	(void)h;
	(void)domid;
	nr_map_calls++;
	for (i = 0; i < count; i++)
		if (refs[i] >= NR_PAGES || (refs[i] == READONLY_PAGE && prot & PROT_WRITE))
			return NULL;
	p = mmap(NULL, count * 4096ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < count; i++)
		if (mmap(p + i * 4096ul, 4096, prot, MAP_SHARED | MAP_FIXED, memfd,
			 (off_t)refs[i] * 4096) == MAP_FAILED)
			abort();
	nr_mapped += count;
	return p;
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	(void)h;
	nr_mapped -= count;
	return munmap(start, count * 4096ul);
}

int xengnttab_grant_copy(xengnttab_handle *h, uint32_t count, xengnttab_grant_copy_segment_t *segs)
{
	uint32_t i;

	(void)h;
	nr_copies++;
	for (i = 0; i < count; i++) {
		bool from = (segs[i].flags & GNTCOPY_source_gref) != 0;
		union xengnttab_copy_ptr *g = from ? &segs[i].source : &segs[i].dest;
		void *ours = from ? segs[i].dest.virt : segs[i].source.virt;
		uint8_t *theirs;

		if (g->foreign.ref >= NR_PAGES || g->foreign.offset + segs[i].len > 4096 ||
		    (!from && g->foreign.ref == READONLY_PAGE)) {
			segs[i].status = GNTST_bad_gntref;
			continue;
		}
		theirs = guest + g->foreign.ref * 4096ul + g->foreign.offset;
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
	if (remote_port == 666)
		return -EINVAL;
	*ret = calloc(1, sizeof(**ret));
	(*ret)->cb = cb;
	(*ret)->arg = arg;
	bound = *ret;
	nr_bound++;
	return 0;
}

void evtchn_port_notify(struct evtchn_port *port)
{
	(void)port;
	nr_notified++;
}

void evtchn_port_unbind(struct evtchn_port *port)
{
	if (!port)
		return;
	nr_bound--;
	bound = NULL;
	free(port);
}

/* ---- the guest and its disk ---- */

static struct child child = { .domid = 7 };
static struct blkif_host host;
static struct pool *pool;
static struct blkif *blkif;
static struct blkif_sring *sring;
static uint32_t rsp_cons;
static unsigned int nr_broken, nr_disconnected;
static int image;

static void on_broken(struct blkif *b, const char *reason)
{
	(void)b;
	(void)reason;
	nr_broken++;
}

static void on_disconnected(struct blkif *b)
{
	(void)b;
	nr_disconnected++;
}

static void on_batch(void *arg)
{
	(void)arg;
	blkif_push_responses(&host);
}

static uint8_t *page(unsigned int n)
{
	return guest + n * 4096ul;
}

static void setup(bool readonly)
{
	char name[] = "/tmp/test_blkif.XXXXXX";
	const char *error;
	struct disk *disk;

	memfd = memfd_create("guest", MFD_CLOEXEC);
	if (ftruncate(memfd, NR_PAGES * 4096l))
		abort();
	guest = mmap(NULL, NR_PAGES * 4096ul, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	image = mkstemp(name);
	unlink(name);
	if (ftruncate(image, NR_SECTORS * 512l))
		abort();
	child.base = event_base_new();
	memset(&host, 0, sizeof(host));
	host.child = &child;
	host.on_broken = on_broken;
	host.on_disconnected = on_disconnected;
	nr_mapped = nr_bound = nr_notified = nr_copies = nr_map_calls = 0;
	nr_broken = nr_disconnected = 0;
	CU_ASSERT_EQUAL_FATAL(pool_create(child.base, 3, file_disk_run, on_batch, NULL, &pool), 0);
	CU_ASSERT_EQUAL_FATAL(file_disk_open(pool, dup(image), readonly, 0, &disk, &error), 0);
	CU_ASSERT_EQUAL(disk->info.nr_sectors, NR_SECTORS);
	blkif = blkif_create(&host, 51712, disk);
}

static void teardown(void)
{
	blkif_disconnect(blkif);
	while (blkif_is_connected(blkif))
		event_base_loop(child.base, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(nr_mapped, 0);
	CU_ASSERT_EQUAL(nr_bound, 0);
	CU_ASSERT_EQUAL(host.buffered_bytes, 0);
	CU_ASSERT_EQUAL(host.nr_in_flight, 0);
	blkif_destroy(blkif);
	pool_destroy(pool);
	event_base_free(child.base);
	munmap(guest, NR_PAGES * 4096ul);
	close(memfd);
	close(image);
}

static int connect_ring(bool persistent, uint32_t ring_ref, uint32_t port)
{
	struct blkif_spec spec = { .abi = BLK_ABI_X86_64, .persistent = persistent,
				   .nr_queues = 1 };
	const char *error;

	spec.queues[0].ring_refs[0] = ring_ref;
	spec.queues[0].nr_pages = 1;
	spec.queues[0].event_channel = port;
	sring = (struct blkif_sring *)page(RING_PAGE);
	memset(sring, 0, 4096);
	sring->req_event = sring->rsp_event = 1;
	rsp_cons = 0;
	return blkif_connect(blkif, &spec, &error);
}

static struct blkif_request *new_request(uint8_t op, uint64_t sector, uint64_t id)
{
	struct blkif_request *r = &sring->ring[sring->req_prod % 32].req;

	memset(r, 0, sizeof(*r));
	r->operation = op;
	r->sector_number = sector;
	r->id = id;
	return r;
}

/* Runs the loop until there is one more response. */
static int16_t wait_response(uint64_t id)
{
	struct blkif_response *rsp = &sring->ring[rsp_cons % 32].rsp;
	unsigned int rounds;

	for (rounds = 0; sring->rsp_prod == rsp_cons && rounds < 1000; rounds++)
		event_base_loop(child.base, EVLOOP_ONCE);
	CU_ASSERT_EQUAL_FATAL(sring->rsp_prod, rsp_cons + 1);
	CU_ASSERT_EQUAL(rsp->id, id);
	rsp_cons++;
	return rsp->status;
}

/* What the event channel would do. */
static void kick(void)
{
	if (bound)
		bound->cb(bound->arg);
}

/* One request from one page, carried out. */
static int16_t transfer(uint8_t op, uint64_t sector, uint32_t ref, uint8_t first, uint8_t last)
{
	static uint64_t id = 1000;
	struct blkif_request *r = new_request(op, sector, ++id);

	r->nr_segments = op == BLKIF_OP_FLUSH_DISKCACHE ? 0 : 1;
	r->seg[0].gref = ref;
	r->seg[0].first_sect = first;
	r->seg[0].last_sect = last;
	sring->req_prod++;
	kick();
	return wait_response(id);
}

static void fill(unsigned int n, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < 4096; i++)
		page(n)[i] = (uint8_t)((i * 2654435761u + seed) >> 13);
}

static void data_comes_back(bool persistent)
{
	uint8_t sectors[4 * 512];

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(persistent, RING_PAGE, 1), 0);
	fill(DATA_PAGE, 1);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 100, DATA_PAGE, 2, 5), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(pread(image, sectors, sizeof(sectors), 100 * 512), sizeof(sectors));
	CU_ASSERT_EQUAL(memcmp(sectors, page(DATA_PAGE) + 1024, sizeof(sectors)), 0);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 100, DATA_PAGE + 1, 4, 7), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(memcmp(page(DATA_PAGE + 1) + 2048, sectors, sizeof(sectors)), 0);
	CU_ASSERT_EQUAL(page(DATA_PAGE + 1)[2047], 0);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, 0, 0), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, NR_SECTORS - 8, DATA_PAGE, 0, 7), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(nr_copies == 0, persistent);
	CU_ASSERT_TRUE(nr_notified > 0);
	teardown();
}

static void written_data_comes_back_by_copy(void)
{
	data_comes_back(false);
}

static void written_data_comes_back_through_persistent_pages(void)
{
	data_comes_back(true);
}

static void persistent_page_is_mapped_once(void)
{
	unsigned int i;

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(true, RING_PAGE, 1), 0);
	for (i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, i, DATA_PAGE, 0, 0), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(nr_map_calls, 2); /* the ring, the page */
	CU_ASSERT_EQUAL(nr_mapped, 2);
	teardown();
}

static void one_page_may_serve_several_segments(void)
{
	struct blkif_request *r;
	unsigned int i;

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(true, RING_PAGE, 1), 0);
	fill(DATA_PAGE, 5);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 0, DATA_PAGE, 0, 7), BLKIF_RSP_OKAY);
	r = new_request(BLKIF_OP_READ, 0, 1);
	r->nr_segments = 8;
	for (i = 0; i < 8; i++) {
		r->seg[i].gref = DATA_PAGE + 1 + i % 2;
		r->seg[i].first_sect = r->seg[i].last_sect = (uint8_t)i;
	}
	sring->req_prod++;
	kick();
	CU_ASSERT_EQUAL(wait_response(1), BLKIF_RSP_OKAY);
	for (i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(memcmp(page(DATA_PAGE) + i * 512,
				       page(DATA_PAGE + 1 + i % 2) + i * 512, 512), 0);
	CU_ASSERT_EQUAL(nr_mapped, 4);
	teardown();
}

static void indirect(bool persistent)
{
	struct blkif_request_indirect *r;
	struct blkif_request_segment *seg;
	unsigned int i;

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(persistent, RING_PAGE, 1), 0);
	seg = (struct blkif_request_segment *)page(DATA_PAGE);
	for (i = 0; i < 256; i++) {
		fill(DATA_PAGE + 1 + i, i);
		seg[i].gref = DATA_PAGE + 1 + i;
		seg[i].last_sect = 7;
	}
	r = (void *)new_request(BLKIF_OP_INDIRECT, 0, 9);
	r->indirect_op = BLKIF_OP_WRITE;
	r->nr_segments = 256;
	r->id = 9;
	r->indirect_grefs[0] = DATA_PAGE;
	sring->req_prod++;
	kick();
	CU_ASSERT_EQUAL(wait_response(9), BLKIF_RSP_OKAY);
	for (i = 0; i < 256; i++) {
		uint8_t bytes[4096];

		CU_ASSERT_EQUAL(pread(image, bytes, 4096, i * 4096l), 4096);
		CU_ASSERT_EQUAL(memcmp(bytes, page(DATA_PAGE + 1 + i), 4096), 0);
	}
	/* Its page cannot be had: an error, and nothing else. */
	r = (void *)new_request(BLKIF_OP_INDIRECT, 0, 10);
	r->indirect_op = BLKIF_OP_READ;
	r->nr_segments = 1;
	r->id = 10;
	r->indirect_grefs[0] = 123456;
	sring->req_prod++;
	kick();
	CU_ASSERT_EQUAL(wait_response(10), BLKIF_RSP_ERROR);
	teardown();
}

static void indirect_request_of_a_mebibyte_by_copy(void)
{
	indirect(false);
}

static void indirect_request_of_a_mebibyte_through_pages(void)
{
	indirect(true);
}

static void bad_requests(bool persistent)
{
	setup(false);
	CU_ASSERT_EQUAL(connect_ring(persistent, RING_PAGE, 1), 0);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, NR_PAGES, 0, 0), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 0, UINT32_MAX, 0, 0), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, READONLY_PAGE, 0, 0), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 0, READONLY_PAGE, 0, 0), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, NR_SECTORS, DATA_PAGE, 0, 0), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, UINT64_MAX, DATA_PAGE, 0, 7), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, DATA_PAGE, 0, 8), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, DATA_PAGE, 5, 4), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(77, 0, DATA_PAGE, 0, 0), BLKIF_RSP_EOPNOTSUPP);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE_BARRIER, 0, DATA_PAGE, 0, 0),
			BLKIF_RSP_EOPNOTSUPP);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, DATA_PAGE, 0, 0), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(nr_broken, 0);
	teardown();
}

static void bad_requests_are_errors_by_copy(void)
{
	bad_requests(false);
}

static void bad_requests_are_errors_with_persistent_pages(void)
{
	bad_requests(true);
}

static void readonly_disk_is_not_written(void)
{
	setup(true);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 0, DATA_PAGE, 0, 0), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, DATA_PAGE, 0, 0), BLKIF_RSP_OKAY);
	teardown();
}

static void a_hole_is_punched_where_the_file_system_can(void)
{
	struct blkif_request_discard *r;
	uint8_t bytes[4096], zeros[4096] = { 0 };

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	fill(DATA_PAGE, 3);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 8, DATA_PAGE, 0, 7), BLKIF_RSP_OKAY);
	r = (void *)new_request(BLKIF_OP_DISCARD, 8, 5);
	r->nr_sectors = 8;
	sring->req_prod++;
	kick();
	if (wait_response(5) == BLKIF_RSP_OKAY) {
		CU_ASSERT_EQUAL(pread(image, bytes, 4096, 4096), 4096);
		CU_ASSERT_EQUAL(memcmp(bytes, zeros, 4096), 0);
	}
	teardown();
}

static void secure_discard_is_refused_and_harms_nothing(void)
{
	struct blkif_request_discard *r;
	uint8_t bytes[4096];

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	fill(DATA_PAGE, 4);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, 8, DATA_PAGE, 0, 7), BLKIF_RSP_OKAY);
	r = (void *)new_request(BLKIF_OP_DISCARD, 8, 5);
	r->nr_sectors = 8;
	r->flag = BLKIF_DISCARD_SECURE;
	sring->req_prod++;
	kick();
	CU_ASSERT_EQUAL(wait_response(5), BLKIF_RSP_EOPNOTSUPP);
	CU_ASSERT_EQUAL(pread(image, bytes, 4096, 4096), 4096);
	CU_ASSERT_EQUAL(memcmp(bytes, page(DATA_PAGE), 4096), 0);
	/* And the ring goes on. */
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 8, DATA_PAGE + 1, 0, 7), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(memcmp(page(DATA_PAGE + 1), page(DATA_PAGE), 4096), 0);
	teardown();
}

static void a_full_ring_is_answered_once_each(void)
{
	unsigned int seen[32] = { 0 };
	unsigned int i, round;

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	for (round = 0; round < 5; round++) {
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < 32; i++) {
			struct blkif_request *r =
				new_request(i % 2 ? BLKIF_OP_READ : BLKIF_OP_WRITE, i, i);

			r->nr_segments = 1;
			r->seg[0].gref = i == 13 ? NR_PAGES : DATA_PAGE + i;
			sring->req_prod++;
		}
		kick();
		while (sring->rsp_prod != rsp_cons + 32)
			event_base_loop(child.base, EVLOOP_ONCE);
		for (i = 0; i < 32; i++, rsp_cons++) {
			struct blkif_response *rsp = &sring->ring[rsp_cons % 32].rsp;

			CU_ASSERT_TRUE_FATAL(rsp->id < 32);
			seen[rsp->id]++;
			CU_ASSERT_EQUAL(rsp->status, rsp->id == 13 ? BLKIF_RSP_ERROR : 0);
		}
		for (i = 0; i < 32; i++)
			CU_ASSERT_EQUAL(seen[i], 1);
	}
	teardown();
}

static void insane_ring_ends_only_this_connection(void)
{
	setup(false);
	CU_ASSERT_EQUAL(connect_ring(true, RING_PAGE, 1), 0);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, DATA_PAGE, 0, 0), BLKIF_RSP_OKAY);
	sring->req_prod += 33;
	kick();
	CU_ASSERT_EQUAL(nr_broken, 1);
	CU_ASSERT_EQUAL(nr_disconnected, 1);
	CU_ASSERT_EQUAL(nr_mapped, 0);
	CU_ASSERT_EQUAL(nr_bound, 0);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_READ, 0, DATA_PAGE, 0, 0), BLKIF_RSP_OKAY);
	teardown();
}

static void what_cannot_be_connected_leaves_nothing(void)
{
	setup(false);
	CU_ASSERT_NOT_EQUAL(connect_ring(true, NR_PAGES, 1), 0);
	CU_ASSERT_NOT_EQUAL(connect_ring(true, RING_PAGE, 666), 0);
	CU_ASSERT_FALSE(blkif_is_connected(blkif));
	CU_ASSERT_EQUAL(nr_mapped, 0);
	CU_ASSERT_EQUAL(connect_ring(true, RING_PAGE, 1), 0);
	CU_ASSERT_EQUAL(connect_ring(true, RING_PAGE, 1), -EISCONN);
	teardown();
}

static void requests_in_flight_are_answered_before_disconnecting(void)
{
	unsigned int i;

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	for (i = 0; i < 16; i++) {
		struct blkif_request *r = new_request(BLKIF_OP_WRITE, i * 8, i);

		r->nr_segments = 1;
		r->seg[0].gref = DATA_PAGE + i;
		r->seg[0].last_sect = 7;
		sring->req_prod++;
	}
	kick();
	blkif_disconnect(blkif);
	while (blkif_is_connected(blkif))
		event_base_loop(child.base, EVLOOP_ONCE);
	CU_ASSERT_EQUAL(nr_disconnected, 1);
	CU_ASSERT_EQUAL(sring->rsp_prod, 16);
	teardown();
}

static void requests_before_the_connection_are_seen(void)
{
	struct blkif_spec spec = { .abi = BLK_ABI_X86_64, .nr_queues = 1 };
	struct blkif_request *r;
	const char *error;

	setup(false);
	spec.queues[0].ring_refs[0] = RING_PAGE;
	spec.queues[0].nr_pages = 1;
	sring = (struct blkif_sring *)page(RING_PAGE);
	rsp_cons = 0;
	r = new_request(BLKIF_OP_FLUSH_DISKCACHE, 0, 3);
	r->nr_segments = 0;
	sring->req_prod++;
	CU_ASSERT_EQUAL(blkif_connect(blkif, &spec, &error), 0);
	CU_ASSERT_EQUAL(wait_response(3), BLKIF_RSP_OKAY);
	teardown();
}

/* Whatever is in the slots, every one is answered, and nothing is left behind. */
static void random_requests_are_answered_once_each(void)
{
	unsigned int round, i, j, nr;

	srand(4);
	setup(false);
	CU_ASSERT_EQUAL(connect_ring(true, RING_PAGE, 1), 0);
	for (round = 0; round < 300; round++) {
		nr = 1 + (unsigned int)rand() % 32;
		for (i = 0; i < nr; i++) {
			struct blkif_request *r =
				new_request((uint8_t)(rand() % 8), (uint64_t)(rand() % 3000), i);

			for (j = 0; j < 11; j++) {
				r->seg[j].gref = (uint32_t)(rand() % 4 ? rand() % 598 : rand());
				r->seg[j].first_sect = (uint8_t)(rand() % 9);
				r->seg[j].last_sect = (uint8_t)(rand() % 9);
			}
			r->nr_segments = (uint8_t)(rand() % 13);
			if (r->operation == BLKIF_OP_INDIRECT) {
				struct blkif_request_indirect *in = (void *)r;

				in->indirect_op = (uint8_t)(rand() % 2);
				in->nr_segments = (uint16_t)(rand() % 300);
				in->indirect_grefs[0] = (uint32_t)(DATA_PAGE + rand() % 100);
			}
			/* The guest's pages are noise, the ring's excepted. */
			for (j = 0; j < 64; j++)
				page(DATA_PAGE + (unsigned int)rand() % 100)[rand() % 4096] =
					(uint8_t)rand();
			sring->req_prod++;
		}
		kick();
		for (i = 0; sring->rsp_prod != rsp_cons + nr && !nr_broken; i++)
			event_base_loop(child.base, EVLOOP_ONCE);
		CU_ASSERT_EQUAL_FATAL(sring->rsp_prod, rsp_cons + nr);
		rsp_cons += nr;
	}
	teardown();
}

static void a_file_that_has_grown_can_be_used_to_its_end(void)
{
	struct disk *disk;

	setup(false);
	CU_ASSERT_EQUAL(connect_ring(false, RING_PAGE, 1), 0);
	disk = blkif_disk(blkif);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, NR_SECTORS, DATA_PAGE, 0, 7), BLKIF_RSP_ERROR);
	CU_ASSERT_EQUAL(ftruncate(image, (NR_SECTORS + 8) * 512l), 0);
	CU_ASSERT_EQUAL(disk->info.nr_sectors, NR_SECTORS);
	CU_ASSERT_EQUAL(disk->ops->measure(disk), 0);
	CU_ASSERT_EQUAL(disk->info.nr_sectors, NR_SECTORS + 8);
	blkif_set_size(blkif, disk->info.nr_sectors);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, NR_SECTORS, DATA_PAGE, 0, 7), BLKIF_RSP_OKAY);
	CU_ASSERT_EQUAL(transfer(BLKIF_OP_WRITE, NR_SECTORS + 1, DATA_PAGE, 0, 7), BLKIF_RSP_ERROR);
	teardown();
}

UNIT_MAIN("blkif",
	  UNIT_TEST(written_data_comes_back_by_copy),
	  UNIT_TEST(written_data_comes_back_through_persistent_pages),
	  UNIT_TEST(persistent_page_is_mapped_once),
	  UNIT_TEST(one_page_may_serve_several_segments),
	  UNIT_TEST(indirect_request_of_a_mebibyte_by_copy),
	  UNIT_TEST(indirect_request_of_a_mebibyte_through_pages),
	  UNIT_TEST(bad_requests_are_errors_by_copy),
	  UNIT_TEST(bad_requests_are_errors_with_persistent_pages),
	  UNIT_TEST(a_file_that_has_grown_can_be_used_to_its_end),
	  UNIT_TEST(readonly_disk_is_not_written),
	  UNIT_TEST(a_hole_is_punched_where_the_file_system_can),
	  UNIT_TEST(secure_discard_is_refused_and_harms_nothing),
	  UNIT_TEST(a_full_ring_is_answered_once_each),
	  UNIT_TEST(insane_ring_ends_only_this_connection),
	  UNIT_TEST(what_cannot_be_connected_leaves_nothing),
	  UNIT_TEST(requests_in_flight_are_answered_before_disconnecting),
	  UNIT_TEST(requests_before_the_connection_are_seen),
	  UNIT_TEST(random_requests_are_answered_once_each))
