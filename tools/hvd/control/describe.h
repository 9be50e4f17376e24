/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains and the host as JSON objects, as docs/control-protocol.md lists them.
 */
#ifndef CONTROL_DESCRIBE_H
#define CONTROL_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

struct definition;
struct domain;
struct domain_spec;
struct domains;
struct hvabi_host_info;
struct hvabi_info;
struct iotune_spec;
struct json_object;

/* A string from outside (a guest, hv's log): what is not printable UTF-8 becomes '?'. */
struct json_object *describe_text(const char *text);
struct json_object *describe_bytes(const char *bytes, int n);

/* The short form that 'create' answers. */
struct json_object *describe_created(const struct domain *d);

/* 'd' is NULL for the control domain. 'full': with what only 'info' shows. */
struct json_object *describe_domain(const struct domain *d, uint16_t domid,
				    const struct hvabi_info *info, bool full);

struct json_object *describe_iotune(const struct iotune_spec *iotune);

/* A domain that is defined and does not run; 'spec', what its file says, may be NULL. */
struct json_object *describe_definition(const struct definition *def,
					const struct domain_spec *spec);

struct json_object *describe_host(const struct hvabi_host_info *host);

#endif
