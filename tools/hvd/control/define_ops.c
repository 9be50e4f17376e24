/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations about definitions (domain/definitions.h): domains that are known whether they run or not.
 */
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "control/conn.h"
#include "control/describe.h"
#include "control/ops.h"
#include "domain/autostart.h"
#include "domain/history.h"
#include "domain/spec.h"
#include "lib/xmem.h"

static struct definitions *definitions_of(struct conn *c)
{
	return op_domains(c)->env.definitions;
}

struct definition *op_definition(struct conn *c, const char *name)
{
	return definition_find(definitions_of(c), name);
}

/* The definition that the request names; NULL: replied. */
static struct definition *named_definition(struct conn *c, struct json_object *rq)
{
	char digits[24];
	const char *key = op_domain_key(rq, digits);
	struct definition *def = key ? op_definition(c, key) : NULL;
	struct domain *d = key && !def ? domain_find(op_domains(c), key) : NULL;

	if (d)
		def = op_definition(c, d->spec->name); /* by its id */
	if (def)
		return def;
	if (!key)
		op_refuse(c, FAULT_BAD_REQUEST, "the request names no \"domain\"");
	else if (d)
		op_refuse(c, FAULT_NOT_DEFINED, "domain '%s' is not defined: it exists while it runs",
			  d->spec->name);
	else
		op_refuse(c, FAULT_NO_SUCH_DOMAIN, "there is no domain '%.80s'", key);
	return NULL;
}

/* ---- Looking ---- */

/* The definition that the request names, if no domain runs under that name. */
static struct definition *shut_off(struct conn *c, struct json_object *rq)
{
	char digits[24];
	const char *key = op_domain_key(rq, digits);

	return key && !domain_find(op_domains(c), key) ? op_definition(c, key) : NULL;
}

void list_shut_off(struct conn *c, struct json_object *list, struct json_object *reply)
{
	struct json_object *mistakes = json_object_new_array();
	struct definitions *defs = definitions_of(c);
	struct definition_mistake *m;
	struct definition *def;

	if (defs) {
		TAILQ_FOREACH(def, definitions_list(defs), link)
			if (!domain_find(op_domains(c), def->name))
				json_object_array_add(list, describe_definition(def, NULL));
		TAILQ_FOREACH(m, definitions_mistakes(defs), link)
			json_object_array_add(mistakes, describe_text(m->text));
	}
	json_object_object_add(reply, "mistakes", mistakes);
}

bool info_shut_off(struct conn *c, struct json_object *rq)
{
	struct definition *def = shut_off(c, rq);
	struct domain_spec *spec;
	struct fault f;

	if (!def)
		return false;
	if (definitions_load(definitions_of(c), def, NULL, &spec, &f)) {
		reply_fault(c, &f);
		return true;
	}
	reply_result(c, describe_definition(def, spec));
	spec_destroy(spec);
	return true;
}

bool wait_shut_off(struct conn *c, struct json_object *rq)
{
	struct json_object *o;

	if (!shut_off(c, rq))
		return false;
	o = json_object_new_object();
	json_object_object_add(o, "state", json_object_new_string("gone"));
	reply_result(c, o);
	return true;
}

void op_dumpxml(struct conn *c, struct json_object *rq)
{
	struct definition *def = named_definition(c, rq);
	struct json_object *o;
	struct fault f;
	char *xml;

	if (!def)
		return;
	if (definitions_load(definitions_of(c), def, &xml, NULL, &f)) {
		reply_fault(c, &f);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "name", json_object_new_string(def->name));
	json_object_object_add(o, "xml", json_object_new_string(xml));
	free(xml);
	reply_result(c, o);
}

/* ---- Changing ---- */

void op_define(struct conn *c, struct json_object *rq)
{
	const char *xml = json_line_string(rq, "xml");
	struct definition *def;
	struct domain *d;
	struct domain_spec *spec;
	struct fault f;
	char *error;

	if (!xml) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request has no \"xml\"");
		return;
	}
	if (!definitions_of(c)) {
		op_refuse(c, FAULT_DEFINITION, "there is no folder for definitions: see hvd's log");
		return;
	}
	if (spec_parse(xml, strlen(xml), &spec, &error)) {
		op_refuse(c, FAULT_BAD_XML, "%s", error);
		free(error);
		return;
	}
	op_record_set_name(c, spec->name);
	d = domain_find(op_domains(c), spec->name);
	spec_destroy(spec);
	if (definitions_define(definitions_of(c), xml, d ? d->spec->uuid : NULL, &def, &f))
		reply_fault(c, &f);
	else
		reply_result(c, describe_definition(def, NULL));
}

void op_undefine(struct conn *c, struct json_object *rq)
{
	struct definition *def = named_definition(c, rq);
	struct fault f;

	if (def)
		op_reply(c, definitions_undefine(definitions_of(c), def, &f), &f);
}

void op_autostart(struct conn *c, struct json_object *rq)
{
	struct definition *def = named_definition(c, rq);
	bool on = json_line_bool(rq, "enable", 1);
	struct fault f;

	if (def)
		op_reply(c, definitions_set_autostart(definitions_of(c), def, on, &f), &f);
}

/* The definition and what is kept under its name. */
static int rename_all(struct conn *c, struct definition *def, const char *name, struct fault *f)
{
	char *before = xstrdup(def->name);
	int err = definitions_rename(definitions_of(c), def, name, f);

	if (!err) {
		history_rename(op_domains(c)->env.history, before, name);
		op_record_set_name(c, name);
	}
	free(before);
	return err;
}

void op_rename(struct conn *c, struct json_object *rq)
{
	struct definition *def = named_definition(c, rq);
	const char *name = json_line_string(rq, "name");
	struct fault f;
	int err;

	if (!def)
		return;
	if (!name)
		err = fault_set(&f, FAULT_BAD_REQUEST, "the request has no \"name\"");
	else if (domain_find(op_domains(c), def->name))
		err = fault_set(&f, FAULT_WRONG_STATE, "domain '%s' is not shut off", def->name);
	else if (domain_find(op_domains(c), name))
		err = fault_set(&f, FAULT_NAME_IN_USE, "a domain '%s' runs", name);
	else
		err = rename_all(c, def, name, &f);
	op_reply(c, err, &f);
}

void op_start(struct conn *c, struct json_object *rq)
{
	struct definition *def = named_definition(c, rq);
	struct domain *d;
	struct fault f;

	if (!def)
		return;
	d = domain_find(op_domains(c), def->name);
	if (d)
		op_refuse(c, FAULT_WRONG_STATE, "domain '%s' is %s, not shut off", def->name,
			  domain_state_name(d->state));
	else if (definition_start(op_domains(c), def, json_line_bool(rq, "paused", 0), &d, &f))
		reply_fault(c, &f);
	else
		wait_begin(c, d, WAIT_CREATED, OP_CREATE_TIMEOUT_S);
}
