/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains that are structs, for fuzz_control.c: they can be found, stopped and started, and that is
 * all that there is to them.
 */
#ifndef FUZZ_CONTROL_WORLD_H
#define FUZZ_CONTROL_WORLD_H

struct domains;
struct event_base;

/* Two domains, one of which is preserved after a crash. Until world_destroy(). */
struct domains *world_create(struct event_base *base);
void world_destroy(void);

#endif
