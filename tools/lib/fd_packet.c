/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets with descriptors; the contract is in fd_packet.h.
 */
#include "lib/fd_packet.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union fd_space {
	char bytes[CMSG_SPACE(FD_PACKET_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int fd_packet_send(int sock, const struct iovec *parts, size_t nr_parts, const int *fds, unsigned int nr_fds,
		   int flags)
{
	union fd_space space = { 0 };
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = nr_parts };
	struct cmsghdr *cmsg;

	if (nr_fds > FD_PACKET_FDS_MAX)
		return -EINVAL;
	if (nr_fds) {
		msg.msg_control = space.bytes;
		msg.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | flags) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Into 'fds' as many as there is room for; the others are closed. How many there were. */
static unsigned int take_fds(struct msghdr *msg, int *fds, unsigned int room)
{
	struct cmsghdr *cmsg;
	unsigned int nr = 0;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++, nr++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (nr < room)
				fds[nr] = fd;
			else
				close(fd);
		}
	}
	return nr;
}

ssize_t fd_packet_receive(int sock, struct iovec *parts, size_t nr_parts, int *fds, unsigned int *nr_fds, int flags)
{
	union fd_space space;
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = nr_parts, .msg_control = space.bytes,
			      .msg_controllen = sizeof(space.bytes) };
	unsigned int room = *nr_fds, nr;
	ssize_t n;

	*nr_fds = 0;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	nr = take_fds(&msg, fds, room);
	if ((n == 0 && !nr) || (n > 0 && nr <= room && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))) {
		*nr_fds = nr;
		return n;
	}
	for (unsigned int i = 0; i < nr && i < room; i++)
		close(fds[i]);
	return -EPROTO;
}
