/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd-net: serves the network interfaces of one domain.
 *
 * hvd makes the taps, puts them into their bridges and hands them over. After net_sandbox() this
 * process has: the grant and event channel devices, the channel to hvd, the taps and standard error.
 * (backend/child.c says what that means.) It can read and write packets of its own guest, and
 * tell the tap what that guest takes; it cannot make sockets or change interfaces.
 *
 * Requests of hvd                                     answers and events
 *   add id + descriptor                                 added id | failed id error
 *   connect id tx-ring-ref rx-ring-ref ... features     connected id | failed id error
 *   disconnect id                                       disconnected id
 *   remove id                                           removed id
 *                                                       broken id error (it is disconnected)
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/child.h"
#include "net/netif.h"

#define MAX_INTERFACES 32

struct net_server {
	struct child child;
	struct netif_host host;
	struct netif *interfaces[MAX_INTERFACES];
};

static struct net_server server;

static struct netif **find_interface(unsigned int id)
{
	unsigned int i;

	for (i = 0; i < MAX_INTERFACES; i++)
		if (server.interfaces[i] && netif_id(server.interfaces[i]) == id)
			return &server.interfaces[i];
	return NULL;
}

static void on_add(unsigned int id, int fd)
{
	const char *error = NULL;
	unsigned int i;

	for (i = 0; i < MAX_INTERFACES && server.interfaces[i]; i++)
		;
	if (fd < 0)
		error = "no descriptor";
	else if (i == MAX_INTERFACES || find_interface(id))
		error = "too many interfaces";
	else if (!(server.interfaces[i] = netif_create(&server.host, id, fd)))
		error = "not enough memory";
	if (error && fd >= 0)
		close(fd);
	child_send_event(&server.child, error ? "failed" : "added", id, error);
}

static bool get_u32(struct json_object *msg, const char *key, uint32_t *ret)
{
	int64_t v = child_get_int(msg, key, -1);

	if (v < 0 || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static int parse_connect(struct json_object *msg, struct netif_spec *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!get_u32(msg, "tx-ring-ref", &ret->tx_ring_ref) ||
	    !get_u32(msg, "rx-ring-ref", &ret->rx_ring_ref) ||
	    !get_u32(msg, "event-channel-tx", &ret->tx_event_channel) ||
	    !get_u32(msg, "event-channel-rx", &ret->rx_event_channel))
		return -EINVAL;
	ret->features.sg = child_get_int(msg, "sg", 0) != 0;
	ret->features.csum_v4 = child_get_int(msg, "csum-v4", 0) != 0;
	ret->features.csum_v6 = child_get_int(msg, "csum-v6", 0) != 0;
	ret->features.gso_v4 = child_get_int(msg, "gso-v4", 0) != 0;
	ret->features.gso_v6 = child_get_int(msg, "gso-v6", 0) != 0;
	return 0;
}

static void on_connect(struct json_object *msg, struct netif *n)
{
	const char *error = "bad parameters";
	struct netif_spec spec;
	int err;

	err = parse_connect(msg, &spec);
	if (!err)
		err = netif_connect(n, &spec, &error);
	child_send_event(&server.child, err ? "failed" : "connected", netif_id(n),
			 err ? error : NULL);
}

static void on_hello(void *arg)
{
	struct netif *n;
	unsigned int i;

	(void)arg;
	for (i = 0; i < MAX_INTERFACES; i++) {
		n = server.interfaces[i];
		if (n)
			child_send_fd(&server.child,
				      child_serving(netif_id(n),
						    netif_is_connected(n) ? "connected" : "idle"),
				      netif_tap(n));
	}
}

static void on_broken(struct netif *n, const char *reason)
{
	child_send_event(&server.child, "broken", netif_id(n), reason);
}

static void on_message(void *arg, struct json_object *msg, int fd)
{
	const char *op = child_get_string(msg, "op", "");
	unsigned int id = (unsigned int)child_get_int(msg, "id", 0);
	struct netif **slot = find_interface(id);

	(void)arg;
	if (strcmp(op, "add") == 0) {
		on_add(id, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (!slot) {
		child_send_event(&server.child, "failed", id, "no such interface");
	} else if (strcmp(op, "connect") == 0) {
		on_connect(msg, *slot);
	} else if (strcmp(op, "disconnect") == 0) {
		netif_disconnect(*slot);
		child_send_event(&server.child, "disconnected", id, NULL);
	} else if (strcmp(op, "remove") == 0) {
		netif_destroy(*slot);
		*slot = NULL;
		child_send_event(&server.child, "removed", id, NULL);
	} else {
		child_send_event(&server.child, "failed", id, "unknown request");
	}
}

static int net_sandbox(void)
{
	static const unsigned long ioctls[] = { TUNSETOFFLOAD };

	return child_sandbox(&server.child, ioctls, sizeof(ioctls) / sizeof(ioctls[0]));
}

int main(int argc, char **argv)
{
	server.host.child = &server.child;
	server.host.on_broken = on_broken;

	if (child_init(&server.child, "hvd-net", argc, argv, on_message, on_hello, NULL))
		return EXIT_FAILURE;
	if (net_sandbox())
		return EXIT_FAILURE;
	return child_run(&server.child) ? EXIT_FAILURE : EXIT_SUCCESS;
}
