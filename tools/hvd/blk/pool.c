/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few threads that read and write, so that the loop never waits for a disk.
 *
 * The queue has no bound of its own: every entry is a ring request that has not been answered,
 * and rings have bounds. Threads never touch the loop; they put what is done on a list
 * and write an eventfd.
 */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "blk/disk.h"

#define MAX_THREADS 16

struct pool {
	pthread_mutex_t lock; /* work, done, stopping */
	pthread_cond_t more;
	struct disk_io_list work;
	struct disk_io_list done;
	bool stopping;

	/* Written once before the threads start. */
	void (*run)(struct disk_io *io);
	unsigned int nr_threads;
	pthread_t threads[MAX_THREADS];
	int eventfd;

	/* The loop's. */
	struct event *event;
	void (*on_batch)(void *arg);
	void *arg;
};

static void *pool_thread(void *arg)
{
	struct pool *p = arg;
	struct disk_io *io;
	bool was_empty;
	uint64_t one = 1;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (STAILQ_EMPTY(&p->work) && !p->stopping)
			pthread_cond_wait(&p->more, &p->lock);
		io = STAILQ_FIRST(&p->work);
		if (!io)
			break;
		STAILQ_REMOVE_HEAD(&p->work, link);
		pthread_mutex_unlock(&p->lock);

		p->run(io);

		pthread_mutex_lock(&p->lock);
		was_empty = STAILQ_EMPTY(&p->done);
		STAILQ_INSERT_TAIL(&p->done, io, link);
		if (was_empty && write(p->eventfd, &one, sizeof(one)) != sizeof(one))
			abort(); /* an eventfd that is read to zero takes a one */
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void pool_on_done(evutil_socket_t fd, short what, void *arg)
{
	struct disk_io_list done = STAILQ_HEAD_INITIALIZER(done);
	struct pool *p = arg;
	struct disk_io *io;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&p->lock);
	STAILQ_CONCAT(&done, &p->done);
	pthread_mutex_unlock(&p->lock);

	while ((io = STAILQ_FIRST(&done))) {
		STAILQ_REMOVE_HEAD(&done, link);
		io->done(io);
		/* From here io is gone. */
	}
	p->on_batch(p->arg);
}

static int pool_start_threads(struct pool *p, unsigned int nr_threads)
{
	sigset_t all, old;
	int err = 0;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!err && p->nr_threads < nr_threads) {
		err = -pthread_create(&p->threads[p->nr_threads], NULL, pool_thread, p);
		if (!err)
			p->nr_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void pool_stop_threads(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	while (p->nr_threads)
		pthread_join(p->threads[--p->nr_threads], NULL);
}

int pool_create(struct event_base *base, unsigned int nr_threads, void (*run)(struct disk_io *io),
		void (*on_batch)(void *arg), void *arg, struct pool **ret)
{
	struct pool *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	STAILQ_INIT(&p->work);
	STAILQ_INIT(&p->done);
	p->run = run;
	p->on_batch = on_batch;
	p->arg = arg;
	p->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->eventfd < 0) {
		err = -errno;
		goto undo_alloc;
	}
	p->event = event_new(base, p->eventfd, EV_READ | EV_PERSIST, pool_on_done, p);
	if (!p->event || event_add(p->event, NULL)) {
		err = -ENOMEM;
		goto undo_eventfd;
	}
	err = pool_start_threads(p, nr_threads < MAX_THREADS ? nr_threads : MAX_THREADS);
	if (err)
		goto undo_threads;
	*ret = p;
	return 0;

undo_threads:
	pool_stop_threads(p);
undo_eventfd:
	if (p->event)
		event_free(p->event);
	close(p->eventfd);
undo_alloc:
	free(p);
	return err;
}

void pool_submit(struct pool *p, struct disk_io *io)
{
	pthread_mutex_lock(&p->lock);
	STAILQ_INSERT_TAIL(&p->work, io, link);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
}

void pool_destroy(struct pool *p)
{
	if (!p)
		return;
	pool_stop_threads(p);
	event_free(p->event);
	close(p->eventfd);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->more);
	free(p);
}
