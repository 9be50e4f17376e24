/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reaching a Ceph cluster: see cluster.h.
 *
 * The key is read here, from a descriptor, and given to librados as a setting: it is in no file name,
 * on no command line, and in none of our messages.
 */
#include "image/cluster.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain/spec.h"
#include "lib/xmem.h"

#define KEYRING_MAX 16384u
#define CONFIG_DEFAULT "/etc/ceph/ceph.conf"

static int __attribute__((format(printf, 4, 5)))
fail(int err, char *error, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, size, fmt, ap);
	va_end(ap);
	return err;
}

static int set_key(rados_t cluster, const char *user, int keyring, char *error, size_t size)
{
	char text[KEYRING_MAX + 1], key[256];
	ssize_t n = pread(keyring, text, KEYRING_MAX, 0);
	int err = 0;

	if (n < 0)
		return fail(-errno, error, size, "the keyring of user '%s' cannot be read: %s", user,
			    strerror(errno));
	text[n] = '\0';
	if (!cluster_find_key(text, user, key, sizeof(key)))
		err = fail(-ENOENT, error, size, "the keyring holds no key of [client.%s]", user);
	else if (rados_conf_set(cluster, "key", key))
		err = fail(-EINVAL, error, size, "the key of user '%s' is no key", user);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(key, sizeof(key));
	return err;
}

static int set_number(rados_t cluster, const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return rados_conf_set(cluster, name, text);
}

static int configure(rados_t cluster, const struct rbd_spec *where, int keyring,
		     unsigned int op_timeout_s, char *error, size_t size)
{
	int err = 0;

	if (where->config_file || !where->nr_hosts) {
		const char *file = where->config_file ? where->config_file : CONFIG_DEFAULT;

		err = rados_conf_read_file(cluster, file);
		if (err)
			return fail(err, error, size, "the configuration of the cluster, %s, cannot be read: %s",
				    file, strerror(-err));
	}
	if (where->nr_hosts) {
		char *hosts = cluster_hosts_text(where);

		err = rados_conf_set(cluster, "mon_host", hosts);
		free(hosts);
		if (err)
			return fail(err, error, size, "the names of the monitors make no sense to librados");
	}
	if (keyring >= 0)
		err = set_key(cluster, where->user ? where->user : "admin", keyring, error, size);
	if (err)
		return err;
	/* Without it a cluster that does not answer holds us for five minutes. */
	set_number(cluster, "client_mount_timeout", CLUSTER_CONNECT_S);
	set_number(cluster, "rados_osd_op_timeout", op_timeout_s);
	return 0;
}

int cluster_connect(const struct rbd_spec *where, int keyring, unsigned int op_timeout_s, rados_t *ret,
		    char *error, size_t size)
{
	const char *user = where->user ? where->user : "admin";
	rados_t cluster;
	int err = rados_create(&cluster, user);

	if (err)
		return fail(err, error, size, "librados cannot be started: %s", strerror(-err));
	err = configure(cluster, where, keyring, op_timeout_s, error, size);
	if (!err) {
		err = rados_connect(cluster);
		if (err == -EACCES || err == -EPERM)
			err = fail(-EACCES, error, size, "the cluster does not accept the key of user '%s'",
				   user);
		else if (err == -ETIMEDOUT)
			fail(err, error, size, "no monitor of the cluster answers within %u s",
			     CLUSTER_CONNECT_S);
		else if (err == -ENOENT)
			fail(err, error, size, "no monitor, or no key of user '%s', is known", user);
		else if (err)
			fail(err, error, size, "the cluster cannot be reached: %s", strerror(-err));
	}
	if (err)
		rados_shutdown(cluster);
	else
		*ret = cluster;
	return err;
}

int cluster_open_pool(rados_t cluster, const struct rbd_spec *where, rados_ioctx_t *ret, char *error,
		      size_t size)
{
	rados_ioctx_t pool;
	int err = rados_ioctx_create(cluster, where->pool, &pool);

	if (err)
		return fail(err, error, size, err == -ENOENT ? "there is no pool '%s'" :
				"the pool '%s' cannot be opened", where->pool);
	rados_ioctx_set_namespace(pool, where->namespace ? where->namespace : "");
	*ret = pool;
	return 0;
}
