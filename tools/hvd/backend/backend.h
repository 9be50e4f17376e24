/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks and network interfaces of guests, as the rest of hvd sees them.
 *
 * The manager is the only one that speaks xenstore for these devices: it writes the nodes of both
 * ends, follows the front end's state and moves the back end's. The data flows elsewhere, in
 * one hvd-blk and one hvd-net process for each domain, which the manager starts when the domain
 * gets its first disk or interface.
 *
 * Everything runs in hvd's loop. Functions return 0 or a negative errno; where 'ret_error' is
 * given, a failure also leaves a sentence for the user in it (to be freed by the caller).
 */
#ifndef HVD_BACKEND_H
#define HVD_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

struct backend;
struct backend_disk_stats;
struct backend_net_stats;
struct disk_spec;
struct domain_spec;
struct event_base;
struct iotune_spec;
struct journal;
struct nic_spec;
struct xs_server;

/* Where the manager finds what it starts. NULL fields take the installed default. */
struct backend_conf {
	const char *blk_program; /* hvd-blk */
	const char *rbd_program; /* hvd-blk-rbd */
	const char *net_program; /* hvd-net */
	const char *user;        /* whom the children become: "hvd" where it exists, else "nobody" */
	const char *chroot_dir;  /* an empty directory, made if it is missing: /run/hvd/empty */
	const char *stats_dir;   /* the processes' counters: /run/hvd/backend */
	const char *socket_dir;  /* for this and the next hvd alone: /run/hvd/backend */
};

/*
 * What the manager tells hvd about a device later on: 'what' is a word of hvd's events (docs/control-protocol.md),
 * 'error' a sentence if there is trouble, else NULL. Must not call the manager: where something has to be done
 * about it, do it from the loop.
 */
typedef void (*backend_event_cb)(void *arg, uint16_t domid, const char *device, const char *what,
				 const char *error);
typedef void (*backend_device_cb)(void *arg, uint16_t domid, const char *device, const char *error);

/*
 * The devices that were waited for can be used (err 0), or one of them cannot: 'error' is a sentence
 * about the first of them. Called from the loop; may call the manager.
 */
typedef void (*backend_ready_cb)(void *arg, uint16_t domid, int err, const char *error);

/* Called once when the last child of a domain has gone, and with it the last mapping of its pages. */
typedef void (*backend_gone_cb)(void *arg, uint16_t domid);

/* 'conf' may be NULL, and is not used after the call. */
int backend_create(struct event_base *base, struct xs_server *srv, const struct backend_conf *conf,
		   struct backend **ret);

/* Reads of the processes that an earlier hvd has left, and notes ours from here on. */
void backend_restore(struct backend *b, struct journal *journal);

/* The domain goes on, with the devices of its specification and the processes that serve them. */
void backend_adopt_domain(struct backend *b, uint16_t domid, const struct domain_spec *spec);

/* After all of these: ends processes and removes nodes of domains that do not live. */
void backend_sweep(struct backend *b, bool (*lives)(void *arg, uint16_t domid), void *arg);

/* Leaves all children to the next hvd; guests keep their nodes. */
void backend_destroy(struct backend *b);

/* A device as others look at it; strings and counters are good until the callback returns. */
struct backend_view {
	uint16_t domid;
	const char *name; /* "xvda", "vif0" */
	const char *bridge; /* of an interface, else NULL */
	bool connected;	    /* the guest uses it now */
	bool serving;	    /* its process runs */
	unsigned int restarts; /* of that process */
	/* One of them is set if the process has counted anything. */
	const struct backend_disk_stats *disk;
	const struct backend_net_stats *net;
};
typedef void (*backend_view_cb)(void *arg, const struct backend_view *v);

/* Shows every device of every domain. Waits for nobody. */
void backend_visit(struct backend *b, backend_view_cb cb, void *arg);

void backend_set_event_cb(struct backend *b, backend_event_cb cb, void *arg);

/* A disk with error_policy='stop' has failed: the domain is to be paused. As above. */
void backend_set_stop_cb(struct backend *b, backend_device_cb cb, void *arg);

/* The guest has given a device back, and its process has let go of it. As above; 'error' is NULL. */
void backend_set_unplugged_cb(struct backend *b, backend_device_cb cb, void *arg);

/*
 * Gives domain 'domid' a disk or an interface, before or after it has started. /local/domain/N
 * must exist and belong to the guest. On failure nothing is left behind.
 *   -EEXIST  the domain has a device of that name
 *   -EINVAL  the target is not a name of a virtual disk; the image is a directory, or its size
 *            is not a multiple of 512
 *   -ENOKEY  the keyring of its secret cannot be used
 *   -ENOENT, -EACCES, ...  from opening the image, or the bridge that does not exist
 * 'name' is the domain's name, for messages and process titles. 'index' of an interface is its
 * number in the guest (0: eth0).
 */
int backend_add_disk(struct backend *b, uint16_t domid, const char *name,
		     const struct disk_spec *spec, char **ret_error);
int backend_add_nic(struct backend *b, uint16_t domid, const char *name, unsigned int index,
		    const struct nic_spec *spec, char **ret_error);

/*
 * What backend_add_*() begins takes a while: a process is started, perhaps connects to a cluster.
 * Calls 'cb' once when 'device' (NULL: each device that the domain has been given so far) is there, or one is found
 * not to be usable, within a minute in any case. A device that was waited for by name and fails is
 * gone when 'cb' is called. Forgotten when the domain is removed.
 *   -ENOENT     no such pool, image or snapshot
 *   -EACCES     the cluster does not accept the key, or the user may not
 *   -ETIMEDOUT  no answer from the cluster
 *   -EBUSY      the image is in use by another host
 *   others      as backend_add_disk()
 */
void backend_wait_ready(struct backend *b, uint16_t domid, const char *device, backend_ready_cb cb,
			void *arg);

/* New limits of a disk that is in use. -ENOENT: no such disk. */
int backend_set_limits(struct backend *b, uint16_t domid, const char *disk,
		       const struct iotune_spec *limits);

/*
 * The disk's file or device has another size, or may have: its process looks, and the guest is told. -ENOENT: no
 * such disk.
 */
int backend_look_again(struct backend *b, uint16_t domid, const char *disk);

/* The domain is about to run: what failed, and waits (error_policy='stop'), is tried again. */
void backend_retry(struct backend *b, uint16_t domid);

/*
 * Asks the guest to give a device back ("xvdb", "vif1"); the nodes disappear and the callback for
 * that is called when it has. 'force', of a disk: its image is let go of without asking the guest, when
 * its process has ended, which finishes what it has taken within ten seconds or not at all. The callback comes
 * then; until the guest has let go of what is left, the name is in use. -ENOENT: no such device; -EINVAL: it is
 * no disk.
 */
int backend_unplug(struct backend *b, uint16_t domid, const char *device, bool force);

/*
 * The domain is dead or dying: its back ends let go of the guest's pages and channels, finish
 * what they have taken and end. Their nodes disappear at once. 'gone' (may be NULL) is called from
 * the loop, possibly before this function returns when there was nothing to end. A child that does
 * not end within ten seconds is killed.
 */
void backend_remove_domain(struct backend *b, uint16_t domid, backend_gone_cb gone, void *arg);

#endif
