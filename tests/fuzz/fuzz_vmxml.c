/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a vm.xml: either a specification that keeps the bounds that hvd builds on, or a
 * message; never both, never neither.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)          \
	do {                     \
		if (!(condition)) \
			abort(); \
	} while (0)

static bool is_limit(const struct iotune_limit *l)
{
	return (!l->max || l->average) && (!l->max || l->max >= l->average) && (!l->max_length || l->max);
}

static void check_disk(const struct disk_spec *d)
{
	const struct iotune_spec *t = &d->iotune;

	MUST(d->source && d->target && strlen(d->target) == 4);
	MUST(!d->cdrom || d->readonly);
	MUST(!d->rbd == (d->kind != DISK_RBD));
	MUST(d->rbd || d->source[0] == '/');
	MUST(d->rerror_policy != DISK_ERROR_ENOSPACE);
	MUST(!d->logical_block_size || d->logical_block_size == 512 || d->logical_block_size == 4096);
	MUST((d->physical_block_size & (d->physical_block_size - 1)) == 0);
	MUST(is_limit(&t->total_bytes) && is_limit(&t->read_bytes) && is_limit(&t->write_bytes));
	MUST(is_limit(&t->total_iops) && is_limit(&t->read_iops) && is_limit(&t->write_iops));
	MUST(!t->total_bytes.average || (!t->read_bytes.average && !t->write_bytes.average));
	MUST(!t->total_iops.average || (!t->read_iops.average && !t->write_iops.average));
	if (!d->rbd)
		return;
	MUST(d->rbd->pool && *d->rbd->pool && !strpbrk(d->rbd->pool, "/@: "));
	MUST(d->rbd->image && *d->rbd->image && !strpbrk(d->rbd->image, "/@: "));
	MUST(!d->rbd->snapshot || d->readonly);
	/* Either both or none; the secret is a file's name and nothing else. */
	MUST(!d->rbd->user == !d->rbd->secret);
	MUST(!d->rbd->secret || (!strchr(d->rbd->secret, '/') && d->rbd->secret[0] != '.'));
	MUST(d->rbd->nr_hosts <= SPEC_RBD_HOSTS_MAX);
	for (unsigned int i = 0; i < d->rbd->nr_hosts; i++)
		MUST(d->rbd->hosts[i].name && !strpbrk(d->rbd->hosts[i].name, ", ;[]"));
}

static void check(const struct domain_spec *s)
{
	MUST(s->name && strlen(s->name) <= SPEC_NAME_MAX && !strchr(s->name, '/'));
	MUST(s->memory_bytes >= SPEC_MEMORY_MIN && s->memory_bytes <= SPEC_MEMORY_MAX);
	MUST(s->memory_bytes % 4096 == 0 && s->memory_target_bytes <= s->memory_bytes);
	MUST(s->nr_vcpus >= 1 && s->nr_vcpus <= SPEC_VCPUS_MAX);
	MUST(s->nr_vcpus_online >= 1 && s->nr_vcpus_online <= s->nr_vcpus);
	MUST(s->weight >= 1 && s->weight <= 65535);
	MUST(s->kernel && s->kernel[0] == '/' && (!s->initrd || s->initrd[0] == '/'));
	MUST(s->cmdline && strlen(s->cmdline) <= SPEC_CMDLINE_MAX);
	MUST(s->nr_disks <= SPEC_DISKS_MAX && s->nr_nics <= SPEC_NICS_MAX);
	for (unsigned int i = 0; i < s->nr_disks; i++)
		check_disk(&s->disks[i]);
	for (unsigned int i = 0; i < s->nr_nics; i++)
		MUST(s->nics[i].bridge && strlen(s->nics[i].bridge) < 16 && !(s->nics[i].mac[0] & 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t uuid[16] = { 1 };
	struct domain_spec *spec = NULL;
	char *error = NULL;
	int err = spec_parse((const char *)data, size, &spec, &error);

	MUST(!err == (spec != NULL) && !err == (error == NULL));
	if (spec) {
		spec_set_uuid(spec, uuid);
		check(spec);
	}
	spec_destroy(spec);
	free(error);

	spec = NULL;
	error = NULL;
	err = spec_parse_device((const char *)data, size, &spec, &error);
	MUST(!err == (spec != NULL) && !err == (error == NULL));
	if (spec) {
		MUST(spec->nr_disks + spec->nr_nics == 1);
		if (spec->nr_disks)
			check_disk(&spec->disks[0]);
	}
	spec_destroy(spec);
	free(error);
	return 0;
}
