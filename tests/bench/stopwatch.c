/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock of the benchmarks, run in a control domain.
 *
 *	stopwatch FILE SECONDS TEXT... -- COMMAND...
 *
 * Runs COMMAND and prints "returned NS STATUS" and for each TEXT, as soon as FILE holds it,
 * "found NS TEXT": nanoseconds since just before COMMAND started. First comes "tsc N", the
 * processor's counter at that moment. Sleeps on inotify in between, to leave the processor to the
 * guest. Exit status 1: COMMAND failed, or a TEXT did not come within SECONDS.
 */
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static bool file_holds(const char *file, const char *text)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool holds = false;
	ssize_t n = 0;
	char *content;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		content = malloc((size_t)st.st_size);
		if (content)
			n = read(fd, content, (size_t)st.st_size);
		holds = n > 0 && memmem(content, (size_t)n, text, strlen(text));
		free(content);
	}
	close(fd);
	return holds;
}

static int watch_folder_of(const char *file)
{
	char *copy = strdup(file);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (!copy || fd < 0 || inotify_add_watch(fd, dirname(copy), IN_MODIFY | IN_CREATE) < 0) {
		perror("stopwatch: inotify");
		exit(2);
	}
	free(copy);
	return fd;
}

static bool wait_for(int watch, const char *file, const char *text, int64_t until)
{
	struct pollfd p = { .fd = watch, .events = POLLIN };
	char events[4096];
	int64_t left;

	while (!file_holds(file, text)) {
		left = (until - now_ns()) / 1000000;
		if (left <= 0)
			return false;
		poll(&p, 1, (int)left);
		while (read(watch, events, sizeof(events)) > 0)
			;
	}
	return true;
}

static int run(char **command)
{
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ))
		return 127;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	int64_t start, until;
	int i, end, watch, status;

	for (end = 3; end < argc && strcmp(argv[end], "--"); end++)
		;
	if (end + 1 >= argc) {
		fprintf(stderr, "usage: stopwatch FILE SECONDS TEXT... -- COMMAND...\n");
		return 2;
	}
	watch = watch_folder_of(argv[1]);
	start = now_ns();
	until = start + atoi(argv[2]) * 1000000000LL;
	printf("tsc %llu\n", __builtin_ia32_rdtsc());
	fflush(stdout);
	status = run(argv + end + 1);
	printf("returned %lld %d\n", (long long)(now_ns() - start), status);
	if (status)
		return 1;
	for (i = 3; i < end; i++) {
		if (!wait_for(watch, argv[1], argv[i], until)) {
			fprintf(stderr, "stopwatch: no '%s' in %s\n", argv[i], argv[1]);
			return 1;
		}
		printf("found %lld %s\n", (long long)(now_ns() - start), argv[i]);
	}
	return 0;
}
