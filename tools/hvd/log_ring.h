/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last lines that hvd has logged, for 'hvctl log'. They are gone when hvd ends; the journal (or
 * whatever reads standard error) has them all.
 */
#ifndef HVD_LOG_RING_H
#define HVD_LOG_RING_H

#include <stdint.h>

struct json_object;

#define LOG_RING_LINES 2048u

/* From here on every line is kept. */
void log_ring_start(void);

/*
 * At most 'max' lines from number '*position' on, as an array of strings; '*position' moves to where
 * to go on. 'word': only lines that have it, between characters that are no part of a name; NULL: all.
 */
struct json_object *log_ring_get(uint64_t *position, const char *word, unsigned int max);

/* The number that the next line will get. */
uint64_t log_ring_next(void);

#endif
