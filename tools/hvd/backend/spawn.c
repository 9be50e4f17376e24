/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting and ending the processes that serve devices.
 *
 * A process is watched by two descriptors: its channel says what it has to tell, its pidfd that it
 * has ended. Only the second one counts as its end: until then it may still have pages of the
 * guest mapped.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/device.h"
#include "lib/chan.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define CHILD_CHANNEL_FD 3
#define STOP_TIMEOUT_S 10

extern char **environ;

struct process {
	pid_t pid;
	int pidfd;
	char *instance;
	struct event *ended;
	struct event *deadline;
	struct chan *chan; /* NULL once it was asked to end, or has closed its side */
	bool stopping;
	process_message_cb on_message;
	process_exit_cb on_exit;
	void *arg;
};

static void process_free(struct process *p)
{
	chan_destroy(p->chan);
	if (p->ended)
		event_free(p->ended);
	if (p->deadline)
		event_free(p->deadline);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p->instance);
	free(p);
}

static void describe_end(const siginfo_t *si, char *text, size_t size)
{
	if (si->si_code == CLD_EXITED)
		snprintf(text, size, "exited with status %d", si->si_status);
	else
		snprintf(text, size, "was ended by signal %d (%s)", si->si_status,
			 strsignal(si->si_status));
}

static void process_on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;
	siginfo_t si = { 0 };
	char how[96] = "ended";

	(void)what;
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG) == 0) {
		if (si.si_pid == 0)
			return;
		describe_end(&si, how, sizeof(how));
	}
	if (!p->stopping)
		log_error("%s (pid %d) %s", p->instance, (int)p->pid, how);
	p->on_exit(p->arg, p, p->stopping, how);
	process_free(p);
}

static void process_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;

	(void)fd;
	(void)what;
	log_warning("%s (pid %d) does not end, killing it", p->instance, (int)p->pid);
	kill(p->pid, SIGKILL);
}

static void process_on_message(void *arg, struct json_object *msg, int fd)
{
	struct process *p = arg;

	if (fd >= 0)
		close(fd); /* we never ask for one */
	p->on_message(p->arg, msg);
}

static void process_on_closed(void *arg, const char *reason)
{
	struct process *p = arg;

	/* It ends by itself, or it is broken and must not go on without us. */
	log_debug("%s (pid %d): channel: %s", p->instance, (int)p->pid, reason);
	process_stop(p);
	p->stopping = false;
}

static int spawn(struct backend *b, enum process_kind kind, uint16_t domid, const char *name,
		 int sock, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	char domid_text[8];
	char *argv[] = { b->programs[kind], (char *)"--domid", domid_text,
			 (char *)"--name",  (char *)(uintptr_t)name,
			 (char *)"--user",  b->user,
			 (char *)"--chroot", b->chroot_dir, NULL };
	int err;

	snprintf(domid_text, sizeof(domid_text), "%u", domid);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&actions, sock, CHILD_CHANNEL_FD);
	/* All else of ours is close-on-exec; this is for what a library forgot. */
	posix_spawn_file_actions_addclosefrom_np(&actions, CHILD_CHANNEL_FD + 1);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(ret_pid, b->programs[kind], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -err;
}

int process_start(struct backend *b, enum process_kind kind, uint16_t domid, const char *name,
		  const char *instance, process_message_cb on_message, process_exit_cb on_exit, void *arg,
		  struct process **ret)
{
	struct process *p = xcalloc(1, sizeof(*p));
	int socks[2] = { -1, -1 };
	int err;

	p->pidfd = -1;
	p->instance = xstrdup(instance);
	p->on_message = on_message;
	p->on_exit = on_exit;
	p->arg = arg;
	err = chan_pair(socks);
	if (err)
		goto fail;
	err = chan_create(b->base, socks[0], process_on_message, process_on_closed, p, &p->chan);
	if (err) {
		close(socks[0]);
		goto fail;
	}
	p->deadline = evtimer_new(b->base, process_on_deadline, p);
	err = p->deadline ? spawn(b, kind, domid, name, socks[1], &p->pid) : -ENOMEM;
	if (err)
		goto fail;
	close(socks[1]);
	socks[1] = -1;
	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd >= 0)
		p->ended = event_new(b->base, p->pidfd, EV_READ | EV_PERSIST, process_on_ended, p);
	if (!p->ended || event_add(p->ended, NULL)) {
		err = p->pidfd < 0 ? -errno : -ENOMEM;
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		goto fail;
	}
	log_debug("domain %u (%s): started %s, pid %d", domid, name, p->instance, (int)p->pid);
	*ret = p;
	return 0;
fail:
	if (socks[1] >= 0)
		close(socks[1]);
	process_free(p);
	return err;
}

int process_send(struct process *p, struct json_object *msg, int fd)
{
	if (!p->chan) {
		json_object_put(msg);
		return -EPIPE;
	}
	return chan_send(p->chan, msg, fd);
}

void process_stop(struct process *p)
{
	static const struct timeval timeout = { STOP_TIMEOUT_S, 0 };

	p->stopping = true;
	chan_destroy(p->chan);
	p->chan = NULL;
	evtimer_add(p->deadline, &timeout);
}

void process_kill(struct process *p)
{
	kill(p->pid, SIGKILL);
}

void process_abandon(struct process *p)
{
	/* The closed channel ends it; whoever is our parent collects it. */
	process_free(p);
}
