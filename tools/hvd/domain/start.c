/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a spec to a running guest.
 *
 * hv makes an empty domain, a process of its own fills it (build.h), and then the loop connects it:
 * event channels, xenstore, console, devices, CPUs. Whatever fails on the way, the domain is torn
 * down as a whole (teardown.c copes with every stage), so there is one way back and not ten.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/params.h>
#include <xen/xen.h>

#include "backend/backend.h"
#include "console.h"
#include "domain/build.h"
#include "domain/domain.h"
#include "domain/layout.h"
#include "domain/spec.h"
#include "hvcall.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/xs.h"

/* What hv takes beside a domain's own frames (nested tables, vCPUs), seen generously. */
static uint64_t overhead_frames(const struct domain_spec *spec)
{
	return 256 + spec->nr_vcpus * 16 + layout_nr_frames(spec->memory_bytes) / 256;
}

static int check_free_memory(struct domain *d, struct fault *f)
{
	uint64_t needed = layout_nr_frames(d->spec->memory_bytes) + overhead_frames(d->spec);
	struct hvabi_host_info host;
	int err = hvcall_host_info(d->all->env.hv, &host);

	if (err)
		return fault_set(f, FAULT_HYPERVISOR, "hv does not tell about the host: %s",
				 strerror(-err));
	if (host.free_frames < needed)
		return fault_set(f, FAULT_NOT_ENOUGH_MEMORY,
				 "domain '%s' needs %llu MiB, the host has %llu MiB free", d->spec->name,
				 (unsigned long long)(needed >> 8),
				 (unsigned long long)(host.free_frames >> 8));
	return 0;
}

/* Why is there no domain with the TSC that was asked for? */
static int tsc_fault(struct domain *d, int err, struct fault *f)
{
	struct hvabi_host_info host = { 0 };

	hvcall_host_info(d->all->env.hv, &host);
	if (err == -EOPNOTSUPP)
		return fault_set(f, FAULT_HYPERVISOR,
				 "domain '%s' wants a TSC of %u kHz, the host's runs at %u kHz, and its "
				 "processor has no TSC scaling",
				 d->spec->name, d->spec->tsc_khz, host.tsc_khz);
	if (err == -EINVAL)
		return fault_set(f, FAULT_HYPERVISOR,
				 "domain '%s' wants a TSC of %u kHz: hv cannot make that of the host's, "
				 "which runs at %u kHz",
				 d->spec->name, d->spec->tsc_khz, host.tsc_khz);
	return fault_set(f, FAULT_HYPERVISOR, "hv does not make a domain: %s", strerror(-err));
}

static int make_empty(struct domain *d, struct fault *f)
{
	struct hvabi_create create = {
		.max_frames = layout_nr_frames(d->spec->memory_bytes),
		.max_vcpus = d->spec->nr_vcpus,
		.flags = d->spec->tsc_khz ? HVABI_CREATE_TSC : 0,
		.tsc_khz = d->spec->tsc_khz,
	};
	int err;

	memcpy(create.uuid, d->spec->uuid, sizeof(create.uuid));
	d->domid = 0;
	domain_record(d); /* before there is something that nobody knows */
	err = hvcall_domain_create(d->all->env.hv, &create, &d->domid);
	if (err == -ENOMEM)
		return fault_set(f, FAULT_NOT_ENOUGH_MEMORY, "hv has no memory for a domain");
	if (err && d->spec->tsc_khz)
		return tsc_fault(d, err, f);
	if (err)
		return fault_set(f, FAULT_HYPERVISOR, "hv does not make a domain: %s", strerror(-err));
	domain_record(d);
	return 0;
}

/* ---- Event channels, HVM parameters ---- */

static int connect_pages(struct domain *d, struct fault *f)
{
	struct hvcall *hv = d->all->env.hv;
	int err;

	err = hvcall_evtchn_alloc_unbound(hv, d->domid, 0, &d->store_port);
	if (!err)
		err = hvcall_evtchn_alloc_unbound(hv, d->domid, 0, &d->console_port);
	if (!err)
		err = hvcall_hvm_param_set(hv, d->domid, HVM_PARAM_STORE_PFN, LAYOUT_XENSTORE_GFN);
	if (!err)
		err = hvcall_hvm_param_set(hv, d->domid, HVM_PARAM_STORE_EVTCHN, d->store_port);
	if (!err)
		err = hvcall_hvm_param_set(hv, d->domid, HVM_PARAM_CONSOLE_PFN, LAYOUT_CONSOLE_GFN);
	if (!err)
		err = hvcall_hvm_param_set(hv, d->domid, HVM_PARAM_CONSOLE_EVTCHN, d->console_port);
	if (err)
		return fault_set(f, FAULT_HYPERVISOR, "cannot set up the domain's channels: %s",
				 strerror(-err));
	return 0;
}

/* ---- Xenstore ---- */

struct nodes {
	struct xs_server *xs;
	uint16_t domid;
	int err; /* the first one; nothing is done after it */
};

enum node_access { NODE_READ, NODE_WRITE }; /* what the guest may do */

static void __attribute__((format(printf, 4, 5)))
node(struct nodes *n, enum node_access access, const char *name, const char *fmt, ...)
{
	char path[96], value[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "/local/domain/%u%s%s", n->domid, *name ? "/" : "", name);
	if (!n->err)
		n->err = xs_write(n->xs, path, value);
	if (n->err)
		return;
	if (access == NODE_WRITE)
		n->err = xs_set_perms(n->xs, path, n->domid, 'n', 0);
	else
		n->err = xs_set_perms(n->xs, path, 0, 'n', 1, (int)n->domid, (int)'r');
}

/*
 * The guest's home. It owns the home and a few folders in it; what steers it is ours to write. The
 * home is made new: nothing of an earlier domain with this number may be left.
 */
static int make_nodes(struct domain *d, struct fault *f)
{
	const struct domain_spec *spec = d->spec;
	struct nodes n = { .xs = d->all->env.xs, .domid = d->domid };
	char uuid[37], path[64];

	snprintf(path, sizeof(path), "/local/domain/%u", d->domid);
	xs_rm(n.xs, path);
	spec_format_uuid(spec->uuid, uuid);

	node(&n, NODE_WRITE, "", "%s", "");
	node(&n, NODE_READ, "domid", "%u", d->domid);
	node(&n, NODE_READ, "name", "%s", spec->name);
	node(&n, NODE_READ, "vm", "/vm/%s", uuid);

	node(&n, NODE_READ, "control", "%s", "");
	node(&n, NODE_WRITE, "control/shutdown", "%s", "");
	node(&n, NODE_WRITE, "control/sysrq", "%s", "");
	node(&n, NODE_WRITE, "control/feature-poweroff", "%s", "");
	node(&n, NODE_WRITE, "control/feature-reboot", "%s", "");
	node(&n, NODE_WRITE, "control/feature-suspend", "%s", "");
	node(&n, NODE_READ, "control/platform-feature-multiprocessor-suspend", "1");
	node(&n, NODE_READ, "control/platform-feature-xs_reset_watches", "1");

	node(&n, NODE_READ, "memory", "%s", "");
	node(&n, NODE_READ, "memory/static-max", "%llu",
	     (unsigned long long)(spec->memory_bytes >> 10));
	node(&n, NODE_READ, "memory/target", "%llu",
	     (unsigned long long)(spec->memory_target_bytes >> 10));

	node(&n, NODE_READ, "cpu", "%s", "");
	for (unsigned int i = 0; i < spec->nr_vcpus; i++) {
		char name[32];

		snprintf(name, sizeof(name), "cpu/%u", i);
		node(&n, NODE_READ, name, "%s", "");
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		node(&n, NODE_READ, name, "%s", i < spec->nr_vcpus_online ? "online" : "offline");
	}

	node(&n, NODE_READ, "console", "%s", "");
	node(&n, NODE_READ, "console/ring-ref", "%llu", LAYOUT_CONSOLE_GFN);
	node(&n, NODE_READ, "console/port", "%u", d->console_port);
	node(&n, NODE_READ, "console/type", "xenconsoled");
	node(&n, NODE_READ, "console/limit", "%u", CONSOLE_LOG_MAX);
	node(&n, NODE_READ, "console/output", "pty");
	node(&n, NODE_READ, "console/tty", "%s", "");
	node(&n, NODE_READ, "store", "%s", "");
	node(&n, NODE_READ, "store/ring-ref", "%llu", LAYOUT_XENSTORE_GFN);
	node(&n, NODE_READ, "store/port", "%u", d->store_port);

	node(&n, NODE_READ, "device", "%s", "");
	node(&n, NODE_WRITE, "data", "%s", "");
	node(&n, NODE_WRITE, "attr", "%s", "");
	node(&n, NODE_WRITE, "error", "%s", "");
	node(&n, NODE_WRITE, "drivers", "%s", "");
	node(&n, NODE_WRITE, "feature", "%s", "");

	snprintf(path, sizeof(path), "/vm/%s/name", uuid);
	if (!n.err)
		n.err = xs_write(n.xs, path, spec->name);
	snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
	if (!n.err)
		n.err = xs_write(n.xs, path, uuid);
	if (!n.err)
		n.err = xs_server_add_domain(n.xs, d->domid, d->store_port);
	if (n.err)
		return fault_set(f, FAULT_XENSTORE, "cannot set up the domain's xenstore: %s",
				 strerror(-n.err));
	return 0;
}

/* ---- Console, devices, CPUs ---- */

int domain_open_console(struct domain *d, struct fault *f)
{
	struct domain_env *env = &d->all->env;
	char *path = NULL;
	int err;

	if (env->console_dir)
		path = xasprintf("%s/%s.log", env->console_dir, d->spec->name);
	err = console_open(env->base, env->mux, d->domid, d->console_port, path, env->keep_dir,
			   &d->console);
	if (err)
		fault_set(f, FAULT_CONSOLE, "cannot open the domain's console (log %s): %s",
			  path ? path : "none", strerror(-err));
	free(path);
	return err;
}

enum fault_code domain_disk_fault(int err)
{
	switch (err) {
	case -ENOENT:
		return FAULT_IMAGE_NOT_FOUND;
	case -EACCES:
	case -EPERM:
		return FAULT_IMAGE_DENIED;
	case -ENOKEY:
		return FAULT_SECRET;
	case -EINVAL:
		return FAULT_DISK_UNUSABLE;
	case -ENOTSUP:
		return FAULT_IMAGE_UNSUPPORTED;
	case -EBUSY:
		return FAULT_IMAGE_IN_USE;
	case -ENOSPC:
		return FAULT_IMAGE_NO_SPACE;
	case -ETIMEDOUT:
		return FAULT_IMAGE_UNREACHABLE;
	default:
		return FAULT_IMAGE_FAILED;
	}
}

static int add_devices(struct domain *d, struct fault *f)
{
	struct backend *backend = d->all->env.backend;
	const struct domain_spec *spec = d->spec;
	char *reason = NULL;
	int err = 0;

	if (!backend)
		return 0;
	for (unsigned int i = 0; !err && i < spec->nr_disks; i++) {
		err = backend_add_disk(backend, d->domid, spec->name, &spec->disks[i], &reason);
		if (err)
			fault_set(f, domain_disk_fault(err), "%s", reason ? reason : strerror(-err));
	}
	for (unsigned int i = 0; !err && i < spec->nr_nics; i++) {
		err = backend_add_nic(backend, d->domid, spec->name, spec->nics[i].index, &spec->nics[i],
				      &reason);
		if (err)
			fault_set(f, err == -ENOENT ? FAULT_BRIDGE_NOT_FOUND : FAULT_NETWORK_FAILED,
				  "%s", reason ? reason : strerror(-err));
	}
	free(reason);
	return err;
}

static int set_cpus(struct domain *d, struct fault *f)
{
	const struct domain_spec *spec = d->spec;
	struct hvabi_sched sched = { .weight = spec->weight, .vcpu = ~0u };
	int err;

	if (spec->pin_all.given)
		memcpy(sched.affinity, spec->pin_all.cpus, sizeof(sched.affinity));
	err = hvcall_sched_set(d->all->env.hv, d->domid, &sched);
	for (unsigned int i = 0; !err && i < spec->nr_vcpus; i++) {
		if (!spec->pins[i].given)
			continue;
		sched.vcpu = i;
		memcpy(sched.affinity, spec->pins[i].cpus, sizeof(sched.affinity));
		err = hvcall_sched_set(d->all->env.hv, d->domid, &sched);
	}
	/* A hypervisor without these knobs runs the guest all the same, unless it was told to pin. */
	if (err == -ENOSYS && spec->weight == SPEC_WEIGHT_DEFAULT && !spec->pin_all.given)
		return 0;
	if (err)
		return fault_set(f, FAULT_HYPERVISOR, "cannot set weight and affinity: %s",
				 strerror(-err));
	return 0;
}

static int connect_domain(struct domain *d, struct fault *f)
{
	int err;

	err = connect_pages(d, f);
	if (!err)
		err = make_nodes(d, f);
	if (!err)
		err = domain_open_console(d, f);
	if (!err)
		err = add_devices(d, f);
	if (!err)
		err = set_cpus(d, f);
	return err;
}

static void give_up(struct domain *d)
{
	log_error("domain '%s' (%u) cannot be built: %s", d->spec->name, d->domid, d->fault.text);
	domain_teardown(d, DOMAIN_END_DESTROY);
}

static void devices_on_ready(void *arg, uint16_t domid, int err, const char *error)
{
	struct domain *d = arg;

	(void)domid;
	if (err) {
		fault_set(&d->fault, domain_disk_fault(err), "%s", error);
		give_up(d);
		return;
	}
	domain_attach_viewers(d);
	domain_set_state(d, DOMAIN_PAUSED);
	/* An observer may have changed its mind, and the state, in between. */
	if (!d->start_paused && d->state == DOMAIN_PAUSED && domain_resume(d, &d->fault))
		give_up(d);
}

static void build_on_done(void *arg, const struct fault *fault)
{
	struct domain *d = arg;

	d->build = NULL;
	if (fault)
		d->fault = *fault;
	if (fault || connect_domain(d, &d->fault)) {
		give_up(d);
		return;
	}
	/* Their processes may have to reach a cluster first; a domain that ends meanwhile is not called. */
	if (d->all->env.backend)
		backend_wait_ready(d->all->env.backend, d->domid, NULL, devices_on_ready, d);
	else
		devices_on_ready(d, d->domid, 0, NULL);
}

int domain_start(struct domain *d, struct fault *f)
{
	int err;

	err = check_free_memory(d, f);
	if (err)
		return err;
	err = make_empty(d, f);
	if (err)
		return err;
	err = build_start(d->all->env.builder, d->domid, d->spec, build_on_done, d, &d->build, f);
	if (err) {
		/* Empty: one step is enough. */
		hvcall_domain_destroy(d->all->env.hv, d->domid);
		d->domid = 0;
		return err;
	}
	d->fault.code = FAULT_NONE;
	d->generation++;
	d->created = time(NULL);
	d->started = (struct timespec){ 0 };
	log_info("domain '%s' (%u): building", d->spec->name, d->domid);
	return 0;
}
