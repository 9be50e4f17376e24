/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From hvd's message, a configuration file and a keyring to a cluster handle.
 *
 * All that is read from files and asked of the resolver is read here: later there is an empty root
 * directory and no resolver. librados is therefore given addresses, not names, and the key itself, not the
 * name of a file. The key is nowhere else: not in a message, not on a command line, and it is wiped
 * from what we read it into.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/child.h"
#include "blk/rbd_disk.h"
#include "lib/xmem.h"

#define DEFAULT_CONFIG "/etc/ceph/ceph.conf"
#define KEYRING_MAX 16384
#define KEY_MAX 256
#define LEGACY_PORT 6789

struct setting {
	const char *name;
	const char *value;
};

/* What we need to be so, whatever a configuration file says. */
static const struct setting settings[] = {
	/* Waiting for a cluster at the start has an end; a running guest waits for ever. */
	{ "client_mount_timeout", "10" },
	{ "rados_mon_op_timeout", "15" },
	{ "rados_osd_op_timeout", "0" },
	/* Files of a client: we could not write them, and none of them is ours to write. */
	{ "log_file", "" },
	{ "admin_socket", "" },
	{ "crash_dir", "" },
	{ "pid_file", "" },
	{ "log_to_syslog", "false" },
	/*
	 * Buffers that we hand over for writing are ours and stay as they are until the write is
	 * done (blkif.c), so librbd need not copy them once more.
	 */
	{ "rbd_disable_zero_copy_writes", "false" },
	/* What the guest discards is discarded: see rbd.c for what is smaller than this. */
	{ "rbd_skip_partial_discard", "false" },
	{ "rbd_discard_granularity_bytes", "4096" },
	/* An image that is opened is not made by us, so there is nobody to warn. */
	{ "rbd_non_blocking_aio", "true" },
	/*
	 * Writes are sent as they come. librbd would hold them back to make one of neighbours, which a
	 * guest's block layer has done already, and wakes one thread more for each.
	 */
	{ "rbd_io_scheduler", "none" },
	/* One disk, one process: few threads. */
	{ "ms_async_op_threads", "1" },
	{ "librados_thread_count", "1" },
};

/*
 * What librados and librbd keep of their doings for a log file that we do not have: a tenth of the time that a
 * write takes them.
 */
static const char *const logs[] = {
	"debug_ms",    "debug_rbd",  "debug_rados",   "debug_objecter", "debug_auth",	 "debug_monc",
	"debug_timer", "debug_tp",   "debug_context", "debug_finisher", "debug_throttle", "debug_buffer",
};

static int fail(char *error, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(char *error, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, RBD_TEXT_MAX, fmt, ap);
	va_end(ap);
	return err;
}

/* ---- keyring ---- */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* "[client.NAME]" as a line of its own. */
static bool is_section(const char *line, const char *user, bool *ret_ours)
{
	size_t len = strlen(user);

	if (*line != '[')
		return false;
	*ret_ours = strncmp(line, "[client.", 8) == 0 && strncmp(line + 8, user, len) == 0 &&
		    line[8 + len] == ']';
	return true;
}

int rbd_keyring_find(const char *text, const char *user, char *key, size_t size)
{
	const char *line, *next;
	bool ours = false;
	size_t n;

	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			next++;
		line = skip_blanks(line);
		if (is_section(line, user, &ours) || !ours)
			continue;
		if (strncmp(line, "key", 3))
			continue;
		line = skip_blanks(line + 3);
		if (*line != '=')
			continue;
		line = skip_blanks(line + 1);
		for (n = 0; isalnum((unsigned char)line[n]) || (line[n] && strchr("+/=", line[n])); n++)
			;
		if (n == 0 || n >= size)
			return -EINVAL;
		memcpy(key, line, n);
		key[n] = '\0';
		return 0;
	}
	return -ENOENT;
}

static int use_keyring(rados_t cluster, int fd, const char *user, char *error)
{
	char text[KEYRING_MAX + 1], key[KEY_MAX];
	size_t n = 0;
	ssize_t got;
	int err;

	while (n < KEYRING_MAX && (got = pread(fd, text + n, KEYRING_MAX - n, (off_t)n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	err = rbd_keyring_find(text, user, key, sizeof(key));
	if (!err)
		err = rados_conf_set(cluster, "key", key);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(key, sizeof(key));
	if (err)
		return fail(error, -EACCES, "the keyring holds no key of client.%s", user);
	return 0;
}

/* Where no secret is named: the keyring that the configuration file names, if it can be read. */
static int use_configured_keyring(rados_t cluster, const char *user, char *error)
{
	char paths[2048], *path, *save = NULL;
	int fd, err;

	if (rados_conf_get(cluster, "keyring", paths, sizeof(paths)))
		return 0;
	for (path = strtok_r(paths, ", ;", &save); path; path = strtok_r(NULL, ", ;", &save)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		err = use_keyring(cluster, fd, user, error);
		close(fd);
		return err;
	}
	return 0; /* a cluster without authentication; another says so itself */
}

/* ---- monitors ---- */

/* Appends the addresses of a name, as librados reads them. */
static int add_host(char *hosts, size_t size, const char *name, unsigned int port, char *error)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	char address[NI_MAXHOST];
	size_t used;
	int rc;

	rc = getaddrinfo(name, NULL, &hints, &list);
	if (rc)
		return fail(error, -EHOSTUNREACH, "cannot find the monitor '%s': %s", name,
			    gai_strerror(rc));
	for (a = list; a; a = a->ai_next) {
		bool v6 = a->ai_family == AF_INET6;

		if (getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0,
				NI_NUMERICHOST))
			continue;
		used = strlen(hosts);
		/*
		 * With a port of its own, a monitor is taken to speak the newer protocol there, and the
		 * older one on that one's usual port. librados would try both, and would go on with
		 * one that nobody answers when the other has been told that the key is wrong.
		 */
		snprintf(hosts + used, size - used, "%s%s%s%s%s", used ? "," : "",
			 port == 0 ? "" : port == LEGACY_PORT ? "v1:" : "v2:", v6 ? "[" : "", address,
			 v6 ? "]" : "");
		used = strlen(hosts);
		if (port)
			snprintf(hosts + used, size - used, ":%u", port);
	}
	freeaddrinfo(list);
	return 0;
}

static int use_message_hosts(rados_t cluster, struct json_object *list, char *error)
{
	char hosts[4096] = "";
	size_t i;
	int err;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *host = json_object_array_get_idx(list, i);
		const char *name = child_get_string(host, "name", "");
		int64_t port = child_get_int(host, "port", 0);

		err = add_host(hosts, sizeof(hosts), name, (unsigned int)port, error);
		if (err)
			return err;
	}
	return rados_conf_set(cluster, "mon_host", hosts) ?
		       fail(error, -EINVAL, "librados does not take the monitors '%s'", hosts) :
		       0;
}

/* Names that a configuration file has among its monitors; addresses in any form stay as they are. */
static int resolve_configured_hosts(rados_t cluster, const char *file, char *error)
{
	char text[2048], hosts[4096] = "", *token, *save = NULL, *colon;
	int err;

	if (rados_conf_get(cluster, "mon_host", text, sizeof(text)) || !*text)
		return fail(error, -EINVAL, "%s names no monitor (mon_host)", file);
	if (strspn(text, "0123456789abcdefABCDEFv:.,; []/") == strlen(text) && !strstr(text, "..")) {
		/* Addresses, or a name without other letters; the latter has no digit in front. */
		if (strpbrk(text, "0123456789"))
			return 0;
	}
	for (token = strtok_r(text, " ,;", &save); token; token = strtok_r(NULL, " ,;", &save)) {
		colon = strchr(token, ':');
		if (colon)
			*colon = '\0';
		err = add_host(hosts, sizeof(hosts), token,
			       colon ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0, error);
		if (err)
			return err;
	}
	return rados_conf_set(cluster, "mon_host", hosts) ?
		       fail(error, -EINVAL, "librados does not take the monitors of %s", file) :
		       0;
}

/* ---- all of it ---- */

static int use_cache(rados_t cluster, const char *cache)
{
	bool cached = strcmp(cache, "default") != 0 && strcmp(cache, "none") != 0;
	bool through = strcmp(cache, "writethrough") == 0;
	int err = rados_conf_set(cluster, "rbd_cache", cached ? "true" : "false");

	if (!err && cached)
		err = rados_conf_set(cluster, "rbd_cache_policy", through ? "writethrough" : "writeback");
	return err;
}

/* A level that somebody has raised stays: with log_to_stderr it ends in hvd's log. */
static void quiet_logs(rados_t cluster)
{
	char level[32];
	size_t i;

	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		if (rados_conf_get(cluster, logs[i], level, sizeof(level)) == 0 && strtol(level, NULL, 10) <= 1)
			rados_conf_set(cluster, logs[i], "0/0");
}

static int use_settings(rados_t cluster, struct json_object *msg, char *error)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		/* An option that this librados does not know does what it always did. */
		if (rados_conf_set(cluster, settings[i].name, settings[i].value) == -EINVAL)
			return fail(error, -EINVAL, "librados refuses %s = %s", settings[i].name,
				    settings[i].value);
	quiet_logs(cluster);
	if (use_cache(cluster, child_get_string(msg, "cache", "default")))
		return fail(error, -EINVAL, "librados refuses this kind of cache");
	return 0;
}

static int use_config_file(rados_t cluster, const char *file, char *error)
{
	int err;

	if (access(file, R_OK))
		return fail(error, -errno, "cannot read the configuration file %s: %s", file,
			    strerror(errno));
	err = rados_conf_read_file(cluster, file);
	return err ? fail(error, -EINVAL, "%s is not a configuration of Ceph: %s", file, strerror(-err)) : 0;
}

static int configure(rados_t cluster, struct json_object *msg, int keyring_fd, const char *user,
		     char *error)
{
	const char *file = child_get_string(msg, "config", "");
	struct json_object *hosts = NULL;
	int err = 0;

	if (json_object_object_get_ex(msg, "hosts", &hosts) &&
	    (!json_object_is_type(hosts, json_type_array) || json_object_array_length(hosts) == 0))
		hosts = NULL;
	if (!*file && !hosts)
		file = DEFAULT_CONFIG;
	if (*file)
		err = use_config_file(cluster, file, error);
	if (!err && hosts)
		err = use_message_hosts(cluster, hosts, error);
	else if (!err)
		err = resolve_configured_hosts(cluster, file, error);
	if (!err)
		err = use_settings(cluster, msg, error);
	if (err)
		return err;
	if (keyring_fd >= 0)
		return use_keyring(cluster, keyring_fd, user, error);
	err = use_configured_keyring(cluster, user, error);
	if (!err && !*child_get_string(msg, "user", "") && !*file)
		rados_conf_set(cluster, "auth_client_required", "none");
	return err;
}

static char *optional(struct json_object *msg, const char *key)
{
	const char *value = child_get_string(msg, key, "");

	return *value ? xstrdup(value) : NULL;
}

int rbd_conf_read(struct json_object *msg, int keyring_fd, struct rbd_conf *ret, char *error)
{
	struct rbd_conf conf = { 0 };
	int err;

	conf.pool = xstrdup(child_get_string(msg, "pool", ""));
	conf.image = xstrdup(child_get_string(msg, "image", ""));
	conf.namespace = optional(msg, "namespace");
	conf.snapshot = optional(msg, "snapshot");
	conf.user = optional(msg, "user");
	if (!conf.user)
		conf.user = xstrdup("admin");
	conf.readonly = child_get_int(msg, "readonly", 0) != 0 || conf.snapshot;
	conf.ignore_flush = strcmp(child_get_string(msg, "cache", ""), "unsafe") == 0;

	err = rados_create(&conf.cluster, conf.user);
	if (err) {
		rbd_conf_free(&conf);
		return fail(error, err, "librados does not start: %s", strerror(-err));
	}
	err = configure(conf.cluster, msg, keyring_fd, conf.user, error);
	if (err) {
		rados_shutdown(conf.cluster);
		rbd_conf_free(&conf);
		return err;
	}
	*ret = conf;
	return 0;
}

void rbd_conf_free(struct rbd_conf *conf)
{
	free(conf->pool);
	free(conf->namespace);
	free(conf->image);
	free(conf->snapshot);
	free(conf->user);
}
