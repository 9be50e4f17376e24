/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd: makes and keeps the guests of this host.
 *
 * Start, in order: settings, folders, the privileged half (priv/priv.h), which is forked here. The rest
 * is the engine: it opens the devices and sockets that it needs once and for all (/dev/xen/evtchn, hv's
 * statistics, our kernel's xenstore page, the listening sockets), becomes a user without privileges,
 * and then reads what an earlier hvd has left and lets anybody speak to it: xenstore, back ends,
 * domains that run already, control socket. Then the loop does everything.
 *
 * When hvd ends, in whatever way, guests and their back ends run on; the next one reads the journal and
 * takes them up where they are (docs/hvd.md, "When hvd dies"). So its end needs no care.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <json-c/json.h>
#include <libxml/parser.h>
#include <xen/xen.h>

#include "backend/backend.h"
#include "conf.h"
#include "console.h"
#include "control/access.h"
#include "control/control.h"
#include "domain/autostart.h"
#include "domain/build.h"
#include "domain/definitions.h"
#include "domain/domain.h"
#include "domain/history.h"
#include "domain/spec.h"
#include "events.h"
#include "evtchn.h"
#include "guest_page.h"
#include "hvcall.h"
#include "journal.h"
#include "log_ring.h"
#include "metrics/hv_stats.h"
#include "metrics/metrics.h"
#include "metrics/threshold.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "options.h"
#include "priv/engine.h"
#include "priv/priv.h"
#include "systemd.h"
#include "xenstore/xs.h"

struct hvd {
	struct conf conf;
	struct event_base *base;
	struct event *on_term, *on_int;
	struct systemd *systemd;
	struct reload *reload;
	struct domain_env env;
	struct domains *domains;
	struct metrics *metrics;
	struct evtchn_port *exception;
	struct event *commit;
	char *keep_dir;
	struct engine_user user;
	const char *conf_path;
	unsigned int own_sockets; /* enum priv_socket: what we have to remove at the end */
	struct control_socket full, read;
	char *read_path;
	struct hv_stats *stats; /* until the metrics have them */
	struct control *control;
	struct autostart *autostart;
};

/* ---- Start ---- */

static int failed(const char *what, int err)
{
	log_error("%s: %s", what, strerror(-err));
	return err;
}

static int open_hypervisor(struct hvd *h)
{
	struct hvabi_host_info host;
	int err;

	hvcall_open_forwarded(&h->env.hv);
	err = hvcall_host_info(h->env.hv, &host);
	if (err == -ENOSYS || err == -EPERM)
		return failed("the hypervisor does not know the control hypercall: is it hv, "
			      "and this the control domain?", err);
	if (err)
		return failed("the hypervisor does not answer", err);
	log_info("hv %u.%u on %u CPUs, %llu MiB free", host.version_major, host.version_minor,
		 host.nr_cpus, (unsigned long long)(host.free_frames >> 8));
	return 0;
}

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
	struct hvd *h = arg;

	(void)fd;
	(void)what;
	journal_commit(h->env.journal);
}

/* What nobody has waited for is written at the latest when the loop comes around. */
static void on_dirty(void *arg)
{
	static const struct timeval now = { 0, 0 };
	struct hvd *h = arg;

	event_add(h->commit, &now);
}

static int open_journal(struct hvd *h)
{
	char *path = xasprintf("%s/journal", h->conf.run_dir);
	int err = journal_open(path, &h->env.journal);

	free(path);
	if (err)
		return failed("cannot read the journal", err);
	h->commit = evtimer_new(h->base, on_commit, h);
	if (!h->commit)
		return -ENOMEM;
	journal_set_on_dirty(h->env.journal, on_dirty, h);
	h->keep_dir = xasprintf("%s/rings", h->conf.run_dir);
	h->env.keep_dir = h->keep_dir;
	return 0;
}

/* An hvd that was killed a moment ago still holds its sockets while the kernel takes it apart. */
#define PREDECESSOR_TRIES 100
#define PREDECESSOR_WAIT_US 100000

/* Calls 'f' until nobody else has the address. */
static int when_free(struct hvd *h, int (*f)(struct hvd *h), const char *path)
{
	int err, tries;

	for (tries = 0;; tries++) {
		err = f(h);
		if (err != -EADDRINUSE || tries == PREDECESSOR_TRIES)
			return err;
		if (tries == 0)
			log_info("another hvd has %s still open: waiting for its end", path);
		usleep(PREDECESSOR_WAIT_US);
	}
}

static int create_xenstore(struct hvd *h)
{
	return xs_server_create(h->base, h->env.mux, h->conf.xenstore_socket, &h->env.xs);
}

static int listen_full(struct hvd *h)
{
	return control_listen(&h->full);
}

static int listen_read(struct hvd *h)
{
	return control_listen(&h->read);
}

/* A control socket: systemd's, or one of our own. */
static int open_door(struct hvd *h, struct control_socket *door, int (*f)(struct hvd *h), enum priv_socket which)
{
	int err;

	access_find_group(door->group, &door->members);
	door->listening = systemd_take_socket(h->systemd, door->path);
	if (door->listening >= 0)
		return 0;
	err = when_free(h, f, door->path);
	if (err == -EADDRINUSE)
		return failed("another hvd runs", err);
	if (err)
		return failed("cannot make the control sockets", err);
	h->own_sockets |= which;
	return 0;
}

/* All that is opened with root's rights, for good. */
static int open_as_root(struct hvd *h)
{
	const char *slash = strrchr(h->conf.socket, '/');
	int err;

	err = evtchn_mux_create(h->base, &h->env.mux);
	if (err)
		return failed("cannot open /dev/xen/evtchn", err);
	err = when_free(h, create_xenstore, h->conf.xenstore_socket);
	if (err)
		return failed("cannot start the xenstore", err);
	h->own_sockets |= PRIV_SOCKET_XENSTORE;
	xs_server_prepare_dom0(h->env.xs); /* who connects it later says what is wrong */
	err = hv_stats_open(&h->stats);
	if (err)
		log_warning("no statistics of the hypervisor: %s", strerror(-err));
	h->read_path = h->conf.read_only_socket ?
			       xstrdup(h->conf.read_only_socket) :
			       xasprintf("%.*s/hvd-ro.sock", (int)(slash - h->conf.socket), h->conf.socket);
	h->full = (struct control_socket){ .path = h->conf.socket, .group = h->conf.group };
	h->read = (struct control_socket){ .path = h->read_path, .group = h->conf.read_only_group };
	err = open_door(h, &h->full, listen_full, PRIV_SOCKET_CONTROL);
	return err ? err : open_door(h, &h->read, listen_read, PRIV_SOCKET_READ);
}

static int open_xenstore(struct hvd *h)
{
	int err = xs_server_restore(h->env.xs, h->env.journal, h->keep_dir);

	if (err)
		return failed("cannot take up the xenstore", err);
	xs_write(h->env.xs, "/local/domain/0/name", "Domain-0");
	xs_write(h->env.xs, "/local/domain/0/domid", "0");
	err = xs_server_add_dom0(h->env.xs);
	if (err)
		return failed("cannot connect this kernel to the xenstore", err);
	return 0;
}

/* A device came into use, or got into trouble. */
static void on_device_event(void *arg, uint16_t domid, const char *device, const char *what,
			    const char *error)
{
	struct hvd *h = arg;
	struct domain *d = h->domains ? domain_find_id(h->domains, domid) : NULL;
	struct json_object *details = json_object_new_object();

	json_object_object_add(details, "device", json_object_new_string(device));
	if (error)
		json_object_object_add(details, "error", json_object_new_string(error));
	events_emit(h->env.events, "device", what, d ? d->spec->name : NULL, domid, details);
}

static int open_backend(struct hvd *h)
{
	struct backend_conf conf = {
		.blk_program = h->conf.blk_program,
		.net_program = h->conf.net_program,
		.user = h->conf.user,
	};
	char *dir = xasprintf("%s/backend", h->conf.run_dir);
	int err;

	conf.stats_dir = conf.socket_dir = dir;
	err = backend_create(h->base, h->env.xs, &conf, &h->env.backend);
	free(dir);
	if (err)
		return failed("cannot prepare disks and interfaces", err);
	backend_set_event_cb(h->env.backend, on_device_event, h);
	backend_restore(h->env.backend, h->env.journal);
	return 0;
}

/* A host without definitions and histories still runs guests. */
static void open_definitions(struct hvd *h)
{
	int err = definitions_open(h->conf.domains_dir, &h->env.definitions);

	if (err)
		log_error("no domains can be defined: %s: %s", h->conf.domains_dir, strerror(-err));
	err = history_open(h->conf.history_dir, &h->env.history);
	if (err)
		log_error("no history is kept: %s: %s", h->conf.history_dir, strerror(-err));
}

static int open_domains(struct hvd *h)
{
	int err;

	builder_create(h->base, &h->env.builder);
	h->env.base = h->base;
	h->env.console_dir = h->conf.console_dir;
	open_definitions(h);
	h->env.image_program = h->conf.image_program;
	domains_create(&h->env, &h->domains);
	backend_set_stop_cb(h->env.backend, domains_on_disk_stopped, h->domains);

	err = evtchn_mux_bind_virq(h->env.mux, VIRQ_DOM_EXC, domains_on_exception, h->domains,
				   &h->exception);
	if (err)
		return failed("cannot bind VIRQ_DOM_EXC (does another toolstack run?)", err);
	domains_adopt(h->domains);
	err = journal_start(h->env.journal);
	if (err)
		log_error("the journal cannot be written: %s; the next hvd would not know its guests",
			  strerror(-err));
	return 0;
}

/* What is shown, and watched. */
static void set_metrics(struct hvd *h)
{
	struct threshold rules[THRESHOLDS_MAX];
	unsigned int nr = 0;

	metrics_show_vcpus(h->metrics, !strcmp(h->conf.metrics_per_vcpu, "yes"));
	/* That they can be read was seen when they were set. */
	if (h->conf.thresholds)
		threshold_parse_list(h->conf.thresholds, rules, &nr);
	metrics_set_thresholds(h->metrics, rules, nr);
}

static void open_metrics(struct hvd *h)
{
	int err;

	metrics_create(h->base, h->domains, h->env.events, h->stats, &h->metrics);
	h->stats = NULL;
	h->domains->env.metrics = h->metrics;
	set_metrics(h);
	err = metrics_listen(h->metrics, h->conf.metrics_listen);
	if (err)
		log_error("no metrics at %s: %s", h->conf.metrics_listen, strerror(-err));
}

static int open_control(struct hvd *h)
{
	int err = control_create(h->base, h->domains, &h->full, &h->read, &h->control);

	return err ? failed("cannot serve the control sockets", err) : 0;
}

static void begin_autostart(struct hvd *h)
{
	char *marker = xasprintf("%s/autostarted", h->conf.run_dir);

	autostart_begin(h->domains, marker, &h->autostart);
	free(marker);
}

/* Of each guest: what may change while hvd runs. */
static void set_limits(struct hvd *h)
{
	struct xs_limits limits = {
		.nodes = h->conf.xenstore_nodes,
		.watches = h->conf.xenstore_watches,
		.transactions = h->conf.xenstore_transactions,
		.requests_per_second = h->conf.xenstore_rate,
	};

	xs_server_limit(h->env.xs, &limits);
	console_limit(h->conf.console_rate);
}

/*
 * The endpoint's new address is the one setting whose mistake shows only when it is used. A socket
 * behind the engine's walls: nobody's rights are needed for a port above 1023.
 */
static const char *try_reload(void *arg, const struct conf *new, char **ret_error)
{
	struct hvd *h = arg;
	int err;

	if (!strcmp(new->metrics_listen, h->conf.metrics_listen))
		return NULL;
	err = metrics_listen(h->metrics, new->metrics_listen);
	if (!err)
		return NULL;
	*ret_error = xasprintf("cannot listen at %s: %s", new->metrics_listen, strerror(-err));
	return "metrics-listen";
}

static void on_reload(void *arg)
{
	struct hvd *h = arg;

	set_limits(h);
	set_metrics(h);
	priv_own_definitions();
	if (h->env.definitions)
		definitions_read(h->env.definitions);
}

static const struct reload_calls reload_calls = { .try = try_reload, .done = on_reload };

/* hvd works without it. */
static void keep_log(struct hvd *h)
{
	char *path = xasprintf("%s/log", h->conf.run_dir);
	int err = log_ring_keep(path);

	if (err)
		log_warning("'hvctl log' will not know of today after a restart: %s: %s", path, strerror(-err));
	free(path);
}

static int start(struct hvd *h)
{
	int err;

	h->env.events = events_create();
	err = priv_watch(h->base);
	if (!err)
		err = open_hypervisor(h);
	if (!err)
		err = open_as_root(h);
	if (!err)
		err = engine_drop(&h->conf, &h->user, h->conf_path);
	/* Nothing that somebody else has written was looked at until here, but the settings. */
	if (!err)
		keep_log(h);
	if (!err)
		err = open_journal(h);
	if (!err)
		err = open_xenstore(h);
	if (!err)
		err = open_backend(h);
	if (!err)
		err = open_domains(h);
	if (err)
		return err;
	open_metrics(h);
	err = open_control(h);
	if (err)
		return err;
	set_limits(h);
	begin_autostart(h);
	reload_set_calls(h->reload, &reload_calls, h);
	log_info("ready on %s", h->conf.socket);
	systemd_notify(h->systemd, "READY=1\nSTATUS=Ready");
	return 0;
}

/* ---- End ---- */

static void stop_on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct hvd *h = arg;

	(void)what;
	log_info("ending on signal %d", (int)sig);
	systemd_notify(h->systemd, "STOPPING=1");
	event_base_loopbreak(h->base);
}

static void stop(struct hvd *h)
{
	journal_stop(h->env.journal); /* what goes now goes with us alone */
	control_destroy(h->control);
	metrics_destroy(h->metrics);
	autostart_end(h->autostart);
	domains_destroy(h->domains);
	definitions_close(h->env.definitions);
	history_close(h->env.history);
	evtchn_port_unbind(h->exception);
	builder_destroy(h->env.builder);
	if (h->env.backend)
		backend_destroy(h->env.backend);
	xs_server_destroy(h->env.xs);
	hv_stats_close(h->stats);
	priv_unlink_sockets(h->own_sockets);
	evtchn_mux_destroy(h->env.mux);
	journal_close(h->env.journal);
	if (h->commit)
		event_free(h->commit);
	free(h->keep_dir);
	free(h->read_path);
	hvcall_close(h->env.hv);
	events_destroy(h->env.events);
	priv_stop();
}

/* The settings. True: there is no more to do, and '*ret_status' is how it ends. */
static bool settle(struct conf *conf, int argc, char **argv, int *ret_status)
{
	char *error = NULL;

	if (options_read(conf, argc, argv, &error)) {
		fprintf(stderr, "hvd: %s\n", error);
		free(error);
		conf_fini(conf);
		*ret_status = 2;
		return true;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--check"))
			continue;
		options_print(conf, stdout);
		conf_fini(conf);
		*ret_status = 0;
		return true;
	}
	return false;
}

/* Into the engine, which returns from here, and the privileged half, which does not. */
static int separate(struct hvd *h)
{
	int err = engine_find_user(&h->conf, &h->user);

	if (!err)
		err = engine_make_folders(&h->conf, &h->user);
	if (err)
		return err;
	access_set_owner(geteuid());
	guest_page_source(priv_guest_loan);
	err = priv_start(&h->conf);
	return err ? failed("cannot make the privileged half", err) : 0;
}

int main(int argc, char **argv)
{
	struct hvd h = { 0 };
	int err;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		options_usage(stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("hvd " PACKAGE_VERSION);
		return 0;
	}
	if (settle(&h.conf, argc, argv, &err))
		return err;
	h.conf_path = options_path(argc, argv);
	log_init("hvd", h.conf.log_level);
	log_ring_start();
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	err = separate(&h);
	if (err) {
		conf_fini(&h.conf);
		return 1;
	}
	xmlInitParser();

	h.base = event_base_new();
	if (!h.base)
		return 1;
	h.on_term = evsignal_new(h.base, SIGTERM, stop_on_signal, &h);
	h.on_int = evsignal_new(h.base, SIGINT, stop_on_signal, &h);
	event_add(h.on_term, NULL);
	event_add(h.on_int, NULL);
	systemd_create(h.base, &h.systemd);
	reload_create(h.base, &h.conf, argc, argv, h.systemd, &h.reload);

	err = start(&h);
	if (!err)
		event_base_dispatch(h.base);
	stop(&h);
	reload_destroy(h.reload);
	systemd_destroy(h.systemd);
	event_free(h.on_term);
	event_free(h.on_int);
	event_base_free(h.base);
	conf_fini(&h.conf);
	return err ? 1 : 0;
}
