/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The default policy: fair shares by weight.
 *
 * Each entity has a clock of its own that runs slower the more weight it has. The one whose clock
 * is furthest behind runs next. Over time everybody's clock advances alike, so CPU time is
 * divided by weight. Who has slept does not save up credit: on waking, its clock is moved up to
 * just behind the queue's, which lets it run soon, and no more than that.
 */
#include <hv/sched.h>

/* Nobody gets ahead of who waits by more than the first; nor is anybody left in peace for longer than the second. */
#define SLICE_MIN_NS NSEC_PER_MSEC
#define SLICE_MAX_NS (5 * NSEC_PER_MSEC)
/* How far behind a sleeper may be when it wakes: about a tick of the usual guest. */
#define WAKE_BONUS_NS (3 * NSEC_PER_MSEC)

static void fair_enqueue(struct sched_queue *q, struct sched_entity *e, bool woken, uint64_t now_ns)
{
	struct sched_entity *other;
	uint64_t floor = q->min_virtual_ns > WAKE_BONUS_NS ? q->min_virtual_ns - WAKE_BONUS_NS : 0;

	(void)now_ns;
	if (woken && e->virtual_ns < floor)
		e->virtual_ns = floor;
	list_for_each(other, &q->runnable, link)
		if (other->virtual_ns > e->virtual_ns)
			break;
	list_add_before(&e->link, &other->link);
	e->queued = true;
	q->nr_runnable++;
}

static void fair_dequeue(struct sched_queue *q, struct sched_entity *e)
{
	list_del(&e->link);
	e->queued = false;
	q->nr_runnable--;
}

/* Until it has made up for what it is behind of the next, and a little more. */
static uint64_t slice_of(const struct sched_queue *q, const struct sched_entity *e)
{
	uint64_t behind;

	if (e->link.next == &q->runnable)
		return SLICE_MAX_NS;
	behind = list_entry(e->link.next, struct sched_entity, link)->virtual_ns - e->virtual_ns;
	if (behind / SCHED_WEIGHT_DEFAULT >= SLICE_MAX_NS)
		return SLICE_MAX_NS;
	return MIN(behind * e->weight / SCHED_WEIGHT_DEFAULT + SLICE_MIN_NS, SLICE_MAX_NS);
}

static struct sched_entity *fair_pick(struct sched_queue *q, uint64_t now_ns, uint64_t *ret_slice_ns)
{
	struct sched_entity *e;

	(void)now_ns;
	if (list_is_empty(&q->runnable))
		return NULL;
	e = list_entry(q->runnable.next, struct sched_entity, link);
	if (e->virtual_ns > q->min_virtual_ns)
		q->min_virtual_ns = e->virtual_ns;
	*ret_slice_ns = slice_of(q, e);
	return e;
}

static void fair_account(struct sched_queue *q, struct sched_entity *e, uint64_t ran_ns)
{
	(void)q;
	e->virtual_ns += ran_ns * SCHED_WEIGHT_DEFAULT / e->weight;
}

static bool fair_preempts(struct sched_queue *q, const struct sched_entity *e)
{
	/* Even if it does not get the CPU now, it says for how long the running one keeps it. */
	return q->runnable.next == &e->link;
}

const struct sched_policy sched_fair = {
	.name = "fair",
	.enqueue = fair_enqueue,
	.dequeue = fair_dequeue,
	.pick = fair_pick,
	.account = fair_account,
	.preempts = fair_preempts,
};
