/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains that this host is to know whether they run or not: one vm.xml each in a folder, as
 * NAME.xml, and a link in the folder autostart/ below it for each that shall start with the host.
 *
 * The file is what counts. It is read when hvd starts, when hvd is told to read its settings again,
 * and once more whenever the domain is started: who edits it by hand need tell nobody. hvd itself
 * replaces files as a whole, so that a host that loses its power has the old one or the new one. A
 * file with a mistake is reported with its line, and is no definition until it has been mended; the
 * others do not suffer.
 *
 * Functions that a person can cause return 0 or a negative errno with '*ret_fault' set, and nothing
 * has changed then.
 */
#ifndef DOMAIN_DEFINITIONS_H
#define DOMAIN_DEFINITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fault.h"

struct definitions;
struct domain_spec;

#define DEFINITIONS_MAX 4096u

struct definition {
	TAILQ_ENTRY(definition) link; /* by name */
	char *name;
	uint8_t uuid[16];
	bool autostart;
	/* As of the last look at the file. */
	uint64_t memory_bytes;
	unsigned int nr_vcpus;
};

/* A file that is none. */
struct definition_mistake {
	TAILQ_ENTRY(definition_mistake) link;
	char *text; /* "PATH: line 3: <vcpu>: ..." */
};

TAILQ_HEAD(definition_list, definition);
TAILQ_HEAD(definition_mistake_list, definition_mistake);

/* Opens the folder, makes it if it is missing, and reads it. */
int definitions_open(const char *dir, struct definitions **ret_defs);
void definitions_close(struct definitions *defs);
/* Reads the folder again; mistakes are logged. */
void definitions_read(struct definitions *defs);

const struct definition_list *definitions_list(const struct definitions *defs);
const struct definition_mistake_list *definitions_mistakes(const struct definitions *defs);
/* NULL: not defined; 'defs' may be NULL. Valid until something is changed. */
struct definition *definition_find(struct definitions *defs, const char *name);

/*
 * A domain of this name and UUID is about to be there: takes the UUID from the definition where
 * 'spec' names none. An error if another UUID is defined under the name, or the UUID under another.
 */
int definitions_admit(struct definitions *defs, struct domain_spec *spec, struct fault *ret_fault);

/*
 * Defines, or defines anew, what 'xml' describes. 'live_uuid' is that of a domain which runs under
 * that name, or NULL. The file has a <uuid>, whether 'xml' has one or not.
 */
int definitions_define(struct definitions *defs, const char *xml, const uint8_t *live_uuid,
		       struct definition **ret_def, struct fault *ret_fault);
int definitions_undefine(struct definitions *defs, struct definition *def, struct fault *ret_fault);
int definitions_set_autostart(struct definitions *defs, struct definition *def, bool on,
			      struct fault *ret_fault);
int definitions_rename(struct definitions *defs, struct definition *def, const char *name,
		       struct fault *ret_fault);

/* Reads the file: its text and what that means, each of which may be NULL; to be freed. */
int definitions_load(struct definitions *defs, struct definition *def, char **ret_xml,
		     struct domain_spec **ret_spec, struct fault *ret_fault);

/* May this be a domain's name? The rules of vm.xml; such a name is safe in a path. */
bool definition_name_is_valid(const char *name);

#endif
