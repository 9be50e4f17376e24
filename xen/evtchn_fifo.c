// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event delivery through queues.
 *
 * Every port has a 32-bit word in pages that the guest gave us: PENDING, MASKED, LINKED, BUSY and
 * the number of the next port. Each vCPU has 16 queues, by priority; a queue is a chain of such
 * words. The guest takes from the head, which is in its control block; we append at the tail,
 * which only we know. LINKED says that a port is in a queue: we set it before we append, the
 * guest clears it when it takes the port off.
 *
 * Appending races with the guest, which may take the tail off at the same moment: then the queue
 * is empty, and the port must become its head. Both sides decide by one compare-and-exchange on
 * the tail's word, so exactly one of the two happens.
 *
 * A guest can write nonsense into all of these words. What it destroys are its own events: we use
 * nothing of them but single bits, and follow no link.
 *
 * Locks: a queue's lock covers its tail and the last_* fields of ports in it. Two queues are
 * never locked at once.
 */
#include "evtchn.h"

#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/slab.h>

#include <xen/event_channel.h>

#include "abi_state.h"
#include "bits.h"

#define WORDS_PER_PAGE ((uint32_t)(PAGE_SIZE / sizeof(event_word_t)))
#define ARRAY_PAGES    (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)
#define LINK_MASK      ((uint32_t)EVTCHN_FIFO_LINK_MASK)
#define WORD_LINKED    (1u << EVTCHN_FIFO_LINKED)
#define WORD_BUSY      (1u << EVTCHN_FIFO_BUSY)
/* So often a guest may change the tail's word under us, without and then with BUSY set. */
#define LINK_TRIES 4

struct fifo_queue {
	struct spinlock lock;
	uint32_t tail; /* 0: empty, as far as we know */
};

struct fifo_vcpu {
	struct evtchn_fifo_control_block *control; /* NULL: not given yet */
	void *page;				   /* pinned page that holds it */
	struct fifo_queue queues[EVTCHN_FIFO_MAX_QUEUES];
};

struct evtchn_fifo {
	uint32_t nr_pages; /* d's evtchn lock to change */
	event_word_t *pages[ARRAY_PAGES];
	uint32_t nr_vcpus;
	struct fifo_vcpu vcpus[];
};

static size_t fifo_size(uint32_t nr_vcpus)
{
	return sizeof(struct evtchn_fifo) + nr_vcpus * sizeof(struct fifo_vcpu);
}

/* NULL: the guest has given no page for this port's word. */
static event_word_t *word_of(struct domain *d, uint32_t port)
{
	struct evtchn_fifo *f = d->abi->evtchn.fifo;
	uint32_t page = port / WORDS_PER_PAGE;

	if (!f || page >= __atomic_load_n(&f->nr_pages, __ATOMIC_ACQUIRE))
		return NULL;
	return &f->pages[page][port % WORDS_PER_PAGE];
}

/* ---- appending ---- */

/* 1: tail's word now leads to 'port'. 0: tail is in no queue. -EAGAIN: it changed meanwhile. */
static int try_link(event_word_t *word, uint32_t *w, uint32_t port)
{
	uint32_t new_word;

	if (!(*w & WORD_LINKED))
		return 0;
	new_word = (*w & ~(WORD_BUSY | LINK_MASK)) | port;
	if (__atomic_compare_exchange_n(word, w, new_word, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return 1;
	return -EAGAIN;
}

/*
 * Lets the tail's word lead to 'port'. false: the tail is in no queue any more (or the guest
 * keeps changing the word against the rules): port must become the head.
 */
static bool link_after(event_word_t *word, uint32_t port, bool *ret_broken)
{
	uint32_t w = READ_ONCE(*word);
	int i, ret;

	for (i = 0; i < LINK_TRIES; i++) {
		ret = try_link(word, &w, port);
		if (ret >= 0)
			return ret != 0;
	}
	/* BUSY asks the guest not to touch the other bits; MASKED and PENDING may still move. */
	__atomic_fetch_or(word, WORD_BUSY, __ATOMIC_SEQ_CST);
	w = READ_ONCE(*word);
	for (i = 0; i < LINK_TRIES; i++) {
		ret = try_link(word, &w, port);
		if (ret >= 0) {
			if (ret == 0)
				__atomic_fetch_and(word, ~WORD_BUSY, __ATOMIC_SEQ_CST);
			return ret != 0;
		}
	}
	*ret_broken = true;
	return false;
}

/* The queue that the port was in last, locked. */
static struct fifo_queue *lock_last_queue(struct evtchn_fifo *f, struct evtchn *chn)
{
	struct fifo_queue *q;

	for (;;) {
		q = &f->vcpus[READ_ONCE(chn->last_vcpu)].queues[READ_ONCE(chn->last_priority)];
		spin_lock(&q->lock);
		if (q == &f->vcpus[chn->last_vcpu].queues[chn->last_priority])
			return q;
		spin_unlock(&q->lock);
	}
}

/* The port's word is pending and not masked: puts it into its queue unless it is in one. */
static void enqueue(struct vcpu *v, struct evtchn *chn, event_word_t *word)
{
	struct domain *d = v->domain;
	struct evtchn_fifo *f = d->abi->evtchn.fifo;
	struct fifo_vcpu *fv = &f->vcpus[v->id];
	uint32_t priority = chn->priority;
	event_word_t *tail_word;
	struct fifo_queue *q;
	bool linked = false, broken = false;

	if (!__atomic_load_n(&fv->control, __ATOMIC_ACQUIRE))
		return;

	q = lock_last_queue(f, chn);
	if (bit_test_and_set(word, EVTCHN_FIFO_LINKED)) {
		spin_unlock(&q->lock);
		return;
	}
	/*
	 * It has been the tail of its old queue and was taken off: that queue is empty. Forget the
	 * tail, or the next event there would be appended to a word that is in another queue now.
	 */
	if (q->tail == chn->port)
		q->tail = 0;
	if (q != &fv->queues[priority]) {
		chn->last_vcpu = (uint16_t)v->id;
		chn->last_priority = (uint8_t)priority;
		spin_unlock(&q->lock);
		q = &fv->queues[priority];
		spin_lock(&q->lock);
	}

	if (q->tail) {
		tail_word = word_of(d, q->tail);
		linked = tail_word && link_after(tail_word, chn->port, &broken);
	}
	if (!linked)
		WRITE_ONCE(fv->control->head[priority], chn->port);
	q->tail = chn->port;
	spin_unlock(&q->lock);

	if (broken) {
		domain_crash(d, "event channel words change while they are marked busy");
		return;
	}
	if (!linked && !bit_test_and_set(&fv->control->ready, priority))
		evtchn_mark_upcall(v);
}

static void raise_fifo(struct vcpu *v, struct evtchn *chn)
{
	event_word_t *word = word_of(v->domain, chn->port);
	bool was_pending;

	if (!word) {
		/*
		 * expand_array raises it again when the word is there. Look once more: it may have
		 * gone through the ports just before we said so.
		 */
		__atomic_store_n(&chn->raised_early, true, __ATOMIC_SEQ_CST);
		word = word_of(v->domain, chn->port);
		if (!word || !__atomic_exchange_n(&chn->raised_early, false, __ATOMIC_SEQ_CST))
			return;
	}
	was_pending = bit_test_and_set(word, EVTCHN_FIFO_PENDING);
	if (!bit_test(word, EVTCHN_FIFO_MASKED) && !bit_test(word, EVTCHN_FIFO_LINKED))
		enqueue(v, chn, word);
	if (!was_pending)
		evtchn_wake_pollers(v->domain, chn->port);
}

static void unmask_fifo(struct domain *d, struct evtchn *chn)
{
	event_word_t *word = word_of(d, chn->port);

	if (!word)
		return;
	bit_test_and_clear(word, EVTCHN_FIFO_MASKED);
	if (bit_test(word, EVTCHN_FIFO_PENDING) && !bit_test(word, EVTCHN_FIFO_LINKED))
		enqueue(d->vcpus[READ_ONCE(chn->notify_vcpu)], chn, word);
}

static void clear_pending_fifo(struct domain *d, struct evtchn *chn)
{
	event_word_t *word = word_of(d, chn->port);

	chn->raised_early = false;
	/* LINKED stays: only the guest takes a port off its queue. Until then the port is busy. */
	if (word)
		bit_test_and_clear(word, EVTCHN_FIFO_PENDING);
}

static bool is_pending_fifo(struct domain *d, const struct evtchn *chn)
{
	event_word_t *word = word_of(d, chn->port);

	return word && bit_test(word, EVTCHN_FIFO_PENDING);
}

static bool is_masked_fifo(struct domain *d, const struct evtchn *chn)
{
	event_word_t *word = word_of(d, chn->port);

	return !word || bit_test(word, EVTCHN_FIFO_MASKED);
}

static bool is_busy_fifo(struct domain *d, const struct evtchn *chn)
{
	event_word_t *word = word_of(d, chn->port);

	return word && bit_test(word, EVTCHN_FIFO_LINKED);
}

static uint32_t max_ports_fifo(const struct domain *d)
{
	(void)d;
	return EVTCHN_FIFO_NR_CHANNELS;
}

/* ---- set-up ---- */

static struct evtchn_fifo *fifo_create(struct domain *d)
{
	struct evtchn_fifo *f = hv_alloc(fifo_size(d->nr_vcpus));

	if (f)
		f->nr_vcpus = d->nr_vcpus;
	return f;
}

/* What is pending in the two-level arrays goes over: raised as soon as its word exists. */
static void take_over_ports(struct domain *d)
{
	struct evtchn_domain *e = &d->abi->evtchn;
	struct evtchn *chn;
	uint32_t port;

	for (port = 1; port < MIN(e->limit, evtchn_2l_ops.max_ports(d)); port++) {
		chn = evtchn_of(d, port);
		if (!chn) {
			port |= EVTCHNS_PER_BUCKET - 1; /* no bucket: on to the next */
			continue;
		}
		if (chn->state != EVTCHN_FREE && evtchn_2l_ops.is_pending(d, chn))
			chn->raised_early = true;
	}
}

int evtchn_fifo_init_control(struct domain *d, uint32_t vcpu, uint64_t gfn, uint32_t offset)
{
	struct evtchn_domain *e = &d->abi->evtchn;
	struct evtchn_fifo *f = e->fifo;
	struct fifo_vcpu *fv;
	void *page = NULL;
	int err;

	if (vcpu >= d->nr_vcpus)
		return -ENOENT;
	vcpu = (uint32_t)index_nospec(vcpu, d->nr_vcpus);
	if (offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) || offset % 8)
		return -EINVAL;
	if (!f) {
		f = fifo_create(d);
		if (!f)
			return -ENOMEM;
	}
	fv = &f->vcpus[vcpu];
	err = fv->control ? -EINVAL : guest_page_get(d, gfn_from(gfn), &page);
	if (err) {
		if (f != e->fifo)
			hv_free(f, fifo_size(f->nr_vcpus));
		return err;
	}
	fv->page = page;
	__atomic_store_n(&fv->control, (void *)((uint8_t *)page + offset), __ATOMIC_RELEASE);
	if (f != e->fifo) {
		take_over_ports(d);
		__atomic_store_n(&e->fifo, f, __ATOMIC_RELEASE);
		__atomic_store_n(&e->ops, &evtchn_fifo_ops, __ATOMIC_RELEASE);
	}
	return 0;
}

int evtchn_fifo_expand_array(struct domain *d, uint64_t gfn)
{
	struct evtchn_domain *e = &d->abi->evtchn;
	struct evtchn_fifo *f = e->fifo;
	struct evtchn *chn;
	uint32_t first, i;
	void *page;
	int err;

	if (!f)
		return -ENOSYS;
	first = f->nr_pages * WORDS_PER_PAGE;
	if (f->nr_pages >= ARRAY_PAGES || first >= e->limit)
		return -ENOSPC;
	err = guest_page_get(d, gfn_from(gfn), &page);
	if (err)
		return err;
	/* All masked, as the guest expects of ports that it has not looked at yet. */
	for (i = 0; i < WORDS_PER_PAGE; i++)
		WRITE_ONCE(((event_word_t *)page)[i], 1u << EVTCHN_FIFO_MASKED);
	f->pages[f->nr_pages] = page;
	__atomic_store_n(&f->nr_pages, f->nr_pages + 1, __ATOMIC_SEQ_CST);

	for (i = 0; i < WORDS_PER_PAGE; i++) {
		chn = evtchn_of(d, first + i);
		if (!chn) {
			i |= EVTCHNS_PER_BUCKET - 1;
			continue;
		}
		if (__atomic_exchange_n(&chn->raised_early, false, __ATOMIC_SEQ_CST))
			evtchn_raise(d, chn);
	}
	return 0;
}

void evtchn_fifo_free(struct domain *d)
{
	struct evtchn_domain *e = &d->abi->evtchn;
	struct evtchn_fifo *f = e->fifo;
	uint32_t i;

	if (!f)
		return;
	e->fifo = NULL;
	for (i = 0; i < f->nr_pages; i++)
		guest_page_put(f->pages[i]);
	for (i = 0; i < f->nr_vcpus; i++) {
		if (f->vcpus[i].page)
			guest_page_put(f->vcpus[i].page);
	}
	hv_free(f, fifo_size(f->nr_vcpus));
}

const struct evtchn_ops evtchn_fifo_ops = {
	.max_ports = max_ports_fifo,
	.raise = raise_fifo,
	.unmask = unmask_fifo,
	.clear_pending = clear_pending_fifo,
	.is_pending = is_pending_fifo,
	.is_masked = is_masked_fifo,
	.is_busy = is_busy_fifo,
};
