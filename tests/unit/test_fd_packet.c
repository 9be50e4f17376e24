/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets with descriptors: what comes is whole, and what does not fit leaves no descriptor open. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd_packet.h"
#include "unit.h"

static int socks[2];

static unsigned int nr_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void begin(void)
{
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
}

static void end(void)
{
	close(socks[0]);
	close(socks[1]);
}

static int send_text(const char *text, unsigned int nr_fds)
{
	const struct iovec part = { (void *)(uintptr_t)text, strlen(text) };
	int fds[FD_PACKET_FDS_MAX + 1] = { 0 };

	return fd_packet_send(socks[0], &part, 1, fds, nr_fds, 0);
}

static ssize_t receive(char *bytes, size_t room, int *fds, unsigned int *nr_fds)
{
	struct iovec part = { bytes, room };

	return fd_packet_receive(socks[1], &part, 1, fds, nr_fds, MSG_DONTWAIT);
}

static void all_of_a_packet_arrives(void)
{
	const struct iovec sent[2] = { { (char[]){ 'a', 'b' }, 2 }, { (char[]){ 'c' }, 1 } };
	int fds[2] = { 0, 1 }, got[FD_PACKET_FDS_MAX];
	char first[1], rest[8];
	struct iovec parts[2] = { { first, 1 }, { rest, sizeof(rest) } };
	unsigned int nr = FD_PACKET_FDS_MAX;
	struct stat a, b;

	begin();
	CU_ASSERT_EQUAL(fd_packet_send(socks[0], sent, 2, fds, 2, 0), 0);
	CU_ASSERT_EQUAL(fd_packet_receive(socks[1], parts, 2, got, &nr, 0), 3);
	CU_ASSERT_EQUAL(first[0], 'a');
	CU_ASSERT(!memcmp(rest, "bc", 2));
	CU_ASSERT_EQUAL_FATAL(nr, 2);
	for (unsigned int i = 0; i < nr; i++) {
		CU_ASSERT_EQUAL(fstat(fds[i], &a), 0);
		CU_ASSERT_EQUAL(fstat(got[i], &b), 0);
		CU_ASSERT_EQUAL(a.st_ino, b.st_ino);
		CU_ASSERT(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
		close(got[i]);
	}
	end();
}

static void what_does_not_fit_is_refused_as_a_whole(void)
{
	int fds[FD_PACKET_FDS_MAX];
	unsigned int before, nr;
	char bytes[4];

	begin();
	before = nr_open();
	/* more bytes */
	CU_ASSERT_EQUAL(send_text("hello", 1), 0);
	nr = 1;
	CU_ASSERT_EQUAL(receive(bytes, sizeof(bytes), fds, &nr), -EPROTO);
	CU_ASSERT_EQUAL(nr, 0);
	CU_ASSERT_EQUAL(nr_open(), before);
	/* more descriptors */
	CU_ASSERT_EQUAL(send_text("hi", 3), 0);
	nr = 2;
	CU_ASSERT_EQUAL(receive(bytes, sizeof(bytes), fds, &nr), -EPROTO);
	CU_ASSERT_EQUAL(nr, 0);
	CU_ASSERT_EQUAL(nr_open(), before);
	/* descriptors without a byte */
	CU_ASSERT_EQUAL(send_text("", 1), 0);
	nr = 1;
	CU_ASSERT_EQUAL(receive(bytes, sizeof(bytes), fds, &nr), -EPROTO);
	CU_ASSERT_EQUAL(nr_open(), before);
	CU_ASSERT_EQUAL(send_text("hi", FD_PACKET_FDS_MAX + 1), -EINVAL);
	/* and the next one is as if nothing had been */
	CU_ASSERT_EQUAL(send_text("hi", 0), 0);
	nr = 1;
	CU_ASSERT_EQUAL(receive(bytes, sizeof(bytes), fds, &nr), 2);
	CU_ASSERT_EQUAL(nr, 0);
	end();
}

static void the_end_is_told(void)
{
	unsigned int nr = 1;
	char bytes[4];
	int fd;

	begin();
	CU_ASSERT_EQUAL(receive(bytes, sizeof(bytes), &fd, &nr), -EAGAIN);
	close(socks[0]);
	socks[0] = -1;
	nr = 1;
	CU_ASSERT_EQUAL(receive(bytes, sizeof(bytes), &fd, &nr), 0);
	CU_ASSERT_EQUAL(send_text("hi", 0), -EBADF);
	close(socks[1]);
}

UNIT_MAIN("fd_packet", UNIT_TEST(all_of_a_packet_arrives),
	  UNIT_TEST(what_does_not_fit_is_refused_as_a_whole), UNIT_TEST(the_end_is_told))
