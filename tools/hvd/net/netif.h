/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network interface of a guest: its two rings on one side, a tap on the other.
 */
#ifndef NET_NETIF_H
#define NET_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ring.h"

struct child;
struct netif;

struct netif_host {
	struct child *child;
	/* The front end broke the protocol; the interface has been disconnected. */
	void (*on_broken)(struct netif *n, const char *reason);
};

struct netif_spec {
	uint32_t tx_ring_ref;
	uint32_t rx_ring_ref;
	uint32_t tx_event_channel;
	uint32_t rx_event_channel; /* the same number: one channel for both */
	struct net_rx_features features;
};

/* Takes the tap over, on success. NULL: no memory. */
struct netif *netif_create(struct netif_host *host, unsigned int id, int tap);
/* Disconnects, and closes the tap. */
void netif_destroy(struct netif *n);

unsigned int netif_id(const struct netif *n);
bool netif_is_connected(const struct netif *n);
int netif_tap(const struct netif *n);

/* -EISCONN, or what mapping and binding say; nothing is left on failure. */
int netif_connect(struct netif *n, const struct netif_spec *spec, const char **ret_error);

/* Lets go of rings and channels at once: no packet is ever in flight between two events. */
void netif_disconnect(struct netif *n);

#endif
