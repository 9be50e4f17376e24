/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv-seed: credits its standard input (at most 512 bytes) to the kernel's random generator.
 *
 * A freshly booted machine without RDRAND waits seconds for its first random number. Who builds
 * the image has good ones, and gives some along. Writing them to /dev/urandom would mix them in,
 * but only this ioctl makes the kernel believe in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	struct {
		struct rand_pool_info info;
		char bytes[512];
	} pool;
	ssize_t size;
	int fd;

	size = read(STDIN_FILENO, pool.bytes, sizeof(pool.bytes));
	if (size <= 0)
		return 0;
	pool.info.buf_size = (int)size;
	pool.info.entropy_count = (int)size * 8;
	fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0) {
		fprintf(stderr, "hv-seed: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
