/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of backend/: a device, its domain, the process that serves it.
 */
#ifndef BACKEND_DEVICE_H
#define BACKEND_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backend/backend.h"
#include "backend/xenbus.h"

struct device;
struct json_object;
struct xs_watch;

/*
 * Where the back ends' nodes are. Not the usual /local/domain/0/backend: the control domain's own
 * kernel watches that, and udev would load xen-blkback and xen-netback, which would take our
 * devices for theirs. Front ends follow the path in their 'backend' node, whatever it is.
 */
#define DEVICE_BACK_ROOT "/local/domain/0/hvd"

enum process_kind { PROCESS_BLK, PROCESS_NET, NR_PROCESSES };

/* What differs between disks and interfaces. */
struct device_class {
	const char *type; /* as in xenstore paths: "vbd", "vif" */
	enum process_kind process;
	/* Nodes that exist from the beginning, without 'state' and what every device has. */
	void (*write_nodes)(struct device *dev);
	/* What the back end offers, known once the process has answered "added" with 'msg'. */
	void (*write_features)(struct device *dev, struct json_object *msg);
	/*
	 * Reads what the front end has written and fills 'msg' for the process. All of it comes
	 * from the guest. Static text in ret_error on failure.
	 */
	int (*read_front)(struct device *dev, struct json_object *msg, const char **ret_error);
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
	int fd; /* the image or the tap; kept for a process that has to be started anew */
	void *private;
};

struct backend_domain {
	LIST_ENTRY(backend_domain) link;
	struct backend *backend;
	uint16_t domid;
	char *name;
	LIST_HEAD(, device) devices;
	struct process *processes[NR_PROCESSES];
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
	LIST_HEAD(, backend_domain) domains;
	backend_event_cb on_event;
	void *event_arg;
};

/* ---- device.c ---- */

/*
 * Makes a device of 'class' in the domain and hands 'fd' (taken over in any case) to its process,
 * which is started if it is the first. 'request' holds what the process is told beyond id and
 * operation (its reference is taken).
 */
int device_create(struct backend_domain *d, const struct device_class *class, unsigned int id,
		  const char *name, int fd, void *private, struct json_object *request,
		  char **ret_error);
/* Removes nodes (if asked for) and memory; tells nobody. */
void device_destroy(struct device *dev, bool remove_nodes);
void device_unplug(struct device *dev);
void device_on_message(struct device *dev, const char *event, struct json_object *msg);
/* The process is gone: the front end is told to close. */
void device_on_process_gone(struct device *dev);

/* Nodes of either end; failures are logged. Reading gives the fallback for what is not there. */
void device_write(struct device *dev, const char *end, const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int device_read_front_u32(struct device *dev, const char *key, uint32_t *ret);
uint32_t device_read_front_flag(struct device *dev, const char *key, uint32_t fallback);

/* ---- vbd.c, vif.c ---- */

/* What the nodes need of the specification; each class frees its own. */
struct vbd_private {
	bool readonly;
	bool cdrom;
};

struct vif_private {
	uint8_t mac[6];
	unsigned int mtu; /* 0: not told to the guest */
	char *bridge;
};

extern const struct device_class vbd_class;
extern const struct device_class vif_class;

/* ---- spawn.c ---- */

struct process;

typedef void (*process_message_cb)(void *arg, struct json_object *msg);
/* It has ended. 'expected': after process_stop(). The struct is freed when this returns. */
typedef void (*process_exit_cb)(void *arg, struct process *p, bool expected, const char *how);

int process_start(struct backend *b, enum process_kind kind, uint16_t domid, const char *name,
		  process_message_cb on_message, process_exit_cb on_exit, void *arg,
		  struct process **ret);
/* Takes the reference of msg. */
int process_send(struct process *p, struct json_object *msg, int fd);
/* Closes the channel, which asks it to end, and kills it after ten seconds. on_exit follows. */
void process_stop(struct process *p);
/* The same without waiting and without on_exit, for hvd's own end. */
void process_abandon(struct process *p);

/* ---- bridge.c ---- */

/*
 * Makes a tap (IFF_VNET_HDR) called 'name', sets its MTU (0: the bridge's), puts it into 'bridge'
 * and brings it up. The tap disappears with its last descriptor.
 */
int bridge_add_tap(const char *bridge, const char *name, unsigned int mtu, int *ret_fd,
		   char **ret_error);

#endif
