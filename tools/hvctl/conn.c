/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to hvd: one request, one reply, one after another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"
#include "lib/xmem.h"

#define REPLY_MAX (8u << 20)
#define AGAIN_EVERY_US 100000u
#define AGAIN_TRIES 600u

static int conn_fd = -1;
static struct json_line_reader conn_reader;
static bool follows, lost; /* lost: it was there, and hvd has ended it */

/* A descriptor, or a negative errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The socket for those who may only look lies beside the other one. */
static int connect_to_read(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *read_path = xasprintf("%.*s/hvd-ro.sock", slash ? (int)(slash - path) : 1,
				    slash ? path : ".");
	int fd = connect_to(read_path);

	free(read_path);
	return fd;
}

int conn_open(void)
{
	int fd;

	if (conn_fd >= 0)
		return EXIT_OK;
	fd = connect_to(options.socket);
	if (fd == -EACCES)
		fd = connect_to_read(options.socket);
	if (fd == -ENAMETOOLONG)
		return complain(EXIT_NO_HVD, "the socket's path is too long: %s", options.socket);
	if (fd == -EACCES || fd == -ENOENT) {
		if (!access(options.socket, F_OK))
			return complain(EXIT_NO_HVD, "%s: you must be root or in group hvd", options.socket);
	}
	if (fd < 0)
		return complain(EXIT_NO_HVD, "hvd does not answer on %s (%s): is it running?",
				options.socket, strerror(-fd));
	conn_fd = fd;
	json_line_init(&conn_reader, REPLY_MAX);
	return EXIT_OK;
}

void conn_follow(void)
{
	follows = true;
}

int conn_again(int status)
{
	int fd = -1;

	if (status != EXIT_NO_HVD || !lost)
		return status;
	close(conn_fd);
	json_line_fini(&conn_reader);
	conn_fd = -1;
	lost = false;
	/* Not at once: one that is killed may still have its socket when our connection has ended. */
	for (unsigned int i = 0; fd < 0 && i < AGAIN_TRIES; i++) {
		usleep(AGAIN_EVERY_US);
		fd = connect_to(options.socket);
		if (fd == -EACCES)
			fd = connect_to_read(options.socket);
	}
	if (fd < 0)
		return complain(EXIT_NO_HVD, "hvd has ended, and there is no other one");
	conn_fd = fd;
	json_line_init(&conn_reader, REPLY_MAX);
	return EXIT_OK;
}

/* hvd may turn us away before it has read anything: then a write fails, but a reply waits. */
static void send_all(const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = write(conn_fd, bytes, n);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static int receive(struct json_object **ret_reply)
{
	char bytes[16384];
	ssize_t n;
	int err;

	for (;;) {
		err = json_line_next(&conn_reader, ret_reply);
		if (!err)
			return EXIT_OK;
		if (err != -EAGAIN)
			return complain(EXIT_NO_HVD, "hvd sent something that is not a reply");
		n = read(conn_fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && follows) {
			lost = true;
			return EXIT_NO_HVD;
		}
		if (n <= 0)
			return complain(EXIT_NO_HVD,
					"hvd has closed the connection: if it is being restarted, "
					"'hvctl list' soon tells what has become of it");
		json_line_feed(&conn_reader, bytes, (size_t)n);
	}
}

static int status_of(const char *code)
{
	static const struct {
		const char *code;
		int status;
	} statuses[] = {
		{ "no_such_domain", EXIT_NO_DOMAIN },
		{ "bad_xml", EXIT_BAD_XML },
		{ "timeout", EXIT_TIMEOUT },
		{ "permission_denied", EXIT_NO_HVD },
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (code && !strcmp(code, statuses[i].code))
			return statuses[i].status;
	return EXIT_FAILED;
}

static int show_error(struct json_object *reply, struct json_object *error)
{
	const char *code = json_line_string(error, "code");
	const char *message = json_line_string(error, "message");

	if (options.json)
		print_json(reply);
	else
		complain(0, "%s", message ? message : "hvd refused without a reason");
	return status_of(code);
}

/* The reply; what comes before it says how far the work is. */
static int receive_reply(const char *what, struct json_object **ret_reply)
{
	struct json_object *progress;
	int status;

	for (;;) {
		status = receive(ret_reply);
		if (status != EXIT_OK || !json_object_object_get_ex(*ret_reply, "progress", &progress))
			break;
		progress_show(what, json_line_number(progress, "done", 0),
			      json_line_number(progress, "total", 0));
		json_object_put(*ret_reply);
		*ret_reply = NULL;
	}
	progress_end();
	return status;
}

int conn_call(struct json_object *request, struct json_object **ret_result)
{
	return conn_call_long(request, json_line_string(request, "op"), ret_result);
}

int conn_call_long(struct json_object *request, const char *what, struct json_object **ret_result)
{
	struct json_object *reply = NULL, *part;
	int status = conn_open();
	char *line;
	size_t n;

	line = json_line_format(request, &n);
	if (status == EXIT_OK) {
		send_all(line, n);
		status = receive_reply(what, &reply);
	}
	free(line);
	json_object_put(request); /* 'what' may be a part of it */
	if (status != EXIT_OK)
		return status;
	if (json_object_object_get_ex(reply, "result", &part))
		*ret_result = json_object_get(part);
	else if (json_object_object_get_ex(reply, "error", &part))
		status = show_error(reply, part);
	else
		status = complain(EXIT_NO_HVD, "hvd sent something that is not a reply");
	json_object_put(reply);
	return status;
}

struct json_object *conn_request(const char *op, const char *domain)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "op", json_object_new_string(op));
	if (domain)
		json_object_object_add(o, "domain", json_object_new_string(domain));
	return o;
}

int conn_simple(const char *op, const char *domain)
{
	struct json_object *result;
	int status = conn_call(conn_request(op, domain), &result);

	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	json_object_put(result);
	return EXIT_OK;
}

int conn_call_aside(struct json_object *request, struct json_object **ret_result)
{
	struct json_line_reader reader = conn_reader;
	int fd = conn_fd, status;

	conn_fd = -1;
	status = conn_call(request, ret_result);
	if (conn_fd >= 0) {
		close(conn_fd);
		json_line_fini(&conn_reader);
	}
	conn_fd = fd;
	conn_reader = reader;
	return status;
}

int conn_raw(const void **ret_rest, size_t *ret_n)
{
	*ret_rest = json_line_rest(&conn_reader, ret_n);
	return conn_fd;
}
