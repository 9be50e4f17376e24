/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running domain's disk gets other limits, or another size.
 *
 * Limits are told to the process that serves the disk, and noted as part of the domain. A size is the
 * image's: hvd-image changes that, as for "image" and "resize". The process of an image in a cluster hears
 * of it from the cluster; that of a file is told to look.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "backend/backend.h"
#include "control/conn.h"
#include "control/describe.h"
#include "control/device_ops.h"
#include "control/image_ops.h"
#include "control/ops.h"
#include "domain/spec.h"
#include "domain/spec_iotune.h"
#include "domain/spec_text.h"
#include "lib/log.h"
#include "lib/xmem.h"

/* What the request names by "domain" and "disk"; NULL: replied. */
static struct disk_spec *requested_disk(struct conn *c, struct json_object *rq, struct domain **ret_d)
{
	const char *wanted = json_line_string(rq, "disk");
	struct domain *d;

	if (!wanted) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request names no \"disk\"");
		return NULL;
	}
	d = device_ops_live_domain(c, rq);
	if (!d)
		return NULL;
	*ret_d = d;
	for (unsigned int i = 0; i < d->spec->nr_disks; i++)
		if (!strcmp(d->spec->disks[i].target, wanted))
			return &d->spec->disks[i];
	op_refuse(c, FAULT_NO_SUCH_DEVICE, "domain '%s' has no disk '%.40s'", d->spec->name, wanted);
	return NULL;
}

/* ---- limits ---- */

/* False: replied. */
static bool read_limit(struct conn *c, const char *name, struct json_object *value,
		       struct iotune_spec *wanted, uint32_t *given)
{
	const char *known;
	uint64_t max;
	int64_t number;

	for (unsigned int i = 0; (known = spec_iotune_name(i)); i++) {
		if (strcmp(name, known))
			continue;
		number = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
		*spec_iotune_field(wanted, name, &max) = (uint64_t)number;
		*given |= 1u << i;
		if (number >= 0 && (uint64_t)number <= max)
			return true;
		op_refuse(c, FAULT_BAD_REQUEST, "%s is not a number from 0 to %llu", name,
			  (unsigned long long)max);
		return false;
	}
	op_refuse(c, FAULT_BAD_REQUEST, "there is no limit '%.40s'", name);
	return false;
}

static bool read_limits(struct conn *c, struct json_object *rq, struct iotune_spec *wanted, uint32_t *given)
{
	struct json_object *limits;

	if (!json_object_object_get_ex(rq, "limits", &limits) ||
	    !json_object_is_type(limits, json_type_object)) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request has no \"limits\"");
		return false;
	}
	json_object_object_foreach(limits, name, value)
		if (!read_limit(c, name, value, wanted, given))
			return false;
	return true;
}

void op_disk_limits(struct conn *c, struct json_object *rq)
{
	struct iotune_spec wanted = { 0 }, limits;
	struct disk_spec *disk;
	struct json_object *result;
	struct domain *d;
	uint32_t given = 0;
	char reason[128];

	if (!read_limits(c, rq, &wanted, &given))
		return;
	disk = requested_disk(c, rq, &d);
	if (!disk)
		return;
	limits = disk->iotune;
	spec_iotune_merge(&limits, &wanted, given);
	if (!spec_iotune_check(&limits, reason, sizeof(reason))) {
		op_refuse(c, FAULT_BAD_REQUEST, "%s", reason);
		return;
	}
	if (backend_set_limits(d->all->env.backend, d->domid, disk->target, &limits)) {
		op_refuse(c, FAULT_NO_SUCH_DEVICE, "the disk is on its way out, or in");
		return;
	}
	disk->iotune = limits;
	if (d->xml)
		device_ops_set_text(d, spec_text_set_iotune(d->xml, disk->target, &limits));
	log_info("domain '%s': %s has other limits", d->spec->name, disk->target);
	result = json_object_new_object();
	json_object_object_add(result, "limits", describe_iotune(&limits));
	reply_result(c, result);
}

/* ---- size ---- */

static struct json_object *describe_cluster(const struct rbd_spec *rbd)
{
	struct json_object *cluster = json_object_new_object(), *hosts = json_object_new_array();

	for (unsigned int i = 0; i < rbd->nr_hosts; i++) {
		const char *name = rbd->hosts[i].name;
		bool is_ipv6 = strchr(name, ':') != NULL;
		char *text = rbd->hosts[i].port ?
				     xasprintf("%s%s%s:%u", is_ipv6 ? "[" : "", name, is_ipv6 ? "]" : "",
					       rbd->hosts[i].port) :
				     xasprintf("%s%s%s", is_ipv6 ? "[" : "", name, is_ipv6 ? "]" : "");

		json_object_array_add(hosts, json_object_new_string(text));
		free(text);
	}
	json_object_object_add(cluster, "hosts", hosts);
	if (rbd->config_file)
		json_object_object_add(cluster, "config", json_object_new_string(rbd->config_file));
	if (rbd->user)
		json_object_object_add(cluster, "user", json_object_new_string(rbd->user));
	if (rbd->secret)
		json_object_object_add(cluster, "secret", json_object_new_string(rbd->secret));
	return cluster;
}

/* As if a client had asked for it by the image's name. */
static void resize_image(struct conn *c, struct json_object *rq, const struct disk_spec *disk, long long size)
{
	struct json_object *work = json_object_new_object();

	json_object_object_add(work, "action", json_object_new_string("resize"));
	json_object_object_add(work, "image", json_object_new_string(disk->source));
	json_object_object_add(work, "size", json_object_new_int64(size));
	json_object_object_add(work, "shrink", json_object_new_boolean(json_line_bool(rq, "shrink", 0) == 1));
	if (disk->rbd)
		json_object_object_add(work, "cluster", describe_cluster(disk->rbd));
	op_image(c, work);
	json_object_put(work);
}

/* Somebody else has changed it. */
static void look_again(struct conn *c, struct domain *d, const struct disk_spec *disk)
{
	if (disk->rbd)
		op_refuse(c, FAULT_BAD_REQUEST, "to what \"size\"? (whoever changes an image in a cluster, "
			  "its guest sees it at once)");
	else if (device_ops_resized(d, disk))
		op_refuse(c, FAULT_NO_SUCH_DEVICE, "the disk is on its way out, or in");
	else
		reply_result(c, NULL);
}

void op_disk_resize(struct conn *c, struct json_object *rq)
{
	long long size = json_line_number(rq, "size", -1);
	struct disk_spec *disk;
	struct domain *d;

	disk = requested_disk(c, rq, &d);
	if (!disk)
		return;
	if (disk->rbd && (disk->readonly || disk->rbd->snapshot))
		op_refuse(c, FAULT_IMAGE_UNSUPPORTED,
			  "%s is read-only: its guest would not see another size", disk->target);
	else if (!json_object_object_get_ex(rq, "size", NULL))
		look_again(c, d, disk);
	else if (size <= 0)
		op_refuse(c, FAULT_BAD_REQUEST, "\"size\" is not a number of bytes");
	else if (disk->kind == DISK_BLOCK)
		op_refuse(c, FAULT_IMAGE_UNSUPPORTED,
			  "%s is a block device, which somebody else makes larger; without a size "
			  "the guest is told the one that it has then", disk->source);
	else
		resize_image(c, rq, disk, size);
}
