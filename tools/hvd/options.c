/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Defaults, file, command line, and all of them anew; the contract is in options.h.
 */
#include "options.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xmem.h"
#include "systemd.h"

struct reload {
	struct conf *conf;
	int argc;
	char **argv;
	struct systemd *systemd;
	struct event *on_hangup;
	const struct reload_calls *calls;
	void *arg;
};

void options_usage(FILE *to)
{
	fputs("usage: hvd [--config FILE] [--SETTING VALUE]...\n"
	      "       hvd --check [--config FILE] [--SETTING VALUE]...\n"
	      "Makes and keeps the guests of this host. --check shows what the settings come to, and\n"
	      "does nothing else. They are also in " CONF_PATH_DEFAULT ", see hvd.conf(5):\n",
	      to);
	for (size_t i = 0; i < conf_nr_keys(); i++)
		fprintf(to, "  %s\n", conf_key(i));
}

void options_print(const struct conf *conf, FILE *to)
{
	for (size_t i = 0; i < conf_nr_keys(); i++) {
		char *value = conf_get(conf, conf_key(i));

		fprintf(to, "%s%s =%s%s\n", *value ? "" : "#", conf_key(i), *value ? " " : "", value);
		free(value);
	}
}

/* ---- Reading ---- */

/* "--key value" or "--key=value" at argv[*i]; *i is moved over it. */
static int take_setting(struct conf *conf, int argc, char **argv, int *i, char **ret_error)
{
	char *key = xstrdup(argv[*i] + 2), *value = strchr(key, '='), *reason = NULL;
	int err;

	if (value)
		*value++ = '\0';
	else if (*i + 1 < argc)
		value = argv[++*i];
	err = value ? conf_set(conf, key, value, &reason) : -EINVAL;
	if (!value)
		*ret_error = xasprintf("--%s wants a value", key);
	else if (err)
		*ret_error = xasprintf("--%s", reason);
	free(reason);
	free(key);
	return err;
}

static int read_file(struct conf *conf, const char *path, char **ret_error)
{
	char *error = NULL;
	int err = conf_read(conf, path ? path : CONF_PATH_DEFAULT, &error);

	if (err && (err != -ENOENT || path)) {
		*ret_error = error;
		return -EINVAL;
	}
	free(error);
	return 0;
}

const char *options_path(int argc, char **argv)
{
	const char *path = CONF_PATH_DEFAULT;

	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--config"))
			path = argv[i + 1];
	return path;
}

int options_read(struct conf *conf, int argc, char **argv, char **ret_error)
{
	const char *path = NULL;
	int err;

	conf_init(conf);
	/* The file first, whichever place --config has, then the options over it. */
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--config"))
			path = argv[i + 1];
	err = read_file(conf, path, ret_error);
	for (int i = 1; !err && i < argc; i++) {
		if (!strcmp(argv[i], "--check"))
			continue;
		if (!strcmp(argv[i], "--config") && i + 1 < argc) {
			i++;
		} else if (strncmp(argv[i], "--", 2)) {
			*ret_error = xasprintf("'%s' is no option; hvd --help lists them", argv[i]);
			err = -EINVAL;
		} else {
			err = take_setting(conf, argc, argv, &i, ret_error);
		}
	}
	return err;
}

/* ---- Reading again ---- */

static void apply(struct conf *old, struct conf *new)
{
	for (size_t i = 0; i < conf_nr_keys(); i++) {
		const char *key = conf_key(i);
		char *before = conf_get(old, key), *after = conf_get(new, key);

		if (strcmp(before, after)) {
			if (conf_changes_live(key))
				log_info("%s is now '%s', was '%s'", key, after, before);
			else
				log_warning("%s = %s takes effect when hvd is restarted (guests run on)",
					    key, after);
		}
		free(before);
		free(after);
	}
	conf_apply_live(old, new);
	log_set_level(old->log_level);
}

/* What looks right but cannot be had, with its place. */
static int try_out(struct reload *r, const struct conf *new, char **ret_error)
{
	char *reason = NULL;
	const char *key = r->calls ? r->calls->try(r->arg, new, &reason) : NULL;

	if (!key)
		return 0;
	if (conf_line(new, key))
		*ret_error = xasprintf("%s:%u: %s: %s", options_path(r->argc, r->argv), conf_line(new, key), key,
				       reason);
	else
		*ret_error = xasprintf("%s: %s", key, reason);
	free(reason);
	return -EINVAL;
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct reload *r = arg;
	struct conf new;
	char *error = NULL;

	(void)sig;
	(void)what;
	if (options_read(&new, r->argc, r->argv, &error) || try_out(r, &new, &error)) {
		log_error("the settings stay as they were: %s", error);
		systemd_notify(r->systemd, "STATUS=Runs with its old settings: the new ones have a mistake");
		free(error);
	} else {
		log_info("the settings were read again");
		apply(r->conf, &new);
		if (r->calls)
			r->calls->done(r->arg);
		systemd_notify(r->systemd, "STATUS=Ready");
	}
	conf_fini(&new);
}

void reload_create(struct event_base *base, struct conf *conf, int argc, char **argv,
		   struct systemd *systemd, struct reload **ret_reload)
{
	struct reload *r = xcalloc(1, sizeof(*r));

	r->conf = conf;
	r->argc = argc;
	r->argv = argv;
	r->systemd = systemd;
	r->on_hangup = evsignal_new(base, SIGHUP, on_hangup, r);
	event_add(r->on_hangup, NULL);
	*ret_reload = r;
}

void reload_set_calls(struct reload *r, const struct reload_calls *calls, void *arg)
{
	r->calls = calls;
	r->arg = arg;
}

void reload_destroy(struct reload *r)
{
	if (!r)
		return;
	event_free(r->on_hangup);
	free(r);
}
