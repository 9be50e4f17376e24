/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the engine becomes what it is: folders of its own, a user of its own, no privileges.
 */
#ifndef PRIV_ENGINE_H
#define PRIV_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

struct conf;

struct engine_user {
	bool is_other; /* false: hvd was not started as root, and stays whom it is */
	uid_t uid;
	gid_t gid;
	char name[32];
};

/*
 * "hvd-engine" where it exists, else whom the back ends become. -ENOENT: neither exists; -EINVAL: it is
 * root.
 */
int engine_find_user(const struct conf *conf, struct engine_user *ret);

/*
 * The folders that the engine writes in, and what an earlier hvd has left there, become its own. What
 * is not a plain file or socket of root's with one name stays as it is: the engine must not choose what
 * is given to it. Those that guests cannot do without are an error when they cannot be made.
 */
int engine_make_folders(const struct conf *conf, const struct engine_user *user);

/* The same for the definitions alone, which are also edited by hand. */
int engine_own_definitions(const struct conf *conf, const struct engine_user *user);

/*
 * From here on: the engine's user and group and no others, no capabilities, no new privileges, no core
 * dumps, and the walls of walls.h. Looks whether the folders can be reached. Logs what fails.
 */
int engine_drop(const struct conf *conf, const struct engine_user *user, const char *conf_path);

#endif
