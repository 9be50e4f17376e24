/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileged half: waits for a request, looks whether the engine may have it, does it, answers.
 *
 * What it may touch: everything. So it is small, has no event loop, and reads nothing that a guest or a
 * client has written but the fields of a request. It lives exactly as long as the engine: the kernel
 * kills it with it, and a lock in the run folder, which builders hold too, keeps the next hvd's from
 * serving before the last of this one's has ended. Otherwise a domain that this one was just making
 * would belong to nobody.
 */
#include "priv/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <hvabi/control.h>

#include "backend/device.h"
#include "backend/image.h"
#include "conf.h"
#include "domain/build_process.h"
#include "domain/spec.h"
#include "guest_loan.h"
#include "hvcall.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/check.h"
#include "priv/engine.h"
#include "priv/launch.h"
#include "priv/paths.h"
#include "priv/place.h"
#include "priv/priv.h"
#include "priv/wire.h"
#include "secret.h"
#include "systemd.h"

#define LOCK_WAIT_MS 100
#define LOCK_TRIES   100u

struct server {
	const struct conf *conf;
	struct priv_paths paths;
	struct engine_user engine;
	struct hvcall *hv;
	int lock;
	struct priv_packet rq, answer;
};

static void add_fd(struct priv_packet *p, int fd)
{
	p->fds[p->nr_fds++] = fd;
}

/* An error and its sentence, which is freed. */
static int fail(struct server *s, int err, char *error)
{
	if (error)
		priv_add_string(&s->answer, error);
	free(error);
	return err;
}

static const char *next_string(struct server *s, size_t *at)
{
	return priv_next_string(&s->rq, at);
}

/* ---- The hypervisor ---- */

static int do_control(struct server *s)
{
	struct hvabi_request rq;
	char bulk[PRIV_TEXT_MAX - sizeof(rq)];
	size_t n = sizeof(bulk);
	int err;

	if (s->rq.head.size != sizeof(rq))
		return -EPERM;
	memcpy(&rq, s->rq.text, sizeof(rq));
	if (!check_control(&rq))
		return -EPERM;
	err = hvcall_forward(s->hv, &rq, bulk, &n);
	if (err)
		return err;
	priv_add_bytes(&s->answer, &rq, sizeof(rq));
	return priv_add_bytes(&s->answer, bulk, n);
}

static int do_param_set(struct server *s)
{
	const uint64_t *number = s->rq.head.number;

	if (!check_param(number[0], number[1], number[2]))
		return -EPERM;
	return hvcall_hvm_param_set(s->hv, (uint16_t)number[0], (uint32_t)number[1], number[2]);
}

static int do_alloc_unbound(struct server *s)
{
	const uint64_t *number = s->rq.head.number;
	uint32_t port = 0;
	int err;

	if (!check_guest(number[0]) || number[1] != 0)
		return -EPERM;
	err = hvcall_evtchn_alloc_unbound(s->hv, (uint16_t)number[0], 0, &port);
	s->answer.head.number[0] = port;
	return err;
}

static int do_guest_loan(struct server *s)
{
	const uint64_t *number = s->rq.head.number;
	uint64_t offset = 0;
	int fd = -1, err;

	if (!check_loan(number[0], number[1]))
		return -EPERM;
	err = guest_loan_open((uint16_t)number[0], (uint32_t)number[1], &fd, &offset);
	if (err)
		return err;
	add_fd(&s->answer, fd);
	s->answer.head.number[0] = offset;
	return 0;
}

/* ---- Files and interfaces ---- */

/* Where an open file really lies is known only when it is open: a name can change what it means. */
static int check_image(const char *path, struct image *image, char **ret_error)
{
	const char *folder = place_check_image(image->fd);

	if (!folder)
		return 0;
	close(image->fd);
	*ret_error = xasprintf("image %s: what lies in %s is never a guest's disk", path, folder);
	return -EPERM;
}

static int do_image(struct server *s)
{
	struct image image = { .fd = -1 };
	char *error = NULL;
	size_t at = 0;
	const char *path = next_string(s, &at);
	int err;

	if (!path || path[0] != '/')
		return -EPERM;
	err = image_open(path, s->rq.head.number[0] != 0, &image, &error);
	if (!err)
		err = check_image(path, &image, &error);
	if (err)
		return fail(s, err, error);
	s->answer.head.number[0] = image.discard_granularity;
	add_fd(&s->answer, image.fd);
	return 0;
}

static int do_secret(struct server *s)
{
	char *error = NULL;
	size_t at = 0;
	const char *name = next_string(s, &at);
	int fd = -1, err;

	if (!name)
		return -EPERM;
	err = secret_open(s->conf->secrets_dir, name, &fd, &error);
	if (err)
		return fail(s, err, error);
	add_fd(&s->answer, fd);
	return 0;
}

static int do_tap(struct server *s)
{
	char *error = NULL;
	size_t at = 0;
	const char *bridge = next_string(s, &at), *name = next_string(s, &at);
	int fd = -1, err;

	if (!bridge || !name || s->rq.head.number[0] > 65535)
		return -EPERM;
	if (!check_interface(name) && strlen(name) < 16)
		return -EPERM;
	err = bridge_add_tap(bridge, name, (unsigned int)s->rq.head.number[0], &fd, &error);
	if (err)
		return fail(s, err, error);
	add_fd(&s->answer, fd);
	return 0;
}

/* ---- Processes ---- */

static int do_backend(struct server *s)
{
	const uint64_t *number = s->rq.head.number;
	size_t at = 0;
	const char *name = next_string(s, &at);
	pid_t pid = 0;
	int err;

	if (number[0] >= NR_PROCESSES || !check_guest(number[1]) || !name || !check_name(name) || s->rq.nr_fds != 2)
		return -EPERM;
	err = launch_backend(s->paths.programs[number[0]], s->paths.user, s->paths.chroot_dir,
			     (uint16_t)number[1], name, s->rq.fds[0], s->rq.fds[1], &pid);
	s->answer.head.number[0] = (uint64_t)pid;
	return err;
}

static int do_image_job(struct server *s)
{
	pid_t pid = 0;
	int err;

	if (s->rq.nr_fds != 1)
		return -EPERM;
	err = launch_image_job(s->conf->image_program, s->conf->image_folders, s->rq.fds[0], &pid);
	s->answer.head.number[0] = (uint64_t)pid;
	return err;
}

static int do_build(struct server *s)
{
	struct priv_build build;
	struct domain_spec spec = { 0 };
	struct build_process process = {
		.spec = &spec,
		.report = s->rq.fds[0],
		.lock = s->lock,
		.user = s->paths.user,
		.chroot_dir = s->paths.chroot_dir,
	};
	size_t at = sizeof(build);
	const char *name, *kernel, *initrd, *cmdline;
	pid_t pid = 0;
	int err;

	if (!check_guest(s->rq.head.number[0]) || s->rq.head.size < sizeof(build))
		return -EPERM;
	memcpy(&build, s->rq.text, sizeof(build));
	name = next_string(s, &at);
	kernel = next_string(s, &at);
	initrd = next_string(s, &at);
	cmdline = next_string(s, &at);
	if (!check_build(&build, s->rq.nr_fds, name, kernel, initrd, cmdline))
		return -EPERM;
	spec.name = (char *)(uintptr_t)name;
	spec.kernel = (char *)(uintptr_t)kernel;
	spec.initrd = *initrd ? (char *)(uintptr_t)initrd : NULL;
	spec.cmdline = (char *)(uintptr_t)cmdline;
	spec.memory_bytes = build.memory_bytes;
	spec.nr_vcpus = build.nr_vcpus;
	spec.nr_vcpus_online = build.nr_vcpus_online;
	for (unsigned int i = 0; i < build.nr_entries; i++)
		build.entries[i].fd = s->rq.fds[i + 1];
	process.domid = (uint16_t)s->rq.head.number[0];
	process.entries = build.entries;
	process.nr_entries = build.nr_entries;
	log_set_level(build.log_level < LOG_LEVEL_DEBUG ? (enum log_level)build.log_level : LOG_LEVEL_DEBUG);
	err = build_process_start(&process, &pid);
	s->answer.head.number[0] = (uint64_t)pid;
	return err;
}

static int do_kill(struct server *s)
{
	return launch_kill((pid_t)s->rq.head.number[0], s->rq.head.number[1]);
}

static int do_wait(struct server *s)
{
	siginfo_t si = { 0 };
	int err = launch_wait((pid_t)s->rq.head.number[0], s->rq.head.number[1] != 0, &si);

	s->answer.head.number[0] = (uint64_t)si.si_code;
	s->answer.head.number[1] = (uint64_t)si.si_status;
	return err;
}

static int do_own_definitions(struct server *s)
{
	return engine_own_definitions(s->conf, &s->engine);
}

/* ---- The end ---- */

static int do_unlink_sockets(struct server *s)
{
	uint64_t which = s->rq.head.number[0];

	if (which & PRIV_SOCKET_CONTROL)
		unlink(s->conf->socket);
	if (which & PRIV_SOCKET_READ)
		unlink(s->paths.read_only_socket);
	if (which & PRIV_SOCKET_XENSTORE)
		unlink(s->conf->xenstore_socket);
	return 0;
}

/* ---- The loop ---- */

static int (*const handlers[])(struct server *s) = {
	[PRIV_CONTROL] = do_control,
	[PRIV_PARAM_SET] = do_param_set,
	[PRIV_ALLOC_UNBOUND] = do_alloc_unbound,
	[PRIV_GUEST_LOAN] = do_guest_loan,
	[PRIV_IMAGE] = do_image,
	[PRIV_SECRET] = do_secret,
	[PRIV_TAP] = do_tap,
	[PRIV_BACKEND] = do_backend,
	[PRIV_IMAGE_JOB] = do_image_job,
	[PRIV_BUILD] = do_build,
	[PRIV_KILL] = do_kill,
	[PRIV_WAIT] = do_wait,
	[PRIV_UNLINK_SOCKETS] = do_unlink_sockets,
	[PRIV_OWN_DEFINITIONS] = do_own_definitions,
};

static void serve_one(struct server *s)
{
	uint32_t op = s->rq.head.op;
	int err;

	priv_begin(&s->answer, op);
	if (op >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[op])
		err = -ENOSYS;
	else
		err = handlers[op](s);
	s->answer.head.err = err;
	if ((err == -EPERM && !s->answer.head.size) || err == -ENOSYS)
		log_warning("request %u was refused", op);
}

static void serve(struct server *s, int sock)
{
	int err;

	while (!(err = priv_receive(sock, &s->rq))) {
		serve_one(s);
		err = priv_send(sock, &s->answer);
		priv_close_fds(&s->rq);
		priv_close_fds(&s->answer);
		if (err)
			break;
	}
	if (err != -EPIPE)
		log_error("the engine cannot be served any more: %s", strerror(-err));
}

/* True when the engine has gone meanwhile. */
static bool engine_is_gone(int sock, int wait_ms)
{
	struct pollfd fd = { .fd = sock };

	return poll(&fd, 1, wait_ms) > 0 && fd.revents & POLLHUP;
}

static void take_lock(struct server *s, int sock)
{
	char *path = xasprintf("%s/lock", s->conf->run_dir);
	unsigned int tries = 0;

	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (s->lock >= 0 && flock(s->lock, LOCK_EX | LOCK_NB) && tries++ < LOCK_TRIES)
		if (engine_is_gone(sock, LOCK_WAIT_MS))
			_exit(1);
	/*
	 * Another hvd runs, which the engine is going to find out; or a builder hangs, and must not
	 * stop us for ever.
	 */
	if (s->lock < 0 || tries > LOCK_TRIES)
		log_warning("%s is held by a process of another hvd", path);
	free(path);
}

void priv_server_main(const struct conf *conf, int sock, pid_t parent)
{
	static struct server s;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* No "hvd-" in it, which is what back ends are known by. */
	prctl(PR_SET_NAME, "hvd:priv");
	/* A terminal and a service manager mean the engine. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	systemd_forget();

	s.conf = conf;
	priv_paths_init(&s.paths, conf);
	place_limit_images(conf->image_folders);
	if (engine_find_user(conf, &s.engine))
		_exit(1);
	take_lock(&s, sock);
	err = hvcall_open(&s.hv);
	if (err) {
		log_error("cannot open /dev/xen/privcmd (is this the control domain, and the module xen-privcmd "
			  "loaded?): %s", strerror(-err));
		_exit(1);
	}
	serve(&s, sock);
	_exit(0);
}
