/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of the privileged half, once more and in other words; the contract is in priv_world.h. */
#include "priv_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hvabi/control.h>

#include "backend/device.h"
#include "backend/image.h"
#include "domain/build_process.h"
#include "domain/build_child.h"
#include "domain/spec.h"
#include "guest_loan.h"
#include "hvcall.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/check.h"
#include "priv/engine.h"
#include "priv/paths.h"
#include "priv/place.h"
#include "systemd.h"

#define FIRST_SPECIAL_DOMID 0x7ff0u

static char *image;

int world_fd(void)
{
	int fd = memfd_create("world", MFD_CLOEXEC);

	MUST(fd >= 0);
	return fd;
}

static void must_be_guest(uint16_t domid)
{
	MUST(domid >= 1 && domid < FIRST_SPECIAL_DOMID);
}

static void must_be_open(int fd)
{
	MUST(fd > STDERR_FILENO && fcntl(fd, F_GETFD) >= 0);
}

/* One line, and not a long one. */
static void must_be_a_line(const char *s, size_t max)
{
	size_t n = strlen(s);

	MUST(n <= max);
	for (size_t i = 0; i < n; i++)
		MUST((unsigned char)s[i] >= 32 && s[i] != 127);
}

/* ---- The hypervisor ---- */

int hvcall_forward(struct hvcall *hv, struct hvabi_request *rq, void *bulk, size_t *bulk_size)
{
	(void)hv;
	MUST(rq->size == sizeof(*rq));
	switch (rq->op) {
	case HVABI_HOST_INFO:
		break;
	case HVABI_LOG_READ:
		/* As long as a real one can get. */
		memset(bulk, 'l', *bulk_size);
		return 0;
	case HVABI_DOMAIN_CREATE:
		MUST(rq->u.create.flags == 0);
		MUST(rq->domid < FIRST_SPECIAL_DOMID);
		break;
	case HVABI_DOMAIN_INFO:
	case HVABI_VCPU_INFO:
	case HVABI_SCHED_SET:
	case HVABI_SCHED_GET:
		MUST(rq->domid < FIRST_SPECIAL_DOMID);
		break;
	case HVABI_DOMAIN_DESTROY:
	case HVABI_DOMAIN_PAUSE:
	case HVABI_DOMAIN_UNPAUSE:
	case HVABI_SHUTDOWN:
	case HVABI_DIRTY:
		must_be_guest(rq->domid);
		break;
	default:
		abort();
	}
	*bulk_size = 0;
	return 0;
}

int hvcall_hvm_param_set(struct hvcall *hv, uint16_t domid, uint32_t index, uint64_t value)
{
	(void)hv;
	must_be_guest(domid);
	/* <xen/hvm/params.h>: store's page and port, console's page and port. */
	MUST(index == 1 || index == 2 || index == 17 || index == 18);
	MUST(index != 1 || value == 0xfefff);
	MUST(index != 17 || value == 0xfeffe);
	return 0;
}

int hvcall_evtchn_alloc_unbound(struct hvcall *hv, uint16_t domid, uint16_t remote_domid, uint32_t *ret_port)
{
	(void)hv;
	must_be_guest(domid);
	MUST(remote_domid == 0);
	*ret_port = 7;
	return 0;
}

int guest_loan_open(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset)
{
	must_be_guest(domid);
	MUST(loan == HVABI_GRANT_CONSOLE || loan == HVABI_GRANT_XENSTORE);
	*ret_fd = world_fd();
	*ret_offset = 4096;
	return 0;
}

/* ---- Files and interfaces ---- */

/* Whatever the name is, it exists. */
int image_open(const char *path, bool readonly, struct image *ret, char **ret_error)
{
	(void)readonly;
	(void)ret_error;
	MUST(path[0] == '/');
	free(image);
	image = xstrdup(path);
	*ret = (struct image){ .fd = world_fd() };
	return 0;
}

char *world_take_image(void)
{
	char *path = image;

	image = NULL;
	return path;
}

void place_limit_images(const char *folders)
{
	(void)folders;
}

/* As if the path had no links in it. */
const char *place_check_image(int fd)
{
	must_be_open(fd);
	return check_image_path(image, NULL);
}

int bridge_add_tap(const char *bridge, const char *name, unsigned int mtu, int *ret_fd, char **ret_error)
{
	size_t n = strlen(name);

	if (n > 15 || strlen(bridge) > 15) {
		*ret_error = xasprintf("%s or %s is too long", bridge, name);
		return -EINVAL;
	}
	MUST(n && mtu <= 65535);
	must_be_a_line(name, 15);
	MUST(!strpbrk(name, "/:% ") && name[0] != '.');
	*ret_fd = world_fd();
	return 0;
}

int world_unlink(const char *path)
{
	MUST(!strcmp(path, WORLD_SOCKET) || !strcmp(path, WORLD_READ_SOCKET) ||
	     !strcmp(path, WORLD_STORE_SOCKET));
	return 0;
}

int engine_own_definitions(const struct conf *conf, const struct engine_user *user)
{
	(void)conf;
	(void)user;
	return 0;
}

/* ---- Processes ---- */

/* Of us, who have no children and no back ends, nobody can want the end of anything. */
int world_kill(pid_t pid, int sig)
{
	(void)pid;
	(void)sig;
	abort();
}

int world_pidfd_send_signal(int fd, int sig, siginfo_t *si, unsigned int flags)
{
	(void)fd;
	(void)sig;
	(void)si;
	(void)flags;
	abort();
}

static void must_be_backend(char *const argv[])
{
	char *end;
	long domid;

	MUST(!strcmp(argv[1], "--domid") && !strcmp(argv[3], "--name"));
	MUST(!strcmp(argv[5], "--user") && !strcmp(argv[6], WORLD_USER));
	MUST(!strcmp(argv[7], "--chroot") && !strcmp(argv[8], WORLD_CHROOT) && !argv[9]);
	domid = strtol(argv[2], &end, 10);
	MUST(!*end && domid > 0 && domid < (long)FIRST_SPECIAL_DOMID);
	must_be_a_line(argv[4], SPEC_NAME_MAX);
}

int world_posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	(void)actions;
	(void)attr;
	(void)envp;
	MUST(!strcmp(path, argv[0]));
	if (!strcmp(path, WORLD_IMAGE))
		MUST(!argv[1]);
	else if (!strcmp(path, WORLD_BLK) || !strcmp(path, WORLD_RBD) || !strcmp(path, WORLD_NET))
		must_be_backend(argv);
	else
		abort();
	*ret_pid = 1000000000;
	return 0;
}

int build_process_start(const struct build_process *p, pid_t *ret_pid)
{
	const struct domain_spec *spec = p->spec;

	must_be_guest(p->domid);
	must_be_a_line(spec->name, SPEC_NAME_MAX);
	MUST(spec->kernel[0] == '/' && (!spec->initrd || spec->initrd[0] == '/'));
	MUST(strlen(spec->cmdline) <= SPEC_CMDLINE_MAX);
	MUST(spec->memory_bytes && spec->nr_vcpus >= 1 && spec->nr_vcpus <= SPEC_VCPUS_MAX);
	MUST(spec->nr_vcpus_online >= 1 && spec->nr_vcpus_online <= spec->nr_vcpus);
	MUST(!strcmp(p->user, WORLD_USER) && !strcmp(p->chroot_dir, WORLD_CHROOT));
	must_be_open(p->report);
	MUST(p->nr_entries <= KERNEL_ENTRIES_MAX);
	for (unsigned int i = 0; i < p->nr_entries; i++)
		must_be_open(p->entries[i].fd);
	*ret_pid = 1000000000;
	return 0;
}

/* ---- What only the start of the process needs ---- */

int hvcall_open(struct hvcall **ret_hv)
{
	(void)ret_hv;
	abort();
}

int engine_find_user(const struct conf *conf, struct engine_user *ret)
{
	(void)conf;
	(void)ret;
	abort();
}

void priv_paths_init(struct priv_paths *paths, const struct conf *conf)
{
	(void)paths;
	(void)conf;
	abort();
}

void systemd_forget(void)
{
	abort();
}

void log_message(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void log_set_level(enum log_level max_level)
{
	MUST(max_level <= LOG_LEVEL_DEBUG);
}
