/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits of a disk by libvirt's names, "total_bytes_sec" and so on: for <iotune> of a vm.xml and
 * for a change while the domain runs.
 */
#ifndef DOMAIN_SPEC_IOTUNE_H
#define DOMAIN_SPEC_IOTUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iotune_spec;

#define SPEC_IOTUNE_MAX 1000000000000000ull /* bytes or operations a second, as in libvirt */
#define SPEC_IOTUNE_SECONDS_MAX 1000000ull

/* The names one after the other; NULL behind the last one. */
const char *spec_iotune_name(unsigned int i);

/* NULL: there is no such limit. '*ret_max' is the largest value that it may have. */
uint64_t *spec_iotune_field(struct iotune_spec *t, const char *name, uint64_t *ret_max);

/*
 * Changes '*t' as virsh does: 'wanted' holds what is given, bit i of 'given' stands for the name i. Of
 * total, read and write of a kind, those that are not given are no limits any more when another one is. A
 * burst that does not go with what is left ends, unless it was given: spec_iotune_check() tells then.
 */
void spec_iotune_merge(struct iotune_spec *t, const struct iotune_spec *wanted, uint32_t given);

/* Do the limits go together? false: 'reason' says what does not. */
bool spec_iotune_check(const struct iotune_spec *t, char *reason, size_t size);

#endif
