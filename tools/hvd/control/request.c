/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: a table of operations, and what each does. Replies are formed in describe.c; requests
 * that take time are ended by wait.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "control/conn.h"
#include "control/describe.h"
#include "control/device_ops.h"
#include "control/dirty_ops.h"
#include "control/image_ops.h"
#include "control/ops.h"
#include "domain/spec.h"
#include "hvcall.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define DESTROY_TIMEOUT_S 60
#define WAIT_TIMEOUT_DEFAULT_S 60
#define WAIT_TIMEOUT_MAX_S 86400

struct domains *op_domains(struct conn *c)
{
	return control_domains(c->control);
}

static struct hvcall *hv_of(struct conn *c)
{
	return op_domains(c)->env.hv;
}

void op_refuse(struct conn *c, enum fault_code code, const char *fmt, ...)
{
	struct fault f;
	char text[sizeof(f.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fault_set(&f, code, "%s", text);
	reply_fault(c, &f);
}

void op_reply(struct conn *c, int err, const struct fault *f)
{
	if (err)
		reply_fault(c, f);
	else
		reply_result(c, NULL);
}

const char *op_domain_key(struct json_object *rq, char digits[24])
{
	long long number = json_line_number(rq, "domain", -1);

	if (number < 0)
		return json_line_string(rq, "domain");
	snprintf(digits, 24, "%lld", number);
	return digits;
}

struct domain *op_domain(struct conn *c, struct json_object *rq, bool *ret_is_control)
{
	char digits[24];
	const char *key = op_domain_key(rq, digits);
	struct domain *d;

	if (!key) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request names no \"domain\"");
		return NULL;
	}
	if (!strcmp(key, "0") || !strcmp(key, "Domain-0")) {
		if (ret_is_control)
			*ret_is_control = true;
		else
			op_refuse(c, FAULT_CONTROL_DOMAIN, "this cannot be done to the control domain");
		return NULL;
	}
	d = domain_find(op_domains(c), key);
	if (!d && op_definition(c, key))
		op_refuse(c, FAULT_WRONG_STATE, "domain '%s' is shut off; 'start' starts it", key);
	else if (!d)
		op_refuse(c, FAULT_NO_SUCH_DOMAIN, "there is no domain '%.80s'", key);
	return d;
}

/* ---- The host ---- */

static void op_version(struct conn *c, struct json_object *rq)
{
	struct json_object *o = json_object_new_object();

	(void)rq;
	json_object_object_add(o, "name", json_object_new_string("hvd"));
	json_object_object_add(o, "version", json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(o, "protocol", json_object_new_int(1));
	reply_result(c, o);
}

static void op_capabilities(struct conn *c, struct json_object *rq)
{
	struct hvabi_host_info host;
	int err = hvcall_host_info(hv_of(c), &host);

	(void)rq;
	if (err)
		op_refuse(c, FAULT_HYPERVISOR, "hv does not tell about the host: %s", strerror(-err));
	else
		reply_result(c, describe_host(&host));
}

static void op_dmesg(struct conn *c, struct json_object *rq)
{
	long long from = json_line_number(rq, "position", 0);
	uint64_t position = from < 0 ? 0 : (uint64_t)from;
	struct json_object *o;
	char *text = xmalloc(OP_LOG_CHUNK);
	size_t n;
	int err;

	err = hvcall_log_read(hv_of(c), &position, text, OP_LOG_CHUNK, &n);
	if (err) {
		op_refuse(c, FAULT_HYPERVISOR, "hv does not give its log: %s", strerror(-err));
	} else {
		o = json_object_new_object();
		json_object_object_add(o, "text", describe_bytes(text, (int)n));
		json_object_object_add(o, "next", json_object_new_uint64(position + n));
		reply_result(c, o);
	}
	free(text);
}

/* ---- Looking at domains ---- */

static void op_list(struct conn *c, struct json_object *rq)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();
	struct hvabi_info info;
	uint16_t domid;

	for (domid = 0; !hvcall_domain_next(hv_of(c), &domid, &info); domid++)
		json_object_array_add(list,
				      describe_domain(domain_find_id(op_domains(c), domid), domid,
						      &info, false));
	json_object_object_add(o, "domains", list);
	if (json_line_bool(rq, "all", 0))
		list_shut_off(c, list, o);
	reply_result(c, o);
}

/* The domid and the state of a domain that may be the control domain; false: replied. */
static bool look_up(struct conn *c, struct json_object *rq, struct domain **ret_d,
		    uint16_t *ret_domid, struct hvabi_info *ret_info)
{
	bool is_control = false;
	struct domain *d = op_domain(c, rq, &is_control);
	int err;

	if (!d && !is_control)
		return false;
	*ret_d = d;
	*ret_domid = d ? d->domid : 0;
	err = hvcall_domain_info(hv_of(c), *ret_domid, ret_info);
	if (err) {
		op_refuse(c, FAULT_HYPERVISOR, "hv does not tell about domain %u: %s", *ret_domid,
		       strerror(-err));
		return false;
	}
	return true;
}

static void op_info(struct conn *c, struct json_object *rq)
{
	struct hvabi_info info;
	struct domain *d;
	uint16_t domid;

	if (info_shut_off(c, rq))
		return;
	if (look_up(c, rq, &d, &domid, &info))
		reply_result(c, describe_domain(d, domid, &info, true));
}

static struct json_object *describe_vcpu(unsigned int i, const struct hvabi_vcpu *v)
{
	static const char *const states[] = { "running", "runnable", "blocked", "offline" };
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "vcpu", json_object_new_int((int)i));
	json_object_object_add(o, "online", json_object_new_boolean(v->online != 0));
	json_object_object_add(o, "state", json_object_new_string(v->state < 4 ? states[v->state] : "?"));
	json_object_object_add(o, "cpu", json_object_new_int((int)v->cpu));
	json_object_object_add(o, "cpu_time_ns", json_object_new_uint64(v->time_ns[0]));
	json_object_object_add(o, "ready_time_ns", json_object_new_uint64(v->time_ns[1]));
	json_object_object_add(o, "exits", json_object_new_uint64(v->exits));
	json_object_object_add(o, "rip", json_object_new_uint64(v->rip));
	return o;
}

static void op_vcpus(struct conn *c, struct json_object *rq)
{
	struct json_object *list, *o;
	struct hvabi_info info;
	struct hvabi_vcpu vcpu;
	struct domain *d;
	uint16_t domid;

	if (!look_up(c, rq, &d, &domid, &info))
		return;
	list = json_object_new_array();
	for (unsigned int i = 0; i < info.nr_vcpus && i < SPEC_VCPUS_MAX; i++)
		if (!hvcall_vcpu_info(hv_of(c), domid, i, &vcpu))
			json_object_array_add(list, describe_vcpu(i, &vcpu));
	o = json_object_new_object();
	json_object_object_add(o, "vcpus", list);
	reply_result(c, o);
}

/* ---- Changing domains ---- */

/* Parses the request's "xml"; NULL: replied. */
static struct domain_spec *requested_spec(struct conn *c, struct json_object *rq)
{
	const char *xml = json_line_string(rq, "xml");
	struct domain_spec *spec;
	char *error = NULL;

	if (!xml) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request has no \"xml\"");
		return NULL;
	}
	if (spec_parse(xml, strlen(xml), &spec, &error)) {
		op_refuse(c, FAULT_BAD_XML, "%s", error);
		free(error);
		return NULL;
	}
	return spec;
}

static void op_create(struct conn *c, struct json_object *rq)
{
	struct domain_spec *spec = requested_spec(c, rq);
	struct domain *d;
	struct fault f;

	if (!spec)
		return;
	op_record_set_name(c, spec->name);
	if (definitions_admit(op_domains(c)->env.definitions, spec, &f)) {
		spec_destroy(spec);
		reply_fault(c, &f);
		return;
	}
	if (domain_create(op_domains(c), spec, json_line_string(rq, "xml"), json_line_bool(rq, "paused", 0),
			  &d, &f))
		reply_fault(c, &f);
	else
		wait_begin(c, d, WAIT_CREATED, OP_CREATE_TIMEOUT_S);
}

static void op_validate(struct conn *c, struct json_object *rq)
{
	struct domain_spec *spec = requested_spec(c, rq);

	if (!spec)
		return;
	spec_destroy(spec);
	reply_result(c, NULL);
}

static void op_destroy(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);

	if (!d)
		return;
	wait_begin(c, d, WAIT_GONE, DESTROY_TIMEOUT_S);
	domain_destroy(d);
}

static void op_pause(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);
	struct fault f;

	if (d)
		op_reply(c, domain_pause(d, &f), &f);
}

static void op_resume(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);
	struct fault f;

	if (d)
		op_reply(c, domain_resume(d, &f), &f);
}

static void op_shutdown(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);
	struct fault f;

	if (d)
		op_reply(c, domain_ask_shutdown(d, false, &f), &f);
}

static void op_reboot(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);
	struct fault f;

	if (d)
		op_reply(c, domain_ask_shutdown(d, true, &f), &f);
}

static void op_wait(struct conn *c, struct json_object *rq)
{
	long long timeout = json_line_number(rq, "timeout_s", WAIT_TIMEOUT_DEFAULT_S);
	struct domain *d;

	if (wait_shut_off(c, rq))
		return;
	d = op_domain(c, rq, NULL);
	if (!d)
		return;
	if (timeout < 0 || timeout > WAIT_TIMEOUT_MAX_S)
		op_refuse(c, FAULT_BAD_REQUEST, "\"timeout_s\" is not between 0 and %d", WAIT_TIMEOUT_MAX_S);
	else
		wait_begin(c, d, WAIT_STOPPED, (unsigned int)timeout);
}

static void op_console(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);

	if (!d)
		return;
	if (d->orphan)
		op_refuse(c, FAULT_CONSOLE, "domain '%s' is of an earlier hvd and has no console",
		       d->spec->name);
	else
		view_begin(c, d, json_line_number(rq, "lines", -1));
}

/* What an operation is that changes nothing; one that is not marked changes something. */
enum op_kind { OP_CHANGES, OP_LOOKS, OP_LISTENS /* to what guests say and do: for who may act, and no change */ };

static const struct operation {
	const char *name;
	void (*run)(struct conn *c, struct json_object *rq);
	enum op_kind kind;
} operations[] = {
	{ "version", op_version, OP_LOOKS },
	{ "capabilities", op_capabilities, OP_LOOKS },
	{ "dmesg", op_dmesg, OP_LOOKS },
	{ "events", op_events, OP_LOOKS },
	{ "top", op_top, OP_LOOKS },
	{ "log", op_log, OP_LOOKS },
	{ "list", op_list, OP_LOOKS },
	{ "info", op_info, OP_LOOKS },
	{ "vcpus", op_vcpus, OP_LOOKS },
	{ "validate", op_validate, OP_LOOKS },
	{ "wait", op_wait, OP_LOOKS },
	{ "history", op_history, OP_LOOKS },
	{ "console_log", op_console_log, OP_LISTENS },
	{ "dirty-rate", op_dirty_rate, OP_LISTENS },
	{ "create", op_create, OP_CHANGES },
	{ "destroy", op_destroy, OP_CHANGES },
	{ "pause", op_pause, OP_CHANGES },
	{ "resume", op_resume, OP_CHANGES },
	{ "shutdown", op_shutdown, OP_CHANGES },
	{ "reboot", op_reboot, OP_CHANGES },
	{ "console", op_console, OP_CHANGES },
	{ "define", op_define, OP_CHANGES },
	{ "undefine", op_undefine, OP_CHANGES },
	{ "start", op_start, OP_CHANGES },
	{ "autostart", op_autostart, OP_CHANGES },
	{ "rename", op_rename, OP_CHANGES },
	{ "dumpxml", op_dumpxml, OP_LOOKS },
	{ "attach-device", op_attach_device, OP_CHANGES },
	{ "detach-device", op_detach_device, OP_CHANGES },
	{ "disk-limits", op_disk_limits, OP_CHANGES },
	{ "disk-resize", op_disk_resize, OP_CHANGES },
	{ "image", op_image, OP_CHANGES },
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(name, operations[i].name))
			return &operations[i];
	return NULL;
}

void request_run(struct conn *c, struct json_object *rq)
{
	const char *name = json_line_string(rq, "op");
	const struct operation *op = name ? find_operation(name) : NULL;
	char digits[24];

	if (!name) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request has no \"op\"");
	} else if (!op) {
		op_refuse(c, FAULT_UNKNOWN_OP, "hvd does not know the operation '%.40s'", name);
	} else if (op->kind != OP_LOOKS && c->access != ACCESS_FULL) {
		op_refuse(c, FAULT_DENIED, "you may look, but '%s' is for root and group hvd only", name);
	} else {
		log_debug("uid %u asks for %s", c->uid, name);
		if (op->kind == OP_CHANGES)
			op_record_begin(c, op->name, op_domain_key(rq, digits));
		op->run(c, rq);
	}
}
