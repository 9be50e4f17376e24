/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many pages a guest writes (hv/dirty.h): the phases, and who waits for whom. What a step does
 * to a table is arch's.
 *
 * Leaves change their size while no vCPU of the domain runs, and with a flush before one does: no
 * TLB ever has the same page in two sizes, which some CPUs answer with a machine check.
 */
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/dirty.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/vcpu.h>

/* Not domain_pause(): that one is for people to see. */
static void hold(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->nr_vcpus; i++)
		vcpu_pause(d->vcpus[i]);
	spin_lock(&d->physmap_lock);
}

static void let_go(struct domain *d)
{
	uint32_t i;

	spin_unlock(&d->physmap_lock);
	physmap_flush(d);
	for (i = 0; i < d->nr_vcpus; i++)
		vcpu_unpause(d->vcpus[i]);
}

static void begin(struct dirty *t, enum dirty_phase phase)
{
	t->cursor = gfn_from(0);
	t->order = FRAME_ORDER_2M;
	WRITE_ONCE(t->phase, phase);
}

int dirty_start(struct domain *d)
{
	struct dirty *t = &d->physmap.dirty;
	unsigned int i;
	bool logs;
	int err = 0;

	if (!arch_dirty_is_there(&logs))
		return -EOPNOTSUPP;
	hold(d);
	if (t->phase == DIRTY_OFF) {
		__atomic_store_n(&t->pages, 0, __ATOMIC_RELAXED);
		begin(t, DIRTY_STARTING);
	} else if (t->phase != DIRTY_STARTING) {
		err = -EBUSY;
	}
	for (i = 0; i < DIRTY_STEP && !err; i++)
		err = arch_dirty_watch(d, &t->cursor);
	if (err == -ENOENT) {
		WRITE_ONCE(t->phase, DIRTY_ON);
		err = 0;
	} else if (!err) {
		err = -EAGAIN;
	}
	let_go(d);
	return err;
}

/* Under the lock. */
static int count_some(struct domain *d)
{
	struct dirty *t = &d->physmap.dirty;
	unsigned int i;
	int err = 0;

	if (t->phase == DIRTY_ON) {
		t->pages = 0;
		begin(t, DIRTY_COUNTING);
	}
	for (i = 0; i < DIRTY_STEP && !err; i++)
		err = arch_dirty_count(d, &t->cursor, &t->pages);
	if (err != -ENOENT)
		return -EAGAIN;
	WRITE_ONCE(t->phase, DIRTY_ON);
	return 0;
}

int dirty_count(struct domain *d, uint64_t *ret_pages)
{
	struct dirty *t = &d->physmap.dirty;
	bool logs;
	int err = 0;

	/* Who is in the guest with a log comes out, and tells what is in it. */
	if (arch_dirty_is_there(&logs) && logs)
		physmap_flush(d);
	spin_lock(&d->physmap_lock);
	if (t->phase != DIRTY_ON && t->phase != DIRTY_COUNTING)
		err = -EINVAL;
	else if (!logs)
		err = count_some(d);
	if (!err)
		*ret_pages = __atomic_load_n(&t->pages, __ATOMIC_RELAXED);
	spin_unlock(&d->physmap_lock);
	return err;
}

/*
 * Whoever reads tables without a lock does so between two looks at its CPU's work. When every CPU
 * has looked since the tables were taken out, nobody reads them. false: one has not, yet.
 */
static bool free_left(struct domain *d)
{
	struct dirty *t = &d->physmap.dirty;
	uint32_t i;

	for (i = 0; i < nr_cpus && t->nr_left; i++)
		if (READ_ONCE(cpus[i]->work) & CPU_PASS)
			return false;
	dirty_fini(d);
	return true;
}

static int join_some(struct domain *d)
{
	struct dirty *t = &d->physmap.dirty;
	uint32_t unused, i;
	int err = 0;

	for (i = 0; i < DIRTY_STEP && err >= 0; i++) {
		err = arch_dirty_join(d, t->order, &t->cursor, &t->left[t->nr_left]);
		if (err > 0)
			t->nr_left++;
	}
	/* What was seen in these tables must not stand when others change the new leaf. */
	if (t->nr_left)
		__atomic_add_fetch(&d->physmap.joins, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < nr_cpus && t->nr_left; i++)
		cpu_kick(cpus[i], CPU_PASS);
	if (err != -ENOENT)
		return -EAGAIN;
	if (t->order == FRAME_ORDER_2M && arch_features(&unused) & ARCH_FEATURE_PAGES_1G) {
		begin(t, DIRTY_STOPPING);
		t->order = FRAME_ORDER_1G;
		return -EAGAIN;
	}
	t->order = 0;
	return t->nr_left ? -EAGAIN : 0;
}

int dirty_stop(struct domain *d)
{
	struct dirty *t = &d->physmap.dirty;
	int err = 0;

	if (!dirty_is_on(d))
		return 0;
	hold(d);
	if (t->phase != DIRTY_STOPPING)
		begin(t, DIRTY_STOPPING);
	if (!free_left(d))
		err = -EAGAIN;
	else if (t->order)
		err = join_some(d);
	if (!err)
		WRITE_ONCE(t->phase, DIRTY_OFF);
	let_go(d);
	return err;
}

void dirty_fini(struct domain *d)
{
	struct dirty *t = &d->physmap.dirty;

	while (t->nr_left) {
		page_free(mfn_to_ptr(t->left[--t->nr_left]));
		d->physmap.nr_tables--;
	}
}

bool dirty_is_on(const struct domain *d)
{
	return READ_ONCE(d->physmap.dirty.phase) != DIRTY_OFF;
}

void dirty_add(struct domain *d, uint64_t pages)
{
	__atomic_fetch_add(&d->physmap.dirty.pages, pages, __ATOMIC_RELAXED);
}

bool dirty_mark(struct domain *d, const struct physmap_seen *seen)
{
	return !dirty_is_on(d) || arch_dirty_mark(d, seen);
}
