/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of running domains: attach and detach.
 *
 * What has been attached is part of the domain from then on: of what 'info' shows, of the domain after a
 * reboot of the guest, and of what the next hvd takes over. The definition on the disk stays as it is.
 *
 * Both take a while: a cluster is to be reached, a guest is to let go. A request that waits is in
 * 'waiting'; it ends with the device's event, with the domain, or at its deadline. A client that goes
 * leaves the work to go on without a reply.
 */
#include "control/device_ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "backend/backend.h"
#include "control/conn.h"
#include "control/ops.h"
#include "domain/spec.h"
#include "domain/spec_text.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define DETACH_TIMEOUT_S 60
#define DETACH_TIMEOUT_MAX_S 3600

struct device_request {
	TAILQ_ENTRY(device_request) link;
	struct conn *conn; /* NULL: the client has gone */
	struct domain *d;
	struct domain_observer observer;
	struct event *deadline;	  /* of a detach */
	struct domain_spec *lone; /* what is attached, until it is the domain's; NULL: a detach */
	char *xml;
	char *device; /* "xvdb", "vif1" */
};

static TAILQ_HEAD(, device_request) waiting = TAILQ_HEAD_INITIALIZER(waiting);

/* ---- The life of a request ---- */

static void request_free(struct device_request *r)
{
	TAILQ_REMOVE(&waiting, r, link);
	if (r->conn)
		r->conn->device = NULL;
	domain_unobserve(&r->observer);
	if (r->deadline)
		event_free(r->deadline);
	spec_destroy(r->lone);
	free(r->xml);
	free(r->device);
	free(r);
}

static void end_well(struct device_request *r, struct json_object *result)
{
	if (r->conn)
		reply_result(r->conn, result);
	else
		json_object_put(result);
	request_free(r);
}

static void end_badly(struct device_request *r, enum fault_code code, const char *text)
{
	struct fault f;

	fault_set(&f, code, "%s", text);
	if (r->conn)
		reply_fault(r->conn, &f);
	request_free(r);
}

static void on_domain(void *arg, struct domain *d)
{
	struct device_request *r = arg;
	char text[256];

	if (d->state == DOMAIN_PAUSED || d->state == DOMAIN_RUNNING)
		return;
	snprintf(text, sizeof(text), "domain '%s' has ended", d->spec->name);
	end_badly(r, FAULT_WRONG_STATE, text);
}

static struct device_request *request_new(struct conn *c, struct domain *d, char *device)
{
	struct device_request *r = xcalloc(1, sizeof(*r));

	r->conn = c;
	r->d = d;
	r->device = device;
	r->observer.changed = on_domain;
	r->observer.arg = r;
	domain_observe(d, &r->observer);
	TAILQ_INSERT_TAIL(&waiting, r, link);
	c->device = r;
	return r;
}

void device_ops_leave(struct conn *c)
{
	if (c->device)
		c->device->conn = NULL;
	c->device = NULL;
}

struct domain *device_ops_live_domain(struct conn *c, struct json_object *rq)
{
	struct domain *d = op_domain(c, rq, NULL);

	if (!d)
		return NULL;
	if (d->state != DOMAIN_RUNNING && d->state != DOMAIN_PAUSED) {
		op_refuse(c, FAULT_WRONG_STATE, "domain '%s' is %s", d->spec->name,
			  domain_state_name(d->state));
		return NULL;
	}
	if (d->orphan || !d->all->env.backend) {
		op_refuse(c, FAULT_WRONG_STATE, "domain '%s' has no devices here", d->spec->name);
		return NULL;
	}
	return d;
}

/* ---- What the domain is said to be ---- */

void device_ops_set_text(struct domain *d, char *xml)
{
	if (!xml) {
		log_error("domain '%s': its description cannot be changed", d->spec->name);
		return;
	}
	free(d->xml);
	d->xml = xml;
	domain_record_spec(d);
}

/* The numbers of interfaces are their places in the text, unless the text says them. */
static void number_nics(struct domain *d)
{
	unsigned int numbers[SPEC_NICS_MAX];

	for (unsigned int i = 0; i < d->spec->nr_nics; i++)
		numbers[i] = d->spec->nics[i].index;
	device_ops_set_text(d, spec_text_number_nics(d->xml, numbers, d->spec->nr_nics));
}

static void take_in(struct device_request *r)
{
	struct domain *d = r->d;
	bool is_nic = r->lone->nr_nics == 1;

	if (is_nic)
		spec_move_nic(r->lone, d->spec);
	else
		spec_move_disk(r->lone, d->spec);
	if (!d->xml)
		return;
	device_ops_set_text(d, spec_text_add_device(d->xml, r->xml));
	if (is_nic)
		number_nics(d);
}

static void take_out_nic(struct domain *d, unsigned int place)
{
	if (d->xml)
		number_nics(d);
	if (d->xml)
		device_ops_set_text(d, spec_text_remove_nic(d->xml, place));
	spec_remove_nic(d->spec, place);
}

static void take_out(struct domain *d, const char *device)
{
	unsigned int number;

	for (unsigned int i = 0; i < d->spec->nr_disks; i++) {
		if (strcmp(d->spec->disks[i].target, device))
			continue;
		if (d->xml)
			device_ops_set_text(d, spec_text_remove_disk(d->xml, device));
		spec_remove_disk(d->spec, i);
		return;
	}
	if (sscanf(device, "vif%3u", &number) != 1)
		return;
	for (unsigned int i = 0; i < d->spec->nr_nics; i++) {
		if (d->spec->nics[i].index == number) {
			take_out_nic(d, i);
			return;
		}
	}
}

/* ---- attach ---- */

static void on_ready(void *arg, uint16_t domid, int err, const char *error)
{
	struct device_request *r = arg;
	struct json_object *result;

	(void)domid;
	if (err) {
		end_badly(r, r->lone->nr_disks ? domain_disk_fault(err) : FAULT_NETWORK_FAILED, error);
		return;
	}
	log_info("domain '%s': %s is attached", r->d->spec->name, r->device);
	take_in(r);
	result = json_object_new_object();
	json_object_object_add(result, "device", json_object_new_string(r->device));
	end_well(r, result);
}

/* Is there room for it, and is its name free? */
static int check_new(const struct domain_spec *spec, struct domain_spec *lone, struct fault *f)
{
	if (lone->nr_nics) {
		if (spec->nr_nics == SPEC_NICS_MAX)
			return fault_set(f, FAULT_TOO_MANY, "the domain has %u interfaces, which is all it can have",
					 SPEC_NICS_MAX);
		spec_settle_nic(spec, &lone->nics[0]);
		if (spec_mac_used(spec, lone->nics[0].mac))
			return fault_set(f, FAULT_DEVICE_EXISTS,
					 "another interface of the domain has this MAC address");
		return 0;
	}
	for (unsigned int i = 0; i < spec->nr_disks; i++)
		if (!strcmp(spec->disks[i].target, lone->disks[0].target))
			return fault_set(f, FAULT_DEVICE_EXISTS, "the domain has a disk %s",
					 lone->disks[0].target);
	return 0;
}

static int add_to_backend(struct domain *d, const struct domain_spec *lone, struct fault *f)
{
	struct backend *b = d->all->env.backend;
	char *reason = NULL;
	int err;

	if (lone->nr_disks)
		err = backend_add_disk(b, d->domid, d->spec->name, &lone->disks[0], &reason);
	else
		err = backend_add_nic(b, d->domid, d->spec->name, lone->nics[0].index, &lone->nics[0], &reason);
	if (err == -EEXIST) /* one that is still coming or going */
		fault_set(f, FAULT_DEVICE_EXISTS, "%s", reason ? reason : strerror(-err));
	else if (err)
		fault_set(f, lone->nr_disks ? domain_disk_fault(err) :
				  err == -ENOENT ? FAULT_BRIDGE_NOT_FOUND : FAULT_NETWORK_FAILED,
			  "%s", reason ? reason : strerror(-err));
	free(reason);
	return err;
}

void op_attach_device(struct conn *c, struct json_object *rq)
{
	const char *xml = json_line_string(rq, "xml");
	struct domain *d = device_ops_live_domain(c, rq);
	struct device_request *r;
	struct domain_spec *lone;
	struct fault f;
	char *error, *device;

	if (!d)
		return;
	if (!xml) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request has no \"xml\"");
		return;
	}
	if (spec_parse_device(xml, strlen(xml), &lone, &error)) {
		op_refuse(c, FAULT_BAD_XML, "%s", error);
		free(error);
		return;
	}
	if (check_new(d->spec, lone, &f) || add_to_backend(d, lone, &f)) {
		spec_destroy(lone);
		reply_fault(c, &f);
		return;
	}
	device = lone->nr_disks ? xstrdup(lone->disks[0].target) : xasprintf("vif%u", lone->nics[0].index);
	r = request_new(c, d, device);
	r->lone = lone;
	r->xml = xstrdup(xml);
	backend_wait_ready(d->all->env.backend, d->domid, r->device, on_ready, r);
}

/* ---- detach ---- */

/* The guest has given a device back, perhaps long after somebody has waited for it. */
static void on_unplugged(void *arg, uint16_t domid, const char *device, const char *error)
{
	struct domain *d = domain_find_id(arg, domid);
	struct device_request *r, *next;

	(void)error;
	if (!d)
		return;
	log_info("domain '%s': %s is detached", d->spec->name, device);
	take_out(d, device);
	for (r = TAILQ_FIRST(&waiting); r; r = next) {
		next = TAILQ_NEXT(r, link);
		if (r->d == d && !r->lone && !strcmp(r->device, device))
			end_well(r, NULL);
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct device_request *r = arg;
	char text[256];

	(void)fd;
	(void)what;
	snprintf(text, sizeof(text),
		 "domain '%s' has not given %s back: is it %s, or in use there? It works on, and goes as soon as "
		 "the guest lets go of it%s", r->d->spec->name, r->device,
		 r->d->state == DOMAIN_PAUSED ? "paused" : "hung",
		 strncmp(r->device, "vif", 3) ? "; --force takes it away at once" : "");
	end_badly(r, FAULT_TIMEOUT, text);
}

/* "xvdb", "vif1", or the address of an interface; to be freed. NULL: there is none. */
static char *find_device(const struct domain_spec *spec, const char *wanted)
{
	for (unsigned int i = 0; i < spec->nr_disks; i++)
		if (!strcmp(spec->disks[i].target, wanted))
			return xstrdup(wanted);
	for (unsigned int i = 0; i < spec->nr_nics; i++) {
		const struct nic_spec *nic = &spec->nics[i];
		char *name = xasprintf("vif%u", nic->index), mac[18];

		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0], nic->mac[1],
			 nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
		if (!strcmp(name, wanted) || !strcasecmp(mac, wanted))
			return name;
		free(name);
	}
	return NULL;
}

void op_detach_device(struct conn *c, struct json_object *rq)
{
	long long timeout = json_line_number(rq, "timeout_s", DETACH_TIMEOUT_S);
	const char *wanted = json_line_string(rq, "device");
	struct domain *d = device_ops_live_domain(c, rq);
	struct backend *b;
	struct device_request *r;
	bool force = json_line_bool(rq, "force", false);
	struct timeval tv;
	char *device;
	int err;

	if (!d)
		return;
	if (!wanted || timeout < 0 || timeout > DETACH_TIMEOUT_MAX_S) {
		op_refuse(c, FAULT_BAD_REQUEST, "the request names no \"device\", or a bad \"timeout_s\"");
		return;
	}
	device = find_device(d->spec, wanted);
	if (!device) {
		op_refuse(c, FAULT_NO_SUCH_DEVICE, "domain '%s' has no device '%.40s'", d->spec->name, wanted);
		return;
	}
	if (force && !strncmp(device, "vif", 3)) {
		op_refuse(c, FAULT_BAD_REQUEST, "only a disk is taken by force");
		free(device);
		return;
	}
	b = d->all->env.backend;
	backend_set_unplugged_cb(b, on_unplugged, d->all);
	tv = (struct timeval){ .tv_sec = timeout };
	r = request_new(c, d, device);
	r->deadline = evtimer_new(d->all->env.base, on_deadline, r);
	event_add(r->deadline, &tv);
	/* A guest that is not there yet gives it back at once: 'r' may be gone afterwards. */
	err = backend_unplug(b, d->domid, device, force);
	if (err)
		end_badly(r, FAULT_NO_SUCH_DEVICE, "the device is on its way out, or in");
}

/* ---- another size ---- */

int device_ops_resized(struct domain *d, const struct disk_spec *disk)
{
	if (d->orphan || !d->all->env.backend)
		return -ENODEV;
	return backend_look_again(d->all->env.backend, d->domid, disk->target);
}
