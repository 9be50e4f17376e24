/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asker: an engine that has become somebody's tool. It has the real privileged half over the pretended
 * hypervisor, and asks for what an honest engine never would. TAP.
 *
 *	asker RUN_DIR SECRETS_DIR FILE
 *
 * FILE has the size of a disk, and lies where the host's own are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/hvm/params.h>
#include <xen/xen.h>

#include <hvabi/control.h>

#include "backend/image.h"
#include "conf.h"
#include "domain/layout.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "priv/priv.h"
#include "priv/server.h"
#include "priv/wire.h"

static unsigned int nr;
static bool failed;

static void __attribute__((format(printf, 2, 3))) ok(bool good, const char *what, ...)
{
	va_list ap;

	failed |= !good;
	printf("%sok %u - ", good ? "" : "not ", ++nr);
	va_start(ap, what);
	vprintf(what, ap);
	va_end(ap);
	printf("\n");
}

static int control(uint32_t op, uint16_t domid, uint64_t extra)
{
	struct hvabi_request rq = { .op = op, .size = sizeof(rq), .domid = domid };

	if (op == HVABI_DOMAIN_CREATE) {
		rq.u.create.max_frames = 1024;
		rq.u.create.max_vcpus = 1;
		rq.u.create.flags = (uint32_t)extra;
	}
	return priv_control(&rq, NULL, NULL);
}

static void ask_the_hypervisor(void)
{
	static const uint32_t builders[] = { HVABI_COPY_TO, HVABI_COPY_FROM, HVABI_VCPU_ENTRY };
	uint64_t offset;
	uint32_t port;
	int fd;

	ok(control(HVABI_HOST_INFO, 0, 0) == 0, "what it may ask is answered");
	for (size_t i = 0; i < sizeof(builders) / sizeof(builders[0]); i++)
		ok(control(builders[i], 1, 0) == -EPERM, "a builder's operation %u", builders[i]);
	ok(control(HVABI_DOMAIN_DESTROY, 0, 0) == -EPERM, "the end of the control domain");
	ok(control(HVABI_DOMAIN_PAUSE, 0x7ff0, 0) == -EPERM, "its rest");
	ok(control(HVABI_DOMAIN_CREATE, 0, 2) == -EPERM, "a domain with flags that nobody knows");
	ok(control(4711, 1, 0) == -EPERM, "an operation that does not exist");
	ok(control(HVABI_DOMAIN_CREATE, 0, 0) == 0, "a guest");
	ok(priv_param_set(1, HVM_PARAM_CALLBACK_IRQ, 1) == -EPERM, "a parameter that is the guest's own");
	ok(priv_param_set(0, HVM_PARAM_STORE_PFN, LAYOUT_XENSTORE_GFN) == -EPERM, "one of the control domain's");
	ok(priv_param_set(1, HVM_PARAM_STORE_PFN, 1) == -EPERM, "another page of the guest's");
	ok(priv_param_set(1, HVM_PARAM_STORE_PFN, LAYOUT_XENSTORE_GFN) == 0, "one of those that it needs");
	ok(priv_guest_loan(0, HVABI_GRANT_XENSTORE, &fd, &offset) == -EPERM, "the control domain's page");
	ok(priv_guest_loan(1, 2, &fd, &offset) == -EPERM, "what the guest lends somebody");
	ok(priv_guest_loan(1, HVABI_GRANT_XENSTORE, &fd, &offset) == -EINVAL, "the guest's page, which it has not");
	ok(priv_alloc_unbound(1, 1, &port) == -EPERM, "a port for somebody else");
	ok(priv_alloc_unbound(0, 0, &port) == -EPERM, "a port of the control domain's");
}

static bool image_is_refused(const char *path)
{
	struct image image = { .fd = -1 };
	char *error = NULL;
	int err = priv_image_open(path, true, &image, &error);
	bool told = error && strstr(error, "never a guest's");

	free(error);
	if (image.fd >= 0)
		close(image.fd);
	return err == -EPERM && told;
}

static void ask_for_files(const char *run_dir, const char *of_host)
{
	struct image image;
	char path[512], *error = NULL;
	int fd = -1;

	ok(image_is_refused(of_host), "a file of the host's as a disk");
	snprintf(path, sizeof(path), "%s/link", run_dir);
	unlink(path);
	if (symlink(of_host, path))
		abort();
	ok(image_is_refused(path), "and by another name");
	error = NULL;
	ok(priv_image_open("disk.img", true, &image, &error) == -EPERM, "a path that begins nowhere");
	free(error);
	error = NULL;
	ok(priv_secret_open("../x", &fd, &error) != 0 && fd < 0, "a secret's name that is a path");
	free(error);
	error = NULL;
	ok(priv_secret_open(".x", &fd, &error) != 0 && fd < 0, "a hidden one");
	free(error);
	error = NULL;
	ok(priv_add_tap("lo", "a/b", 0, &fd, &error) == -EPERM, "an interface with a path for a name");
	free(error);
}

static void ask_for_processes(void)
{
	struct domain_spec spec = { .name = (char *)(uintptr_t) "x", .kernel = (char *)(uintptr_t) "/x",
				    .cmdline = (char *)(uintptr_t) "", .memory_bytes = 1 << 20,
				    .nr_vcpus = 1, .nr_vcpus_online = 1 };
	pid_t sleeper = fork(), pid;
	siginfo_t si;
	int socks[2];

	if (sleeper == 0) {
		pause();
		_exit(0);
	}
	ok(priv_kill(sleeper, 1) == -ESRCH, "the death of a stranger");
	ok(priv_kill(1, 1) == -ESRCH && priv_kill(-1, 0) == -ESRCH && priv_kill(0, 0) == -ESRCH,
	   "of the first, of all, of a group");
	ok(!waitpid(sleeper, NULL, WNOHANG), "who lives");
	ok(priv_wait(sleeper, false, &si) == -ECHILD, "an end that is not its own");
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, socks))
		abort();
	ok(priv_backend_start(3, 1, "x", socks[0], socks[1], &pid) == -EPERM, "a program that is none");
	ok(priv_backend_start(0, 0, "x", socks[0], socks[1], &pid) == -EPERM, "a back end of the control domain");
	ok(priv_backend_start(0, 1, "a\nb", socks[0], socks[1], &pid) == -EPERM, "two lines for a name");
	ok(priv_build_start(0, &spec, NULL, 0, socks[0], &pid) == -EPERM, "the control domain built anew");
	spec.nr_vcpus = SPEC_VCPUS_MAX + 1;
	ok(priv_build_start(1, &spec, NULL, 0, socks[0], &pid) == -EPERM, "more processors than there are");
	spec.nr_vcpus = 1;
	spec.kernel = (char *)(uintptr_t) "vmlinuz";
	ok(priv_build_start(1, &spec, NULL, 0, socks[0], &pid) == -EPERM, "a kernel from nowhere");
	close(socks[0]);
	close(socks[1]);
}

/* What no function of client.c would send. */
static void say_nonsense(const struct conf *conf)
{
	static struct priv_packet p;
	int socks[2], status = 0;
	pid_t server;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		abort();
	server = fork();
	if (server == 0) {
		close(socks[0]);
		priv_server_main(conf, socks[1], getppid());
	}
	close(socks[1]);
	for (uint32_t op = 0; op < 20; op++) {
		priv_begin(&p, op);
		if (op == PRIV_UNLINK_SOCKETS || op == PRIV_OWN_DEFINITIONS) /* which have none */
			continue;
		if (priv_send(socks[0], &p) || priv_receive(socks[0], &p) || !p.head.err)
			break;
		priv_close_fds(&p);
		if (op == 19)
			ok(true, "nothing is done for empty requests");
	}
	if (nr && p.head.op != 19)
		ok(false, "request %u without arguments was not refused", p.head.op);
	/* Strings without an end. */
	priv_begin(&p, PRIV_IMAGE);
	priv_add_bytes(&p, "/etc/passwd", 11);
	ok(!priv_send(socks[0], &p) && !priv_receive(socks[0], &p) && p.head.err == -EPERM, "a string without an end");
	/* What is no packet is the end of it. */
	ok(send(socks[0], "x", 1, MSG_NOSIGNAL) == 1 && waitpid(server, &status, 0) == server && WIFEXITED(status),
	   "half a packet ends the privileged half");
	close(socks[0]);
}

int main(int argc, char **argv)
{
	char *reason = NULL;
	struct conf conf;

	if (argc != 4)
		return 99;
	log_init("asker", LOG_LEVEL_ERROR);
	conf_init(&conf);
	if (conf_set(&conf, "run-dir", argv[1], &reason) || conf_set(&conf, "secrets-dir", argv[2], &reason))
		return 99;
	setvbuf(stdout, NULL, _IONBF, 0);
	say_nonsense(&conf);
	if (priv_start(&conf))
		return 99;
	ask_the_hypervisor();
	ask_for_files(argv[1], argv[3]);
	ask_for_processes();
	priv_stop();
	printf("1..%u\n", nr);
	conf_fini(&conf);
	return failed;
}
