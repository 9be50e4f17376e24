/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting hvd-image and listening to it: see job.h.
 *
 * A job that is cancelled loses its channel, which is how it learns of it; it is waited for until its
 * process has ended, so that no zombie stays.
 */
#include "image/job.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "lib/chan.h"
#include "lib/json_line.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/priv.h"

#define ITEMS_MAX 65536u

struct image_job {
	pid_t pid;
	int pidfd;
	struct event *on_exit;
	struct chan *chan; /* NULL: it has said all, or was cancelled */
	struct json_object *items;
	const struct image_job_events *events;
	void *arg;
	bool has_ended;
	bool told; /* 'ended' has been called, or nobody listens */
};

static void job_free(struct image_job *job)
{
	chan_destroy(job->chan);
	if (job->on_exit)
		event_free(job->on_exit);
	if (job->pidfd >= 0)
		close(job->pidfd);
	json_object_put(job->items);
	free(job);
}

static void tell_end(struct image_job *job, const char *code, const char *message,
		     struct json_object *result)
{
	if (job->told)
		return;
	job->told = true;
	if (result && job->items) {
		json_object_object_add(result, "images", job->items);
		job->items = NULL;
	}
	job->events->ended(job->arg, code, message, result);
}

static void job_on_message(void *arg, struct json_object *msg, int fd)
{
	struct image_job *job = arg;
	const char *event = json_line_string(msg, "event");
	struct json_object *part;

	if (fd >= 0)
		close(fd); /* we never ask for one */
	if (!event || job->told)
		return;
	if (!strcmp(event, "progress")) {
		job->events->progress(job->arg, json_line_number(msg, "done", 0),
				      json_line_number(msg, "total", 0));
	} else if (!strcmp(event, "item")) {
		if (!job->items)
			job->items = json_object_new_array();
		if (json_object_object_get_ex(msg, "item", &part) &&
		    json_object_array_length(job->items) < ITEMS_MAX)
			json_object_array_add(job->items, json_object_get(part));
	} else if (!strcmp(event, "done")) {
		if (json_object_object_get_ex(msg, "result", &part))
			tell_end(job, NULL, NULL, part);
	} else if (!strcmp(event, "failed")) {
		const char *code = json_line_string(msg, "code"), *text = json_line_string(msg, "message");

		tell_end(job, code ? code : "image_failed", text ? text : "no reason given", NULL);
	}
}

static void job_on_closed(void *arg, const char *reason)
{
	struct image_job *job = arg;

	(void)reason;
	chan_destroy(job->chan);
	job->chan = NULL; /* its end comes by the pidfd */
}

static void job_on_exit(evutil_socket_t fd, short what, void *arg)
{
	struct image_job *job = arg;
	siginfo_t si = { 0 };

	(void)fd;
	(void)what;
	if (!job->has_ended && priv_wait(job->pid, false, &si) == -EAGAIN)
		return;
	job->has_ended = true;
	/* What it said last may still wait in the channel, which calls us once more when it is empty. */
	if (job->chan && !job->told) {
		event_add(job->on_exit, NULL);
		return;
	}
	if (!job->told)
		log_error("hvd-image (pid %d) ended without a result", (int)job->pid);
	tell_end(job, "image_failed", "the process that works on images has ended without a result", NULL);
	job_free(job);
}

int image_job_start(struct event_base *base, struct json_object *request, int keyring,
		    const struct image_job_events *events, void *arg,
		    struct image_job **ret)
{
	struct image_job *job = xcalloc(1, sizeof(*job));
	int socks[2], err;
	siginfo_t si;

	job->pidfd = -1;
	job->events = events;
	job->arg = arg;
	err = chan_pair(socks);
	if (err)
		goto undo_job;
	err = chan_create(base, socks[0], job_on_message, job_on_closed, job, &job->chan);
	if (err) {
		close(socks[0]);
		close(socks[1]);
		goto undo_job;
	}
	err = priv_image_job_start(socks[1], &job->pid);
	close(socks[1]);
	if (err)
		goto undo_job;
	job->pidfd = pidfd_open(job->pid, 0);
	job->on_exit = job->pidfd < 0 ? NULL : event_new(base, job->pidfd, EV_READ, job_on_exit, job);
	if (!job->on_exit || event_add(job->on_exit, NULL)) {
		err = -ENOMEM;
		goto undo_process;
	}
	err = chan_send(job->chan, json_object_get(request), keyring);
	if (err)
		goto undo_process;
	*ret = job;
	return 0;

undo_process:
	priv_kill(job->pid, 0);
	priv_wait(job->pid, true, &si);
undo_job:
	job_free(job);
	return err;
}

void image_job_cancel(struct image_job *job)
{
	job->told = true;
	chan_destroy(job->chan);
	job->chan = NULL;
}
