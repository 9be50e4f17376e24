/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd's side of hvd-image: starts it for one request and tells what comes back.
 */
#ifndef IMAGE_JOB_H
#define IMAGE_JOB_H

struct event_base;
struct image_job;
struct json_object;

struct image_job_events {
	/* It goes on; 'total' may be 0 where nobody knows. */
	void (*progress)(void *arg, long long done, long long total);
	/*
	 * The end, called once from the loop; the job is freed when this returns. 'code' is NULL when it
	 * went well; then 'result' (borrowed) is an object, with "images" where a list was asked for.
	 */
	void (*ended)(void *arg, const char *code, const char *message, struct json_object *result);
};

/* 'request' is borrowed. 'keyring' is -1 or a descriptor, which stays the caller's. */
int image_job_start(struct event_base *base, struct json_object *request, int keyring,
		    const struct image_job_events *events, void *arg, struct image_job **ret);

/* Nobody waits for it any more: it undoes what it can and ends by itself. No callback follows. */
void image_job_cancel(struct image_job *job);

#endif
