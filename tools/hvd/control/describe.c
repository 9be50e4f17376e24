/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains and the host as JSON; the contract is in describe.h.
 */
#include "control/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "domain/definitions.h"
#include "domain/domain.h"
#include "domain/spec.h"
#include "domain/spec_iotune.h"
#include "hvcall.h"
#include "lib/xmem.h"

#define CONTROL_DOMAIN_NAME "Domain-0"

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

static void add_string(struct json_object *o, const char *key, const char *value)
{
	add(o, key, json_object_new_string(value));
}

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	add(o, key, json_object_new_uint64(value));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	add(o, key, json_object_new_boolean(value));
}

struct json_object *describe_bytes(const char *bytes, int n)
{
	char *clean = xmemdup(bytes, (size_t)n);
	struct json_object *o;

	for (int i = 0; i < n; i++)
		if (((unsigned char)clean[i] < ' ' && !strchr("\n\t\r", clean[i])) ||
		    (unsigned char)clean[i] >= 0x7f || !clean[i])
			clean[i] = '?';
	o = json_object_new_string_len(clean, n);
	free(clean);
	return o;
}

struct json_object *describe_text(const char *text)
{
	return describe_bytes(text, (int)strlen(text));
}

static void add_uuid(struct json_object *o, const uint8_t uuid[16])
{
	char text[37];

	spec_format_uuid(uuid, text);
	add_string(o, "uuid", text);
}

struct json_object *describe_created(const struct domain *d)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "name", d->spec->name);
	add_number(o, "domid", d->domid);
	add_uuid(o, d->spec->uuid);
	add_string(o, "state", domain_state_name(d->state));
	return o;
}

/* The limits that there are, by their names in a vm.xml. */
struct json_object *describe_iotune(const struct iotune_spec *iotune)
{
	struct json_object *o = json_object_new_object();
	struct iotune_spec t = *iotune;
	const char *name;
	uint64_t max;

	for (unsigned int i = 0; (name = spec_iotune_name(i)); i++) {
		uint64_t value = *spec_iotune_field(&t, name, &max);

		if (value)
			add_number(o, name, value);
	}
	return o;
}

static struct json_object *describe_disks(const struct domain_spec *spec)
{
	static const char *const types[] = {
		[DISK_FILE] = "file",
		[DISK_BLOCK] = "block",
		[DISK_RBD] = "network",
	};
	struct json_object *disks = json_object_new_array(), *limits;

	for (unsigned int i = 0; i < spec->nr_disks; i++) {
		const struct disk_spec *disk = &spec->disks[i];
		struct json_object *o = json_object_new_object();

		add_string(o, "target", disk->target);
		add_string(o, "type", types[disk->kind]);
		if (disk->rbd)
			add_string(o, "protocol", "rbd");
		add(o, "source", describe_text(disk->source));
		add_bool(o, "readonly", disk->readonly);
		limits = describe_iotune(&disk->iotune);
		if (json_object_object_length(limits))
			add(o, "iotune", limits);
		else
			json_object_put(limits);
		json_object_array_add(disks, o);
	}
	return disks;
}

static struct json_object *describe_nics(const struct domain_spec *spec)
{
	struct json_object *nics = json_object_new_array();

	for (unsigned int i = 0; i < spec->nr_nics; i++) {
		const struct nic_spec *nic = &spec->nics[i];
		struct json_object *o = json_object_new_object();
		char mac[18];

		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0], nic->mac[1],
			 nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
		add_string(o, "mac", mac);
		add_string(o, "bridge", nic->bridge);
		json_object_array_add(nics, o);
	}
	return nics;
}

static void add_spec(struct json_object *o, const struct domain_spec *spec)
{
	if (spec->title)
		add_string(o, "title", spec->title);
	if (spec->kernel)
		add_string(o, "kernel", spec->kernel);
	if (spec->initrd)
		add_string(o, "initrd", spec->initrd);
	add(o, "cmdline", describe_text(spec->cmdline));
	add_number(o, "weight", spec->weight);
	add_string(o, "on_poweroff", domain_action_name(spec->on_poweroff));
	add_string(o, "on_reboot", domain_action_name(spec->on_reboot));
	add_string(o, "on_crash", domain_action_name(spec->on_crash));
	add(o, "disks", describe_disks(spec));
	add(o, "interfaces", describe_nics(spec));
}

static void add_life(struct json_object *o, const struct domain *d)
{
	add_number(o, "created", (uint64_t)d->created);
	add_number(o, "restarts", d->generation ? d->generation - 1 : 0);
	if (d->orphan) {
		add_bool(o, "orphan", true);
		add_string(o, "orphan_reason", d->orphan);
	}
	if (d->all->env.console_dir) {
		char *path = xasprintf("%s/%s.log", d->all->env.console_dir, d->spec->name);

		add_string(o, "console_log", path);
		free(path);
	}
}

static const char *state_name(const struct domain *d, const struct hvabi_info *info)
{
	if (d)
		return domain_state_name(d->state);
	switch (info->state) {
	case HVABI_DOM_RUNNING:
		return info->pause_count ? "paused" : "running";
	case HVABI_DOM_SHUTDOWN:
		return "shutdown";
	default:
		return "dying";
	}
}

static const char *domain_name(const struct domain *d, uint16_t domid)
{
	if (d)
		return d->spec->name;
	return domid ? "(unknown)" : CONTROL_DOMAIN_NAME;
}

static void add_definition(struct json_object *o, const struct definition *def)
{
	add_bool(o, "persistent", def != NULL);
	if (def)
		add_bool(o, "autostart", def->autostart);
}

struct json_object *describe_domain(const struct domain *d, uint16_t domid,
				    const struct hvabi_info *info, bool full)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "name", domain_name(d, domid));
	add_number(o, "domid", domid);
	add_uuid(o, d ? d->spec->uuid : info->uuid);
	add_string(o, "state", state_name(d, info));
	add_number(o, "memory_kib", info->nr_frames * 4);
	add_number(o, "max_memory_kib", info->max_frames * 4);
	add_number(o, "vcpus", info->nr_vcpus);
	add_number(o, "vcpus_online", info->nr_online_vcpus);
	add_number(o, "cpu_time_ns", info->cpu_time_ns);
	if (d && (d->state == DOMAIN_SHUTDOWN || d->state == DOMAIN_CRASHED))
		add_string(o, "shutdown_reason", shutdown_reason_name(d->shutdown_reason));
	if (d && d->crash_reason[0])
		add(o, "crash_reason", describe_text(d->crash_reason));
	if (d)
		add_definition(o, definition_find(d->all->env.definitions, d->spec->name));
	if (full && d) {
		add_spec(o, d->spec);
		add_life(o, d);
	}
	return o;
}

struct json_object *describe_definition(const struct definition *def, const struct domain_spec *spec)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "name", def->name);
	add_uuid(o, def->uuid);
	add_string(o, "state", "shutoff");
	add_number(o, "max_memory_kib", def->memory_bytes >> 10);
	add_number(o, "vcpus", def->nr_vcpus);
	add_definition(o, def);
	if (spec)
		add_spec(o, spec);
	return o;
}

static struct json_object *describe_features(uint32_t bits)
{
	static const char *const names[] = {
		"nested-paging", "pages-2m", "pages-1g", "next-rip", "x2apic", "tsc-deadline",
		"tsc-stable", "tlb-tags", "flush-by-tag", "decode-assists", "virtual-gif",
		"virtual-nmi", "apic-virtualisation", "x2apic-virtualisation",
		"posted-interrupts", "preemption-timer", "tsc-scaling",
		"page-modification-log", "nested-dirty", "iommu", "xsaves",
	};
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bits >> i & 1)
			json_object_array_add(list, json_object_new_string(names[i]));
	return list;
}

struct json_object *describe_host(const struct hvabi_host_info *host)
{
	struct json_object *o = json_object_new_object();
	char version[32];

	snprintf(version, sizeof(version), "%u.%u", host->version_major, host->version_minor);
	add_string(o, "hypervisor", "hv");
	add_string(o, "version", version);
	add(o, "cpu_model", describe_text(host->cpu_model));
	add(o, "virtualisation", describe_text(host->virt));
	add_number(o, "cpus", host->nr_cpus);
	add_number(o, "tsc_khz", host->tsc_khz);
	add_number(o, "domains", host->nr_domains);
	add_number(o, "total_memory_kib", host->total_frames * 4);
	add_number(o, "free_memory_kib", host->free_frames * 4);
	add_number(o, "hv_memory_kib", host->hv_frames * 4);
	add(o, "scheduler", describe_text(host->scheduler));
	add(o, "features", describe_features(host->features));
	add(o, "features_unused", describe_features(host->features_unused));
	return o;
}
