/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd's settings; the contract is in conf.h.
 */
#include "conf.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"

#define CONF_SIZE_MAX 65536u

static const struct {
	const char *key;
	size_t field; /* a char * of struct conf */
	const char *preset;
	bool is_path;
} strings[] = {
	{ "socket", offsetof(struct conf, socket), "/run/hvd/hvd.sock", true },
	{ "group", offsetof(struct conf, group), "hvd", false },
	{ "read-only-socket", offsetof(struct conf, read_only_socket), NULL, true },
	{ "read-only-group", offsetof(struct conf, read_only_group), "hvd-ro", false },
	{ "run-dir", offsetof(struct conf, run_dir), "/run/hvd", true },
	{ "xenstore-socket", offsetof(struct conf, xenstore_socket), "/run/xenstored/socket", true },
	{ "domains-dir", offsetof(struct conf, domains_dir), HVD_CONFDIR "/domains", true },
	{ "console-dir", offsetof(struct conf, console_dir), "/var/log/hv/console", true },
	{ "blk-program", offsetof(struct conf, blk_program), NULL, true },
	{ "net-program", offsetof(struct conf, net_program), NULL, true },
	{ "user", offsetof(struct conf, user), NULL, false },
};
#define NR_STRINGS (sizeof(strings) / sizeof(strings[0]))

/* Those that are no strings, and may change while hvd runs. */
static const char *const others[] = { "log-level" };
#define NR_OTHERS (sizeof(others) / sizeof(others[0]))

static char **field(struct conf *conf, size_t i)
{
	return (char **)((char *)conf + strings[i].field);
}

void conf_init(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < NR_STRINGS; i++)
		*field(conf, i) = strings[i].preset ? xstrdup(strings[i].preset) : NULL;
	conf->log_level = LOG_LEVEL_INFO;
}

void conf_fini(struct conf *conf)
{
	for (size_t i = 0; i < NR_STRINGS; i++)
		free(*field(conf, i));
}

int conf_set(struct conf *conf, const char *key, const char *value, char **ret_error)
{
	if (!strcmp(key, "log-level")) {
		if (log_level_parse(value, &conf->log_level))
			return 0;
		*ret_error = xasprintf("log-level '%.40s' is none of error, warning, info, debug", value);
		return -EINVAL;
	}
	for (size_t i = 0; i < NR_STRINGS; i++) {
		if (strcmp(key, strings[i].key))
			continue;
		if (!*value || (strings[i].is_path && value[0] != '/')) {
			*ret_error = xasprintf("%s: '%.200s' is not a %s", key, value,
					       strings[i].is_path ? "path that starts with '/'" : "name");
			return -EINVAL;
		}
		free(*field(conf, i));
		*field(conf, i) = xstrdup(value);
		return 0;
	}
	*ret_error = xasprintf("unknown setting '%.80s'", key);
	return -EINVAL;
}

size_t conf_nr_keys(void)
{
	return NR_STRINGS + NR_OTHERS;
}

const char *conf_key(size_t i)
{
	return i < NR_STRINGS ? strings[i].key : others[i - NR_STRINGS];
}

char *conf_get(const struct conf *conf, const char *key)
{
	const char *value;

	for (size_t i = 0; i < NR_STRINGS; i++) {
		if (strcmp(key, strings[i].key))
			continue;
		value = *field((struct conf *)conf, i);
		return xstrdup(value ? value : "");
	}
	return xstrdup(log_level_name(conf->log_level));
}

bool conf_changes_live(const char *key)
{
	for (size_t i = 0; i < NR_OTHERS; i++)
		if (!strcmp(key, others[i]))
			return true;
	return false;
}

void conf_apply_live(struct conf *conf, const struct conf *new)
{
	conf->log_level = new->log_level;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		s[--n] = '\0';
	return s;
}

static int parse_line(struct conf *conf, char *line, char **ret_error)
{
	char *equals, *text = trim(line);

	if (!*text || *text == '#')
		return 0;
	equals = strchr(text, '=');
	if (!equals) {
		*ret_error = xasprintf("not a line like \"key = value\"");
		return -EINVAL;
	}
	*equals = '\0';
	return conf_set(conf, trim(text), trim(equals + 1), ret_error);
}

int conf_parse(struct conf *conf, const char *text, const char *name, char **ret_error)
{
	char *copy = xstrdup(text), *at = copy, *line, *reason = NULL;
	unsigned int nr = 0;
	int err = 0;

	while (!err && (line = strsep(&at, "\n"))) {
		nr++;
		err = parse_line(conf, line, &reason);
	}
	if (err) {
		*ret_error = xasprintf("%s:%u: %s", name, nr, reason);
		free(reason);
	}
	free(copy);
	return err;
}

int conf_read(struct conf *conf, const char *path, char **ret_error)
{
	char *text;
	size_t n;
	FILE *f;
	int err;

	f = fopen(path, "re");
	if (!f) {
		err = -errno;
		*ret_error = xasprintf("%s: %s", path, strerror(errno));
		return err;
	}
	text = xmalloc(CONF_SIZE_MAX + 1);
	n = fread(text, 1, CONF_SIZE_MAX, f);
	fclose(f);
	text[n] = '\0';
	err = conf_parse(conf, text, path, ret_error);
	free(text);
	return err;
}
