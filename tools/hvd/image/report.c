/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvd-image tells hvd: packets of one JSON object each, as in lib/chan.h.
 *
 *   progress done total    item item    done result    failed code message
 *
 * A thread waits for the other side to go away. What is at work then looks at report_cancelled() and
 * undoes what it has begun; what does not in time is ended, which no image minds.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "image/task.h"
#include "lib/json_line.h"

#define PROGRESS_MS 200
#define CANCEL_GRACE_S 120u

static int report_sock = -1;
static atomic_bool cancelled;
static atomic_llong last_progress_ms;

static void *watch_peer(void *arg)
{
	struct pollfd pfd = { .fd = report_sock, .events = POLLRDHUP };

	while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
		;
	atomic_store(&cancelled, true);
	sleep(CANCEL_GRACE_S);
	_exit(3);
	return arg;
}

void report_init(int sock)
{
	pthread_t thread;

	report_sock = sock;
	if (pthread_create(&thread, NULL, watch_peer, NULL))
		_exit(1);
	pthread_detach(thread);
}

bool report_cancelled(void)
{
	return atomic_load(&cancelled);
}

static void report_send(struct json_object *o)
{
	size_t n;
	char *line = json_line_format(o, &n);

	json_object_put(o);
	/* A peer that is gone is noticed by the thread. */
	while (send(report_sock, line, n, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	free(line);
}

static struct json_object *event(const char *name)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "event", json_object_new_string(name));
	return o;
}

/* librbd calls from its threads. */
int report_progress(uint64_t done, uint64_t total)
{
	struct timespec ts;
	struct json_object *o;
	long long now, last = atomic_load(&last_progress_ms);

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
	if (now - last >= PROGRESS_MS && atomic_compare_exchange_strong(&last_progress_ms, &last, now)) {
		o = event("progress");
		json_object_object_add(o, "done", json_object_new_int64((int64_t)done));
		json_object_object_add(o, "total", json_object_new_int64((int64_t)total));
		report_send(o);
	}
	return report_cancelled() ? -1 : 0;
}

void report_item(struct json_object *item)
{
	struct json_object *o = event("item");

	json_object_object_add(o, "item", item);
	report_send(o);
}

void report_done(struct json_object *result)
{
	struct json_object *o = event("done");

	json_object_object_add(o, "result", result ? result : json_object_new_object());
	report_send(o);
}

int report_fail(const char *code, const char *fmt, ...)
{
	struct json_object *o = event("failed");
	char text[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_object_add(o, "code", json_object_new_string(code));
	json_object_object_add(o, "message", json_object_new_string(text));
	report_send(o);
	return -1;
}

int report_errno(int err, const char *what, const char *name)
{
	switch (-err) {
	case ENOENT:
		return report_fail("image_not_found", "there is no image %s", name);
	case EEXIST:
		return report_fail("image_exists", "%s exists: choose another name, or remove it", name);
	case EPERM:
	case EACCES:
		return report_fail("image_denied", "%s: %s is not permitted", name, what);
	case EBUSY:
	case EWOULDBLOCK:
		return report_fail("image_in_use",
				   "%s is in use: 'hvctl image info %s' tells by whom", name, name);
	case ETIMEDOUT:
		return report_fail("image_unreachable", "%s: the cluster does not answer: is an OSD down?", name);
	case ENOSPC:
	case EDQUOT:
		return report_fail("image_no_space", "%s: no space left for %s", name, what);
	case ECANCELED:
		return report_fail("cancelled", "%s: %s was cancelled", name, what);
	default:
		return report_fail("image_failed", "%s: %s: %s", name, what, strerror(-err));
	}
}
