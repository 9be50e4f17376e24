/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager: stands in for systemd.
 *
 *	manager WATCHDOG_MS SOCKET PROGRAM...
 *
 * Listens on SOCKET, starts the program with it, and prints what the program reports, one line a
 * word: READY=1 as it comes, the pid first. SIGHUP is passed on. When the program ends the socket
 * stays, and SIGUSR1 starts the program again; SIGTERM ends both.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t seen;

static void on_signal(int number)
{
	seen = number;
}

static int bound(const char *path, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror(path);
		exit(99);
	}
	return fd;
}

/* The program gets the listening socket as descriptor 3, and nothing else of ours. */
static pid_t start(char **argv, const char *watchdog_ms, const char *notify_path, int listening)
{
	pid_t pid = fork();
	char text[32];

	if (pid)
		return pid;
	if (listening != 3)
		dup2(listening, 3);
	for (int fd = 4; fd < 20; fd++)
		close(fd);
	setenv("NOTIFY_SOCKET", notify_path, 1);
	snprintf(text, sizeof(text), "%s000", watchdog_ms);
	setenv("WATCHDOG_USEC", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("WATCHDOG_PID", text, 1);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "1", 1);
	execv(argv[0], argv);
	perror(argv[0]);
	_exit(126);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char notify_path[108], text[1024];
	struct pollfd fd = { .events = POLLIN };
	int listening;
	ssize_t n;
	pid_t pid;

	if (argc < 4)
		return 99;
	snprintf(notify_path, sizeof(notify_path), "%s.notify", argv[2]);
	fd.fd = bound(notify_path, SOCK_DGRAM);
	listening = bound(argv[2], SOCK_STREAM);
	if (listen(listening, 16))
		return 99;
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	pid = start(argv + 3, argv[1], notify_path, listening);
	printf("PID=%d\n", (int)pid);
	for (;;) {
		/* None may come in between, and be lost. */
		int signal = __atomic_exchange_n(&seen, 0, __ATOMIC_SEQ_CST);

		if (signal == SIGTERM)
			break;
		if (signal == SIGHUP)
			kill(pid, SIGHUP);
		if (signal == SIGUSR1) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			pid = start(argv + 3, argv[1], notify_path, listening);
			printf("PID=%d\n", (int)pid);
		}
		if (poll(&fd, 1, 100) <= 0)
			continue;
		n = recv(fd.fd, text, sizeof(text) - 1, 0);
		if (n > 0)
			printf("%.*s\n", (int)n, text);
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return 0;
}
