/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last lines that hvd has logged, for 'hvctl log', and those of the hvd before: they are also in a file
 * of a fixed size, mapped, so that a killed hvd has lost none. The journal (or whatever reads standard
 * error) has them all.
 */
#ifndef HVD_LOG_RING_H
#define HVD_LOG_RING_H

#include <stdint.h>

struct json_object;

#define LOG_RING_LINES 2048u

/* From here on every line is kept. */
void log_ring_start(void);

/*
 * In a file, too, from here on. What an earlier hvd has left there comes before the lines that there are, whose
 * numbers go on from it. A negative errno: they are kept in memory alone.
 */
int log_ring_keep(const char *path);
/* Forgets all, for tests. */
void log_ring_stop(void);

/*
 * At most 'max' lines from number '*position' on, as an array of strings; '*position' moves to where
 * to go on. 'word': only lines that have it, between characters that are no part of a name; NULL: all.
 */
struct json_object *log_ring_get(uint64_t *position, const char *word, unsigned int max);

/* The number that the next line will get. */
uint64_t log_ring_next(void);

#endif
