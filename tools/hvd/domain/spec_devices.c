/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The <devices> of a vm.xml: interfaces, the console, and what is harmless to leave out; disks are in
 * spec_disk.c.
 */
#include "domain/spec_devices.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "lib/xmem.h"

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])

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

/* libvirt's name for it. A number in it is kept, so that what the guest calls it stays what it is. */
static int parse_nic_alias(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct nic_spec *nic = arg;
	char *name = spec_attribute(node, "name");
	unsigned int number;
	int used = 0;

	(void)p;
	if (name && strlen(name) < 8 && sscanf(name, "net%3u%n", &number, &used) == 1 && !name[used])
		nic->index = number;
	free(name);
	return 0;
}

static const struct spec_element nic_elements[] = {
	SPEC_ONE("mac", "address", parse_nic_mac),
	SPEC_ONE("source", "bridge", parse_nic_source),
	SPEC_ONE("target", "dev", parse_nic_target),
	SPEC_ONE("model", "type", parse_nic_model),
	SPEC_ONE("mtu", "size", parse_nic_mtu),
	SPEC_HARMLESS("address", "*"),
	SPEC_ONE("alias", "*", parse_nic_alias),
};

/* Is the number that the alias asks for free? Then it is the interface's, else the first free one. */
static void number_nic(const struct domain_spec *spec, struct nic_spec *nic)
{
	unsigned int wanted = nic->index;

	nic->index = UINT_MAX;
	if (wanted < SPEC_NICS_MAX && !spec_nic_index_used(spec, wanted))
		nic->index = wanted;
	for (unsigned int i = 0; nic->index == UINT_MAX; i++)
		if (!spec_nic_index_used(spec, i))
			nic->index = i;
}

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
	nic->index = UINT_MAX;

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
	number_nic(spec, nic);
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
	SPEC_MANY("disk", "type device", spec_parse_disk),
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

int spec_parse_lone_device(struct spec_parser *p, xmlNode *node)
{
	int err;

	if (!strcmp((const char *)node->name, "disk")) {
		err = spec_check_attributes(p, node, "type device");
		return err ? err : spec_parse_disk(p, node, NULL);
	}
	if (!strcmp((const char *)node->name, "interface")) {
		err = spec_check_attributes(p, node, "type");
		return err ? err : parse_nic(p, node, NULL);
	}
	return spec_fail(p, node, "the document is neither a <disk> nor an <interface>");
}
