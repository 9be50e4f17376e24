/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the control server asks the rest of hvd for, as short as it can be; the contract is in
 * control_world.h. Operations that start processes or touch devices are refused here.
 */
#include "control_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "backend/backend.h"
#include "control/conn.h"
#include "control/device_ops.h"
#include "control/image_ops.h"
#include "control/ops.h"
#include "domain/autostart.h"
#include "domain/history.h"
#include "domain/spec.h"
#include "domain/spec_iotune.h"
#include "events.h"
#include "hvcall.h"
#include "lib/xmem.h"
#include "metrics/metrics.h"
#include "metrics/sampler.h"

static struct domains world;

static struct domain *add(struct domain_spec *spec, enum domain_state state)
{
	struct domain *d = xcalloc(1, sizeof(*d));

	d->all = &world;
	d->spec = spec;
	d->domid = (uint16_t)(++world.nr);
	d->state = state;
	d->generation = 1;
	TAILQ_INIT(&d->observers);
	TAILQ_INIT(&d->viewers);
	TAILQ_INSERT_TAIL(&world.list, d, link);
	return d;
}

static void add_known(const char *name, enum domain_state state)
{
	char *error, *xml = xasprintf("<domain type='xen'><name>%s</name><memory>65536</memory><os>"
				      "<type>xenpvh</type><kernel>/k</kernel></os><on_crash>preserve"
				      "</on_crash><devices><disk type='file'><source file='/a'/><target dev='xvda'/>"
				      "</disk></devices></domain>", name);
	struct domain_spec *spec;

	if (spec_parse(xml, strlen(xml), &spec, &error))
		abort();
	free(xml);
	add(spec, state);
}

struct domains *world_create(struct event_base *base)
{
	memset(&world, 0, sizeof(world));
	TAILQ_INIT(&world.list);
	world.env.base = base;
	world.env.events = events_create();
	add_known("one", DOMAIN_RUNNING);
	add_known("two", DOMAIN_CRASHED);
	return &world;
}

void world_destroy(void)
{
	struct domain *d;

	while ((d = TAILQ_FIRST(&world.list))) {
		TAILQ_REMOVE(&world.list, d, link);
		spec_destroy(d->spec);
		free(d);
	}
	events_destroy(world.env.events);
}

/* ---- domain.h ---- */

static void set_state(struct domain *d, enum domain_state state)
{
	struct domain_observer *o, *next;

	d->state = state;
	for (o = TAILQ_FIRST(&d->observers); o; o = next) {
		next = TAILQ_NEXT(o, link);
		o->changed(o->arg, d);
	}
}

struct domain *domain_find_id(struct domains *all, uint16_t domid)
{
	struct domain *d;

	TAILQ_FOREACH(d, &all->list, link)
		if (domid && d->domid == domid)
			return d;
	return NULL;
}

struct domain *domain_find(struct domains *all, const char *key)
{
	struct domain *d;

	if (*key && strspn(key, "0123456789") == strlen(key))
		return domain_find_id(all, (uint16_t)strtoul(key, NULL, 10));
	TAILQ_FOREACH(d, &all->list, link)
		if (!strcmp(d->spec->name, key))
			return d;
	return NULL;
}

int domain_create(struct domains *all, struct domain_spec *spec, const char *xml, bool paused,
		  struct domain **ret_d, struct fault *ret_fault)
{
	(void)xml;
	if (domain_find(all, spec->name)) {
		fault_set(ret_fault, FAULT_NAME_IN_USE, "there is one");
		spec_destroy(spec);
		return -EEXIST;
	}
	*ret_d = add(spec, paused ? DOMAIN_PAUSED : DOMAIN_RUNNING);
	(*ret_d)->start_paused = paused;
	return 0;
}

int definition_start(struct domains *all, struct definition *def, bool paused, struct domain **ret_d,
		     struct fault *ret_fault)
{
	(void)all;
	(void)def;
	(void)paused;
	(void)ret_d;
	return fault_set(ret_fault, FAULT_DEFINITION, "not here");
}

int domain_pause(struct domain *d, struct fault *ret_fault)
{
	if (d->state != DOMAIN_RUNNING)
		return fault_set(ret_fault, FAULT_WRONG_STATE, "not running");
	set_state(d, DOMAIN_PAUSED);
	return 0;
}

int domain_resume(struct domain *d, struct fault *ret_fault)
{
	if (d->state != DOMAIN_PAUSED)
		return fault_set(ret_fault, FAULT_WRONG_STATE, "not paused");
	set_state(d, DOMAIN_RUNNING);
	return 0;
}

int domain_ask_shutdown(struct domain *d, bool reboot, struct fault *ret_fault)
{
	(void)reboot;
	return d->state == DOMAIN_RUNNING ? 0 : fault_set(ret_fault, FAULT_WRONG_STATE, "not running");
}

void domain_destroy(struct domain *d)
{
	struct domain_observer *o;
	struct domain_viewer *v;

	set_state(d, DOMAIN_GONE);
	while ((v = TAILQ_FIRST(&d->viewers))) {
		domain_unview(v);
		v->gone(v->arg);
	}
	while ((o = TAILQ_FIRST(&d->observers)))
		domain_unobserve(o);
	TAILQ_REMOVE(&world.list, d, link);
	spec_destroy(d->spec);
	free(d);
}

void domain_observe(struct domain *d, struct domain_observer *o)
{
	o->domain = d;
	TAILQ_INSERT_TAIL(&d->observers, o, link);
}

void domain_unobserve(struct domain_observer *o)
{
	if (!o->domain)
		return;
	TAILQ_REMOVE(&o->domain->observers, o, link);
	o->domain = NULL;
}

void domain_view(struct domain *d, struct domain_viewer *v)
{
	v->domain = d;
	TAILQ_INSERT_TAIL(&d->viewers, v, link);
	v->output(v->arg, "said before\r\n", 13);
}

void domain_unview(struct domain_viewer *v)
{
	if (!v->domain)
		return;
	TAILQ_REMOVE(&v->domain->viewers, v, link);
	v->domain = NULL;
}

/* It echoes, so that input leads to output. */
size_t domain_type(struct domain *d, const void *bytes, size_t n)
{
	struct domain_viewer *v;

	TAILQ_FOREACH(v, &d->viewers, link)
		v->output(v->arg, bytes, n);
	return n;
}

const char *shutdown_reason_name(unsigned int reason)
{
	return reason ? "crash" : "poweroff";
}

/* ---- history.h: none is kept ---- */

void history_add(struct history *h, const char *name, const struct history_entry *entry)
{
	(void)h;
	(void)name;
	(void)entry;
}

void history_rename(struct history *h, const char *from, const char *to)
{
	(void)h;
	(void)from;
	(void)to;
}

uint64_t history_now_ms(void)
{
	return 0;
}

int history_read(struct history *h, const char *name, unsigned int max,
		 struct json_object **ret_entries)
{
	(void)h;
	(void)name;
	(void)max;
	*ret_entries = json_object_new_array();
	return 0;
}

/* ---- hvcall.h ---- */

int hvcall_host_info(struct hvcall *hv, struct hvabi_host_info *ret_info)
{
	(void)hv;
	memset(ret_info, 0, sizeof(*ret_info));
	return 0;
}

int hvcall_domain_info(struct hvcall *hv, uint16_t domid, struct hvabi_info *ret_info)
{
	(void)hv;
	memset(ret_info, 0, sizeof(*ret_info));
	ret_info->nr_vcpus = 1;
	return !domid || domain_find_id(&world, domid) ? 0 : -ESRCH;
}

int hvcall_domain_next(struct hvcall *hv, uint16_t *domid, struct hvabi_info *ret_info)
{
	for (; *domid <= world.nr; (*domid)++)
		if (!hvcall_domain_info(hv, *domid, ret_info))
			return 0;
	return -ESRCH;
}

int hvcall_vcpu_info(struct hvcall *hv, uint16_t domid, uint32_t vcpu, struct hvabi_vcpu *ret_info)
{
	(void)hv;
	(void)domid;
	(void)vcpu;
	memset(ret_info, 0, sizeof(*ret_info));
	return 0;
}

int hvcall_dirty(struct hvcall *hv, uint16_t domid, uint32_t action, uint64_t *ret_pages)
{
	(void)hv;
	(void)domid;
	if (action == HVABI_DIRTY_COUNT)
		*ret_pages = 7;
	return 0;
}

int hvcall_log_read(struct hvcall *hv, uint64_t *position, void *buffer, size_t size,
		    size_t *ret_size)
{
	(void)hv;
	memset(buffer, 0x80, size);
	*ret_size = *position > 100000 ? 0 : size;
	return 0;
}

/* ---- What starts processes, touches devices or counts ---- */

void op_attach_device(struct conn *c, struct json_object *rq)
{
	(void)rq;
	op_refuse(c, FAULT_IMAGE_FAILED, "not here");
}

void op_detach_device(struct conn *c, struct json_object *rq)
{
	op_attach_device(c, rq);
}

void device_ops_leave(struct conn *c)
{
	(void)c;
}

struct domain *device_ops_live_domain(struct conn *c, struct json_object *rq)
{
	return op_domain(c, rq, NULL);
}

void device_ops_set_text(struct domain *d, char *xml)
{
	(void)d;
	free(xml);
}

int device_ops_resized(struct domain *d, const struct disk_spec *disk)
{
	(void)d;
	(void)disk;
	return 0;
}

/* What reaches a disk's process can be kept. */
int backend_set_limits(struct backend *b, uint16_t domid, const char *disk, const struct iotune_spec *limits)
{
	char reason[128];

	(void)b;
	(void)domid;
	(void)disk;
	if (!spec_iotune_check(limits, reason, sizeof(reason)))
		abort();
	return 0;
}

void op_image(struct conn *c, struct json_object *rq)
{
	op_attach_device(c, rq);
}

void image_ops_cancel(struct conn *c)
{
	(void)c;
}

struct sampler *metrics_sampler(struct metrics *m)
{
	(void)m;
	return NULL;
}

struct json_object *sampler_top(struct sampler *s, unsigned int window_ms)
{
	(void)s;
	(void)window_ms;
	return NULL;
}

struct json_object *sampler_history(struct sampler *s, const char *domain)
{
	(void)s;
	(void)domain;
	return NULL;
}
