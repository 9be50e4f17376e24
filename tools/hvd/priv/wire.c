/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets between hvd's halves; the contract is in wire.h.
 */
#include "priv/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void priv_begin(struct priv_packet *p, uint32_t op)
{
	memset(&p->head, 0, sizeof(p->head));
	p->head.op = op;
	p->nr_fds = 0;
}

int priv_add_bytes(struct priv_packet *p, const void *bytes, size_t n)
{
	if (n > sizeof(p->text) - p->head.size)
		return -EMSGSIZE;
	memcpy(p->text + p->head.size, bytes, n);
	p->head.size += (uint32_t)n;
	return 0;
}

int priv_add_string(struct priv_packet *p, const char *s)
{
	return priv_add_bytes(p, s, strlen(s) + 1);
}

const char *priv_next_string(const struct priv_packet *p, size_t *at)
{
	const char *s = p->text + *at, *end;

	if (*at >= p->head.size)
		return NULL;
	end = memchr(s, '\0', p->head.size - *at);
	if (!end)
		return NULL;
	*at += (size_t)(end - s) + 1;
	return s;
}

void priv_close_fds(struct priv_packet *p)
{
	for (unsigned int i = 0; i < p->nr_fds; i++)
		if (p->fds[i] >= 0)
			close(p->fds[i]);
	p->nr_fds = 0;
}

union fd_space {
	char space[CMSG_SPACE(PRIV_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int priv_send(int sock, const struct priv_packet *p)
{
	union fd_space control;
	struct iovec iov[2] = { { (void *)(uintptr_t)&p->head, sizeof(p->head) },
				{ (void *)(uintptr_t)p->text, p->head.size } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr *cmsg;

	if (p->nr_fds) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(p->nr_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(p->nr_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), p->fds, p->nr_fds * sizeof(int));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void take_fds(struct priv_packet *p, struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		p->nr_fds = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(p->fds, CMSG_DATA(cmsg), p->nr_fds * sizeof(int));
	}
}

int priv_receive(int sock, struct priv_packet *p)
{
	union fd_space control;
	struct iovec iov[2] = { { &p->head, sizeof(p->head) }, { p->text, sizeof(p->text) } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control.space,
			      .msg_controllen = sizeof(control.space) };
	ssize_t n;

	p->nr_fds = 0;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	take_fds(p, &msg);
	if (n == 0 && !p->nr_fds)
		return -EPIPE;
	if ((size_t)n < sizeof(p->head) || msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
	    p->head.size != (size_t)n - sizeof(p->head)) {
		priv_close_fds(p);
		return -EPROTO;
	}
	return 0;
}
