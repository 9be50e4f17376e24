/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any packets from an engine that has become somebody's tool, to the real loop of the privileged half:
 * nothing is done that the rules forbid (priv_world.c judges), every request has one answer, no
 * descriptor stays behind, and what is given away is what may be.
 *
 * An input is a row of packets: a byte (bits 0-2: how many descriptors go with it, bit 3: the size in
 * its head is left as it stands there, else it is put right), two bytes of length, and the packet.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "priv_world.h"

/* The sources themselves: their inner parts are tested, and some calls of libc's must not happen. */
#define unlink world_unlink
#define kill world_kill
#define pidfd_send_signal world_pidfd_send_signal
#define posix_spawn world_posix_spawn
#include <sys/pidfd.h>

#include "../../tools/hvd/priv/launch.c"
#include "../../tools/hvd/priv/server.c"
#undef unlink

#define PACKETS_MAX 8u
#define KEEP_SIZE 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char secrets[64];
static struct conf world_conf;
static struct server world;
static int pair[2];

/* ---- The world before anybody asks ---- */

static void make_file(const char *name, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", secrets, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	MUST(fd >= 0 && !fchmod(fd, mode));
	close(fd);
}

static void remove_secrets(void)
{
	static const char *const names[] = { "a.keyring", "open.keyring", "link.keyring", "a", "sub.keyring" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", secrets, names[i]);
		remove(path);
	}
	remove(secrets);
}

static void make_secrets(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[128];

	snprintf(secrets, sizeof(secrets), "%.40s/fuzz-priv.XXXXXX", tmp ? tmp : "/tmp");
	MUST(mkdtemp(secrets));
	atexit(remove_secrets);
	make_file("a.keyring", 0600);
	make_file("open.keyring", 0644);
	make_file("a", 0600);
	snprintf(path, sizeof(path), "%s/link.keyring", secrets);
	MUST(!symlink("a", path));
	snprintf(path, sizeof(path), "%s/sub.keyring", secrets);
	MUST(!mkdir(path, 0700));
}

static void world_begin(void)
{
	if (world.conf)
		return;
	make_secrets();
	world_conf.socket = (char *)(uintptr_t)WORLD_SOCKET;
	world_conf.xenstore_socket = (char *)(uintptr_t)WORLD_STORE_SOCKET;
	world_conf.image_program = (char *)(uintptr_t)WORLD_IMAGE;
	world_conf.secrets_dir = secrets;
	world.paths.programs[PROCESS_BLK] = (char *)(uintptr_t)WORLD_BLK;
	world.paths.programs[PROCESS_RBD] = (char *)(uintptr_t)WORLD_RBD;
	world.paths.programs[PROCESS_NET] = (char *)(uintptr_t)WORLD_NET;
	world.paths.user = (char *)(uintptr_t)WORLD_USER;
	world.paths.chroot_dir = (char *)(uintptr_t)WORLD_CHROOT;
	world.paths.read_only_socket = (char *)(uintptr_t)WORLD_READ_SOCKET;
	world.lock = -1;
	world.conf = &world_conf;
}

/* ---- One packet ---- */

static void send_packet(const uint8_t *bytes, size_t n, unsigned int nr_fds, bool keep_size)
{
	struct { struct priv_head head; char text[1 << 16]; } packet;
	union { char space[CMSG_SPACE(7 * sizeof(int))]; struct cmsghdr align; } control = { 0 };
	struct iovec iov = { &packet, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	int fds[7];

	memcpy(&packet, bytes, n);
	if (n >= sizeof(packet.head) && !keep_size)
		packet.head.size = (uint32_t)(n - sizeof(packet.head));
	if (nr_fds) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		for (unsigned int i = 0; i < nr_fds; i++)
			fds[i] = world_fd();
		memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
	}
	MUST(sendmsg(pair[0], &msg, MSG_NOSIGNAL) == (ssize_t)n);
	for (unsigned int i = 0; i < nr_fds; i++)
		close(fds[i]);
}

static bool is_below_any(const char *path, const char *const *folders, size_t nr)
{
	size_t n = strcspn(path + 1, "/") + 1;

	for (size_t i = 0; i < nr; i++)
		if (strlen(folders[i]) == n && !memcmp(path, folders[i], n))
			return true;
	return false;
}

static void judge_image(const char *path)
{
	static const char *const folders[] = { "/etc", "/usr", "/boot", "/lib", "/bin", "/sbin", "/run", "/proc",
					       "/sys" };

	MUST(path && !is_below_any(path, folders, sizeof(folders) / sizeof(folders[0])));
	MUST(!strstr(path, "/."));
}

static void judge_secret(int fd)
{
	struct stat st, right;
	char path[128];

	snprintf(path, sizeof(path), "%s/a.keyring", secrets);
	MUST(!fstat(fd, &st) && !stat(path, &right) && st.st_ino == right.st_ino && st.st_dev == right.st_dev);
}

/* What takes descriptors takes as many as it needs, and never those of an earlier request. */
static bool fds_are_wrong(uint32_t op, unsigned int nr_fds)
{
	return (op == PRIV_BACKEND && nr_fds != 2) || (op == PRIV_IMAGE_JOB && nr_fds != 1) ||
	       (op == PRIV_BUILD && nr_fds == 0);
}

static void judge_answer(const struct priv_packet *answer, uint32_t op, unsigned int nr_fds)
{
	bool gives = op == PRIV_IMAGE || op == PRIV_SECRET || op == PRIV_TAP || op == PRIV_GUEST_LOAN;
	char *image = world_take_image();

	MUST(answer->head.op == op && answer->head.err <= 0);
	MUST(answer->nr_fds == (answer->head.err == 0 && gives));
	MUST(answer->head.err == -EPERM || !fds_are_wrong(op, nr_fds));
	if (op == PRIV_IMAGE && !answer->head.err)
		judge_image(image);
	if (op == PRIV_SECRET && !answer->head.err)
		judge_secret(answer->fds[0]);
	free(image);
}

/* Sends one, has the loop run until there are no more, and looks at what came back. */
static void ask(const uint8_t *bytes, size_t n, unsigned int nr_fds, bool keep_size)
{
	static struct priv_packet answer;
	uint32_t op = 0;
	int err;

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	send_packet(bytes, n, nr_fds, keep_size);
	shutdown(pair[0], SHUT_WR);
	serve(&world, pair[1]);
	close(pair[1]);
	err = priv_receive(pair[0], &answer);
	if (n >= sizeof(op))
		memcpy(&op, bytes, sizeof(op));
	if (!err) {
		judge_answer(&answer, op, nr_fds);
		priv_close_fds(&answer);
		MUST(priv_receive(pair[0], &answer) == -EPIPE);
	} else {
		/* No packet at all: its sender is nobody to be talked with any more. */
		MUST(err == -EPIPE && (n < sizeof(struct priv_head) || keep_size || nr_fds > PRIV_FDS_MAX ||
				       n > sizeof(struct priv_head) + PRIV_TEXT_MAX));
	}
	close(pair[0]);
}

static unsigned int nr_open(void)
{
	unsigned int nr = 0;

	for (int fd = 0; fd < 64; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int before;

	world_begin();
	before = nr_open();
	for (unsigned int i = 0; i < PACKETS_MAX && size >= 3; i++) {
		size_t n = data[1] | (size_t)data[2] << 8;

		n = n < size - 3 ? n : size - 3;
		ask(data + 3, n, data[0] & 7, data[0] & KEEP_SIZE);
		data += 3 + n;
		size -= 3 + n;
	}
	MUST(nr_open() == before);
	return 0;
}
