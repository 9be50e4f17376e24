/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of librbd waits: connecting to the cluster, fencing, opening, locking, asking for the size.
 *
 * One thread does these one after the other and then waits for more. The loop looks at the result
 * when it is told that there is one, and never waits for this thread, except at the very end. A
 * call of librbd cannot be cancelled: when the loop has waited long enough it says so to hvd, which
 * ends the process.
 *
 * The order of the start is that of docs/backends.md: who was before us is fenced before we open
 * the image, and our own address is on record before we can write, so that whoever comes after us can fence us.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blk/rbd_disk.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define MAX_OWNERS 8
#define MAX_WATCHERS 64

/* How long a fenced instance stays out; it is dead long before. */
#define BLOCKLIST_S 3600

#define CLOSE_TIMEOUT_S 8

struct rbd_session {
	/* The thread's. */
	struct rbd_conf conf;
	char *own;
	char previous[RBD_ADDRESS_MAX];
	bool connected, has_io, has_image;
	rados_ioctx_t io;
	rbd_image_t image;
	uint64_t watch;
	void (*notify)(void *arg);
	void *arg;
	pthread_t thread;

	pthread_mutex_t lock; /* all that follows */
	pthread_cond_t wake;
	bool resized, stop;
	const char *step;
	enum rbd_session_state state;
	struct rbd_session_info info;
	int err;
	char error[RBD_TEXT_MAX];
};

static int fail(struct rbd_session *s, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct rbd_session *s, int err, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&s->lock);
	va_start(ap, fmt);
	vsnprintf(s->error, sizeof(s->error), fmt, ap);
	va_end(ap);
	s->err = err;
	pthread_mutex_unlock(&s->lock);
	return err;
}

static void step(struct rbd_session *s, const char *what)
{
	pthread_mutex_lock(&s->lock);
	s->step = what;
	pthread_mutex_unlock(&s->lock);
}

/* ---- connecting ---- */

static int session_connect(struct rbd_session *s)
{
	int err;

	step(s, "connecting to the cluster");
	err = rados_connect(s->conf.cluster);
	switch (err) {
	case 0:
		s->connected = true;
		return 0;
	case -EACCES:
	case -EPERM:
		return fail(s, -EACCES, "the cluster does not accept the key of client.%s",
			    s->conf.user);
	case -ENOENT:
		return fail(s, -EACCES, "there is no key of client.%s: name its secret",
			    s->conf.user);
	case -ETIMEDOUT:
		return fail(s, -ETIMEDOUT, "no monitor of the cluster answers");
	default:
		return fail(s, err, "cannot connect to the cluster: %s", strerror(-err));
	}
}

/*
 * From here on no request of the instance before us takes effect any more: the OSDs refuse them as
 * soon as they know of this map, and they learn of it before they serve us, who carry its epoch.
 */
static int session_fence(struct rbd_session *s)
{
	int err;

	if (!*s->previous)
		return 0;
	step(s, "fencing the process before this one");
	err = rados_blocklist_add(s->conf.cluster, s->previous, BLOCKLIST_S);
	if (!err)
		err = rados_wait_for_latest_osdmap(s->conf.cluster);
	if (err)
		return fail(s, err, "cannot fence %s, which served this disk before: %s", s->previous,
			    strerror(-err));
	return 0;
}

static int session_record(struct rbd_session *s)
{
	char *address = NULL;
	int err;

	if (!s->own)
		return 0;
	err = rados_getaddrs(s->conf.cluster, &address);
	if (!err && strlen(address) >= RBD_ADDRESS_MAX)
		err = -ENAMETOOLONG;
	if (err) {
		rados_buffer_free(address);
		return fail(s, err, "cannot tell this client's address: %s", strerror(-err));
	}
	/* What a reader finds is the old address or the new one: both may be fenced. */
	strcpy(s->own, address);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	rados_buffer_free(address);
	return 0;
}

/* ---- opening ---- */

static void on_update(void *arg)
{
	struct rbd_session *s = arg;

	/* A thread of librbd's, which must not wait for librbd. */
	pthread_mutex_lock(&s->lock);
	s->resized = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static int session_open(struct rbd_session *s)
{
	const struct rbd_conf *c = &s->conf;
	int err;

	step(s, "opening the image");
	err = rados_ioctx_create(c->cluster, c->pool, &s->io);
	if (err)
		return fail(s, err, err == -ENOENT ? "there is no pool '%s'" : "cannot open the pool '%s'",
			    c->pool);
	s->has_io = true;
	if (c->namespace)
		rados_ioctx_set_namespace(s->io, c->namespace);
	if (c->readonly)
		err = rbd_open_read_only(s->io, c->image, &s->image, c->snapshot);
	else
		err = rbd_open(s->io, c->image, &s->image, NULL);
	switch (err) {
	case 0:
		s->has_image = true;
		return 0;
	case -ENOENT:
		return fail(s, err, "there is no image '%s%s%s' in the pool '%s%s%s'", c->image,
			    c->snapshot ? "@" : "", c->snapshot ? c->snapshot : "", c->pool,
			    c->namespace ? "/" : "", c->namespace ? c->namespace : "");
	case -EPERM:
	case -EACCES:
		return fail(s, -EACCES, "client.%s may not open images in the pool '%s'", c->user,
			    c->pool);
	default:
		return fail(s, err, "cannot open the image '%s': %s", c->image, strerror(-err));
	}
}

/* ---- the lock ---- */

static bool is_watching(struct rbd_session *s, const char *owner)
{
	rbd_image_watcher_t watchers[MAX_WATCHERS];
	size_t nr = MAX_WATCHERS, i;
	bool found = false;

	if (rbd_watchers_list(s->image, watchers, &nr))
		return true; /* not known: take it for alive */
	for (i = 0; i < nr; i++)
		found = found || strcmp(watchers[i].addr, owner) == 0;
	rbd_watchers_list_cleanup(watchers, nr);
	return found;
}

/*
 * The owner is out of the way, or it is one that lives. One that does not watch the image any more has
 * been dead for half a minute or is cut off; breaking its lock fences it.
 */
static int session_clear_lock(struct rbd_session *s)
{
	char *owners[MAX_OWNERS];
	rbd_lock_mode_t mode;
	size_t nr = MAX_OWNERS, i;
	int err;

	err = rbd_lock_get_owners(s->image, &mode, owners, &nr);
	if (err == -ENOENT)
		return 0;
	if (err == -EBUSY)
		return fail(s, err, "the image '%s' is in use: it is locked by hand ('rbd lock ls' tells by whom)",
			    s->conf.image);
	if (err)
		return fail(s, err, "cannot tell who has the lock of the image '%s': %s",
			    s->conf.image, strerror(-err));
	for (i = 0; i < nr && !err; i++) {
		if (strcmp(owners[i], s->previous) && is_watching(s, owners[i])) {
			err = fail(s, -EBUSY,
				   "the image '%s' is in use: its lock is held by the client at %s",
				   s->conf.image, owners[i]);
			break;
		}
		err = rbd_lock_break(s->image, mode, owners[i]);
		if (err == -ENOENT)
			err = 0; /* just given back */
		if (err)
			fail(s, err, "cannot break the lock that %s has on the image '%s': %s",
			     owners[i], s->conf.image, strerror(-err));
	}
	rbd_lock_get_owners_cleanup(owners, nr);
	return err;
}

static int session_lock(struct rbd_session *s)
{
	uint64_t features = 0;
	int err;

	if (s->conf.readonly)
		return 0;
	step(s, "locking the image");
	err = rbd_get_features(s->image, &features);
	if (err)
		return fail(s, err, "cannot tell the features of the image '%s': %s", s->conf.image,
			    strerror(-err));
	if (!(features & RBD_FEATURE_EXCLUSIVE_LOCK)) {
		log_warning("image '%s' has no exclusive-lock: nothing keeps another host from it",
			    s->conf.image);
		return 0;
	}
	err = session_clear_lock(s);
	if (err)
		return err;
	err = rbd_lock_acquire(s->image, RBD_LOCK_MODE_EXCLUSIVE);
	if (err == -EROFS || err == -EBUSY)
		return fail(s, -EBUSY, "the image '%s' is in use: another client took its lock",
			    s->conf.image);
	if (err)
		return fail(s, err, "cannot lock the image '%s': %s", s->conf.image, strerror(-err));
	s->info.locked = true;
	return 0;
}

/*
 * A cache that holds writes would lose them with this process. The image or its pool may have
 * settings of their own, which librbd puts above ours.
 */
static int session_check_cache(struct rbd_session *s)
{
	rbd_config_option_t *options;
	char wanted[16] = "";
	int nr = 512, i, err;

	rados_conf_get(s->conf.cluster, "rbd_cache", wanted, sizeof(wanted));
	options = xcalloc((size_t)nr, sizeof(*options));
	err = rbd_config_image_list(s->image, options, &nr);
	for (i = 0; !err && i < nr; i++)
		if (strcmp(options[i].name, "rbd_cache") == 0 &&
		    strcmp(options[i].value, wanted) && strcmp(wanted, "false") == 0)
			err = fail(s, -EINVAL,
				   "image '%s' has rbd_cache=%s in its own settings, but a cache='writeback' "
				   "was not asked for", s->conf.image, options[i].value);
		else if (strcmp(options[i].name, "rbd_cache_policy") == 0)
			break;
	if (nr > 0)
		rbd_config_image_list_cleanup(options, nr);
	free(options);
	return err;
}

static int session_stat(struct rbd_session *s)
{
	rbd_image_info_t info;
	int err;

	err = rbd_stat(s->image, &info, sizeof(info));
	if (err)
		return fail(s, err, "cannot tell the size of the image '%s': %s", s->conf.image,
			    strerror(-err));
	pthread_mutex_lock(&s->lock);
	s->info.size = info.size;
	s->info.object_size = info.obj_size;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* ---- the thread ---- */

static int session_begin(struct rbd_session *s)
{
	int err;

	err = session_connect(s);
	if (!err)
		err = session_fence(s);
	if (!err)
		err = session_record(s);
	if (!err)
		err = session_open(s);
	if (!err)
		err = session_check_cache(s);
	if (!err)
		err = session_lock(s);
	if (!err)
		err = session_stat(s);
	if (!err && rbd_update_watch(s->image, &s->watch, on_update, s))
		log_warning("image '%s': a new size will not be noticed", s->conf.image);
	return err;
}

static void session_end(struct rbd_session *s)
{
	if (s->has_image)
		rbd_close(s->image);
	if (s->has_io)
		rados_ioctx_destroy(s->io);
	if (s->connected)
		rados_shutdown(s->conf.cluster);
}

static void set_state(struct rbd_session *s, enum rbd_session_state state)
{
	pthread_mutex_lock(&s->lock);
	s->state = state;
	pthread_mutex_unlock(&s->lock);
	s->notify(s->arg);
}

/* Our lock was broken and we are on the blocklist. */
static void session_check_lock(struct rbd_session *s)
{
	int is_owner, err = rbd_is_exclusive_lock_owner(s->image, &is_owner);

	if (err != -ESHUTDOWN)
		return;
	pthread_mutex_lock(&s->lock);
	s->info.fenced = true;
	pthread_mutex_unlock(&s->lock);
	s->notify(s->arg);
}

static void *session_run(void *arg)
{
	struct rbd_session *s = arg;
	bool stop = false;

	if (session_begin(s)) {
		set_state(s, RBD_FAILED);
		return NULL; /* the process ends soon */
	}
	set_state(s, RBD_OPEN);
	while (!stop) {
		pthread_mutex_lock(&s->lock);
		while (!s->resized && !s->stop)
			pthread_cond_wait(&s->wake, &s->lock);
		s->resized = false;
		stop = s->stop;
		pthread_mutex_unlock(&s->lock);
		if (!stop && s->info.locked)
			session_check_lock(s);
		if (!stop && session_stat(s) == 0)
			s->notify(s->arg);
	}
	session_end(s);
	return NULL;
}

/* ---- for the loop ---- */

int rbd_session_start(const struct rbd_conf *conf, char *own, const char *previous,
		      void (*notify)(void *arg), void *arg, struct rbd_session **ret)
{
	struct rbd_session *s = xcalloc(1, sizeof(*s));
	sigset_t all, old;
	int err;

	s->conf = *conf;
	s->own = own;
	snprintf(s->previous, sizeof(s->previous), "%s", previous);
	s->notify = notify;
	s->arg = arg;
	s->step = "starting";
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	/* Signals are the loop's. librbd's threads inherit this. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&s->thread, NULL, session_run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		free(s);
		return err;
	}
	*ret = s;
	return 0;
}

enum rbd_session_state rbd_session_poll(struct rbd_session *s, struct rbd_session_info *ret_info,
					int *ret_err, char *error)
{
	enum rbd_session_state state;

	pthread_mutex_lock(&s->lock);
	state = s->state;
	*ret_info = s->info;
	*ret_err = s->err;
	memcpy(error, s->error, RBD_TEXT_MAX);
	pthread_mutex_unlock(&s->lock);
	return state;
}

const char *rbd_session_step(struct rbd_session *s)
{
	const char *what;

	pthread_mutex_lock(&s->lock);
	what = s->step;
	pthread_mutex_unlock(&s->lock);
	return what;
}

rbd_image_t rbd_session_image(struct rbd_session *s)
{
	return s->image;
}

void rbd_session_stop(struct rbd_session *s)
{
	struct timespec until;

	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_TIMEOUT_S;
	if (pthread_timedjoin_np(s->thread, NULL, &until))
		log_warning("image '%s': the cluster does not let go of it", s->conf.image);
	/* Not freed: the thread may still be there, and the process ends. */
}
