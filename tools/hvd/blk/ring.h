/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block device ring as bytes: two wire layouts in, one struct out.
 *
 * Pure: memory in, struct or error out. The ring's memory belongs to a guest that may change it at
 * any moment. Every slot is therefore copied once and looked at afterwards.
 */
#ifndef BLK_RING_H
#define BLK_RING_H

#include <stdbool.h>
#include <stdint.h>

#define BLK_PAGE_SIZE 4096u
#define BLK_SECTOR_SIZE 512u
#define BLK_SECTORS_PER_PAGE (BLK_PAGE_SIZE / BLK_SECTOR_SIZE)

/* What we advertise as feature-max-indirect-segments: 1 MiB a request, one indirect page. */
#define BLK_MAX_SEGMENTS 256u
#define BLK_MAX_INDIRECT_PAGES 1u

/* What we advertise as max-ring-page-order. */
#define BLK_MAX_RING_ORDER 4u
#define BLK_MAX_RING_PAGES (1u << BLK_MAX_RING_ORDER)

#define BLK_MAX_SLOT_SIZE 112u

/*
 * How a 64-bit guest and a 32-bit x86 guest lay out a slot. They differ in the alignment of 64-bit
 * fields (8 and 4), and thereby in the size of a slot.
 */
enum blk_abi { BLK_ABI_X86_64, BLK_ABI_X86_32 };

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD, BLK_UNKNOWN };

struct blk_segment {
	uint32_t gref;
	uint8_t first; /* sectors of the page, both inclusive */
	uint8_t last;
};

struct blk_request {
	unsigned int entry; /* in the record of requests in flight, if there is one */
	enum blk_op op;
	bool is_secure;   /* a discard that shall leave no trace */
	uint8_t wire_op;  /* what the response repeats; of an indirect request the inner one */
	bool is_indirect; /* segments are still in the pages of indirect_grefs */
	uint64_t id;
	uint64_t sector;
	uint64_t nr_sectors; /* of a discard; of read and write after blk_request_check() */
	unsigned int nr_segments;
	uint32_t indirect_gref;
	struct blk_segment segments[BLK_MAX_SEGMENTS];
};

/* What a request may touch. */
struct blk_limits {
	uint64_t nr_sectors;
	bool readonly;
	bool can_discard;
	uint32_t sector_size; /* what offsets and sizes are multiples of; 0: 512 */
};

struct inflight;

struct blk_ring {
	struct inflight *record; /* NULL: a process that dies loses what is in flight */
	volatile uint8_t *shared; /* nr_pages pages, contiguous here */
	enum blk_abi abi;
	unsigned int nr_slots;
	uint32_t req_cons;
	uint32_t rsp_prod;
	uint32_t rsp_pushed; /* what the front end can see of it */
};

/* Slots that fit in this many pages: a power of two. */
unsigned int blk_ring_nr_slots(enum blk_abi abi, unsigned int nr_pages);

/*
 * Takes up a ring that a front end has made. Starts behind the responses that are already there
 * (none on a new ring).
 */
void blk_ring_init(struct blk_ring *r, void *shared, enum blk_abi abi, unsigned int nr_pages);

/* How many responses the front end can see. */
uint32_t blk_ring_published(const struct blk_ring *r);

/*
 * Takes the next request. 1: 'ret' is filled; 0: none there; -EPROTO: the producer index is further
 * ahead than a ring can hold, the ring is not to be used any more; -EINVAL: the slot was taken and
 * makes no sense, only op, wire_op and id of 'ret' are set, and it wants an error response.
 */
int blk_ring_next(struct blk_ring *r, struct blk_request *ret);

/*
 * Asks for a notification with the next request. True: there is one already, come again.
 */
bool blk_ring_arm(struct blk_ring *r);

/*
 * Writes the response to the request with this entry; the front end does not see it before
 * blk_ring_push().
 */
void blk_ring_respond(struct blk_ring *r, unsigned int entry, uint64_t id, uint8_t wire_op,
		      int16_t status);

/* Publishes responses. True: the front end wants to be notified. */
bool blk_ring_push(struct blk_ring *r);

/* Copies what the guest may change meanwhile: each word is read once. 'bytes' is a multiple of 4. */
void blk_copy_once(void *dst, const volatile void *src, unsigned int bytes);

/* Decodes one slot; -EINVAL as in blk_ring_next(). */
int blk_request_decode(enum blk_abi abi, const uint8_t slot[BLK_MAX_SLOT_SIZE],
		       struct blk_request *ret);

/* Fills the segments of an indirect request from its page, which must be a private copy. */
void blk_request_decode_indirect(struct blk_request *req, const uint8_t page[BLK_PAGE_SIZE]);

/*
 * May this request be carried out? Sets nr_sectors of a read or write to what its segments add up
 * to. -EINVAL: segments or sectors are out of range; -EROFS: it writes to a read-only disk;
 * -EOPNOTSUPP: there is no such operation here.
 */
int blk_request_check(struct blk_request *req, const struct blk_limits *limits);

#endif
