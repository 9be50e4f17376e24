/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl console: the terminal, or whatever stands in for it, as a guest's console.
 *
 * On a terminal every key goes to the guest but ^], which ends the session. From a pipe or a file
 * all bytes are typed as fast as the guest takes them; when they end, output goes on being shown
 * until the domain is gone, or until nothing has come for --idle seconds.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"

#define ESCAPE 0x1d /* ^] */
#define CHUNK 4096u

struct session {
	int fd;
	bool tty;
	bool input_open;
	bool left; /* by ^] */
	struct termios saved;
	unsigned char waiting[CHUNK]; /* input that hvd has not taken */
	size_t nr_waiting;
};

static struct session session;

static void restore_terminal(void)
{
	if (session.tty)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &session.saved);
	session.tty = false;
}

static void on_signal(int sig)
{
	restore_terminal();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void take_terminal(struct session *s)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &s->saved))
		return;
	raw = s->saved;
	cfmakeraw(&raw);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	signal(SIGINT, on_signal);
	s->tty = !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	atexit(restore_terminal);
}

static bool write_output(const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n) {
		ssize_t done = write(STDOUT_FILENO, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

/* False: the session is over. */
static bool read_guest(struct session *s)
{
	char bytes[CHUNK];
	ssize_t n = read(s->fd, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n && write_output(bytes, (size_t)n);
}

static void read_input(struct session *s)
{
	ssize_t n = read(STDIN_FILENO, s->waiting, sizeof(s->waiting));
	unsigned char *escape;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		s->input_open = false;
		return;
	}
	s->nr_waiting = (size_t)n;
	escape = s->tty ? memchr(s->waiting, ESCAPE, s->nr_waiting) : NULL;
	if (escape) {
		s->nr_waiting = (size_t)(escape - s->waiting);
		s->input_open = false;
		s->left = true;
	}
}

static void send_input(struct session *s)
{
	ssize_t n = write(s->fd, s->waiting, s->nr_waiting);

	if (n < 0)
		return; /* when hvd is gone, read_guest() sees it */
	s->nr_waiting -= (size_t)n;
	memmove(s->waiting, s->waiting + n, s->nr_waiting);
}

static void run_session(struct session *s, long idle_s)
{
	while (!s->left || s->nr_waiting) {
		struct pollfd fds[2] = {
			{ .fd = s->fd, .events = (short)(POLLIN | (s->nr_waiting ? POLLOUT : 0)) },
			{ .fd = s->input_open && !s->nr_waiting ? STDIN_FILENO : -1, .events = POLLIN },
		};
		bool count = !s->input_open && idle_s >= 0;
		int n = poll(fds, 2, count ? (int)(idle_s * 1000) : -1);

		if (n < 0 && errno != EINTR)
			return;
		if (n == 0)
			return;
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !read_guest(s))
			return;
		if (fds[0].revents & POLLOUT)
			send_input(s);
		if (fds[1].revents)
			read_input(s);
	}
}

int console_run(const char *domain, const char *lines, long idle_s, bool resume_domain)
{
	struct session *s = &session;
	struct json_object *request = conn_request("console", domain), *result;
	const void *rest;
	size_t n;
	int status;

	if (lines)
		json_object_object_add(request, "lines", json_object_new_int(atoi(lines)));
	status = conn_call(request, &result);
	if (status != EXIT_OK)
		return status;
	json_object_put(result);
	s->fd = conn_raw(&rest, &n);
	s->input_open = true;
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "Console of %s. Escape character is ^]\n", domain);
	if (resume_domain) {
		status = conn_call_aside(conn_request("resume", domain), &result);
		if (status != EXIT_OK)
			return status;
		json_object_put(result);
	}
	take_terminal(s);
	if (write_output(rest, n))
		run_session(s, idle_s);
	restore_terminal();
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "\n%s\n", s->left ? "Left the console" : "The console has ended");
	return EXIT_OK;
}

int cmd_console(int argc, char **argv)
{
	const char *idle = take_option(&argc, argv, "idle");
	const char *lines = take_option(&argc, argv, "lines");
	long idle_s = -1;

	if (argc != 2 || (lines && !is_line_count(lines)))
		return usage_error(argv);
	if (idle && !parse_seconds(idle, &idle_s))
		return EXIT_USAGE;
	return console_run(argv[1], lines, idle_s, false);
}
