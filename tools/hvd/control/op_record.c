/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients did to a domain, for its history (domain/history.h).
 */
#include <stdlib.h>
#include <string.h>

#include "control/conn.h"
#include "domain/history.h"
#include "domain/spec.h"
#include "lib/xmem.h"

void op_record_begin(struct conn *c, const char *op, const char *key)
{
	struct domain *d = key ? domain_find(control_domains(c->control), key) : NULL;

	c->record.op = op;
	c->record.began_ms = history_now_ms();
	op_record_set_name(c, d ? d->spec->name : key);
}

void op_record_set_name(struct conn *c, const char *name)
{
	free(c->record.name);
	c->record.name = name ? xstrndup(name, SPEC_NAME_MAX + 1) : NULL;
}

static void clear(struct conn *c)
{
	free(c->record.name);
	c->record = (struct op_record){ 0 };
}

static void add(struct conn *c, const char *outcome, const char *message)
{
	struct history_entry e = {
		.what = c->record.op,
		.by = "client",
		.uid = c->uid,
		.duration_ms = history_now_ms() - c->record.began_ms,
		.outcome = outcome,
		.message = message,
	};

	history_add(control_domains(c->control)->env.history, c->record.name, &e);
}

void op_record_end(struct conn *c, const struct fault *fault)
{
	/* Who misspells a name shall not fill the folder with it. */
	if (c->record.op && (!fault || fault->code != FAULT_NO_SUCH_DOMAIN))
		add(c, fault ? fault_name(fault->code) : "done", fault ? fault->text : NULL);
	clear(c);
}

void op_record_drop(struct conn *c)
{
	if (c->record.op && c->busy)
		add(c, "client_left", NULL);
	clear(c);
}
