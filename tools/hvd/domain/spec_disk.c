/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The <disk> of a vm.xml: files, block devices, RBD images.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "domain/spec_devices.h"
#include "domain/spec_iotune.h"
#include "lib/xmem.h"

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])
#define RBD_NAME_MAX 95u /* librbd's for images; pools, namespaces and snapshots keep to it too */

static const char *const type_names[] = {
	[DISK_FILE] = "file",
	[DISK_BLOCK] = "block",
	[DISK_RBD] = "network",
};

static const char *const cache_names[] = {
	[DISK_CACHE_DEFAULT] = "default",
	[DISK_CACHE_NONE] = "none",
	[DISK_CACHE_WRITETHROUGH] = "writethrough",
	[DISK_CACHE_WRITEBACK] = "writeback",
	[DISK_CACHE_UNSAFE] = "unsafe",
};

static const char *const policy_names[] = {
	[DISK_ERROR_REPORT] = "report",
	[DISK_ERROR_STOP] = "stop",
	[DISK_ERROR_IGNORE] = "ignore",
	[DISK_ERROR_ENOSPACE] = "enospace",
};

/* The number of an attribute's value among 'names'; 'missing' where the attribute is. */
static int choose(struct spec_parser *p, xmlNode *node, const char *attribute,
		  const char *const *names, unsigned int nr, unsigned int missing,
		  unsigned int *ret_chosen)
{
	char *value = spec_attribute(node, attribute);
	char supported[128] = "";
	unsigned int chosen = missing;

	for (unsigned int i = 0; value && i < nr; i++) {
		size_t used = strlen(supported);

		snprintf(supported + used, sizeof(supported) - used, " %s", names[i]);
		if (!strcmp(value, names[i])) {
			*ret_chosen = i;
			free(value);
			return 0;
		}
	}
	if (value) {
		int err = spec_fail(p, node, "attribute '%s' is '%.64s'; supported:%s", attribute, value,
				    supported);

		free(value);
		return err;
	}
	*ret_chosen = chosen;
	return 0;
}

/* ---- <driver> ---- */

static int parse_policies(struct spec_parser *p, xmlNode *node, struct disk_spec *disk)
{
	unsigned int policy, reads;
	int err;

	err = choose(p, node, "error_policy", TABLE(policy_names), DISK_ERROR_REPORT, &policy);
	if (err)
		return err;
	/* What is said of errors is said of reads too, but a read cannot run out of space. */
	reads = policy == DISK_ERROR_ENOSPACE ? (unsigned int)DISK_ERROR_REPORT : policy;
	err = spec_attribute_among(p, node, "rerror_policy", "report stop ignore");
	if (!err)
		err = choose(p, node, "rerror_policy", TABLE(policy_names), reads, &reads);
	disk->error_policy = (enum disk_error_policy)policy;
	disk->rerror_policy = (enum disk_error_policy)reads;
	return err;
}

static int parse_driver(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	unsigned int cache;
	char *discard;
	int err;

	err = spec_attribute_among(p, node, "type", "raw");
	/* "file" and "phy" are libvirt's names for Xen's back ends, "qemu" its name for its own. */
	if (!err)
		err = spec_attribute_among(p, node, "name", "file phy qemu");
	if (!err)
		err = spec_attribute_among(p, node, "io", "threads native io_uring");
	if (!err)
		err = spec_attribute_among(p, node, "discard", "unmap ignore");
	if (!err)
		err = choose(p, node, "cache", TABLE(cache_names), DISK_CACHE_DEFAULT, &cache);
	if (err)
		return err;
	disk->cache = (enum disk_cache)cache;
	discard = spec_attribute(node, "discard");
	disk->discard = !discard || strcmp(discard, "ignore");
	free(discard);
	err = parse_policies(p, node, disk);
	return err ? err : spec_expect_empty(p, node);
}

/* ---- <source> of a file or a block device ---- */

static int parse_local_source(struct spec_parser *p, xmlNode *node, struct disk_spec *disk,
			      const char *attribute)
{
	int err;

	for (xmlAttr *a = node->properties; a; a = a->next)
		if (strcmp((const char *)a->name, attribute))
			return spec_fail(p, node, "attribute '%.64s' is not supported for this type of disk",
					 (const char *)a->name);
	err = spec_attribute_required(p, node, attribute, &disk->source);
	if (err)
		return err;
	err = spec_path(p, node, disk->source);
	return err ? err : spec_expect_empty(p, node);
}

/* ---- <source> of an RBD image ---- */

/* Takes over what stands before 'stop'. A name must not look like a part of a path or an option. */
static int take_rbd_name(struct spec_parser *p, xmlNode *node, const char *what, const char *text,
			 size_t n, char **ret)
{
	if (n == 0)
		return spec_fail(p, node, "the name of the %s is empty", what);
	if (n > RBD_NAME_MAX)
		return spec_fail(p, node, "the name of the %s is longer than %u bytes", what, RBD_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] == 0x7f ||
		    strchr("/@:\\", text[i]))
			return spec_fail(p, node, "the name of the %s, '%.*s', holds one of blank / @ : \\",
					 what, (int)n, text);
	*ret = xstrndup(text, n);
	return 0;
}

/* pool/image, pool/namespace/image, either with @snapshot */
static int parse_rbd_name(struct spec_parser *p, xmlNode *node, struct rbd_spec *rbd)
{
	char *name;
	const char *image, *slash, *at;
	int err = spec_attribute_required(p, node, "name", &name);

	if (err)
		return err;
	slash = strchr(name, '/');
	if (!slash) {
		err = spec_fail(p, node, "name '%.200s' is not POOL/IMAGE", name);
		goto out;
	}
	err = take_rbd_name(p, node, "pool", name, (size_t)(slash - name), &rbd->pool);
	if (err)
		goto out;
	image = slash + 1;
	at = strchr(image, '@');
	slash = strchr(image, '/');
	if (slash && (!at || slash < at)) {
		err = take_rbd_name(p, node, "namespace", image, (size_t)(slash - image), &rbd->namespace);
		if (err)
			goto out;
		image = slash + 1;
	}
	err = take_rbd_name(p, node, "image", image, at ? (size_t)(at - image) : strlen(image), &rbd->image);
	if (!err && at)
		err = take_rbd_name(p, node, "snapshot", at + 1, strlen(at + 1), &rbd->snapshot);
out:
	free(name);
	return err;
}

static int parse_host(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	struct rbd_spec *rbd = disk->rbd;
	uint64_t port;
	char *name;
	int err;

	if (rbd->nr_hosts == SPEC_RBD_HOSTS_MAX)
		return spec_fail(p, node, "more than %u monitors", SPEC_RBD_HOSTS_MAX);
	err = spec_attribute_number(p, node, "port", 1, 65535, 0, &port);
	if (!err)
		err = spec_attribute_required(p, node, "name", &name);
	if (err)
		return err;
	for (const char *c = name; !err && *c; c++)
		/* It becomes a part of a list of monitors: nothing that would separate or end one. */
		if (!isalnum((unsigned char)*c) && !strchr(".:_-", *c))
			err = spec_fail(p, node, "'%.200s' is neither a host's name nor an address", name);
	if (!err && strlen(name) > 253)
		err = spec_fail(p, node, "the name is too long");
	if (err) {
		free(name);
		return err;
	}
	rbd->hosts[rbd->nr_hosts].name = name;
	rbd->hosts[rbd->nr_hosts++].port = (uint16_t)port;
	return spec_expect_empty(p, node);
}

static int parse_snapshot(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	char *name;
	int err;

	if (disk->rbd->snapshot)
		return spec_fail(p, node, "a snapshot is named twice");
	err = spec_attribute_required(p, node, "name", &name);
	if (err)
		return err;
	err = take_rbd_name(p, node, "snapshot", name, strlen(name), &disk->rbd->snapshot);
	free(name);
	return err ? err : spec_expect_empty(p, node);
}

static int parse_config(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	int err = spec_attribute_required(p, node, "file", &disk->rbd->config_file);

	if (err)
		return err;
	err = spec_path(p, node, disk->rbd->config_file);
	return err ? err : spec_expect_empty(p, node);
}

/* ---- <auth>: whom to be, and the name of the key; never the key ---- */

/* A secret's name is the name of a file. */
static bool is_secret_name(const char *name)
{
	if (strlen(name) > SPEC_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return false;
	return true;
}

static int parse_secret(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	char *usage = spec_attribute(node, "usage"), *text = spec_attribute(node, "uuid");
	uint8_t uuid[16];
	char name[37];
	int err = 0;

	if (!usage == !text) {
		err = spec_fail(p, node, "wants either attribute 'usage' or 'uuid'");
	} else if (text) {
		if (spec_uuid(text, uuid)) {
			spec_format_uuid(uuid, name);
			disk->rbd->secret = xstrdup(name);
		} else {
			err = spec_fail(p, node, "'%.64s' is not a UUID", text);
		}
	} else if (is_secret_name(usage)) {
		disk->rbd->secret = xstrdup(usage);
	} else {
		err = spec_fail(p, node, "usage='%.64s' holds other characters than A-Z a-z 0-9 . _ -", usage);
	}
	free(usage);
	free(text);
	if (!err)
		err = spec_attribute_among(p, node, "type", "ceph");
	return err ? err : spec_expect_empty(p, node);
}

static const struct spec_element auth_elements[] = {
	SPEC_ONE("secret", "type usage uuid", parse_secret),
};

static int parse_auth(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	struct rbd_spec *rbd = disk->rbd;
	int err;

	if (!rbd)
		return spec_fail(p, node, "is for network disks only");
	/* libvirt takes it in <disk> and in <source>. */
	if (rbd->user)
		return spec_fail(p, node, "stands here a second time");
	err = spec_attribute_required(p, node, "username", &rbd->user);
	if (err)
		return err;
	if (!strncmp(rbd->user, "client.", 7))
		return spec_fail(p, node, "username='%.64s': without 'client.'", rbd->user);
	for (const char *c = rbd->user; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return spec_fail(p, node,
					 "username='%.64s' holds other characters than A-Z a-z 0-9 . _ -",
					 rbd->user);
	err = spec_walk(p, node, TABLE(auth_elements), disk);
	if (!err && !rbd->secret)
		err = spec_fail(p, node, "no <secret>");
	return err;
}

static const struct spec_element rbd_elements[] = {
	SPEC_MANY("host", "name port", parse_host),
	SPEC_ONE("snapshot", "name", parse_snapshot),
	SPEC_ONE("config", "file", parse_config),
	SPEC_ONE("auth", "username", parse_auth),
};

static int parse_rbd_source(struct spec_parser *p, xmlNode *node, struct disk_spec *disk)
{
	char *protocol;
	int err = spec_check_attributes(p, node, "protocol name");

	if (!err)
		err = spec_attribute_required(p, node, "protocol", &protocol);
	if (err)
		return err;
	free(protocol);
	err = spec_attribute_among(p, node, "protocol", "rbd");
	if (!err)
		err = parse_rbd_name(p, node, disk->rbd);
	if (!err)
		err = spec_walk(p, node, TABLE(rbd_elements), disk);
	if (!err)
		disk->source = spec_rbd_text(disk->rbd);
	return err;
}

static int parse_source(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;

	switch (disk->kind) {
	case DISK_FILE:
		return parse_local_source(p, node, disk, "file");
	case DISK_BLOCK:
		return parse_local_source(p, node, disk, "dev");
	case DISK_RBD:
		return parse_rbd_source(p, node, disk);
	}
	return -EINVAL;
}

/* ---- The rest of <disk> ---- */

static int parse_target(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	const char *dev;
	int err;

	err = spec_attribute_required(p, node, "dev", &disk->target);
	if (err)
		return err;
	dev = disk->target;
	if (strlen(dev) != 4 || memcmp(dev, "xvd", 3) || dev[3] < 'a' || dev[3] > 'z')
		return spec_fail(p, node, "dev='%.32s' is not one of xvda to xvdz", dev);
	return spec_attribute_among(p, node, "bus", "xen");
}

static int parse_readonly(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;

	disk->readonly = true;
	return spec_expect_empty(p, node);
}

static int parse_blockio(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	uint64_t physical;
	char *logical;
	int err = spec_attribute_among(p, node, "logical_block_size", "512 4096");

	if (!err)
		err = spec_attribute_number(p, node, "physical_block_size", 512, 1u << 20, 0, &physical);
	if (err)
		return err;
	logical = spec_attribute(node, "logical_block_size");
	disk->logical_block_size = logical ? (uint32_t)strtoul(logical, NULL, 10) : 0;
	disk->physical_block_size = (uint32_t)physical;
	free(logical);
	if (physical & (physical - 1))
		return spec_fail(p, node, "attribute 'physical_block_size' %u is not a power of two",
				 disk->physical_block_size);
	if (physical && physical < disk->logical_block_size)
		return spec_fail(p, node, "physical blocks are smaller than logical ones");
	return spec_expect_empty(p, node);
}

static int parse_limit(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	uint64_t max, *field = spec_iotune_field(&disk->iotune, (const char *)node->name, &max);
	char *text;
	int err = spec_line(p, node, 32, &text);

	if (err)
		return err;
	err = spec_number(p, node, "value", text, 0, max, field);
	free(text);
	return err;
}

#define LIMIT(name)                                                                                \
	SPEC_ONE(name, NULL, parse_limit), SPEC_ONE(name "_max", NULL, parse_limit),                \
		SPEC_ONE(name "_max_length", NULL, parse_limit)

static const struct spec_element iotune_elements[] = {
	LIMIT("total_bytes_sec"), LIMIT("read_bytes_sec"), LIMIT("write_bytes_sec"),
	LIMIT("total_iops_sec"),  LIMIT("read_iops_sec"),  LIMIT("write_iops_sec"),
	SPEC_ONE("size_iops_sec", NULL, parse_limit),
};

static int parse_iotune(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_spec *disk = arg;
	char reason[128];
	int err = spec_walk(p, node, TABLE(iotune_elements), disk);

	if (!err && !spec_iotune_check(&disk->iotune, reason, sizeof(reason)))
		err = spec_fail(p, node, "%s", reason);
	return err;
}

static const struct spec_element disk_elements[] = {
	SPEC_ONE("driver", "name type cache io discard error_policy rerror_policy", parse_driver),
	SPEC_ONE("source", "*", parse_source),
	SPEC_ONE("auth", "username", parse_auth),
	SPEC_ONE("target", "dev bus", parse_target),
	SPEC_ONE("readonly", NULL, parse_readonly),
	SPEC_ONE("blockio", "logical_block_size physical_block_size", parse_blockio),
	SPEC_ONE("iotune", NULL, parse_iotune),
	/* Where libvirt puts it, and what it calls it: nothing that a guest sees. */
	SPEC_HARMLESS("address", "*"),
	SPEC_HARMLESS("alias", "*"),
	SPEC_HARMLESS("backingStore", NULL),
	SPEC_HARMLESS("boot", "order"),
};

static int check_disk(struct spec_parser *p, xmlNode *node, const struct disk_spec *disk)
{
	const struct domain_spec *spec = p->spec;

	if (!disk->source)
		return spec_fail(p, node, "no <source>");
	if (!disk->target)
		return spec_fail(p, node, "no <target>");
	if (disk->rbd && disk->rbd->snapshot && !disk->readonly)
		return spec_fail(p, node, "a snapshot can only be read: say <readonly/>");
	for (unsigned int i = 0; i + 1 < spec->nr_disks; i++)
		if (!strcmp(spec->disks[i].target, disk->target))
			return spec_fail(p, node, "target '%s' is used by another disk",
					 disk->target);
	return 0;
}

int spec_parse_disk(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct domain_spec *spec = p->spec;
	struct disk_spec *disk;
	unsigned int kind;
	char *device;
	int err;

	(void)arg;
	if (spec->nr_disks == SPEC_DISKS_MAX)
		return spec_fail(p, node, "more than %u disks", SPEC_DISKS_MAX);
	err = choose(p, node, "type", TABLE(type_names), DISK_FILE, &kind);
	if (!err)
		err = spec_attribute_among(p, node, "device", "disk cdrom");
	if (err)
		return err;

	spec->disks = xrealloc(spec->disks, (spec->nr_disks + 1) * sizeof(*spec->disks));
	disk = &spec->disks[spec->nr_disks++];
	memset(disk, 0, sizeof(*disk));
	disk->kind = (enum disk_kind)kind;
	device = spec_attribute(node, "device");
	disk->cdrom = device && !strcmp(device, "cdrom");
	free(device);
	disk->readonly = disk->cdrom;
	disk->discard = true;
	if (disk->kind == DISK_RBD)
		disk->rbd = xcalloc(1, sizeof(*disk->rbd));
	err = spec_walk(p, node, TABLE(disk_elements), disk);
	return err ? err : check_disk(p, node, disk);
}
