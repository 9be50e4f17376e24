/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay: runs an emulated host and speaks with its control domain.
 *
 *	relay --token T [--timeout S] [--terminal] [--report FILE] [--log FILE] [--verbose]
 *	      [--pty LINK] -- EMULATOR...
 *
 * --log is hv's log: when it says that hv has halted, the host is at its end.
 *
 * The emulator's standard input and output are the host's second serial port; or, with --pty, a
 * pseudo-terminal is, for which LINK is made. What comes from there goes
 * to our standard output at once, except for lines that begin with a record separator and the
 * token: those are from the control domain's init (dom0/image/host-init) and say how far it is.
 * The token is new for every run, so a script's output cannot be mistaken for it. Our standard
 * input goes the other way as soon as init says that it is ready; with --terminal it is a person,
 * and Ctrl-A x ends the machine.
 *
 * Exit status: the script's; 124 when the time was up, 125 when the host ended without telling a
 * status, 126 when it could not be started.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STATUS_TIMEOUT 124
#define STATUS_CRASH 125
#define STATUS_SETUP 126
#define RECORD_SEPARATOR '\036'
#define ESCAPE_KEY '\001' /* Ctrl-A */
#define POWER_OFF_SECONDS 15
#define LOG_LOOK_MS 200

struct relay {
	const char *token;
	FILE *report;
	bool verbose, terminal;
	const char *pty_link; /* NULL: the host is on pipes */
	pid_t child;
	int to_host, from_host; /* -1: closed */
	int ended;		/* readable when the host's processes are gone */
	int pty_slave;		/* kept open, so that the host may come later than we, or -1 */
	int64_t started_ms, deadline_ms;

	char line[512]; /* a line that may be init's, while it comes in */
	size_t line_size;
	bool in_line;

	int log;	     /* hv's log as it is written, -1: not watched */
	char log_line[256]; /* its last line, as far as it has come */
	size_t log_size;

	bool ready, have_status, timed_out, halted;
	int status;

	char input[4096]; /* on its way to the host */
	size_t input_size;
	bool input_ended, escape_seen;
};

static volatile sig_atomic_t signal_seen;
static struct termios saved_terminal;
static bool terminal_is_raw;

static void on_signal(int number)
{
	signal_seen = number;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void __attribute__((format(printf, 2, 3))) say(struct relay *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (r->verbose) {
		fprintf(stderr, "host %7.3f: ", (double)(now_ms() - r->started_ms) / 1000);
		vfprintf(stderr, format, args);
		fputs(r->terminal ? "\r\n" : "\n", stderr);
	}
	va_end(args);
}

static void terminal_restore(void)
{
	if (terminal_is_raw)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_terminal);
	terminal_is_raw = false;
}

static void terminal_make_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved_terminal) < 0)
		return;
	raw = saved_terminal;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0)
		terminal_is_raw = true;
	atexit(terminal_restore);
}

static void write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return; /* nobody reads any more; the host runs on */
		data += n;
		size -= (size_t)n;
	}
}

/* A whole line from init, without token and line end. */
static void message_take(struct relay *r, char *text)
{
	char *end;
	long status;

	if (r->report) {
		fprintf(r->report, "%.3f %s\n", (double)(now_ms() - r->started_ms) / 1000, text);
		fflush(r->report);
	}
	if (strncmp(text, "exit ", 5) == 0) {
		status = strtol(text + 5, &end, 10);
		if (end != text + 5 && *end == '\0' && status >= 0 && status <= 255) {
			r->have_status = true;
			r->status = (int)status;
			/* What remains is to power off. */
			r->deadline_ms = now_ms() + POWER_OFF_SECONDS * 1000;
		}
	} else if (strncmp(text, "ready ", 6) == 0) {
		r->ready = true;
	} else if (strncmp(text, "kernel ", 7) != 0) {
		fprintf(stderr, "host: %s%s\n", text, r->terminal ? "\r" : "");
		return;
	}
	say(r, "%s", text);
}

/* Could what we hold still become a message? */
static bool line_may_be_message(const struct relay *r)
{
	size_t token_size = strlen(r->token), i;

	for (i = 1; i < r->line_size && i <= token_size; i++)
		if (r->line[i] != r->token[i - 1])
			return false;
	return r->line_size <= token_size + 1 || r->line[token_size + 1] == ' ';
}

static void output_take(struct relay *r, const char *data, size_t size)
{
	size_t plain = 0, i; /* data[plain..i) is a script's output, to be passed on */

	for (i = 0; i < size; i++) {
		char c = data[i];

		if (!r->in_line) {
			if (c != RECORD_SEPARATOR)
				continue;
			write_all(STDOUT_FILENO, data + plain, i - plain);
			r->in_line = true;
			r->line_size = 0;
		}
		plain = i + 1;
		if (c == '\n' && r->line_size > strlen(r->token) + 1) {
			r->line[r->line_size] = '\0';
			r->in_line = false;
			message_take(r, r->line + strlen(r->token) + 2);
			continue;
		}
		if (r->line_size < sizeof(r->line) - 1)
			r->line[r->line_size++] = c;
		if (!line_may_be_message(r)) {
			r->in_line = false;
			write_all(STDOUT_FILENO, r->line, r->line_size);
		}
	}
	if (!r->in_line)
		write_all(STDOUT_FILENO, data + plain, size - plain);
}

/* Ctrl-A x ends the machine, Ctrl-A Ctrl-A sends one. Returns what is left to send. */
static size_t filter_escapes(struct relay *r, char *data, size_t size)
{
	size_t kept = 0, i;

	for (i = 0; i < size; i++) {
		if (r->escape_seen) {
			r->escape_seen = false;
			if (data[i] == 'x' || data[i] == 'X') {
				r->have_status = true;
				r->status = 0;
				kill(r->child, SIGTERM);
				continue;
			}
		} else if (data[i] == ESCAPE_KEY) {
			r->escape_seen = true;
			continue;
		}
		data[kept++] = data[i];
	}
	return kept;
}

static void input_take(struct relay *r)
{
	ssize_t n = read(STDIN_FILENO, r->input, sizeof(r->input));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		r->input_ended = true;
		return;
	}
	r->input_size = (size_t)n;
	if (r->terminal)
		r->input_size = filter_escapes(r, r->input, r->input_size);
}

static void input_send(struct relay *r)
{
	ssize_t n = write(r->to_host, r->input, r->input_size);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		r->input_ended = true;
		r->input_size = 0;
		return;
	}
	memmove(r->input, r->input + n, r->input_size - (size_t)n);
	r->input_size -= (size_t)n;
}

/* hv has said its last words, and halted: nothing more will come. */
static bool hv_has_halted(struct relay *r)
{
	char buffer[4096];
	ssize_t n, i;

	while ((n = read(r->log, buffer, sizeof(buffer))) > 0) {
		for (i = 0; i < n; i++) {
			if (buffer[i] != '\n') {
				if (r->log_size < sizeof(r->log_line) - 1)
					r->log_line[r->log_size++] = buffer[i];
				continue;
			}
			r->log_line[r->log_size] = '\0';
			r->log_size = 0;
			if (strncmp(r->log_line, "(hv) ", 5) == 0 &&
			    strstr(r->log_line, "ERROR: halted"))
				return true;
		}
	}
	return false;
}

/* One round: waits for something to do, at most until the deadline. False: the host is gone. */
static bool relay_step(struct relay *r)
{
	struct pollfd fds[4] = {
		{ .fd = r->from_host, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1, .events = POLLOUT },
		{ .fd = r->pty_link ? r->ended : -1, .events = POLLIN },
	};
	int64_t left = r->deadline_ms - now_ms();
	char buffer[65536];
	ssize_t n;

	if (left <= 0) {
		r->timed_out = true;
		return false;
	}
	if (r->log >= 0) {
		r->halted = hv_has_halted(r);
		if (r->halted)
			return false;
		left = left < LOG_LOOK_MS ? left : LOG_LOOK_MS;
	}
	if (r->ready && !r->input_ended && !r->input_size)
		fds[1].fd = STDIN_FILENO;
	if (r->input_size)
		fds[2].fd = r->to_host;
	if (poll(fds, 4, left > INT_MAX ? INT_MAX : (int)left) < 0)
		return errno == EINTR && !signal_seen;
	if (fds[0].revents) {
		n = read(r->from_host, buffer, sizeof(buffer));
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return false;
		if (n > 0)
			output_take(r, buffer, (size_t)n);
	}
	if (fds[3].revents && !fds[0].revents)
		return false; /* and all that it said has been read */
	if (fds[1].revents)
		input_take(r);
	if (fds[2].revents)
		input_send(r);
	return !signal_seen;
}

/* A raw terminal with our end in to_host and from_host. */
static int pty_start(struct relay *r)
{
	struct termios raw;
	char name[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		return -errno;
	if (grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)))
		return -errno;
	r->pty_slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (r->pty_slave < 0 || tcgetattr(r->pty_slave, &raw) < 0)
		return -errno;
	cfmakeraw(&raw);
	if (tcsetattr(r->pty_slave, TCSANOW, &raw) < 0)
		return -errno;
	if ((unlink(r->pty_link) < 0 && errno != ENOENT) || symlink(name, r->pty_link) < 0)
		return -errno;
	fcntl(master, F_SETFL, O_NONBLOCK);
	r->to_host = r->from_host = master;
	return 0;
}

static int pipes_start(struct relay *r, int *ret_stdin, int *ret_stdout)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	r->to_host = in[1];
	r->from_host = out[0];
	fcntl(r->to_host, F_SETFL, O_NONBLOCK);
	*ret_stdin = in[0];
	*ret_stdout = out[1];
	return 0;
}

static int host_start(struct relay *r, char **argv)
{
	int in = -1, out = -1, end[2], err;
	pid_t parent = getpid();

	/* Its reading end tells when a host on a terminal is gone: nothing else would. */
	if (pipe2(end, O_CLOEXEC) < 0)
		return -errno;
	err = r->pty_link ? pty_start(r) : pipes_start(r, &in, &out);
	if (err)
		return err;
	r->child = fork();
	if (r->child < 0)
		return -errno;
	if (r->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_SETUP);
		/* A key that is meant for us, or for the guest, must not end the emulator. */
		setpgid(0, 0);
		if (r->pty_link) {
			in = open("/dev/null", O_RDONLY);
			out = STDERR_FILENO;
		}
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		fcntl(end[1], F_SETFD, 0);
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		fprintf(stderr, "relay: cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(STATUS_SETUP);
	}
	if (!r->pty_link) {
		close(in);
		close(out);
	}
	close(end[1]);
	r->ended = end[0];
	return 0;
}

/* Ends the host if it still runs, and gives its wait status. */
static int host_stop(struct relay *r, bool at_once)
{
	int64_t until = now_ms() + (at_once ? 0 : 2000);
	int status = 0;

	while (waitpid(r->child, &status, WNOHANG) == 0) {
		if (now_ms() >= until) {
			kill(-r->child, SIGKILL); /* all of its group */
			kill(r->child, SIGKILL);
			waitpid(r->child, &status, 0);
			break;
		}
		poll(NULL, 0, 5);
	}
	return status;
}

static int usage(void)
{
	fprintf(stderr, "usage: relay --token T [--timeout S] [--terminal] [--report FILE] "
			"[--log FILE] [--verbose] [--pty LINK] -- COMMAND...\n");
	return STATUS_SETUP;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "token", required_argument, NULL, 'k' },
		{ "timeout", required_argument, NULL, 't' },
		{ "terminal", no_argument, NULL, 'i' },
		{ "report", required_argument, NULL, 'r' },
		{ "log", required_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "pty", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct sigaction action = { .sa_handler = on_signal };
	struct relay r = { .from_host = -1, .to_host = -1, .log = -1 };
	long timeout_s = 0;
	int option, err, wait_status;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'k':
			r.token = optarg;
			break;
		case 't':
			timeout_s = strtol(optarg, NULL, 10);
			break;
		case 'i':
			r.terminal = true;
			break;
		case 'r':
			r.report = fopen(optarg, "we");
			break;
		case 'l':
			r.log = open(optarg, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
			break;
		case 'v':
			r.verbose = true;
			break;
		case 'p':
			r.pty_link = optarg;
			break;
		default:
			return usage();
		}
	}
	if (!r.token || strlen(r.token) < 8 || strlen(r.token) > 128 || optind == argc)
		return usage();

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	r.started_ms = now_ms();
	r.deadline_ms = timeout_s > 0 ? r.started_ms + timeout_s * 1000 : INT64_MAX;
	err = host_start(&r, argv + optind);
	if (err) {
		fprintf(stderr, "relay: cannot start the host: %s\n", strerror(-err));
		return STATUS_SETUP;
	}
	if (r.terminal)
		terminal_make_raw();
	while (relay_step(&r))
		;
	terminal_restore();
	if (r.in_line)
		write_all(STDOUT_FILENO, r.line, r.line_size);
	wait_status = host_stop(&r, r.timed_out || r.halted || signal_seen);

	if (signal_seen)
		return 128 + signal_seen;
	if (r.have_status) {
		if (r.timed_out)
			fprintf(stderr, "host: did not power off within %d s\n", POWER_OFF_SECONDS);
		return r.status;
	}
	if (r.timed_out) {
		fprintf(stderr, "host: %s after %ld s\n",
			r.ready ? "the script was not done" : "the control domain was not up",
			timeout_s);
		return STATUS_TIMEOUT;
	}
	if (r.halted) {
		fprintf(stderr, "host: hv has halted\n");
		return STATUS_CRASH;
	}
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == STATUS_SETUP)
		return STATUS_SETUP;
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
		fprintf(stderr, "host: it reset or powered off by itself\n");
	else if (WIFEXITED(wait_status))
		fprintf(stderr, "host: the emulator ended with status %d\n", WEXITSTATUS(wait_status));
	else
		fprintf(stderr, "host: the emulator was killed by signal %d\n", WTERMSIG(wait_status));
	return STATUS_CRASH;
}
