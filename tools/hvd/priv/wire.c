/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets between hvd's halves; the contract is in wire.h.
 */
#include "priv/wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd_packet.h"

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

int priv_send(int sock, const struct priv_packet *p)
{
	const struct iovec parts[2] = { { (void *)(uintptr_t)&p->head, sizeof(p->head) },
					{ (void *)(uintptr_t)p->text, p->head.size } };

	return fd_packet_send(sock, parts, 2, p->fds, p->nr_fds, 0);
}

int priv_receive(int sock, struct priv_packet *p)
{
	struct iovec parts[2] = { { &p->head, sizeof(p->head) }, { p->text, sizeof(p->text) } };
	ssize_t n;

	p->nr_fds = PRIV_FDS_MAX;
	n = fd_packet_receive(sock, parts, 2, p->fds, &p->nr_fds, 0);
	if (n == 0 || n == -ECONNRESET)
		return -EPIPE;
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(p->head) || p->head.size != (size_t)n - sizeof(p->head)) {
		priv_close_fds(p);
		return -EPROTO;
	}
	return 0;
}
