/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd-image: one piece of work on an image, between the files of this folder.
 *
 * The process is started for one request and ends with it. It may block as long as it likes, and is the
 * only place where librbd meets hvctl's wishes; hvd passes on what it reports.
 */
#ifndef IMAGE_TASK_H
#define IMAGE_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/spec.h"
#include "image/name.h"

struct json_object;

#define TASK_OP_TIMEOUT_S 60u /* a cluster that does not take one operation for so long has failed it */

struct task {
	struct json_object *request;
	const char *action;
	struct image_name image;
	struct image_name to;	/* of a clone */
	const char *file;	/* of import and export */
	struct rbd_spec where;	/* hosts, configuration and user only; borrowed strings */
	int keyring;		/* -1: none */
	uint64_t size;		/* 0: not said */
	bool force, flatten, shrink, details;
};

/* ---- report.c ---- */

void report_init(int sock);
/* Nobody waits for the result any more: clean up and end. */
bool report_cancelled(void);
/* At most some a second go out. Returns 0, or -1 when cancelled: librbd stops where it can. */
int report_progress(uint64_t done, uint64_t total);
/* One of a list; takes 'o' over. */
void report_item(struct json_object *o);
/* The end, one way or the other. report_fail() returns -1. 'result' (taken over) may be NULL. */
void report_done(struct json_object *result);
int report_fail(const char *code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "image_not_found" and so on for what librbd or the kernel said of 'what'. */
int report_errno(int err, const char *what, const char *name);

/* ---- Actions: 0, or -1 and reported ---- */

int rbd_action(struct task *t);	 /* rbd_ops.c */
int file_action(struct task *t); /* file_ops.c */
int copy_action(struct task *t); /* copy.c: import, export, and clone of files */

#endif
