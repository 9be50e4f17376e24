/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of a disk's limits, and which of them exclude each other: see spec_iotune.h.
 */
#include "domain/spec_iotune.h"

#include <stdio.h>
#include <string.h>

#include "domain/spec.h"

#define LIMIT(name, field)                                                                         \
	{ name, offsetof(struct iotune_spec, field.average), SPEC_IOTUNE_MAX },                     \
	{ name "_max", offsetof(struct iotune_spec, field.max), SPEC_IOTUNE_MAX },                  \
	{ name "_max_length", offsetof(struct iotune_spec, field.max_length), SPEC_IOTUNE_SECONDS_MAX }

static const struct {
	const char *name;
	size_t offset;
	uint64_t max;
} fields[] = {
	LIMIT("total_bytes_sec", total_bytes),
	LIMIT("read_bytes_sec", read_bytes),
	LIMIT("write_bytes_sec", write_bytes),
	LIMIT("total_iops_sec", total_iops),
	LIMIT("read_iops_sec", read_iops),
	LIMIT("write_iops_sec", write_iops),
	{ "size_iops_sec", offsetof(struct iotune_spec, size_iops), 1ull << 32 },
};

#define NR_FIELDS (sizeof(fields) / sizeof(fields[0]))

const char *spec_iotune_name(unsigned int i)
{
	return i < NR_FIELDS ? fields[i].name : NULL;
}

uint64_t *spec_iotune_field(struct iotune_spec *t, const char *name, uint64_t *ret_max)
{
	for (size_t i = 0; i < NR_FIELDS; i++) {
		if (!strcmp(fields[i].name, name)) {
			*ret_max = fields[i].max;
			return (uint64_t *)((char *)t + fields[i].offset);
		}
	}
	return NULL;
}

/* ---- Changes ---- */

#define SORTS 3u /* average, max, max_length: the order of LIMIT */
#define LIMITS_OF_A_KIND 3u /* total, read, write */
#define SIZE_IOPS (NR_FIELDS - 1)

static uint64_t *field_at(struct iotune_spec *t, size_t i)
{
	return (uint64_t *)((char *)t + fields[i].offset);
}

static bool is_given(uint32_t given, size_t i)
{
	return given >> i & 1;
}

/* One sort of value, of the three limits of a kind: all of them, or none. */
static void merge_sort(struct iotune_spec *t, struct iotune_spec *wanted, uint32_t given, size_t first)
{
	bool any = false;

	for (size_t i = 0; i < LIMITS_OF_A_KIND; i++)
		any = any || is_given(given, first + i * SORTS);
	for (size_t i = first; any && i < first + LIMITS_OF_A_KIND * SORTS; i += SORTS)
		*field_at(t, i) = is_given(given, i) ? *field_at(wanted, i) : 0;
}

/* A burst of what has no limit any more, or of less than the new limit. */
static void drop_burst(struct iotune_spec *t, uint32_t given, size_t average)
{
	uint64_t *max = field_at(t, average + 1), *length = field_at(t, average + 2);
	uint64_t limit = *field_at(t, average);

	if ((!limit || *max < limit) && !is_given(given, average + 1))
		*max = 0;
	if (!*max && !is_given(given, average + 2))
		*length = 0;
}

void spec_iotune_merge(struct iotune_spec *t, const struct iotune_spec *wanted, uint32_t given)
{
	struct iotune_spec from = *wanted;
	size_t kind, sort, i;

	for (kind = 0; kind < SIZE_IOPS; kind += LIMITS_OF_A_KIND * SORTS)
		for (sort = 0; sort < SORTS; sort++)
			merge_sort(t, &from, given, kind + sort);
	for (i = 0; i < SIZE_IOPS; i += SORTS)
		drop_burst(t, given, i);
	if (is_given(given, SIZE_IOPS))
		t->size_iops = from.size_iops;
	else if (!t->total_iops.average && !t->read_iops.average && !t->write_iops.average)
		t->size_iops = 0;
}

/* ---- Mistakes ---- */

static bool is_set(const struct iotune_limit *l)
{
	return l->average || l->max;
}

static bool check_limit(const struct iotune_limit *l, const char *name, char *reason, size_t size)
{
	if (l->max && !l->average)
		snprintf(reason, size, "%s_max is of no use without %s", name, name);
	else if (l->max && l->max < l->average)
		snprintf(reason, size, "%s_max is less than %s", name, name);
	else if (l->max_length && !l->max)
		snprintf(reason, size, "%s_max_length is of no use without %s_max", name, name);
	else
		return true;
	return false;
}

static bool check_kind(const struct iotune_limit *total, const struct iotune_limit *read,
		       const struct iotune_limit *write, const char *kind, char *reason, size_t size)
{
	char name[32];

	if (is_set(total) && (is_set(read) || is_set(write))) {
		snprintf(reason, size, "total_%s and read_ or write_%s exclude each other", kind, kind);
		return false;
	}
	snprintf(name, sizeof(name), "total_%s", kind);
	if (!check_limit(total, name, reason, size))
		return false;
	snprintf(name, sizeof(name), "read_%s", kind);
	if (!check_limit(read, name, reason, size))
		return false;
	snprintf(name, sizeof(name), "write_%s", kind);
	return check_limit(write, name, reason, size);
}

bool spec_iotune_check(const struct iotune_spec *t, char *reason, size_t size)
{
	if (!check_kind(&t->total_bytes, &t->read_bytes, &t->write_bytes, "bytes_sec", reason, size) ||
	    !check_kind(&t->total_iops, &t->read_iops, &t->write_iops, "iops_sec", reason, size))
		return false;
	if (t->size_iops && !is_set(&t->total_iops) && !is_set(&t->read_iops) &&
	    !is_set(&t->write_iops)) {
		snprintf(reason, size, "size_iops_sec is of no use without a limit of iops");
		return false;
	}
	return true;
}
