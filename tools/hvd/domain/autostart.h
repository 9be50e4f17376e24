/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting what is defined.
 */
#ifndef DOMAIN_AUTOSTART_H
#define DOMAIN_AUTOSTART_H

#include <stdbool.h>

#include "fault.h"

struct autostart;
struct definition;
struct domain;
struct domains;

/* Begins the domain as its file is now; see domain_create(). */
int definition_start(struct domains *all, struct definition *def, bool paused, struct domain **ret_d,
		     struct fault *ret_fault);

/*
 * Begins, once for each start of the host, those that shall start with it: one after another, in the
 * order of their names, so that a host does not build all its guests at the same moment; who takes
 * long is not waited for. The file 'marker', which must not outlive the host (/run), says that it has
 * been done; an hvd that dies in the middle leaves the rest to the next one. To be called when running
 * domains have been taken in; all->env.definitions may be NULL.
 */
void autostart_begin(struct domains *all, const char *marker, struct autostart **ret_a);
/* NULL is fine. */
void autostart_end(struct autostart *a);

#endif
