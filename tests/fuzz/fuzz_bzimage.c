/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a bzImage: whatever is unpacked keeps the limit it was given, and each refusal has
 * a reason.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/bzimage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNPACKED_MAX (256u << 10)

#define MUST(condition)          \
	do {                     \
		if (!(condition)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *compression = NULL, *reason = NULL;
	size_t offset = 0, length = 0, elf_size = 0;
	void *elf = NULL;

	if (bzimage_find_payload(data, size, &offset, &length, &compression, &reason) == 0)
		MUST(compression && offset <= size && length <= size - offset);
	else
		MUST(reason);
	reason = NULL;
	if (bzimage_unpack(data, size, UNPACKED_MAX, &elf, &elf_size, &reason)) {
		MUST(reason);
		return 0;
	}
	MUST(elf && elf_size <= UNPACKED_MAX);
	free(elf);
	return 0;
}
