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
		MUST(s->disks[i].source[0] == '/' && strlen(s->disks[i].target) == 4);
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
	return 0;
}
