/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start and the control channel of a back-end process: see child.h.
 *
 * What such a process may still touch after child_sandbox(): the grant device (pages that its
 * guest has granted to the control domain), the event channel device, the channel to hvd, standard
 * error, and the images or taps that hvd hands over. It has no user, no files and no network.
 *
 * The grant and event channel devices do not know of restrictions to one domain on every kernel,
 * so a child that an intruder has taken over could still reach what other guests have granted to
 * the control domain. It could not reach memory that nobody granted, nor the host.
 */
#include "backend/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h> /* what <xen/gntdev.h> expects */
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xen/evtchn.h>
#include <xen/gntdev.h>

#include "backend/stats.h"
#include "evtchn.h"
#include "lib/log.h"
#include "lib/privdrop.h"

#define MAX_FILES 256
#define MAX_FILES_NETWORK 4096 /* a connection to each OSD that holds a piece of the image */
#define MAX_IOCTLS 32

static const unsigned long device_ioctls[] = {
	IOCTL_GNTDEV_MAP_GRANT_REF,
	IOCTL_GNTDEV_UNMAP_GRANT_REF,
	IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR,
	IOCTL_GNTDEV_GRANT_COPY,
	IOCTL_EVTCHN_BIND_INTERDOMAIN,
	IOCTL_EVTCHN_UNBIND,
	IOCTL_EVTCHN_NOTIFY,
};

static int parse_arguments(struct child *c, const char *program, int argc, char **argv)
{
	static const struct option options[] = {
		{ "domid", required_argument, NULL, 'd' },
		{ "name", required_argument, NULL, 'n' }, /* for people who look at ps */
		{ "user", required_argument, NULL, 'u' },
		{ "chroot", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	unsigned long v;
	int opt;

	c->domid = 0;
	c->user = "nobody";
	c->chroot_dir = "/run/hvd/empty";
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			v = strtoul(optarg, &end, 10);
			if (*end || v == 0 || v >= DOMID_FIRST_RESERVED) {
				fprintf(stderr, "%s: bad domain number '%s'\n", program, optarg);
				return -EINVAL;
			}
			c->domid = (uint16_t)v;
			break;
		case 'n':
			break;
		case 'u':
			c->user = optarg;
			break;
		case 'r':
			c->chroot_dir = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	if (!c->domid) {
		fprintf(stderr, "%s is started by hvd\n", program);
		return -EINVAL;
	}
	return 0;
}

static void child_on_hello(struct child *c)
{
	struct json_object *msg;

	c->on_hello(c->arg);
	msg = json_object_new_object();
	json_object_object_add(msg, "event", json_object_new_string("all-served"));
	child_send(c, msg);
}

static void child_on_message(void *arg, struct json_object *msg, int fd)
{
	struct child *c = arg;
	const char *op = child_get_string(msg, "op", "");

	if (!strcmp(op, "stay"))
		c->stays = true;
	else if (!strcmp(op, "quit"))
		event_base_loopbreak(c->base);
	else if (!strcmp(op, "hello"))
		child_on_hello(c);
	else if (fd >= 0 && !strcmp(op, "stats")) {
		backend_stats_map(fd);
		return;
	} else {
		c->on_message(c->arg, msg, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void child_on_closed(void *arg, const char *reason)
{
	struct child *c = arg;

	log_debug("channel to hvd: %s", reason);
	if (!c->stays) {
		event_base_loopbreak(c->base);
		return;
	}
	chan_destroy(c->chan);
	c->chan = NULL;
}

/* The next hvd. What is left of a channel to the one before is of no use any more. */
static void child_on_connect(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (sock < 0)
		return;
	chan_destroy(c->chan);
	c->chan = NULL;
	if (chan_create(c->base, sock, child_on_message, child_on_closed, c, &c->chan))
		close(sock);
}

/* An hvd that has no such socket for us (tests) is the only one that we shall have. */
static int child_listen(struct child *c)
{
	struct stat st;

	if (fstat(CHILD_LISTEN_FD, &st) || !S_ISSOCK(st.st_mode))
		return 0;
	fcntl(CHILD_LISTEN_FD, F_SETFD, FD_CLOEXEC);
	c->listening = event_new(c->base, CHILD_LISTEN_FD, EV_READ | EV_PERSIST, child_on_connect, c);
	return c->listening && !event_add(c->listening, NULL) ? 0 : -ENOMEM;
}

int child_init(struct child *c, const char *program, int argc, char **argv,
	       chan_message_cb on_message, void (*on_hello)(void *arg), void *arg)
{
	int err;

	err = parse_arguments(c, program, argc, argv);
	if (err)
		return err;
	log_init(program, LOG_LEVEL_INFO);
	signal(SIGPIPE, SIG_IGN);
	/* A terminal's Ctrl-C is for hvd, which then closes our channel. */
	signal(SIGINT, SIG_IGN);

	c->base = event_base_new();
	if (!c->base) {
		log_error("cannot set up the event loop");
		return -ENOMEM;
	}
	err = evtchn_mux_create(c->base, &c->mux);
	if (err) {
		log_error("cannot open /dev/xen/evtchn: %s", strerror(-err));
		return err;
	}
	c->gnttab = xengnttab_open(NULL, 0);
	if (!c->gnttab) {
		err = -errno;
		log_error("cannot open /dev/xen/gntdev: %s", strerror(-err));
		return err;
	}
	c->on_message = on_message;
	c->on_hello = on_hello;
	c->arg = arg;
	err = chan_create(c->base, CHILD_CHANNEL_FD, child_on_message, child_on_closed, c,
			  &c->chan);
	if (err)
		log_error("no channel to hvd: %s", strerror(-err));
	return err ? err : child_listen(c);
}

static int sandbox(struct child *c, const unsigned long *ioctls, size_t nr_ioctls, bool network)
{
	unsigned long all[MAX_IOCTLS];
	size_t nr = sizeof(device_ioctls) / sizeof(device_ioctls[0]);
	struct privdrop p = { .user = c->user,
			      .chroot_dir = c->chroot_dir,
			      .max_files = network ? MAX_FILES_NETWORK : MAX_FILES,
			      .network = network,
			      .ioctls = all };

	memcpy(all, device_ioctls, sizeof(device_ioctls));
	if (nr + nr_ioctls > MAX_IOCTLS)
		return -E2BIG;
	if (nr_ioctls)
		memcpy(all + nr, ioctls, nr_ioctls * sizeof(*ioctls));
	p.nr_ioctls = nr + nr_ioctls;
	return privdrop_apply(&p);
}

int child_sandbox(struct child *c, const unsigned long *ioctls, size_t nr_ioctls)
{
	return sandbox(c, ioctls, nr_ioctls, false);
}

int child_sandbox_network(struct child *c)
{
	return sandbox(c, NULL, 0, true);
}

int child_run(struct child *c)
{
	return event_base_dispatch(c->base) < 0 ? -EIO : 0;
}

void child_send(struct child *c, struct json_object *msg)
{
	child_send_fd(c, msg, -1);
}

struct json_object *child_serving(unsigned int id, const char *link)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "event", json_object_new_string("serving"));
	json_object_object_add(msg, "id", json_object_new_int64(id));
	json_object_object_add(msg, "link", json_object_new_string(link));
	return msg;
}

void child_send_fd(struct child *c, struct json_object *msg, int fd)
{
	int err;

	if (!c->chan) {
		json_object_put(msg);
		return;
	}
	err = chan_send(c->chan, msg, fd);
	if (err && err != -EPIPE) /* that one is noticed elsewhere */
		log_error("cannot tell hvd: %s", strerror(-err));
}

void child_send_event(struct child *c, const char *event, unsigned int id, const char *error)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "event", json_object_new_string(event));
	json_object_object_add(msg, "id", json_object_new_int64(id));
	if (error)
		json_object_object_add(msg, "error", json_object_new_string(error));
	child_send(c, msg);
}

int64_t child_get_int(struct json_object *msg, const char *key, int64_t fallback)
{
	struct json_object *v;

	if (!json_object_object_get_ex(msg, key, &v))
		return fallback;
	if (json_object_is_type(v, json_type_boolean))
		return json_object_get_boolean(v);
	return json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : fallback;
}

const char *child_get_string(struct json_object *msg, const char *key, const char *fallback)
{
	struct json_object *v;

	if (!json_object_object_get_ex(msg, key, &v) || !json_object_is_type(v, json_type_string))
		return fallback;
	return json_object_get_string(v);
}
