/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a SOCK_SEQPACKET socket, and the descriptors that go with them (unix(7)).
 */
#ifndef LIB_FD_PACKET_H
#define LIB_FD_PACKET_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define FD_PACKET_FDS_MAX 8u

/* 'flags': MSG_DONTWAIT or 0. The descriptors stay open here. -errno; -EAGAIN only with MSG_DONTWAIT. */
int fd_packet_send(int sock, const struct iovec *parts, size_t nr_parts, const int *fds, unsigned int nr_fds,
		   int flags);

/*
 * Bytes received; 0: the peer is gone; -errno. '*nr_fds' is the room in 'fds' (FD_PACKET_FDS_MAX at most) and
 * then how many came; they are close-on-exec, and the caller's. -EPROTO: there was not room enough for
 * all of it, or it had no bytes; no descriptor is left.
 */
ssize_t fd_packet_receive(int sock, struct iovec *parts, size_t nr_parts, int *fds, unsigned int *nr_fds, int flags);

#endif
