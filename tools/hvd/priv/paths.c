/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs and users; the contract is in paths.h.
 */
#include "priv/paths.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/device.h"
#include "conf.h"
#include "lib/xmem.h"

static char *chosen(const char *configured, const char *preset)
{
	return xstrdup(configured ? configured : preset);
}

void priv_paths_init(struct priv_paths *paths, const struct conf *conf)
{
	const char *slash = strrchr(conf->socket, '/');

	paths->programs[PROCESS_BLK] = chosen(conf->blk_program, HVD_LIBEXECDIR "/hvd-blk");
	paths->programs[PROCESS_RBD] = xstrdup(HVD_LIBEXECDIR "/hvd-blk-rbd");
	paths->programs[PROCESS_NET] = chosen(conf->net_program, HVD_LIBEXECDIR "/hvd-net");
	paths->user = chosen(conf->user, getpwnam("hvd") ? "hvd" : "nobody");
	paths->chroot_dir = xstrdup("/run/hvd/empty");
	paths->read_only_socket = conf->read_only_socket ?
					  xstrdup(conf->read_only_socket) :
					  xasprintf("%.*s/hvd-ro.sock", (int)(slash - conf->socket), conf->socket);
	/* What may not be made is reported when the first process starts. */
	mkdir("/run/hvd", 0755);
	mkdir(paths->chroot_dir, 0555);
}
