/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire format. A message is a header of four 32-bit numbers, in the machine's byte order, and
 * up to 4096 bytes, mostly strings that end in NUL. Lengths are checked before a byte of the
 * payload is read, and a payload is never taken for a string without looking for its NUL.
 */
#include "xenstore/wire.h"

#include <errno.h>
#include <string.h>

#include "lib/xmem.h"

_Static_assert(offsetof(struct wire_out, payload) ==
		       offsetof(struct wire_out, header) + sizeof(struct xsd_sockmsg),
	       "header and payload are one run of bytes");

void *wire_in_space(struct wire_in *in, size_t *ret_wanted)
{
	size_t of_payload;

	if (in->used < sizeof(in->header)) {
		*ret_wanted = sizeof(in->header) - in->used;
		return (char *)&in->header + in->used;
	}
	of_payload = in->used - sizeof(in->header);
	*ret_wanted = in->header.len - of_payload;
	return in->payload + of_payload;
}

int wire_in_status(struct wire_in *in)
{
	if (in->used < sizeof(in->header))
		return 0;
	if (in->header.len > XENSTORE_PAYLOAD_MAX)
		return -EPROTO;
	if (in->used < sizeof(in->header) + in->header.len)
		return 0;
	in->payload[in->header.len] = '\0';
	return 1;
}

int wire_in_added(struct wire_in *in, size_t n)
{
	in->used += n;
	return wire_in_status(in);
}

void wire_in_next(struct wire_in *in)
{
	in->used = 0;
}

int wire_strings(const char *payload, size_t length, const char **ret_strings, unsigned int nr,
		 size_t *ret_rest)
{
	const char *end = payload + length, *nul;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		nul = memchr(payload, '\0', (size_t)(end - payload));
		if (!nul)
			return -EINVAL;
		ret_strings[i] = payload;
		payload = nul + 1;
	}
	if (ret_rest)
		*ret_rest = (size_t)(end - payload);
	else if (payload != end)
		return -EINVAL;
	return 0;
}

int wire_number(const char *text, uint32_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	*ret_value = (uint32_t)value;
	return 0;
}

struct wire_out *wire_out_create(uint32_t type, uint32_t req_id, uint32_t tx_id,
				 const void *payload, size_t length)
{
	struct wire_out *out = xmalloc(sizeof(*out) + length);

	out->watch = NULL;
	out->id = 0;
	out->sent = 0;
	out->length = sizeof(out->header) + length;
	out->header = (struct xsd_sockmsg){ type, req_id, tx_id, (uint32_t)length };
	if (length)
		memcpy(out->payload, payload, length);
	return out;
}

struct wire_out *wire_out_event(const char *path, const char *short_path, const char *token)
{
	size_t token_size = strlen(token) + 1, path_size = strlen(path) + 1;
	struct wire_out *out;

	if (path_size + token_size > XENSTORE_PAYLOAD_MAX) {
		path = short_path;
		path_size = strlen(path) + 1;
	}
	out = wire_out_create(XS_WATCH_EVENT, 0, 0, path, path_size);
	out = xrealloc(out, sizeof(*out) + path_size + token_size);
	memcpy(out->payload + path_size, token, token_size);
	out->length += token_size;
	out->header.len += (uint32_t)token_size;
	return out;
}

const char *wire_error_name(int err)
{
	size_t i;

	for (i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
		if (xsd_errors[i].errnum == -err)
			return xsd_errors[i].errstring;
	}
	return "EIO";
}
