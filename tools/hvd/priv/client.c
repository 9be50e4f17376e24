/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's side of the requests; the contract is in priv.h.
 *
 * Without the privileged half nothing can go on, and whoever starts hvd starts both: so its end is met
 * with ours, at once. That is what any death of hvd is, and the next one is used to it.
 */
#include "priv/priv.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hvabi/control.h>

#include "backend/image.h"
#include "domain/build_child.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/server.h"
#include "priv/wire.h"

static struct priv_packet packet;
static int channel = -1;
static pid_t server_pid;
static struct event *on_closed;

static void __attribute__((noreturn)) end_with_it(void)
{
	log_error("hvd's privileged half has ended: so does this one");
	_exit(1);
}

int priv_start(const struct conf *conf)
{
	pid_t parent = getpid();
	int socks[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		return -errno;
	server_pid = fork();
	if (server_pid < 0) {
		close(socks[0]);
		close(socks[1]);
		return -errno;
	}
	if (server_pid == 0) {
		close(socks[0]); /* or it would never see our end */
		priv_server_main(conf, socks[1], parent);
	}
	close(socks[1]);
	channel = socks[0];
	return 0;
}

static void channel_on_readable(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	(void)arg;
	/* It speaks only when it is asked: what comes here is its end. */
	if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR))
		end_with_it();
}

int priv_watch(struct event_base *base)
{
	on_closed = event_new(base, channel, EV_READ | EV_PERSIST, channel_on_readable, NULL);
	return on_closed && !event_add(on_closed, NULL) ? 0 : -ENOMEM;
}

void priv_stop(void)
{
	if (on_closed)
		event_free(on_closed);
	on_closed = NULL;
	if (channel < 0)
		return;
	close(channel);
	channel = -1;
	while (waitpid(server_pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Sends 'packet' and has the answer there. The descriptors that were sent stay the caller's. */
static int call(void)
{
	if (priv_send(channel, &packet) || priv_receive(channel, &packet))
		end_with_it();
	return packet.head.err;
}

static int with_fd(unsigned int i, int fd)
{
	packet.fds[i] = fd;
	packet.nr_fds = i + 1;
	return 0;
}

/* The answer's one descriptor. */
static int take_fd(int *ret_fd)
{
	if (packet.nr_fds != 1)
		end_with_it();
	*ret_fd = packet.fds[0];
	return 0;
}

/* The answer's sentence, if it has one. */
static int take_error(int err, char **ret_error)
{
	size_t at = 0;
	const char *text = priv_next_string(&packet, &at);

	*ret_error = text && *text ? xstrdup(text) : NULL;
	return err;
}

/* ---- The hypervisor ---- */

int priv_control(struct hvabi_request *rq, void *bulk, size_t *bulk_size)
{
	int err;

	priv_begin(&packet, PRIV_CONTROL);
	priv_add_bytes(&packet, rq, sizeof(*rq));
	err = call();
	if (err)
		return err;
	if (packet.head.size < sizeof(*rq))
		end_with_it();
	memcpy(rq, packet.text, sizeof(*rq));
	if (bulk) {
		size_t n = packet.head.size - sizeof(*rq);

		n = n < *bulk_size ? n : *bulk_size;
		memcpy(bulk, packet.text + sizeof(*rq), n);
		*bulk_size = n;
	}
	return 0;
}

int priv_param_set(uint16_t domid, uint32_t index, uint64_t value)
{
	priv_begin(&packet, PRIV_PARAM_SET);
	packet.head.number[0] = domid;
	packet.head.number[1] = index;
	packet.head.number[2] = value;
	return call();
}

int priv_alloc_unbound(uint16_t domid, uint16_t remote_domid, uint32_t *ret_port)
{
	int err;

	priv_begin(&packet, PRIV_ALLOC_UNBOUND);
	packet.head.number[0] = domid;
	packet.head.number[1] = remote_domid;
	err = call();
	if (!err)
		*ret_port = (uint32_t)packet.head.number[0];
	return err;
}

int priv_guest_loan(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset)
{
	int err;

	priv_begin(&packet, PRIV_GUEST_LOAN);
	packet.head.number[0] = domid;
	packet.head.number[1] = loan;
	err = call();
	if (err)
		return err;
	*ret_offset = packet.head.number[0];
	return take_fd(ret_fd);
}

/* ---- Files and interfaces ---- */

int priv_image_open(const char *path, bool readonly, struct image *ret, char **ret_error)
{
	int err;

	priv_begin(&packet, PRIV_IMAGE);
	packet.head.number[0] = readonly;
	if (priv_add_string(&packet, path))
		return -ENAMETOOLONG;
	err = call();
	if (err)
		return take_error(err, ret_error);
	ret->discard_granularity = (uint32_t)packet.head.number[0];
	return take_fd(&ret->fd);
}

int priv_secret_open(const char *name, int *ret_fd, char **ret_error)
{
	int err;

	priv_begin(&packet, PRIV_SECRET);
	if (priv_add_string(&packet, name))
		return -ENAMETOOLONG;
	err = call();
	return err ? take_error(err, ret_error) : take_fd(ret_fd);
}

int priv_add_tap(const char *bridge, const char *name, unsigned int mtu, int *ret_fd, char **ret_error)
{
	int err;

	priv_begin(&packet, PRIV_TAP);
	packet.head.number[0] = mtu;
	if (priv_add_string(&packet, bridge) || priv_add_string(&packet, name))
		return -ENAMETOOLONG;
	err = call();
	return err ? take_error(err, ret_error) : take_fd(ret_fd);
}

/* ---- Processes ---- */

static int take_pid(pid_t *ret_pid)
{
	int err = call();

	if (!err)
		*ret_pid = (pid_t)packet.head.number[0];
	return err;
}

int priv_backend_start(unsigned int kind, uint16_t domid, const char *name, int sock, int listening,
		       pid_t *ret_pid)
{
	priv_begin(&packet, PRIV_BACKEND);
	packet.head.number[0] = kind;
	packet.head.number[1] = domid;
	if (priv_add_string(&packet, name))
		return -ENAMETOOLONG;
	with_fd(0, sock);
	with_fd(1, listening);
	return take_pid(ret_pid);
}

int priv_image_job_start(int sock, pid_t *ret_pid)
{
	priv_begin(&packet, PRIV_IMAGE_JOB);
	with_fd(0, sock);
	return take_pid(ret_pid);
}

int priv_build_start(uint16_t domid, const struct domain_spec *spec, const struct kernel_entry *entries,
		     unsigned int nr_entries, int report, pid_t *ret_pid)
{
	struct priv_build build = {
		.memory_bytes = spec->memory_bytes,
		.nr_vcpus = spec->nr_vcpus,
		.nr_vcpus_online = spec->nr_vcpus_online,
		.nr_entries = nr_entries,
		.log_level = log_get_level(),
	};

	priv_begin(&packet, PRIV_BUILD);
	packet.head.number[0] = domid;
	with_fd(0, report);
	for (unsigned int i = 0; i < nr_entries; i++) {
		build.entries[i] = entries[i];
		with_fd(i + 1, entries[i].fd);
	}
	if (priv_add_bytes(&packet, &build, sizeof(build)) || priv_add_string(&packet, spec->name) ||
	    priv_add_string(&packet, spec->kernel) || priv_add_string(&packet, spec->initrd ? spec->initrd : "") ||
	    priv_add_string(&packet, spec->cmdline ? spec->cmdline : ""))
		return -ENAMETOOLONG;
	return take_pid(ret_pid);
}

int priv_kill(pid_t pid, uint64_t start_time)
{
	priv_begin(&packet, PRIV_KILL);
	packet.head.number[0] = (uint64_t)pid;
	packet.head.number[1] = start_time;
	return call();
}

int priv_wait(pid_t pid, bool block, siginfo_t *ret_si)
{
	int err;

	priv_begin(&packet, PRIV_WAIT);
	packet.head.number[0] = (uint64_t)pid;
	packet.head.number[1] = block;
	err = call();
	if (err)
		return err;
	memset(ret_si, 0, sizeof(*ret_si));
	ret_si->si_pid = pid;
	ret_si->si_code = (int)packet.head.number[0];
	ret_si->si_status = (int)packet.head.number[1];
	return 0;
}

/* ---- Folders ---- */

int priv_own_definitions(void)
{
	priv_begin(&packet, PRIV_OWN_DEFINITIONS);
	return call();
}

/* ---- The end ---- */

void priv_unlink_sockets(unsigned int which)
{
	if (channel < 0 || !which)
		return;
	priv_begin(&packet, PRIV_UNLINK_SOCKETS);
	packet.head.number[0] = which;
	call();
}
