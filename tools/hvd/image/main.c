/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd-image: does one piece of work on an image and ends.
 *
 * hvd starts it with a socket as descriptor 3, on which one request comes, with the keyring's descriptor
 * where a cluster is to be reached; report.c says what goes back. It runs as root: images are files
 * of root's, anywhere. No guest ever talks to it, and it reads nothing of a guest's that it would
 * interpret.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "image/task.h"
#include "lib/chan.h"
#include "lib/fd_packet.h"
#include "lib/json_line.h"
#include "lib/xmem.h"
#include "priv/place.h"

#define CHANNEL_FD 3

/* One packet, and perhaps a descriptor. */
static struct json_object *receive(int sock, int *ret_fd)
{
	static char bytes[CHAN_MESSAGE_MAX];
	struct iovec part = { bytes, sizeof(bytes) - 1 };
	unsigned int nr_fds = 1;
	ssize_t n = fd_packet_receive(sock, &part, 1, ret_fd, &nr_fds, 0);

	if (n <= 0)
		return NULL;
	bytes[n] = '\0';
	return json_tokener_parse(bytes);
}

/* ---- The request ---- */

static int parse_name(struct json_object *rq, const char *key, bool is_folder, struct image_name *ret)
{
	const char *text = json_line_string(rq, key);
	char *error;

	if (!text)
		return 0;
	if (image_name_parse(text, is_folder, ret, &error)) {
		report_fail("bad_request", "%s", error);
		free(error);
		return -1;
	}
	return 0;
}

/* "10.0.0.1:3300", "[fd00::2]:3300", "mon" */
static int parse_host(struct rbd_spec *where, const char *text)
{
	char *copy = xstrdup(text), *name = copy, *port = NULL, *end;
	unsigned long number = 0;

	if (*name == '[') {
		name++;
		port = strchr(name, ']');
		if (port) {
			*port++ = '\0';
			port = *port == ':' ? port + 1 : NULL;
		}
	} else if ((port = strchr(name, ':'))) {
		*port++ = '\0';
	}
	if (port)
		number = strtoul(port, &end, 10);
	if (!*name || strpbrk(name, ", ;[]") || (port && (!*port || *end || !number || number > 65535)) ||
	    where->nr_hosts == SPEC_RBD_HOSTS_MAX) {
		free(copy);
		return report_fail("bad_request", "'%.80s' is no monitor's HOST[:PORT], or one too many", text);
	}
	where->hosts[where->nr_hosts].name = xstrdup(name);
	where->hosts[where->nr_hosts++].port = (uint16_t)number;
	free(copy);
	return 0;
}

static int parse_cluster(struct task *t)
{
	struct json_object *cluster, *hosts;

	if (!json_object_object_get_ex(t->request, "cluster", &cluster))
		return 0;
	t->where.config_file = (char *)(uintptr_t)json_line_string(cluster, "config");
	t->where.user = (char *)(uintptr_t)json_line_string(cluster, "user");
	if (!json_object_object_get_ex(cluster, "hosts", &hosts) ||
	    !json_object_is_type(hosts, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(hosts); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(hosts, i));

		if (!text || parse_host(&t->where, text))
			return -1;
	}
	return 0;
}

static int parse(struct task *t)
{
	struct json_object *rq = t->request;

	t->action = json_line_string(rq, "action");
	if (!t->action || !json_line_string(rq, "image"))
		return report_fail("bad_request", "the request has no \"action\" or no \"image\"");
	if (parse_name(rq, "image", !strcmp(t->action, "list"), &t->image) ||
	    parse_name(rq, "to", false, &t->to))
		return -1;
	t->file = json_line_string(rq, "file");
	t->size = json_line_unsigned(rq, "size");
	t->force = json_line_bool(rq, "force", 0);
	t->flatten = json_line_bool(rq, "flatten", 0);
	t->shrink = json_line_bool(rq, "shrink", 0);
	t->details = json_line_bool(rq, "details", 0);
	if (t->size % 512)
		return report_fail("bad_request", "the size is not a multiple of 512");
	return parse_cluster(t);
}

static int run(struct task *t)
{
	if (!strcmp(t->action, "import") || !strcmp(t->action, "export") ||
	    (!strcmp(t->action, "clone") && t->image.path))
		return copy_action(t);
	return t->image.path ? file_action(t) : rbd_action(t);
}

/* hvd-image [IMAGE_FOLDERS] */
int main(int argc, char **argv)
{
	struct task t = { .keyring = -1 };

	/* Keys pass through this process: it leaves no core. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	place_limit_images(argc > 1 ? argv[1] : NULL);
	/* hvd does not wait for us, but we do for it: to send what it has to say, and to take what we have. */
	fcntl(CHANNEL_FD, F_SETFL, 0);
	t.request = receive(CHANNEL_FD, &t.keyring);
	if (!t.request) {
		fputs("hvd-image: is started by hvd\n", stderr);
		return 2;
	}
	report_init(CHANNEL_FD);
	return parse(&t) || run(&t) ? 1 : 0;
}
