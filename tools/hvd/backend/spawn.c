/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting and ending the processes that serve devices, and finding those again that an earlier hvd
 * has started.
 *
 * A process is watched by two descriptors: its channel says what it has to tell, its pidfd that it
 * has ended. Only the second one counts as its end: until then it may still have pages of the
 * guest mapped.
 *
 * It outlives us. It has a listening socket, made by us before it was born, where the next hvd finds it;
 * and the journal has its number with the time of its start, which make sure that it is still the same.
 * The first message, "stay", is sent when that is written: a process that has not got it ends with its
 * channel, so there is never one that nobody knows.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/device.h"
#include "journal.h"
#include "lib/chan.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/priv.h"
#include "priv/proc.h"

#define STOP_TIMEOUT_S 10

struct process {
	LIST_ENTRY(process) link;
	struct backend *backend;
	enum process_kind kind;
	uint16_t domid;
	pid_t pid;
	uint64_t start_time; /* of the kernel's clock ticks */
	int pidfd;
	char *instance;
	struct sockaddr_un address; /* where it listens */
	ino_t socket_inode;
	struct event *ended;
	struct event *deadline;
	struct chan *chan; /* NULL once it was asked to end, or has closed its side */
	bool stopping;
	process_message_cb on_message;
	process_exit_cb on_exit;
	void *arg;
};

/* ---- its record ---- */

static void put_record(struct journal *j, const struct process *p)
{
	journal_begin(j, JOURNAL_PROCESS);
	journal_u16(j, p->domid);
	journal_u8(j, (uint8_t)p->kind);
	journal_u32(j, (uint32_t)p->pid);
	journal_u64(j, p->start_time);
	journal_string(j, p->instance);
	journal_end(j);
}

static void put_gone(struct journal *j, const struct process *p)
{
	journal_begin(j, JOURNAL_PROCESS_GONE);
	journal_u16(j, p->domid);
	journal_u8(j, (uint8_t)p->kind);
	journal_u32(j, (uint32_t)p->pid);
	journal_end(j);
}

void process_snapshot(struct backend *b, struct journal *j)
{
	struct process *p;

	LIST_FOREACH(p, &b->processes, link)
		put_record(j, p);
}

/* ---- one of them ---- */

static void process_free(struct process *p)
{
	chan_destroy(p->chan);
	if (p->ended)
		event_free(p->ended);
	if (p->deadline)
		event_free(p->deadline);
	if (p->pidfd >= 0)
		close(p->pidfd);
	LIST_REMOVE(p, link);
	free(p->instance);
	free(p);
}

static struct process *process_new(struct backend *b, enum process_kind kind, uint16_t domid,
				   const char *instance, process_message_cb on_message,
				   process_exit_cb on_exit, void *arg)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->backend = b;
	p->kind = kind;
	p->domid = domid;
	p->pidfd = -1;
	p->instance = xstrdup(instance);
	p->on_message = on_message;
	p->on_exit = on_exit;
	p->arg = arg;
	p->address.sun_family = AF_UNIX;
	snprintf(p->address.sun_path, sizeof(p->address.sun_path), "%s/%s.sock", b->socket_dir,
		 instance);
	LIST_INSERT_HEAD(&b->processes, p, link);
	return p;
}

/* The path may already belong to a later process of the same number. */
static void remove_socket(struct process *p)
{
	struct stat st;

	if (p->socket_inode && !stat(p->address.sun_path, &st) && st.st_ino == p->socket_inode)
		unlink(p->address.sun_path);
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
	char how[96] = "has ended";
	int err;

	(void)what;
	(void)fd;
	/* One that an earlier hvd has started is nobody's child that we know: ECHILD. */
	err = priv_wait(p->pid, false, &si);
	if (err == -EAGAIN)
		return;
	if (!err)
		describe_end(&si, how, sizeof(how));
	if (!p->stopping)
		log_error("%s (pid %d) %s", p->instance, (int)p->pid, how);
	remove_socket(p);
	put_gone(p->backend->journal, p);
	p->on_exit(p->arg, p, p->stopping, how);
	process_free(p);
}

static void process_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;

	(void)fd;
	(void)what;
	log_warning("%s (pid %d) does not end, killing it", p->instance, (int)p->pid);
	process_kill(p);
}

static void process_on_message(void *arg, struct json_object *msg, int fd)
{
	struct process *p = arg;

	p->on_message(p->arg, msg, fd);
}

static void process_on_closed(void *arg, const char *reason)
{
	struct process *p = arg;

	/* It ends by itself, or it is broken and must not go on without us. */
	log_debug("%s (pid %d): channel: %s", p->instance, (int)p->pid, reason);
	process_stop(p);
	p->stopping = false;
}

static int watch(struct process *p)
{
	struct event_base *base = p->backend->base;

	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd < 0)
		return -errno;
	p->deadline = evtimer_new(base, process_on_deadline, p);
	p->ended = event_new(base, p->pidfd, EV_READ | EV_PERSIST, process_on_ended, p);
	return p->deadline && p->ended && !event_add(p->ended, NULL) ? 0 : -ENOMEM;
}

static int send_op(struct process *p, const char *op)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "op", json_object_new_string(op));
	return process_send(p, msg, -1);
}

/* ---- a new one ---- */

static int listen_for_next(struct process *p, int *ret_sock)
{
	struct stat st;
	int sock, err;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	unlink(p->address.sun_path);
	if (bind(sock, (struct sockaddr *)&p->address, sizeof(p->address)) || listen(sock, 4) ||
	    stat(p->address.sun_path, &st)) {
		err = -errno;
		close(sock);
		return err;
	}
	p->socket_inode = st.st_ino;
	*ret_sock = sock;
	return 0;
}

int process_start(struct backend *b, enum process_kind kind, uint16_t domid, const char *name,
		  const char *instance, process_message_cb on_message, process_exit_cb on_exit, void *arg,
		  struct process **ret)
{
	struct process *p = process_new(b, kind, domid, instance, on_message, on_exit, arg);
	int socks[2] = { -1, -1 }, listening = -1;
	siginfo_t si;
	int err;

	err = chan_pair(socks);
	if (err)
		goto fail;
	err = chan_create(b->base, socks[0], process_on_message, process_on_closed, p, &p->chan);
	if (err) {
		close(socks[0]);
		goto fail;
	}
	err = listen_for_next(p, &listening);
	if (err)
		goto fail;
	err = priv_backend_start(kind, domid, name, socks[1], listening, &p->pid);
	if (err)
		goto fail;
	close(socks[1]);
	close(listening);
	socks[1] = listening = -1;
	err = watch(p);
	if (err) {
		priv_kill(p->pid, 0);
		priv_wait(p->pid, true, &si);
		goto fail;
	}
	p->start_time = proc_start_time(p->pid);
	put_record(b->journal, p);
	journal_commit(b->journal);
	send_op(p, "stay");
	log_debug("domain %u (%s): started %s, pid %d", domid, name, p->instance, (int)p->pid);
	*ret = p;
	return 0;
fail:
	if (socks[1] >= 0)
		close(socks[1]);
	if (listening >= 0)
		close(listening);
	remove_socket(p);
	process_free(p);
	return err;
}

/* ---- one of an earlier hvd ---- */

static int connect_to(struct process *p)
{
	struct stat st;
	int sock, err;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	if (stat(p->address.sun_path, &st) ||
	    connect(sock, (struct sockaddr *)&p->address, sizeof(p->address))) {
		err = -errno;
		close(sock);
		return err;
	}
	p->socket_inode = st.st_ino;
	err = chan_create(p->backend->base, sock, process_on_message, process_on_closed, p, &p->chan);
	if (err)
		close(sock);
	return err;
}

int process_adopt(struct backend *b, enum process_kind kind, uint16_t domid, const char *instance,
		  pid_t pid, uint64_t start_time, process_message_cb on_message, process_exit_cb on_exit,
		  void *arg, struct process **ret)
{
	struct process *p = process_new(b, kind, domid, instance, on_message, on_exit, arg);
	int err;

	p->pid = pid;
	p->start_time = start_time;
	err = watch(p);
	/* After the pidfd is there: the number cannot change its meaning any more. */
	if (!err && proc_start_time(pid) != start_time)
		err = -ESRCH;
	if (!err)
		err = connect_to(p);
	if (!err)
		err = send_op(p, "hello");
	if (err) {
		/* It lives, and cannot be spoken to: nobody could ever steer it again. */
		if (p->pidfd >= 0 && err != -ESRCH)
			process_kill(p);
		unlink(p->address.sun_path);
		process_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

/* ---- all ---- */

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
	if (p->chan)
		send_op(p, "quit"); /* what is in the socket is read even when it is closed */
	chan_destroy(p->chan);
	p->chan = NULL;
	evtimer_add(p->deadline, &timeout);
}

void process_kill(struct process *p)
{
	int err = priv_kill(p->pid, p->start_time);

	if (err && err != -ESRCH)
		log_error("%s (pid %d) cannot be killed: %s", p->instance, (int)p->pid, strerror(-err));
}

void process_abandon(struct process *p)
{
	/* It serves on, and the next hvd finds it. */
	process_free(p);
}
