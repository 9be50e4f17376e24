/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels in hvd's loop: one /dev/xen/evtchn handle for the whole process.
 *
 * A handle shows its pending ports one by one through a single file descriptor. The mux reads
 * them, finds who bound the port, and calls it. Everything runs in the event loop's thread.
 */
#ifndef HVD_EVTCHN_H
#define HVD_EVTCHN_H

#include <stdint.h>

struct event_base;
struct evtchn_mux;
struct evtchn_port;

/*
 * Called from the loop when the port was notified; several notifications may arrive as one call.
 * A notification that comes while it runs calls it again afterwards. May unbind any port, itself
 * included, and may bind new ones.
 */
typedef void (*evtchn_cb)(void *arg);

/* Opens the device and joins the loop. -ENOENT, -EACCES: not a control domain, or not root. */
int evtchn_mux_create(struct event_base *base, struct evtchn_mux **ret_mux);

/* Closes the device. All ports must have been unbound. NULL is fine. */
void evtchn_mux_destroy(struct evtchn_mux *mux);

/*
 * Binds a new local port to 'remote_port' of domain 'remote'. The first notification may already
 * be pending when this returns; it is delivered by the loop, never from inside this call.
 */
int evtchn_mux_bind(struct evtchn_mux *mux, uint16_t remote, uint32_t remote_port, evtchn_cb cb,
		    void *arg, struct evtchn_port **ret_port);

/* The same for a virtual interrupt (VIRQ_DOM_EXC and the like). */
int evtchn_mux_bind_virq(struct evtchn_mux *mux, unsigned int virq, evtchn_cb cb, void *arg,
			 struct evtchn_port **ret_port);

/* Notifies the other side. An error means that it is gone, which the caller learns elsewhere. */
void evtchn_port_notify(struct evtchn_port *port);

/*
 * For the callback: the port stays masked when it returns, until evtchn_port_release(). What is
 * notified meanwhile costs nothing, and comes as one call then.
 */
void evtchn_port_hold(struct evtchn_port *port);
void evtchn_port_release(struct evtchn_port *port); /* harmless when it is not held */

/* Closes the port; its callback is not called any more after this. NULL is fine. */
void evtchn_port_unbind(struct evtchn_port *port);

#endif
