/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of backend/: a device, its domain, the process that serves it.
 */
#ifndef BACKEND_DEVICE_H
#define BACKEND_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <time.h>

#include "backend/backend.h"
#include "backend/xenbus.h"

struct device;
struct event;
struct iotune_spec;
struct journal;
struct known_process;
struct json_object;
struct xs_watch;

/*
 * Where the back ends' nodes are. Not the usual /local/domain/0/backend: the control domain's own
 * kernel watches that, and udev would load xen-blkback and xen-netback, which would take our
 * devices for theirs. Front ends follow the path in their 'backend' node, whatever it is.
 */
#define DEVICE_BACK_ROOT "/local/domain/0/hvd"

/* hvd-blk, hvd-blk-rbd: one for each disk; hvd-net: one for all interfaces of a domain. */
enum process_kind { PROCESS_BLK, PROCESS_RBD, PROCESS_NET, NR_PROCESSES };

/* What differs between disks and interfaces. */
struct device_class {
	const char *type; /* as in xenstore paths: "vbd", "vif" */
	/* Nodes that exist from the beginning, without 'state' and what every device has. */
	void (*write_nodes)(struct device *dev);
	/* What the back end offers, known once the process has answered "added" with 'msg'. */
	void (*write_features)(struct device *dev, struct json_object *msg);
	/*
	 * Reads what the front end has written and fills 'msg' for the process. All of it comes
	 * from the guest. Static text in ret_error on failure.
	 */
	int (*read_front)(struct device *dev, struct json_object *msg, const char **ret_error);
	/*
	 * Sends what a new process needs before it is told to "add" the device: descriptors come
	 * one a message. May be NULL.
	 */
	int (*send_files)(struct device *dev);
	/* An event of its process that is not one of every device. May be NULL. */
	void (*on_event)(struct device *dev, const char *event, struct json_object *msg);
	/*
	 * Opens what goes with 'add' again, for a process that is to be started in place of one of an
	 * earlier hvd. The descriptor or a negative errno, -ENODATA: nothing goes with it. May be NULL.
	 */
	int (*open_again)(struct device *dev);
	/* A process that dies takes along what the guest has been told is safe. May be NULL: never. */
	bool (*cannot_resume)(struct device *dev);
	void (*free_private)(struct device *dev);
};

struct device {
	LIST_ENTRY(device) link;
	struct backend_domain *domain;
	const struct device_class *class;
	unsigned int id; /* virtual device number of a disk, index of an interface */
	char *name;      /* "xvda", "vif0" */
	char *front;     /* xenstore paths of the two ends */
	char *back;
	struct xs_watch *watch;
	struct xenbus xenbus;
	struct service *service; /* NULL: it has ended for good */
	struct json_object *add; /* what a process is told to serve it; sent again to the next one */
	int fd;			 /* goes with 'add': the image, the tap, or -1 */
	bool pending;		 /* its first process has not said yet whether it can serve it */
	bool resume;		 /* connected when its process died: the next one takes up the rings */
	bool leaving;		 /* unplugged, waits for its process to end */
	bool ejected;		 /* a disk without an image: what is left answers until the guest lets go */
	bool told;		 /* that it is unplugged */
	int err;		 /* why it cannot be served, with a sentence */
	char *error;
	void *private;
};

/* A back-end process and the devices it serves, beyond the life of the process: service.c. */
struct service {
	LIST_ENTRY(service) link;
	struct backend_domain *domain;
	enum process_kind kind;
	char *name; /* "blk-3-xvda", "net-3": unique on the host */
	struct process *process; /* NULL between two lives */
	struct event *restart;
	struct event *deadline; /* of the first answer */
	struct timespec started;
	unsigned int nr_quick_ends; /* in a row */
	unsigned int nr_restarts;   /* ever */
	int stats_fd;		    /* what its process counts (stats.h), or -1 */
	bool retry; /* it could not open its disk and is ended for that: another try later */
	bool stopping;
};

/* Somebody who waits for devices to be there. */
struct backend_waiter {
	LIST_ENTRY(backend_waiter) link;
	char *device; /* NULL: all of the domain */
	backend_ready_cb cb;
	void *arg;
};

struct backend_domain {
	LIST_ENTRY(backend_domain) link;
	struct backend *backend;
	uint16_t domid;
	char *name;
	LIST_HEAD(, device) devices;
	LIST_HEAD(, service) services;
	LIST_HEAD(, backend_waiter) waiters;
	struct event *check; /* looks after the waiters, from the loop */
	bool removing;
	backend_gone_cb gone;
	void *gone_arg;
};

struct backend {
	struct event_base *base;
	struct xs_server *srv;
	char *programs[NR_PROCESSES];
	char *user;
	char *chroot_dir;
	char *stats_dir;
	char *socket_dir; /* where processes wait for the next hvd */
	struct journal *journal;
	LIST_HEAD(, process) processes;
	LIST_HEAD(, known_process) known; /* of an earlier hvd, and not taken up yet */
	LIST_HEAD(, backend_domain) domains;
	backend_event_cb on_event;
	void *event_arg;
	backend_device_cb on_stop, on_unplugged;
	void *stop_arg, *unplugged_arg;
};

/* ---- backend.c ---- */

/* The record of a domain that is not being removed, made when there is none. */
struct backend_domain *backend_domain_get(struct backend *b, uint16_t domid, const char *name);
/* -EEXIST: the domain has a device of that name. */
int backend_check_new(struct backend *b, uint16_t domid, const char *device, char **ret_error);
/*
 * service_start() with a sentence; takes 'name' over. After a failure the record of a domain that has
 * nothing else is gone.
 */
int backend_domain_service(struct backend_domain *d, enum process_kind kind, char *name,
			   struct service **ret, char **ret_error);

/* Frees the domain's record when nothing is left of it, and ends a removal. */
void backend_domain_check(struct backend_domain *d);

/* ---- service.c ---- */

/* Starts a process; takes 'name' over in any case. */
int service_start(struct backend_domain *d, enum process_kind kind, char *name,
		  struct service **ret);
/*
 * Takes up one of an earlier hvd; where its process is not found, another one is on its way, as if that
 * had died now. Takes 'name' over in any case.
 */
int service_adopt(struct backend_domain *d, enum process_kind kind, char *name, struct service **ret);
/* One that runs and is not about to end, or NULL. */
struct service *service_find(struct backend_domain *d, enum process_kind kind);
/* Takes the reference of msg. -EPIPE: between two lives. */
int service_send(struct service *s, struct json_object *msg, int fd);
/* The process cannot open what it shall serve: ends it, and starts another one after a while. */
void service_retry(struct service *s);
/* Ends the process, when it has finished what it has taken or after ten seconds, and starts another one. */
void service_replace(struct service *s);
/* Ends it for good; device_on_service_gone() follows for devices it still has, from the loop. */
void service_stop(struct service *s);
/* Lets go of it without a word, for hvd's own end. */
void service_abandon(struct service *s);
/* Milliseconds to wait before the next start after so many quick ends. */
unsigned int service_restart_delay(unsigned int nr_quick_ends);

/* ---- device.c ---- */

/*
 * Makes a device of 'class' in the domain, served by 's'. 'fd' (taken over in any case) and
 * 'request' (its reference is taken) are what the process is told beyond id and operation.
 */
int device_create(struct backend_domain *d, const struct device_class *class, struct service *s,
		  unsigned int id, const char *name, int fd, void *private,
		  struct json_object *request, char **ret_error);
/*
 * The same for a device of an earlier hvd: nothing is written and nobody is told. Its process is asked
 * already, and answers by device_on_serving(); device_on_all_served() comes after all of these.
 */
void device_adopt(struct backend_domain *d, const struct device_class *class, struct service *s,
		  unsigned int id, const char *name, void *private, struct json_object *request);
void device_on_serving(struct device *dev, struct json_object *msg, int fd); /* 'fd' is taken over */
void device_on_all_served(struct device *dev);
/* Removes nodes (if asked for) and memory, and ends the service if it was only for this; tells nobody. */
void device_destroy(struct device *dev, bool remove_nodes);
/* Asks the guest to give it back; 'force': takes it. It may be gone when this returns. */
void device_unplug(struct device *dev, bool force);
int device_send(struct device *dev, struct json_object *msg, int fd);
struct json_object *device_request(struct device *dev, const char *op);
void device_on_message(struct device *dev, const char *event, struct json_object *msg);
/* For hvd's events: see backend_event_cb. */
void device_tell(struct device *dev, const char *what, const char *error);
/* Writes the state once more, which makes a front end read what has changed. */
void device_announce(struct device *dev);
void device_on_process_gone(struct device *dev);   /* another one is on its way */
void device_on_process_back(struct device *dev);   /* here it is */
void device_on_service_failed(struct device *dev); /* there will be no other */
void device_on_service_gone(struct device *dev);   /* service_stop() has done its work */

/* Nodes of either end; failures are logged. Reading gives the fallback for what is not there. */
void device_write(struct device *dev, const char *end, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int device_read_front_u32(struct device *dev, const char *key, uint32_t *ret);
uint32_t device_read_front_flag(struct device *dev, const char *key, uint32_t fallback);

/* ---- disk.c ---- */

/*
 * The record of requests in flight, a file in hvd's run directory that outlives both hvd and the
 * disk's process. 'fresh': what is left of an earlier disk is of no interest.
 */
int disk_open_record(const struct backend *b, const char *service, bool fresh, int *ret_fd);
void disk_remove_record(const struct backend *b, const char *service);

void disk_set_limits(struct device *dev, const struct iotune_spec *limits);
/* A disk of an earlier hvd: its process is taken up, or there will be another one. */
void disk_adopt(struct backend_domain *d, const struct disk_spec *spec);

/* ---- vbd.c, vif.c ---- */

/* What the nodes and the next process need of the specification; each class frees its own. */
struct vbd_private {
	bool readonly;
	bool cdrom;
	char *source; /* path of the image; NULL: it has none */
	bool volatile_cache;	      /* its process may hold writes that the guest takes for done */
	uint32_t logical_block_size;  /* 512 or 4096 */
	uint32_t physical_block_size; /* 0: the disk's own */
	char *secret;		      /* name of a keyring (secret.h), or NULL */
	int record;		      /* requests in flight: blk/inflight.h */
};

struct vif_private {
	uint8_t mac[6];
	unsigned int mtu; /* 0: not told to the guest */
	char *bridge;
	char *tap;
};

extern const struct device_class vbd_class;
extern const struct device_class vif_class;

/* ---- spawn.c ---- */

struct process;

/* 'fd' is -1 or the receiver's to close. */
typedef void (*process_message_cb)(void *arg, struct json_object *msg, int fd);
/* It has ended. 'expected': after process_stop(). The struct is freed when this returns. */
typedef void (*process_exit_cb)(void *arg, struct process *p, bool expected, const char *how);

/* 'instance' names this process among all of the host: service.name. */
int process_start(struct backend *b, enum process_kind kind, uint16_t domid, const char *name,
		  const char *instance, process_message_cb on_message, process_exit_cb on_exit, void *arg,
		  struct process **ret);
/* Takes the reference of msg. */
int process_send(struct process *p, struct json_object *msg, int fd);
/*
 * Takes up a process of an earlier hvd, and asks it what it serves. -ESRCH: there is no such process (any
 * more); another error: it could not be spoken to, and was killed.
 */
int process_adopt(struct backend *b, enum process_kind kind, uint16_t domid, const char *instance,
		  pid_t pid, uint64_t start_time, process_message_cb on_message, process_exit_cb on_exit,
		  void *arg, struct process **ret);
/* Tells it to end, and kills it after ten seconds. on_exit follows. */
void process_stop(struct process *p);
/* Ends it at once; on_exit follows, as for one that ended by itself. */
void process_kill(struct process *p);
/* Leaves it alone, without on_exit, for hvd's own end. */
void process_abandon(struct process *p);
/* Their records. */
void process_snapshot(struct backend *b, struct journal *j);

/* ---- adopt.c ---- */

/* The process of this name that the journal knows. -ESRCH: none, or it has died meanwhile. */
int known_take_up(struct backend *b, const char *instance, process_message_cb on_message,
		  process_exit_cb on_exit, void *arg, struct process **ret);
/* The next one of the domain; NULL: it has no more. */
const char *known_next(const struct backend *b, uint16_t domid, enum process_kind *ret_kind);
void known_forget(struct backend *b);

/* ---- bridge.c ---- */

/*
 * Makes a tap (IFF_VNET_HDR) called 'name', sets its MTU (0: the bridge's), puts it into 'bridge'
 * and brings it up. The tap disappears with its last descriptor.
 */
int bridge_add_tap(const char *bridge, const char *name, unsigned int mtu, int *ret_fd,
		   char **ret_error);

#endif
