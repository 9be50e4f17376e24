/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an hvd that starts anew must know of the one before: which domain has which name.
 *
 * One small file for each domain in a folder under /run, named by domid and replaced as a whole. A
 * domain whose hvd has died runs on, without console and xenstore for now; the name lets a person
 * see which one it is, and destroy it.
 */
#ifndef HVD_JOURNAL_H
#define HVD_JOURNAL_H

#include <stdint.h>

struct domain;
struct journal;

/* Makes the folder if it is missing. 0 or a negative errno. */
int journal_open(const char *dir, struct journal **ret_j);
void journal_close(struct journal *j);

/* The domain has changed its state. A journal that cannot be written is logged and no more. */
void journal_note(struct journal *j, const struct domain *d);

/* The name that an earlier hvd gave a domain; NULL if none is known. To be freed. */
char *journal_name(struct journal *j, uint16_t domid, const uint8_t uuid[16]);
/* An earlier hvd's domain has gone. */
void journal_drop(struct journal *j, uint16_t domid);

#endif
