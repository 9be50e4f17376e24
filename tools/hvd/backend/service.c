/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back-end process and the devices it serves, beyond the life of the process.
 *
 * A process that dies is started anew and gets its devices again. It takes up where the one before
 * was killed (blk/inflight.h, docs/backends.md), so the guest sees nothing of it. It must not be
 * started before the old one has really ended, with all its threads and mappings: spawn.c
 * reports that, and not the end of the channel.
 *
 * A process that dies again as soon as it has been started would keep the host busy for nothing.
 * Each quick end doubles the time until the next attempt; after a few in a row its devices are closed.
 */
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/device.h"
#include "backend/stats.h"
#include "lib/log.h"
#include "lib/xmem.h"

/* An end within this time after the start is a quick one. */
#define QUICK_END_S 2
#define MAX_QUICK_ENDS 8
#define FIRST_DELAY_MS 100

/* A disk whose cluster does not answer while a guest waits for it: for as long as it takes. */
#define RETRY_MS 3000

/* Longer than what a process gives the cluster to answer (blk/rbd_connect.c). */
static const struct timeval answer_within = { 45, 0 };

static void service_launch(struct service *s);

static void service_free(struct service *s)
{
	LIST_REMOVE(s, link);
	if (s->restart)
		event_free(s->restart);
	if (s->deadline)
		event_free(s->deadline);
	if (s->stats_fd >= 0)
		close(s->stats_fd);
	free(s->name);
	free(s);
}

/* Where the process counts; without that it serves all the same. */
static void service_open_stats(struct service *s, bool fresh)
{
	int err = backend_stats_open(s->domain->backend->stats_dir, s->name, fresh, &s->stats_fd);

	if (err) {
		s->stats_fd = -1;
		log_warning("domain %u: no statistics of %s: %s", s->domain->domid, s->name,
			    strerror(-err));
	}
}

/* Before it hears of any device. */
static void service_send_stats(struct service *s)
{
	struct json_object *msg;

	if (s->stats_fd < 0)
		return;
	msg = json_object_new_object();
	json_object_object_add(msg, "op", json_object_new_string("stats"));
	process_send(s->process, msg, s->stats_fd);
}

static struct device *first_device(struct service *s)
{
	struct device *dev;

	LIST_FOREACH(dev, &s->domain->devices, link)
		if (dev->service == s)
			return dev;
	return NULL;
}

/* For each device; it may be destroyed by the call. */
static void tell_devices(struct service *s, void (*tell)(struct device *dev))
{
	struct device *dev, *next;

	for (dev = LIST_FIRST(&s->domain->devices); dev; dev = next) {
		next = LIST_NEXT(dev, link);
		if (dev->service == s)
			tell(dev);
	}
}

/* 'fd' is for the device, or to be closed. */
static void message_to_device(struct service *s, const char *event, struct json_object *msg, int fd)
{
	struct device *dev, *next;
	struct json_object *id;

	if (!json_object_object_get_ex(msg, "id", &id))
		event = "";
	for (dev = LIST_FIRST(&s->domain->devices); *event && dev; dev = next) {
		next = LIST_NEXT(dev, link);
		if (dev->service != s || dev->id != (unsigned int)json_object_get_int64(id))
			continue;
		if (strcmp(event, "serving")) {
			device_on_message(dev, event, msg);
		} else {
			device_on_serving(dev, msg, fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
}

static void service_on_message(void *arg, struct json_object *msg, int fd)
{
	struct service *s = arg;
	struct json_object *event;
	const char *what = "";

	if (json_object_object_get_ex(msg, "event", &event))
		what = json_object_get_string(event);
	if (!strcmp(what, "all-served"))
		tell_devices(s, device_on_all_served);
	message_to_device(s, what, msg, fd);
}

static void restart_after(struct service *s, unsigned int ms)
{
	struct timeval delay = { ms / 1000, (ms % 1000) * 1000 };

	evtimer_add(s->restart, &delay);
}

/* It has ended for good. */
static void service_finish(struct service *s)
{
	struct backend_domain *d = s->domain;
	struct device *dev, *next;

	for (dev = LIST_FIRST(&d->devices); dev; dev = next) {
		next = LIST_NEXT(dev, link);
		if (dev->service == s) {
			dev->service = NULL;
			device_on_service_gone(dev);
		}
	}
	backend_stats_remove(d->backend->stats_dir, s->name);
	if (s->kind != PROCESS_NET)
		disk_remove_record(d->backend, s->name);
	service_free(s);
	backend_domain_check(d);
	/* From here the domain's record may be gone. */
}

static void service_on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;

	(void)fd;
	(void)what;
	if (s->stopping)
		service_finish(s);
	else
		service_launch(s);
}

unsigned int service_restart_delay(unsigned int nr_quick_ends)
{
	return nr_quick_ends <= 1 ? 0 : FIRST_DELAY_MS << (nr_quick_ends - 2);
}

/* Its first answer does not come: whoever waits for the device shall not wait for ever. */
static void service_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct service *s = arg;
	struct device *dev;

	(void)fd;
	(void)what;
	LIST_FOREACH(dev, &s->domain->devices, link) {
		if (dev->service != s || !dev->pending || !s->process)
			continue;
		log_error("domain %u: %s does not answer", s->domain->domid, s->name);
		process_kill(s->process);
		return;
	}
}

static void service_on_exit(void *arg, struct process *p, bool expected, const char *how)
{
	struct service *s = arg;
	struct backend_domain *d = s->domain;
	struct timespec now;

	(void)p;
	s->process = NULL;
	if (s->stopping) {
		service_finish(s);
		return;
	}
	if (s->retry) {
		s->retry = false;
		restart_after(s, RETRY_MS);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - s->started.tv_sec > QUICK_END_S)
		s->nr_quick_ends = 0;
	s->nr_quick_ends++;
	log_warning("domain %u: %s %s%s", d->domid, s->name, how, expected ? " as asked" : "");
	tell_devices(s, device_on_process_gone);
	if (!first_device(s))
		return; /* the last one went with it, and is about to stop us */
	if (s->nr_quick_ends > MAX_QUICK_ENDS) {
		log_error("domain %u: %s has ended %u times in a row, it is not started again",
			  d->domid, s->name, s->nr_quick_ends);
		tell_devices(s, device_on_service_failed);
		return;
	}
	restart_after(s, service_restart_delay(s->nr_quick_ends));
}

static void service_launch(struct service *s)
{
	struct backend_domain *d = s->domain;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &s->started);
	err = process_start(d->backend, s->kind, d->domid, d->name, s->name, service_on_message,
			    service_on_exit, s, &s->process);
	if (err) {
		log_error("domain %u: cannot start %s: %s", d->domid, s->name, strerror(-err));
		restart_after(s, RETRY_MS);
		return;
	}
	s->nr_restarts++;
	service_send_stats(s);
	tell_devices(s, device_on_process_back);
}

static int service_new(struct backend_domain *d, enum process_kind kind, char *name, bool fresh,
		       struct service **ret)
{
	struct service *s = xcalloc(1, sizeof(*s));

	s->domain = d;
	s->kind = kind;
	s->name = name;
	service_open_stats(s, fresh);
	LIST_INSERT_HEAD(&d->services, s, link);
	s->restart = evtimer_new(d->backend->base, service_on_restart, s);
	s->deadline = evtimer_new(d->backend->base, service_on_deadline, s);
	if (!s->restart || !s->deadline) {
		service_free(s);
		return -ENOMEM;
	}
	clock_gettime(CLOCK_MONOTONIC, &s->started);
	*ret = s;
	return 0;
}

int service_adopt(struct backend_domain *d, enum process_kind kind, char *name, struct service **ret)
{
	struct service *s;
	int err = service_new(d, kind, name, false, &s);

	if (err)
		return err;
	err = known_take_up(d->backend, name, service_on_message, service_on_exit, s, &s->process);
	if (err) {
		log_warning("domain %u: %s is not found again: %s", d->domid, name, strerror(-err));
		restart_after(s, 0);
	}
	*ret = s;
	return 0;
}

int service_start(struct backend_domain *d, enum process_kind kind, char *name,
		  struct service **ret)
{
	struct service *s;
	int err = service_new(d, kind, name, true, &s);

	if (err)
		return err;
	err = process_start(d->backend, kind, d->domid, d->name, s->name, service_on_message,
			    service_on_exit, s, &s->process);
	if (err) {
		service_free(s);
		return err;
	}
	service_send_stats(s);
	evtimer_add(s->deadline, &answer_within);
	*ret = s;
	return 0;
}

struct service *service_find(struct backend_domain *d, enum process_kind kind)
{
	struct service *s;

	LIST_FOREACH(s, &d->services, link)
		if (s->kind == kind && !s->stopping)
			return s;
	return NULL;
}

int service_send(struct service *s, struct json_object *msg, int fd)
{
	if (!s->process) {
		json_object_put(msg);
		return -EPIPE;
	}
	return process_send(s->process, msg, fd);
}

void service_replace(struct service *s)
{
	evtimer_del(s->restart);
	s->nr_quick_ends = 0;
	if (s->process)
		process_stop(s->process);
	else
		restart_after(s, 0);
}

void service_retry(struct service *s)
{
	s->retry = true;
	if (s->process)
		process_kill(s->process);
}

void service_stop(struct service *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	evtimer_del(s->restart);
	evtimer_del(s->deadline);
	if (s->process)
		process_stop(s->process);
	else
		restart_after(s, 0); /* the loop ends it, not our caller's back */
}

void service_abandon(struct service *s)
{
	if (s->process)
		process_abandon(s->process);
	service_free(s);
}
