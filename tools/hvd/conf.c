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
#include "metrics/http.h"
#include "metrics/threshold.h"

#define CONF_SIZE_MAX 65536u

static const struct {
	const char *key;
	size_t field; /* a char * of struct conf */
	const char *preset;
	bool is_path, is_live; /* it may change while hvd runs */
} strings[] = {
	{ "socket", offsetof(struct conf, socket), "/run/hvd/hvd.sock", true, false },
	{ "group", offsetof(struct conf, group), "hvd", false, false },
	{ "read-only-socket", offsetof(struct conf, read_only_socket), NULL, true, false },
	{ "read-only-group", offsetof(struct conf, read_only_group), "hvd-ro", false, false },
	{ "run-dir", offsetof(struct conf, run_dir), "/run/hvd", true, false },
	{ "xenstore-socket", offsetof(struct conf, xenstore_socket), "/run/xenstored/socket", true, false },
	{ "domains-dir", offsetof(struct conf, domains_dir), HVD_CONFDIR "/domains", true, false },
	{ "history-dir", offsetof(struct conf, history_dir), "/var/lib/hvd/history", true, false },
	{ "console-dir", offsetof(struct conf, console_dir), "/var/log/hv/console", true, false },
	{ "blk-program", offsetof(struct conf, blk_program), NULL, true, false },
	{ "net-program", offsetof(struct conf, net_program), NULL, true, false },
	{ "image-program", offsetof(struct conf, image_program), HVD_LIBEXECDIR "/hvd-image", true, false },
	{ "secrets-dir", offsetof(struct conf, secrets_dir), HVD_CONFDIR "/secrets", true, false },
	{ "image-folders", offsetof(struct conf, image_folders), NULL, true, false },
	{ "user", offsetof(struct conf, user), NULL, false, false },
	{ "metrics-listen", offsetof(struct conf, metrics_listen), "127.0.0.1:9177", false, true },
	{ "metrics-per-vcpu", offsetof(struct conf, metrics_per_vcpu), "yes", false, true },
	{ "thresholds", offsetof(struct conf, thresholds), NULL, false, true },
};
#define NR_STRINGS (sizeof(strings) / sizeof(strings[0]))

/* Those that are no strings, and all may change while hvd runs: this one, and after it the numbers. */
#define LOG_LEVEL_KEY "log-level"

static const struct {
	const char *key;
	size_t field; /* an unsigned int of struct conf */
	unsigned int preset, min, max;
} numbers[] = {
	{ "console-bytes-per-second", offsetof(struct conf, console_rate), 262144, 0, 1u << 30 },
	{ "xenstore-requests-per-second", offsetof(struct conf, xenstore_rate), 1000, 0, 1u << 30 },
	{ "xenstore-nodes", offsetof(struct conf, xenstore_nodes), 1000, 64, 1u << 20 },
	{ "xenstore-watches", offsetof(struct conf, xenstore_watches), 128, 16, 1u << 16 },
	{ "xenstore-transactions", offsetof(struct conf, xenstore_transactions), 10, 1, 1000 },
};
#define NR_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))
_Static_assert(NR_STRINGS + 1 + NR_NUMBERS <= CONF_KEYS_MAX, "each key has its line");

static char **field(struct conf *conf, size_t i)
{
	return (char **)((char *)conf + strings[i].field);
}

static unsigned int *number(const struct conf *conf, size_t i)
{
	return (unsigned int *)((char *)conf + numbers[i].field);
}

void conf_init(struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < NR_STRINGS; i++)
		*field(conf, i) = strings[i].preset ? xstrdup(strings[i].preset) : NULL;
	for (size_t i = 0; i < NR_NUMBERS; i++)
		*number(conf, i) = numbers[i].preset;
	conf->log_level = LOG_LEVEL_INFO;
}

void conf_fini(struct conf *conf)
{
	for (size_t i = 0; i < NR_STRINGS; i++)
		free(*field(conf, i));
}

static int set_number(struct conf *conf, size_t i, const char *value, char **ret_error)
{
	size_t n = strlen(value);
	unsigned long parsed = n && n < 12 && strspn(value, "0123456789") == n ? strtoul(value, NULL, 10) :
										 ~0ul;

	if (parsed < numbers[i].min || parsed > numbers[i].max) {
		*ret_error = xasprintf("%s: '%.40s' is not a number from %u to %u", numbers[i].key, value,
				       numbers[i].min, numbers[i].max);
		return -EINVAL;
	}
	*number(conf, i) = (unsigned int)parsed;
	return 0;
}

/* What a value must be beyond a name or a path; NULL: fine. */
static const char *check_value(const char *key, const char *value)
{
	struct threshold rules[THRESHOLDS_MAX];
	unsigned int nr;
	uint16_t port;
	char host[64];

	if (!strcmp(key, "thresholds"))
		return threshold_parse_list(value, rules, &nr);
	if (!strcmp(key, "metrics-listen") && strcmp(value, "off") &&
	    http_parse_listen(value, host, &port))
		return "neither ADDRESS:PORT (no name) nor \"off\"";
	if (!strcmp(key, "metrics-per-vcpu") && strcmp(value, "yes") && strcmp(value, "no"))
		return "neither yes nor no";
	return NULL;
}

static int set_value(struct conf *conf, const char *key, const char *value, char **ret_error)
{
	const char *why;

	if (!strcmp(key, LOG_LEVEL_KEY)) {
		if (log_level_parse(value, &conf->log_level))
			return 0;
		*ret_error = xasprintf("log-level '%.40s' is none of error, warning, info, debug", value);
		return -EINVAL;
	}
	for (size_t i = 0; i < NR_NUMBERS; i++)
		if (!strcmp(key, numbers[i].key))
			return set_number(conf, i, value, ret_error);
	for (size_t i = 0; i < NR_STRINGS; i++) {
		if (strcmp(key, strings[i].key))
			continue;
		if (!*value || (strings[i].is_path && value[0] != '/')) {
			*ret_error = xasprintf("%s: '%.200s' is not a %s", key, value,
					       strings[i].is_path ? "path that starts with '/'" : "name");
			return -EINVAL;
		}
		why = check_value(key, value);
		if (why) {
			*ret_error = xasprintf("%s: '%.200s': %s", key, value, why);
			return -EINVAL;
		}
		free(*field(conf, i));
		*field(conf, i) = xstrdup(value);
		return 0;
	}
	*ret_error = xasprintf("unknown setting '%.80s'", key);
	return -EINVAL;
}

/* Where a key that exists has its line. */
static size_t place_of(const char *key)
{
	size_t i = 0;

	while (i + 1 < conf_nr_keys() && strcmp(conf_key(i), key))
		i++;
	return i;
}

int conf_set(struct conf *conf, const char *key, const char *value, char **ret_error)
{
	int err = set_value(conf, key, value, ret_error);

	if (!err)
		conf->lines[place_of(key)] = 0;
	return err;
}

unsigned int conf_line(const struct conf *conf, const char *key)
{
	return conf->lines[place_of(key)];
}

size_t conf_nr_keys(void)
{
	return NR_STRINGS + 1 + NR_NUMBERS;
}

const char *conf_key(size_t i)
{
	if (i < NR_STRINGS)
		return strings[i].key;
	return i == NR_STRINGS ? LOG_LEVEL_KEY : numbers[i - NR_STRINGS - 1].key;
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
	for (size_t i = 0; i < NR_NUMBERS; i++)
		if (!strcmp(key, numbers[i].key))
			return xasprintf("%u", *number(conf, i));
	return xstrdup(log_level_name(conf->log_level));
}

bool conf_changes_live(const char *key)
{
	for (size_t i = 0; i < NR_STRINGS; i++)
		if (!strcmp(key, strings[i].key))
			return strings[i].is_live;
	return true;
}

void conf_apply_live(struct conf *conf, const struct conf *new)
{
	conf->log_level = new->log_level;
	for (size_t i = 0; i < NR_NUMBERS; i++)
		*number(conf, i) = *number(new, i);
	for (size_t i = 0; i < NR_STRINGS; i++) {
		const char *value = *field((struct conf *)new, i);

		if (!strings[i].is_live)
			continue;
		free(*field(conf, i));
		*field(conf, i) = value ? xstrdup(value) : NULL;
	}
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

static int parse_line(struct conf *conf, char *line, unsigned int nr, char **ret_error)
{
	char *equals, *text = trim(line), *key;
	int err;

	if (!*text || *text == '#')
		return 0;
	equals = strchr(text, '=');
	if (!equals) {
		*ret_error = xasprintf("not a line like \"key = value\"");
		return -EINVAL;
	}
	*equals = '\0';
	key = trim(text);
	err = conf_set(conf, key, trim(equals + 1), ret_error);
	if (!err)
		conf->lines[place_of(key)] = nr;
	return err;
}

int conf_parse(struct conf *conf, const char *text, const char *name, char **ret_error)
{
	char *copy = xstrdup(text), *at = copy, *line, *reason = NULL;
	unsigned int nr = 0;
	int err = 0;

	while (!err && (line = strsep(&at, "\n"))) {
		nr++;
		err = parse_line(conf, line, nr, &reason);
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
