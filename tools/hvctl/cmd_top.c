/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl top: who uses the host right now. On a terminal it goes on until 'q', elsewhere it shows one
 * table.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"

static struct termios before;
static volatile sig_atomic_t stopped;

static double figure(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_double(v) : 0;
}

/* "12.3M": four characters of a number of bytes. */
static const char *bytes(double n, char text[16])
{
	static const char units[] = " KMGTPE";
	unsigned int i = 0;

	while (n >= 1000 && units[i + 1]) {
		n /= 1024;
		i++;
	}
	snprintf(text, 16, n < 10 && i ? "%.1f%c" : "%.0f%c", n, units[i]);
	return text;
}

static int by_cpu(const void *a, const void *b)
{
	double x = figure(*(struct json_object *const *)a, "cpu_percent");
	double y = figure(*(struct json_object *const *)b, "cpu_percent");

	return x < y ? 1 : x > y ? -1 : 0;
}

static void show(struct json_object *result, const char *line_end)
{
	struct json_object *list, *d;
	char rd[16], wr[16], rx[16], tx[16];

	printf("CPU %.1f%% of %lld   memory %lld of %lld MiB free%s%s",
	       figure(result, "cpu_percent"), json_line_number(result, "cpus", 0),
	       json_line_number(result, "free_memory_kib", 0) / 1024,
	       json_line_number(result, "total_memory_kib", 0) / 1024, line_end, line_end);
	printf("%-20s %6s %-9s %6s %6s %9s %7s %7s %7s %7s %9s%s", "Name", "ID", "State", "CPU%",
	       "Wait%", "Exits/s", "Read/s", "Write/s", "Recv/s", "Send/s", "Mem(MiB)", line_end);
	if (!json_object_object_get_ex(result, "domains", &list))
		return;
	json_object_array_sort(list, by_cpu);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		d = json_object_array_get_idx(list, i);
		printf("%-20.20s %6lld %-9s %6.1f %6.1f %9.0f %7s %7s %7s %7s %9lld%s",
		       json_line_string(d, "name"), json_line_number(d, "domid", 0),
		       json_line_string(d, "state"), figure(d, "cpu_percent"),
		       figure(d, "wait_percent"), figure(d, "exits_per_s"),
		       bytes(figure(d, "read_bytes_per_s"), rd),
		       bytes(figure(d, "write_bytes_per_s"), wr),
		       bytes(figure(d, "receive_bytes_per_s"), rx),
		       bytes(figure(d, "transmit_bytes_per_s"), tx),
		       json_line_number(d, "memory_kib", 0) / 1024, line_end);
	}
}

static int call(const char *history, struct json_object **ret_result)
{
	struct json_object *request = conn_request("top", NULL);

	if (history)
		json_object_object_add(request, "history", json_object_new_string(history));
	return conn_call(request, ret_result);
}

static int once(const char *history)
{
	struct json_object *result;
	int status = call(history, &result);

	if (status != EXIT_OK)
		return status;
	if (options.json || history)
		print_json(result);
	else
		show(result, "\n");
	json_object_put(result);
	return EXIT_OK;
}

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void restore_terminal(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	fputs("\033[?25h\n", stdout);
	fflush(stdout);
}

static bool prepare_terminal(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &before))
		return false;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	atexit(restore_terminal);
	fputs("\033[?25l\033[2J", stdout);
	return true;
}

static int live(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct json_object *result;
	int status;
	char key;

	while (!stopped) {
		status = call(NULL, &result);
		if (status != EXIT_OK)
			return status;
		/* Over what stood there: a screen that is cleared first flickers. */
		fputs("\033[H", stdout);
		show(result, "\033[K\n");
		fputs("\033[J", stdout);
		fflush(stdout);
		json_object_put(result);
		if (poll(&in, 1, 1000) > 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q'))
			break;
	}
	return EXIT_OK;
}

int cmd_top(int argc, char **argv)
{
	const char *history = take_option(&argc, argv, "history");

	if (argc != 1)
		return usage_error(argv);
	if (options.json || history || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) ||
	    !prepare_terminal())
		return once(history);
	return live();
}
