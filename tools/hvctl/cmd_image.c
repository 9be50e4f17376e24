/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl image: images of disks, in a Ceph cluster or as files.
 *
 * hvd has a process do the work; what we do here is names, and telling how far it is.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hvctl.h"
#include "image/name.h"
#include "lib/xmem.h"

#define USER_DEFAULT "hvd"

struct arguments {
	int argc;
	char **argv; /* what is left of them after the options */
	struct json_object *rq;
};

static const struct {
	const char *name;
	const char *arguments;
	unsigned int nr; /* of arguments */
	const char *help;
} actions[] = {
	{ "list", "[--details] POOL | FOLDER", 1, "the images there" },
	{ "info", "[--details] IMAGE", 1, "size, parent, snapshots, who has it open, who holds its lock" },
	{ "create", "IMAGE SIZE", 2, "a new, empty image" },
	{ "clone", "[--flatten] IMAGE@SNAPSHOT IMAGE", 2, "an image that begins as another one" },
	{ "flatten", "IMAGE", 1, "makes a clone independent of its parent" },
	{ "snap", "create | remove | rollback IMAGE@SNAPSHOT", 2, "snapshots" },
	{ "resize", "[--shrink] IMAGE SIZE", 2, "a guest that runs on it is told" },
	{ "import", "FILE IMAGE", 2, "a new image from a raw file" },
	{ "export", "IMAGE[@SNAPSHOT] FILE", 2, "a raw file from an image" },
	{ "remove", "IMAGE", 1, "for good" },
	{ "lock", "[--note TEXT] IMAGE", 1, "nobody else can write to it" },
	{ "unlock", "[--force] IMAGE", 1, "takes a lock away; --force: also that of a client that lives" },
};
#define NR_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static int show_usage(FILE *to, int status)
{
	fputs("usage: hvctl image ACTION ...\n\n", to);
	for (size_t i = 0; i < NR_ACTIONS; i++)
		fprintf(to, "  %-8s %s\n             %s\n", actions[i].name, actions[i].arguments,
			actions[i].help);
	fputs("\nAn IMAGE is POOL[/NAMESPACE]/IMAGE, or the path of a file: with a / or ./ at its begin.\n"
	      "A SIZE is a number of bytes, or one with K, M, G, T.\n\n"
	      "  --host HOST[:PORT]   a monitor; may be repeated (of the configuration file)\n"
	      "  --config FILE        the cluster's configuration (/etc/ceph/ceph.conf)\n"
	      "  --user NAME          its user, without 'client.' (" USER_DEFAULT ")\n"
	      "  --secret NAME        the secret with the user's key (the same as the user)\n", to);
	return status;
}

/* ---- The request ---- */

static void add_string(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

/* The path of a file that may not exist yet, from the root: hvd has another working directory. */
static char *whole_path(const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return xstrdup(path);
	while (!strncmp(path, "./", 2))
		path += 2;
	return xasprintf("%s/%s", cwd, path);
}

/* A path is one that looks like one; all else is in a cluster. */
static void add_image(struct json_object *rq, const char *key, const char *name)
{
	char *path;

	if (!strncmp(name, "rbd:", 4)) {
		add_string(rq, key, name + 4);
	} else if (name[0] == '.' || name[0] == '/') {
		path = whole_path(name);
		add_string(rq, key, path);
		free(path);
	} else {
		add_string(rq, key, name);
	}
}

static void add_file(struct json_object *rq, const char *path)
{
	char *whole = whole_path(path);

	add_string(rq, "file", whole);
	free(whole);
}

static bool add_size(struct json_object *rq, const char *text)
{
	unsigned long long bytes;

	if (!image_size_parse(text, &bytes)) {
		complain(0, "'%s' is not a size like 4096, 512M or 10G", text);
		return false;
	}
	json_object_object_add(rq, "size", json_object_new_int64((int64_t)bytes));
	return true;
}

static void add_cluster(struct arguments *a)
{
	struct json_object *cluster = json_object_new_object(), *hosts = json_object_new_array();
	const char *value, *user = USER_DEFAULT;

	while ((value = take_option(&a->argc, a->argv, "host")))
		json_object_array_add(hosts, json_object_new_string(value));
	json_object_object_add(cluster, "hosts", hosts);
	value = take_option(&a->argc, a->argv, "config");
	if (value) {
		char *path = whole_path(value);

		add_string(cluster, "config", path);
		free(path);
	}
	value = take_option(&a->argc, a->argv, "user");
	if (value)
		user = value;
	add_string(cluster, "user", user);
	value = take_option(&a->argc, a->argv, "secret");
	add_string(cluster, "secret", value ? value : user);
	json_object_object_add(a->rq, "cluster", cluster);
}

static void add_flag(struct arguments *a, const char *action, const char *name)
{
	if (!strcmp(a->argv[1], action) && take_flag(&a->argc, a->argv, name))
		json_object_object_add(a->rq, name, json_object_new_boolean(true));
}

static void add_flags(struct arguments *a)
{
	const char *note;

	add_flag(a, "list", "details");
	add_flag(a, "info", "details");
	add_flag(a, "clone", "flatten");
	add_flag(a, "resize", "shrink");
	add_flag(a, "unlock", "force");
	if (!strcmp(a->argv[1], "lock") && (note = take_option(&a->argc, a->argv, "note")))
		add_string(a->rq, "note", note);
}

/* What stands behind the action; false: complained. */
static bool add_arguments(struct arguments *a, const char *action)
{
	char **rest = a->argv + 2;

	if (!strcmp(action, "import")) {
		add_file(a->rq, rest[0]);
		add_image(a->rq, "image", rest[1]);
	} else if (!strcmp(action, "snap")) {
		char *which = xasprintf("snap-%s", rest[0]);
		bool known = !strcmp(rest[0], "create") || !strcmp(rest[0], "remove") ||
			     !strcmp(rest[0], "rollback");

		add_string(a->rq, "action", which);
		free(which);
		add_image(a->rq, "image", rest[1]);
		if (!known)
			complain(0, "'%s' is none of create, remove, rollback", rest[0]);
		return known;
	} else {
		add_image(a->rq, "image", rest[0]);
		if (!strcmp(action, "export"))
			add_file(a->rq, rest[1]);
		else if (!strcmp(action, "clone"))
			add_image(a->rq, "to", rest[1]);
		else if (!strcmp(action, "create") || !strcmp(action, "resize"))
			return add_size(a->rq, rest[1]);
	}
	return true;
}

static int make_request(struct arguments *a)
{
	size_t i;

	if (a->argc < 2)
		return show_usage(stderr, EXIT_USAGE);
	for (i = 0; i < NR_ACTIONS && strcmp(actions[i].name, a->argv[1]); i++)
		;
	if (i == NR_ACTIONS)
		return complain(EXIT_USAGE, "'%s' is not done to images; 'hvctl image --help' tells what is",
				a->argv[1]);
	add_string(a->rq, "action", a->argv[1]);
	add_cluster(a);
	add_flags(a);
	if (a->argc != 2 + (int)actions[i].nr) {
		fprintf(stderr, "usage: hvctl image %s %s\n", actions[i].name, actions[i].arguments);
		return EXIT_USAGE;
	}
	return add_arguments(a, a->argv[1]) ? EXIT_OK : EXIT_USAGE;
}

int cmd_image(int argc, char **argv)
{
	struct arguments a = { argc, argv, conn_request("image", NULL) };
	struct json_object *result;
	const char *image;
	int status;

	if (argc == 2 && !strcmp(argv[1], "help")) {
		json_object_put(a.rq);
		return show_usage(stdout, EXIT_OK);
	}
	status = make_request(&a);
	if (status != EXIT_OK) {
		json_object_put(a.rq);
		return status;
	}
	image = json_line_string(a.rq, "image");
	/* A file needs no cluster and no key. */
	if (image[0] == '/')
		json_object_object_del(a.rq, "cluster");
	status = conn_call_long(a.rq, argv[1], &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		image_print(argv[1], result);
	json_object_put(result);
	return EXIT_OK;
}
