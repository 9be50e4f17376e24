/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains of this host: what hvd knows of them, and what can be done with them.
 *
 * A struct domain lives from 'create' until hv has its last frame back; a restart keeps the struct
 * and changes the domid. Whoever wants to know how it goes on becomes an observer.
 *
 * Functions that a person can cause return 0 or a negative errno with '*ret_fault' set.
 */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "domain/lifecycle.h"
#include "fault.h"

struct backend;
struct build;
struct builder;
struct console;
struct definitions;
struct domain;
struct domain_spec;
struct event;
struct event_base;
struct events;
struct metrics;
struct evtchn_mux;
struct history;
struct hvcall;
struct journal;
struct xs_server;

#define DOMAINS_MAX 1024u

/* What domains need of the rest of hvd. */
struct domain_env {
	struct event_base *base;
	struct hvcall *hv;
	struct evtchn_mux *mux;
	struct xs_server *xs;
	struct backend *backend; /* NULL: no disks and interfaces (tests) */
	struct builder *builder;
	struct journal *journal; /* NULL: none */
	struct definitions *definitions; /* NULL: none */
	const char *image_program; /* hvd-image, for messages: the privileged half starts it */
	struct events *events;	 /* NULL: nobody is told */
	struct metrics *metrics; /* NULL: none */
	struct history *history; /* NULL: none */
	const char *console_dir; /* where console logs go; NULL: nowhere */
	const char *keep_dir;	 /* what rings need after our death (keep.h); NULL: nothing does */
};

/* Called at each change of state; after DOMAIN_GONE 'd' and the observer are no more. */
typedef void (*domain_observer_cb)(void *arg, struct domain *d);

struct domain_observer {
	TAILQ_ENTRY(domain_observer) link;
	struct domain *domain; /* NULL: not registered */
	domain_observer_cb changed;
	void *arg;
};

/* Someone who looks at a console; outlives restarts. 'gone' comes instead of any further output. */
struct domain_viewer {
	TAILQ_ENTRY(domain_viewer) link;
	struct domain *domain;
	struct console_viewer *attached; /* NULL while there is no console */
	void (*output)(void *arg, const void *bytes, size_t n);
	void (*gone)(void *arg);
	void *arg;
};

enum domain_end { DOMAIN_END_NOTHING, DOMAIN_END_DESTROY, DOMAIN_END_RESTART };

struct domain {
	TAILQ_ENTRY(domain) link;
	struct domains *all;
	struct domain_spec *spec;
	char *xml; /* what 'spec' was made of; NULL: an orphan */
	uint16_t domid; /* 0: hv knows nothing of it (yet, or any more) */
	enum domain_state state;
	unsigned int generation; /* how often it was built */
	bool start_paused;
	char *orphan; /* why we know no more of it than hv does: it cannot restart; mostly NULL */
	time_t created; /* wall clock, of this generation */
	struct timespec started; /* monotonic: first moment of running */
	unsigned int fast_crashes; /* in a row */
	unsigned int noted_generation; /* whose start is in the history */

	unsigned int shutdown_reason; /* SHUTDOWN_*, in DOMAIN_SHUTDOWN and DOMAIN_CRASHED */
	char crash_reason[128];
	struct fault fault; /* why it could not be built */

	struct build *build;
	struct console *console;
	uint32_t console_port, store_port; /* the guest's ends */

	/* Tearing down, see teardown.c. */
	enum domain_end end;
	struct event *teardown_tick;
	bool hv_destroyed, backends_gone, backends_asked;
	struct timespec dying_since;
	bool dying_warned;

	TAILQ_HEAD(, domain_observer) observers;
	TAILQ_HEAD(, domain_viewer) viewers;
};

struct domains {
	struct domain_env env;
	TAILQ_HEAD(, domain) list;
	unsigned int nr;
};

void domains_create(const struct domain_env *env, struct domains **ret_all);
/* Forgets everything; hv's domains run on. */
void domains_destroy(struct domains *all);

/*
 * Takes in the domains of an hvd that has died, from the journal and from hv: see adopt.c. Before
 * journal_start().
 */
void domains_adopt(struct domains *all);

/* By name, or by domid when 'key' is a number. */
struct domain *domain_find(struct domains *all, const char *key);
struct domain *domain_find_id(struct domains *all, uint16_t domid);

/*
 * Begins a domain; takes 'spec' over, also on failure, and keeps a copy of the 'xml' it was made of. The
 * state is DOMAIN_BUILDING; an observer sees DOMAIN_PAUSED and, unless 'paused', DOMAIN_RUNNING, or
 * DOMAIN_DYING with d->fault set.
 */
int domain_create(struct domains *all, struct domain_spec *spec, const char *xml, bool paused,
		  struct domain **ret_d, struct fault *ret_fault);

int domain_pause(struct domain *d, struct fault *ret_fault);
int domain_resume(struct domain *d, struct fault *ret_fault);
/* A backend_event_cb: a disk has failed, and its policy is that the guest stops. */
void domains_on_disk_stopped(void *arg, uint16_t domid, const char *disk, const char *error);
/* Asks the guest, by xenstore. It may take its time, or not listen at all. */
int domain_ask_shutdown(struct domain *d, bool reboot, struct fault *ret_fault);
/* Begins its end, or, when it has begun, makes sure that no restart follows. */
void domain_destroy(struct domain *d);

/* VIRQ_DOM_EXC: looks at every domain anew. */
void domains_on_exception(void *arg);

void domain_observe(struct domain *d, struct domain_observer *o);
void domain_unobserve(struct domain_observer *o);

/* 'v' is the caller's; output, gone and arg are set by him. */
void domain_view(struct domain *d, struct domain_viewer *v);
void domain_unview(struct domain_viewer *v);
/* Types into the console; returns how many bytes were taken, 0 when there is no console now. */
size_t domain_type(struct domain *d, const void *bytes, size_t n);

const char *shutdown_reason_name(unsigned int reason);

/* ---- Between the files of this folder ---- */

struct domain *domain_new(struct domains *all, struct domain_spec *spec, const char *xml);
void domain_remember(struct domain *d); /* it is on the list from here on */
void domain_set_state(struct domain *d, enum domain_state to);
int domain_start(struct domain *d, struct fault *ret_fault); /* start.c */
enum fault_code domain_disk_fault(int err); /* of what backend.h says of a disk */
int domain_open_console(struct domain *d, struct fault *ret_fault);
void domain_attach_viewers(struct domain *d);
void domain_teardown(struct domain *d, enum domain_end end); /* teardown.c */
void domain_forget(struct domain *d); /* the very last step */
void domain_remove_nodes(struct domains *all, uint16_t domid, const uint8_t uuid[16]);

/* record.c: what the next hvd must know. In the journal when they return. */
void domain_record(struct domain *d);
void domain_record_spec(struct domain *d); /* d->xml or the name has changed */
void domain_record_gone(struct domain *d);

#endif
