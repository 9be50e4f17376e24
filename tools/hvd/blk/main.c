/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd-blk: serves the disks of one domain.
 *
 * hvd opens the images and hands them over; we never see a path. After blk_sandbox() this process
 * has: the grant and event channel devices, the channel to hvd, the images, standard error, and
 * the threads of its pool. (backend/child.c says what that means.)
 *
 * Requests of hvd                                    answers and events
 *   add id readonly discard-granularity + descriptor   added id sectors ... | failed id error
 *   connect id abi persistent queues                   connected id | failed id error
 *   disconnect id                                      disconnected id
 *   remove id                                          removed id
 *                                                      broken id error (then: disconnected id)
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/child.h"
#include "blk/blkif.h"
#include "blk/disk.h"
#include "lib/log.h"

#define MAX_DISKS 64
#define NR_THREADS 4

struct blk_server {
	struct child child;
	struct blkif_host host;
	struct pool *pool;
	struct blkif *disks[MAX_DISKS];
	struct disk_info infos[MAX_DISKS];
	bool removing[MAX_DISKS]; /* remove it when it has disconnected */
	bool closing[MAX_DISKS];  /* it will be */
};

static struct blk_server server;

static struct blkif **find_disk(unsigned int id)
{
	unsigned int i;

	for (i = 0; i < MAX_DISKS; i++)
		if (server.disks[i] && blkif_id(server.disks[i]) == id)
			return &server.disks[i];
	return NULL;
}

static void add_info(struct json_object *msg, const struct disk_info *info)
{
	json_object_object_add(msg, "sectors", json_object_new_int64((int64_t)info->nr_sectors));
	json_object_object_add(msg, "physical-sector-size",
			       json_object_new_int64(info->physical_sector_size));
	json_object_object_add(msg, "discard", json_object_new_boolean(info->can_discard));
	json_object_object_add(msg, "discard-granularity",
			       json_object_new_int64(info->discard_granularity));
}

static void send_added(unsigned int id, const struct disk_info *info)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "event", json_object_new_string("added"));
	json_object_object_add(msg, "id", json_object_new_int64(id));
	add_info(msg, info);
	child_send(&server.child, msg);
}

static void on_hello(void *arg)
{
	struct json_object *msg;
	unsigned int i;

	(void)arg;
	for (i = 0; i < MAX_DISKS; i++) {
		if (!server.disks[i])
			continue;
		msg = child_serving(blkif_id(server.disks[i]),
				    server.closing[i]			  ? "disconnecting" :
				    blkif_is_connected(server.disks[i]) ? "connected" :
									  "idle");
		add_info(msg, &server.infos[i]);
		child_send(&server.child, msg);
	}
}

static void on_add(struct json_object *msg, unsigned int id, int fd)
{
	const char *error = "too many disks";
	struct disk *disk = NULL;
	unsigned int i;
	int err;

	for (i = 0; i < MAX_DISKS && server.disks[i]; i++)
		;
	if (fd < 0 || i == MAX_DISKS || find_disk(id)) {
		if (fd >= 0)
			close(fd);
		child_send_event(&server.child, "failed", id, fd < 0 ? "no descriptor" : error);
		return;
	}
	/* Other kinds than files (an image in a Ceph cluster) get their branch here. */
	err = file_disk_open(server.pool, fd, child_get_int(msg, "readonly", 0) != 0,
			     (uint32_t)child_get_int(msg, "discard-granularity", 0), &disk, &error);
	if (err) {
		close(fd);
		child_send_event(&server.child, "failed", id, error);
		return;
	}
	server.disks[i] = blkif_create(&server.host, id, disk);
	server.removing[i] = server.closing[i] = false;
	server.infos[i] = disk->info;
	if (!server.disks[i]) {
		disk->ops->close(disk);
		child_send_event(&server.child, "failed", id, "not enough memory");
		return;
	}
	send_added(id, &disk->info);
}

static int parse_queue(struct json_object *q, struct blkif_queue_spec *ret)
{
	struct json_object *refs;
	int64_t port = child_get_int(q, "event-channel", -1);
	size_t i, nr;

	if (!json_object_object_get_ex(q, "ring-refs", &refs) ||
	    !json_object_is_type(refs, json_type_array))
		return -EINVAL;
	nr = json_object_array_length(refs);
	if (nr == 0 || nr > BLK_MAX_RING_PAGES || nr & (nr - 1) || port < 0 || port > UINT32_MAX)
		return -EINVAL;
	for (i = 0; i < nr; i++)
		ret->ring_refs[i] = (uint32_t)json_object_get_int64(
			json_object_array_get_idx(refs, i));
	ret->nr_pages = (unsigned int)nr;
	ret->event_channel = (uint32_t)port;
	return 0;
}

static int parse_connect(struct json_object *msg, struct blkif_spec *ret)
{
	const char *abi = child_get_string(msg, "abi", "");
	struct json_object *queues;
	size_t i, nr;

	memset(ret, 0, sizeof(*ret));
	if (strcmp(abi, "x86_64-abi") == 0)
		ret->abi = BLK_ABI_X86_64;
	else if (strcmp(abi, "x86_32-abi") == 0)
		ret->abi = BLK_ABI_X86_32;
	else
		return -EINVAL;
	ret->persistent = child_get_int(msg, "persistent", 0) != 0;
	if (!json_object_object_get_ex(msg, "queues", &queues) ||
	    !json_object_is_type(queues, json_type_array))
		return -EINVAL;
	nr = json_object_array_length(queues);
	if (nr == 0 || nr > BLKIF_MAX_QUEUES)
		return -EINVAL;
	for (i = 0; i < nr; i++)
		if (parse_queue(json_object_array_get_idx(queues, i), &ret->queues[i]))
			return -EINVAL;
	ret->nr_queues = (unsigned int)nr;
	return 0;
}

static void on_connect(struct json_object *msg, struct blkif *b)
{
	const char *error = "bad parameters";
	struct blkif_spec spec;
	int err;

	err = parse_connect(msg, &spec);
	if (!err)
		err = blkif_connect(b, &spec, &error);
	child_send_event(&server.child, err ? "failed" : "connected", blkif_id(b),
			 err ? error : NULL);
}

static void remove_disk(struct blkif **slot)
{
	unsigned int id = blkif_id(*slot);

	blkif_destroy(*slot);
	*slot = NULL;
	child_send_event(&server.child, "removed", id, NULL);
}

static void on_disconnected(struct blkif *b)
{
	struct blkif **slot = find_disk(blkif_id(b));

	if (slot)
		server.closing[slot - server.disks] = false;
	child_send_event(&server.child, "disconnected", blkif_id(b), NULL);
	if (slot && server.removing[slot - server.disks])
		remove_disk(slot);
}

static void on_broken(struct blkif *b, const char *reason)
{
	struct blkif **slot = find_disk(blkif_id(b));

	if (slot)
		server.closing[slot - server.disks] = true;
	child_send_event(&server.child, "broken", blkif_id(b), reason);
}

static void disconnect(struct blkif **slot)
{
	server.closing[slot - server.disks] = blkif_is_connected(*slot);
	blkif_disconnect(*slot);
}

static void on_remove(struct blkif **slot)
{
	if (blkif_is_connected(*slot)) {
		server.removing[slot - server.disks] = true;
		disconnect(slot);
	} else {
		remove_disk(slot);
	}
}

static void on_message(void *arg, struct json_object *msg, int fd)
{
	const char *op = child_get_string(msg, "op", "");
	unsigned int id = (unsigned int)child_get_int(msg, "id", 0);
	struct blkif **slot = find_disk(id);

	(void)arg;
	if (strcmp(op, "add") == 0) {
		on_add(msg, id, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (!slot)
		child_send_event(&server.child, "failed", id, "no such disk");
	else if (strcmp(op, "connect") == 0)
		on_connect(msg, *slot);
	else if (strcmp(op, "disconnect") == 0)
		disconnect(slot);
	else if (strcmp(op, "remove") == 0)
		on_remove(slot);
	else
		child_send_event(&server.child, "failed", id, "unknown request");
}

static void on_batch(void *arg)
{
	(void)arg;
	blkif_push_responses(&server.host);
}

static int blk_sandbox(void)
{
	static const unsigned long ioctls[] = { BLKGETSIZE64, BLKPBSZGET, BLKDISCARD };

	return child_sandbox(&server.child, ioctls, sizeof(ioctls) / sizeof(ioctls[0]));
}

int main(int argc, char **argv)
{
	int err;

	server.host.child = &server.child;
	server.host.on_broken = on_broken;
	server.host.on_disconnected = on_disconnected;

	if (child_init(&server.child, "hvd-blk", argc, argv, on_message, on_hello, NULL))
		return EXIT_FAILURE;
	err = pool_create(server.child.base, NR_THREADS, file_disk_run, on_batch, NULL,
			  &server.pool);
	if (err) {
		log_error("cannot start threads: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	if (blk_sandbox())
		return EXIT_FAILURE;
	err = child_run(&server.child);
	/* What the guest has been promised nothing about may still be on its way: let it finish. */
	pool_destroy(server.pool);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
