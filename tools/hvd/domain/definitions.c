/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Defined domains; the contract is in definitions.h. definition_files.c has the files themselves.
 */
#include "domain/definitions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "domain/definition_files.h"
#include "domain/spec.h"
#include "domain/spec_text.h"
#include "lib/log.h"
#include "lib/xmem.h"

struct definitions {
	char *path;
	int dir;
	struct definition_list list;
	unsigned int nr;
	struct definition_mistake_list mistakes;
};

bool definition_name_is_valid(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || strlen(name) > SPEC_NAME_MAX)
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
			return false;
	return strspn(name, "0123456789") != strlen(name);
}

/* ---- The list ---- */

struct definition *definition_find(struct definitions *defs, const char *name)
{
	struct definition *def;

	if (!defs)
		return NULL;
	TAILQ_FOREACH(def, &defs->list, link)
		if (!strcmp(def->name, name))
			return def;
	return NULL;
}

static struct definition *find_uuid(struct definitions *defs, const uint8_t uuid[16])
{
	struct definition *def;

	TAILQ_FOREACH(def, &defs->list, link)
		if (!memcmp(def->uuid, uuid, 16))
			return def;
	return NULL;
}

static void definition_free(struct definitions *defs, struct definition *def)
{
	TAILQ_REMOVE(&defs->list, def, link);
	defs->nr--;
	free(def->name);
	free(def);
}

static void insert(struct definitions *defs, struct definition *def)
{
	struct definition *at;

	TAILQ_FOREACH(at, &defs->list, link)
		if (strcmp(at->name, def->name) > 0)
			break;
	if (at)
		TAILQ_INSERT_BEFORE(at, def, link);
	else
		TAILQ_INSERT_TAIL(&defs->list, def, link);
	defs->nr++;
}

static void remember_spec(struct definition *def, const struct domain_spec *spec)
{
	memcpy(def->uuid, spec->uuid, 16);
	def->memory_bytes = spec->memory_bytes;
	def->nr_vcpus = spec->nr_vcpus;
}

static struct definition *definition_new(struct definitions *defs, const struct domain_spec *spec)
{
	struct definition *def = xcalloc(1, sizeof(*def));

	def->name = xstrdup(spec->name);
	remember_spec(def, spec);
	insert(defs, def);
	return def;
}

const struct definition_list *definitions_list(const struct definitions *defs)
{
	return &defs->list;
}

const struct definition_mistake_list *definitions_mistakes(const struct definitions *defs)
{
	return &defs->mistakes;
}

/* ---- From files to definitions ---- */

static int file_failed(struct definitions *defs, const char *name, int err, struct fault *f)
{
	return fault_set(f, FAULT_DEFINITION, "%s/%s.xml: %s", defs->path, name, strerror(-err));
}

static void choose_uuid(uint8_t uuid[16])
{
	while (getrandom(uuid, 16, 0) != 16)
		;
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); /* RFC 4122: version 4, variant 1 */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

/* Text and meaning of NAME.xml, which must be of that name. */
static int read_file(struct definitions *defs, const char *name, char **ret_xml,
		     struct domain_spec **ret_spec, struct fault *f)
{
	struct domain_spec *spec;
	char *xml = NULL, *error = NULL;
	int err = definition_file_read(defs->dir, name, SPEC_XML_MAX, &xml);

	if (err == -EFBIG)
		return fault_set(f, FAULT_BAD_XML, "%s/%s.xml: it is larger than %u KiB", defs->path,
				 name, SPEC_XML_MAX >> 10);
	if (err)
		return file_failed(defs, name, err, f);
	err = spec_parse(xml, strlen(xml), &spec, &error);
	if (err) {
		fault_set(f, FAULT_BAD_XML, "%s/%s.xml: %s", defs->path, name, error);
	} else if (strcmp(spec->name, name)) {
		err = fault_set(f, FAULT_BAD_XML, "%s/%s.xml: <name>: '%s' is not the file's name",
				defs->path, name, spec->name);
		spec_destroy(spec);
	}
	free(error);
	if (err) {
		free(xml);
		return err;
	}
	*ret_xml = xml;
	*ret_spec = spec;
	return 0;
}

/* A file that somebody put there by hand may lack a UUID; from now on it keeps the one it gets. */
static int settle_uuid(struct definitions *defs, struct domain_spec *spec, char **xml,
		       const uint8_t *known, struct fault *f)
{
	uint8_t uuid[16];
	char text[37], *with;
	int err;

	if (spec->uuid_given)
		return 0;
	if (known)
		memcpy(uuid, known, 16);
	else
		choose_uuid(uuid);
	spec_format_uuid(uuid, text);
	with = spec_text_set(*xml, "uuid", text);
	if (!with)
		return fault_set(f, FAULT_BAD_XML, "%s: there is no place for a <uuid>", spec->name);
	err = definition_file_write(defs->dir, spec->name, with);
	if (err) {
		free(with);
		return file_failed(defs, spec->name, err, f);
	}
	free(*xml);
	*xml = with;
	spec_set_uuid(spec, uuid);
	spec->uuid_given = true;
	return 0;
}

static int check_uuid(struct definitions *defs, const struct domain_spec *spec, struct fault *f)
{
	struct definition *other = find_uuid(defs, spec->uuid);

	if (!other || !strcmp(other->name, spec->name))
		return 0;
	return fault_set(f, FAULT_UUID_IN_USE, "%s: the domain '%s' is defined with the same UUID",
			 spec->name, other->name);
}

static int load_new(struct definitions *defs, const char *name, struct fault *f)
{
	struct domain_spec *spec;
	char *xml;
	int err;

	if (!definition_name_is_valid(name))
		return fault_set(f, FAULT_BAD_XML, "%s/%s.xml: this cannot be a domain's name",
				 defs->path, name);
	if (defs->nr >= DEFINITIONS_MAX)
		return fault_set(f, FAULT_TOO_MANY, "%s/%s.xml: there are %u definitions already",
				 defs->path, name, defs->nr);
	err = read_file(defs, name, &xml, &spec, f);
	if (err)
		return err;
	err = settle_uuid(defs, spec, &xml, NULL, f);
	if (!err)
		err = check_uuid(defs, spec, f);
	if (!err)
		definition_new(defs, spec)->autostart = definition_link_exists(defs->dir, name);
	spec_destroy(spec);
	free(xml);
	return err;
}

static void note_mistake(struct definitions *defs, const struct fault *f)
{
	struct definition_mistake *m = xcalloc(1, sizeof(*m));

	m->text = xstrdup(f->text);
	TAILQ_INSERT_TAIL(&defs->mistakes, m, link);
	log_error("this definition is left out: %s", m->text);
}

static void clear(struct definitions *defs)
{
	struct definition_mistake *m;

	while (!TAILQ_EMPTY(&defs->list))
		definition_free(defs, TAILQ_FIRST(&defs->list));
	while ((m = TAILQ_FIRST(&defs->mistakes))) {
		TAILQ_REMOVE(&defs->mistakes, m, link);
		free(m->text);
		free(m);
	}
}

void definitions_read(struct definitions *defs)
{
	struct definition_names names;
	struct fault f;
	int err;

	definition_file_finish_rename(defs->dir);
	err = definition_file_names(defs->dir, &names);
	if (err) {
		log_error("%s cannot be read, and the definitions are as before: %s", defs->path,
			  strerror(-err));
		return;
	}
	clear(defs);
	for (size_t i = 0; i < names.nr; i++)
		if (load_new(defs, names.name[i], &f))
			note_mistake(defs, &f);
	definition_file_names_free(&names);
	log_info("%u domains are defined in %s", defs->nr, defs->path);
}

int definitions_open(const char *dir, struct definitions **ret_defs)
{
	struct definitions *defs;
	int fd, err = definition_folder_open(dir, &fd);

	if (err)
		return err;
	defs = xcalloc(1, sizeof(*defs));
	defs->path = xstrdup(dir);
	defs->dir = fd;
	TAILQ_INIT(&defs->list);
	TAILQ_INIT(&defs->mistakes);
	definitions_read(defs);
	*ret_defs = defs;
	return 0;
}

void definitions_close(struct definitions *defs)
{
	if (!defs)
		return;
	clear(defs);
	close(defs->dir);
	free(defs->path);
	free(defs);
}

/* ---- What a person does ---- */

int definitions_load(struct definitions *defs, struct definition *def, char **ret_xml,
		     struct domain_spec **ret_spec, struct fault *f)
{
	struct domain_spec *spec;
	char *xml;
	int err;

	err = read_file(defs, def->name, &xml, &spec, f);
	if (err)
		return err;
	err = settle_uuid(defs, spec, &xml, def->uuid, f);
	if (!err)
		err = check_uuid(defs, spec, f);
	if (!err)
		remember_spec(def, spec);
	if (!err && ret_xml)
		*ret_xml = xml;
	else
		free(xml);
	if (!err && ret_spec)
		*ret_spec = spec;
	else
		spec_destroy(spec);
	return err;
}

int definitions_admit(struct definitions *defs, struct domain_spec *spec, struct fault *f)
{
	struct definition *def = definition_find(defs, spec->name);

	if (!defs)
		return 0;
	if (def && !spec->uuid_given) {
		spec_set_uuid(spec, def->uuid);
		spec->uuid_given = true;
		return 0;
	}
	if (def && memcmp(def->uuid, spec->uuid, 16))
		return fault_set(f, FAULT_NAME_IN_USE, "a domain '%s' is defined with another UUID",
				 spec->name);
	return spec->uuid_given ? check_uuid(defs, spec, f) : 0;
}

static int check_live(const struct domain_spec *spec, const uint8_t *live_uuid, struct fault *f)
{
	if (!live_uuid || !memcmp(spec->uuid, live_uuid, 16))
		return 0;
	return fault_set(f, FAULT_NAME_IN_USE, "a domain '%s' runs with another UUID", spec->name);
}

/* The UUID that a definition gets whose text names none: that of the domain it is about. */
static void give_uuid(struct definitions *defs, struct domain_spec *spec, const uint8_t *live_uuid)
{
	struct definition *def = definition_find(defs, spec->name);
	uint8_t uuid[16];

	if (def)
		memcpy(uuid, def->uuid, 16);
	else if (live_uuid)
		memcpy(uuid, live_uuid, 16);
	else
		choose_uuid(uuid);
	spec_set_uuid(spec, uuid);
}

static int store(struct definitions *defs, const struct domain_spec *spec, const char *xml,
		 struct fault *f)
{
	char uuid[37], *with = NULL;
	int err;

	if (!spec->uuid_given) {
		spec_format_uuid(spec->uuid, uuid);
		with = spec_text_set(xml, "uuid", uuid);
		if (!with)
			return fault_set(f, FAULT_BAD_XML, "there is no place for a <uuid>");
		if (strlen(with) > SPEC_XML_MAX) {
			free(with);
			return fault_set(f, FAULT_BAD_XML, "with its <uuid> it is larger than %u KiB",
					 SPEC_XML_MAX >> 10);
		}
	}
	err = definition_file_write(defs->dir, spec->name, with ? with : xml);
	free(with);
	return err ? file_failed(defs, spec->name, err, f) : 0;
}

int definitions_define(struct definitions *defs, const char *xml, const uint8_t *live_uuid,
		       struct definition **ret_def, struct fault *f)
{
	struct definition *def;
	struct domain_spec *spec;
	char *error = NULL;
	int err = spec_parse(xml, strlen(xml), &spec, &error);

	if (err) {
		fault_set(f, FAULT_BAD_XML, "%s", error);
		free(error);
		return err;
	}
	def = definition_find(defs, spec->name);
	if (!spec->uuid_given)
		give_uuid(defs, spec, live_uuid);
	err = check_live(spec, live_uuid, f);
	if (!err && def && memcmp(def->uuid, spec->uuid, 16))
		err = fault_set(f, FAULT_NAME_IN_USE, "a domain '%s' is defined with another UUID",
				spec->name);
	if (!err)
		err = check_uuid(defs, spec, f);
	if (!err && !def && defs->nr >= DEFINITIONS_MAX)
		err = fault_set(f, FAULT_TOO_MANY, "there are %u definitions already", defs->nr);
	if (!err)
		err = store(defs, spec, xml, f);
	if (!err) {
		if (def)
			remember_spec(def, spec);
		else
			def = definition_new(defs, spec);
		*ret_def = def;
	}
	spec_destroy(spec);
	return err;
}

int definitions_undefine(struct definitions *defs, struct definition *def, struct fault *f)
{
	/* The link first: what is left when hvd dies in between is a definition, as before. */
	int err = definition_link_set(defs->dir, def->name, false);

	if (!err)
		err = definition_file_remove(defs->dir, def->name);
	if (err)
		return file_failed(defs, def->name, err, f);
	definition_free(defs, def);
	return 0;
}

int definitions_set_autostart(struct definitions *defs, struct definition *def, bool on,
			      struct fault *f)
{
	int err = definition_link_set(defs->dir, def->name, on);

	if (err)
		return fault_set(f, FAULT_DEFINITION, "%s/autostart/%s.xml: %s", defs->path, def->name,
				 strerror(-err));
	def->autostart = on;
	return 0;
}

int definitions_rename(struct definitions *defs, struct definition *def, const char *name,
		       struct fault *f)
{
	char *xml, *renamed;
	int err;

	if (!definition_name_is_valid(name))
		return fault_set(f, FAULT_BAD_REQUEST, "'%.80s' cannot be a domain's name", name);
	if (definition_find(defs, name))
		return fault_set(f, FAULT_NAME_IN_USE, "a domain '%s' is defined already", name);
	err = definitions_load(defs, def, &xml, NULL, f);
	if (err)
		return err;
	renamed = spec_text_set(xml, "name", name);
	err = renamed ? definition_file_rename(defs->dir, def->name, name, renamed, def->autostart) :
			-EINVAL;
	free(renamed);
	free(xml);
	if (err)
		return file_failed(defs, name, err, f);
	TAILQ_REMOVE(&defs->list, def, link);
	defs->nr--;
	free(def->name);
	def->name = xstrdup(name);
	insert(defs, def);
	return 0;
}
