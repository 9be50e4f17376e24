/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The <devices> of a vm.xml: disks, interfaces, the console, and what is harmless to leave out.
 */
#include "domain/spec_devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "lib/xmem.h"

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])

/* ---- <disk> ---- */

struct disk_parser {
	struct disk_spec *disk;
	const char *source_attribute; /* "file" or "dev" */
};

static int parse_disk_driver(struct spec_parser *p, xmlNode *node, void *arg)
{
	int err = spec_attribute_among(p, node, "type", "raw");

	(void)arg;
	/* "file" and "phy" are libvirt's names for Xen's back ends, "qemu" its name for its own. */
	return err ? err : spec_attribute_among(p, node, "name", "file phy qemu");
}

static int parse_disk_source(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_parser *dp = arg;
	int err;

	for (xmlAttr *a = node->properties; a; a = a->next)
		if (strcmp((const char *)a->name, dp->source_attribute))
			return spec_fail(p, node, "attribute '%.64s' is not supported for this type of disk",
					 (const char *)a->name);
	err = spec_attribute_required(p, node, dp->source_attribute, &dp->disk->source);
	if (err)
		return err;
	err = spec_path(p, node, dp->disk->source);
	return err ? err : spec_expect_empty(p, node);
}

static int parse_disk_target(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_parser *dp = arg;
	const char *dev;
	int err;

	err = spec_attribute_required(p, node, "dev", &dp->disk->target);
	if (err)
		return err;
	dev = dp->disk->target;
	if (strlen(dev) != 4 || memcmp(dev, "xvd", 3) || dev[3] < 'a' || dev[3] > 'z')
		return spec_fail(p, node, "dev='%.32s' is not one of xvda to xvdz", dev);
	return spec_attribute_among(p, node, "bus", "xen");
}

static int parse_disk_readonly(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct disk_parser *dp = arg;

	dp->disk->readonly = true;
	return spec_expect_empty(p, node);
}

static const struct spec_element disk_elements[] = {
	SPEC_ONE("driver", "name type cache io discard", parse_disk_driver),
	SPEC_ONE("source", "*", parse_disk_source),
	SPEC_ONE("target", "dev bus", parse_disk_target),
	SPEC_ONE("readonly", NULL, parse_disk_readonly),
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
	for (unsigned int i = 0; i + 1 < spec->nr_disks; i++)
		if (!strcmp(spec->disks[i].target, disk->target))
			return spec_fail(p, node, "target '%s' is used by another disk",
					 disk->target);
	return 0;
}

static int parse_disk(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct domain_spec *spec = p->spec;
	struct disk_parser dp = { .source_attribute = "file" };
	char *type, *device;
	int err;

	(void)arg;
	if (spec->nr_disks == SPEC_DISKS_MAX)
		return spec_fail(p, node, "more than %u disks", SPEC_DISKS_MAX);
	spec->disks = xrealloc(spec->disks, (spec->nr_disks + 1) * sizeof(*spec->disks));
	dp.disk = &spec->disks[spec->nr_disks++];
	memset(dp.disk, 0, sizeof(*dp.disk));

	type = spec_attribute(node, "type");
	device = spec_attribute(node, "device");
	dp.disk->kind = DISK_FILE;
	if (type && !strcmp(type, "block")) {
		dp.disk->kind = DISK_BLOCK;
		dp.source_attribute = "dev";
	}
	dp.disk->cdrom = device && !strcmp(device, "cdrom");
	dp.disk->readonly = dp.disk->cdrom;
	dp.disk->discard = true;
	free(type);
	free(device);

	err = spec_attribute_among(p, node, "type", "file block");
	if (!err)
		err = spec_attribute_among(p, node, "device", "disk cdrom");
	if (!err)
		err = spec_walk(p, node, TABLE(disk_elements), &dp);
	return err ? err : check_disk(p, node, dp.disk);
}

/* ---- <interface> ---- */

static bool parse_mac(const char *text, uint8_t mac[6])
{
	unsigned int b[6];
	int used = 0;

	if (strlen(text) != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &used) != 6 || used != 17)
		return false;
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return true;
}

static int parse_nic_mac(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct nic_spec *nic = arg;
	char *text;
	int err = spec_attribute_required(p, node, "address", &text);

	if (err)
		return err;
	if (!parse_mac(text, nic->mac))
		err = spec_fail(p, node, "address '%.32s' is not like 00:16:3e:12:34:56", text);
	else if (nic->mac[0] & 1)
		err = spec_fail(p, node, "address '%s' is a multicast address", text);
	nic->mac_given = true;
	free(text);
	return err;
}

/* Names of network devices are at most 15 bytes in Linux, and part of paths there. */
static int parse_ifname(struct spec_parser *p, xmlNode *node, const char *attribute, char **ret)
{
	char *name;
	int err = spec_attribute_required(p, node, attribute, &name);

	if (err)
		return err;
	if (strlen(name) > 15 || strpbrk(name, "/ :\t\n%") || !strcmp(name, ".") ||
	    !strcmp(name, "..")) {
		err = spec_fail(p, node, "'%.32s' is not a name of a network device", name);
		free(name);
		return err;
	}
	*ret = name;
	return 0;
}

static int parse_nic_source(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct nic_spec *nic = arg;

	return parse_ifname(p, node, "bridge", &nic->bridge);
}

static int parse_nic_target(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct nic_spec *nic = arg;

	return parse_ifname(p, node, "dev", &nic->ifname);
}

static int parse_nic_model(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return spec_attribute_among(p, node, "type", "netfront xen");
}

static int parse_nic_mtu(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct nic_spec *nic = arg;
	uint64_t mtu;
	int err = spec_attribute_number(p, node, "size", 68, 65535, 0, &mtu);

	if (err)
		return err;
	nic->mtu = (unsigned int)mtu;
	return 0;
}

static const struct spec_element nic_elements[] = {
	SPEC_ONE("mac", "address", parse_nic_mac),
	SPEC_ONE("source", "bridge", parse_nic_source),
	SPEC_ONE("target", "dev", parse_nic_target),
	SPEC_ONE("model", "type", parse_nic_model),
	SPEC_ONE("mtu", "size", parse_nic_mtu),
	SPEC_HARMLESS("address", "*"),
	SPEC_HARMLESS("alias", "*"),
};

static int parse_nic(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct domain_spec *spec = p->spec;
	struct nic_spec *nic;
	int err;

	(void)arg;
	if (spec->nr_nics == SPEC_NICS_MAX)
		return spec_fail(p, node, "more than %u interfaces", SPEC_NICS_MAX);
	spec->nics = xrealloc(spec->nics, (spec->nr_nics + 1) * sizeof(*spec->nics));
	nic = &spec->nics[spec->nr_nics++];
	memset(nic, 0, sizeof(*nic));

	err = spec_attribute_among(p, node, "type", "bridge");
	if (!err)
		err = spec_walk(p, node, TABLE(nic_elements), nic);
	if (err)
		return err;
	if (!nic->bridge)
		return spec_fail(p, node, "no <source bridge='...'>");
	for (unsigned int i = 0; nic->mac_given && i + 1 < spec->nr_nics; i++)
		if (spec->nics[i].mac_given && !memcmp(spec->nics[i].mac, nic->mac, 6))
			return spec_fail(p, node, "another interface has the same MAC address");
	return 0;
}

/* ---- <console> ---- */

static int parse_console_target(struct spec_parser *p, xmlNode *node, void *arg)
{
	int err = spec_attribute_among(p, node, "type", "xen");

	(void)arg;
	return err ? err : spec_attribute_among(p, node, "port", "0");
}

static const struct spec_element console_elements[] = {
	SPEC_ONE("target", "type port", parse_console_target),
	SPEC_HARMLESS("source", "path"), /* the pty that libvirt once gave it */
	SPEC_HARMLESS("alias", "*"),
};

static int parse_console(struct spec_parser *p, xmlNode *node, void *arg)
{
	int err = spec_attribute_among(p, node, "type", "pty");

	return err ? err : spec_walk(p, node, TABLE(console_elements), arg);
}

/* ---- <devices> ---- */

static int parse_controller(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return spec_attribute_among(p, node, "type", "xenbus");
}

static const struct spec_element device_elements[] = {
	SPEC_MANY("disk", "type device", parse_disk),
	SPEC_MANY("interface", "type", parse_nic),
	SPEC_ONE("console", "type tty", parse_console),
	SPEC_MANY("controller", "*", parse_controller),
	SPEC_HARMLESS("emulator", NULL),   /* there is none */
	SPEC_HARMLESS("memballoon", "*"),  /* the guest's own balloon driver needs no device */
};

int spec_parse_devices(struct spec_parser *p, xmlNode *node, void *arg)
{
	return spec_walk(p, node, TABLE(device_elements), arg);
}
