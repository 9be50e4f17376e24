/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: a pairing heap per CPU, by deadline. Insertion is constant, removal logarithmic over
 * time, and neither needs memory but the timer's own three links: 'child' is the first child,
 * 'sibling' the next of the same parent, 'prev' the previous sibling, or the parent for the first.
 *
 * A timer's queue may change at any moment until that queue's lock is held, so whoever wants to
 * take a timer off reads t->cpu, locks, and looks again. Two CPUs may set the same timer at once
 * (its owner and its own callback): t->cpu is claimed by compare-and-exchange, or it would end up
 * in two heaps with one set of links.
 */
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/compiler.h>
#include <hv/cpu.h>
#include <hv/panic.h>
#include <hv/timer.h>

#define NEVER UINT64_MAX

/* Callbacks fired in one go before the CPU looks at its other work. */
#define MAX_FIRED 64u
/* A timer whose callback still runs on another CPU is tried again after this. */
#define RETRY_NS (20 * NSEC_PER_USEC)

/* ---- the heap ---- */

static struct timer *meld(struct timer *a, struct timer *b)
{
	struct timer *swap;

	if (!a)
		return b;
	if (!b)
		return a;
	if (b->deadline_ns < a->deadline_ns) {
		swap = a;
		a = b;
		b = swap;
	}
	b->sibling = a->child;
	b->prev = a;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Makes one heap of a list of siblings: by pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *root = NULL, *a, *b;

	while (first) {
		a = first;
		b = a->sibling;
		first = b ? b->sibling : NULL;
		a->sibling = NULL;
		if (b)
			b->sibling = NULL;
		a = meld(a, b);
		a->sibling = pairs; /* a stack of the pairs */
		pairs = a;
	}
	while (pairs) {
		a = pairs;
		pairs = a->sibling;
		a->sibling = NULL;
		root = meld(root, a);
	}
	return root;
}

static void heap_insert(struct timer **root, struct timer *t)
{
	t->child = NULL;
	t->sibling = NULL;
	t->prev = NULL;
	*root = meld(*root, t);
	(*root)->prev = NULL;
}

static void heap_remove(struct timer **root, struct timer *t)
{
	struct timer *children = meld_siblings(t->child);

	if (t == *root) {
		*root = children;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->sibling;
		else
			t->prev->sibling = t->sibling;
		if (t->sibling)
			t->sibling->prev = t->prev;
		*root = meld(*root, children);
	}
	if (*root) {
		(*root)->prev = NULL;
		(*root)->sibling = NULL;
	}
	t->child = NULL;
	t->sibling = NULL;
	t->prev = NULL;
}

/* ---- queues ---- */

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){ .fn = fn };
}

void timer_cpu_init(struct cpu *cpu)
{
	spin_init(&cpu->timers.lock);
	cpu->timers.root = NULL;
	cpu->timers.armed_ns = NEVER;
}

/* Locks the queue that holds t. NULL: none does, nothing is locked. */
static struct cpu *lock_queue_of(struct timer *t)
{
	struct cpu *cpu;

	for (;;) {
		cpu = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);
		if (!cpu)
			return NULL;
		spin_lock(&cpu->timers.lock);
		if (t->cpu == cpu)
			return cpu;
		spin_unlock(&cpu->timers.lock);
	}
}

/* Lock held. */
static void dequeue(struct cpu *cpu, struct timer *t)
{
	heap_remove(&cpu->timers.root, t);
	__atomic_store_n(&t->cpu, NULL, __ATOMIC_RELEASE);
}

/* Lock held. false: another CPU has set it meanwhile. */
static bool enqueue(struct cpu *cpu, struct timer *t, uint64_t deadline_ns)
{
	struct cpu *none = NULL;

	if (!__atomic_compare_exchange_n(&t->cpu, &none, cpu, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	t->deadline_ns = deadline_ns;
	heap_insert(&cpu->timers.root, t);
	return true;
}

/* The hardware's deadline follows the queue's first. Own CPU. */
static void arm(struct cpu *cpu, uint64_t deadline_ns)
{
	if (deadline_ns == cpu->timers.armed_ns)
		return;
	cpu->timers.armed_ns = deadline_ns;
	arch_timer_arm(deadline_ns);
}

void timer_set(struct timer *t, uint64_t deadline_ns)
{
	struct cpu *cpu = this_cpu();
	uint64_t first_ns;

	for (;;) {
		timer_cancel(t);
		spin_lock(&cpu->timers.lock);
		if (enqueue(cpu, t, deadline_ns))
			break;
		spin_unlock(&cpu->timers.lock);
	}
	first_ns = cpu->timers.root->deadline_ns;
	spin_unlock(&cpu->timers.lock);
	if (first_ns < cpu->timers.armed_ns)
		arm(cpu, first_ns);
}

void timer_cancel(struct timer *t)
{
	struct cpu *cpu = lock_queue_of(t);

	if (!cpu)
		return;
	dequeue(cpu, t);
	spin_unlock(&cpu->timers.lock);
}

void timer_kill(struct timer *t)
{
	/* Its function may set it again before it ends. */
	do {
		timer_cancel(t);
		while (__atomic_load_n(&t->running, __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
	} while (timer_is_set(t));
}

bool timer_is_set(const struct timer *t)
{
	return __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE) != NULL;
}

/* Fires the first timer of the queue if it is due. false: nothing is due. */
static bool fire_one(struct cpu *cpu, uint64_t now_ns)
{
	struct timer *t;

	spin_lock(&cpu->timers.lock);
	t = cpu->timers.root;
	if (!t || t->deadline_ns > now_ns) {
		spin_unlock(&cpu->timers.lock);
		return false;
	}
	dequeue(cpu, t);
	if (__atomic_exchange_n(&t->running, true, __ATOMIC_ACQUIRE)) {
		/* If it was set anew since we took it off, that counts. */
		(void)enqueue(cpu, t, now_ns + RETRY_NS);
		spin_unlock(&cpu->timers.lock);
		return true;
	}
	spin_unlock(&cpu->timers.lock);
	t->fn(t);
	/* From here on its owner, waiting in timer_kill(), may free it. */
	__atomic_store_n(&t->running, false, __ATOMIC_RELEASE);
	return true;
}

void timer_run_queue(void)
{
	struct cpu *cpu = this_cpu();
	uint64_t first_ns;
	unsigned int fired = 0;

	/* It may have fired early or spuriously: whatever it was set to counts no more. */
	cpu->timers.armed_ns = NEVER;
	while (fired < MAX_FIRED && fire_one(cpu, clock_ns()))
		fired++;
	if (fired == MAX_FIRED)
		__atomic_fetch_or(&cpu->work, CPU_TIMER, __ATOMIC_RELAXED);
	spin_lock(&cpu->timers.lock);
	first_ns = cpu->timers.root ? cpu->timers.root->deadline_ns : NEVER;
	spin_unlock(&cpu->timers.lock);
	arm(cpu, first_ns);
}
