/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvd-blk and hvd-blk-rbd: serve one disk of one domain. They differ in the kind of disk that is
 * linked in (disk.h).
 *
 * hvd says first what the disk is. All that this needs from the file system is read then, and
 * everything is given up (backend/child.c) before the disk is opened, the network used, or anything of
 * the guest touched. What is left: the grant and event channel devices, the channel to hvd, the
 * image, standard error, and threads.
 *
 * Requests of hvd                                    answers and events
 *   secret id + descriptor, record id + descriptor     (none)
 *   add id readonly ... (+ descriptor)                 added id sectors ... | failed id errno error
 *   connect id resume abi persistent queues            connected id | failed id error
 *   disconnect id                                      disconnected id
 *   remove id                                          removed id
 *                                                      broken id error (then: disconnected id)
 *   limits id limits size-iops                         (none)
 *   retry id                                           (none)
 *   resize id: it may have another size                (resized, if it has)
 *                                                      resized id sectors
 *                                                      stalled id, answers id
 *                                                      fenced id: the image is somebody else's now
 *                                                      stopped id error: a request waits for "retry"
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/child.h"
#include "blk/blkif.h"
#include "blk/disk.h"
#include "blk/inflight.h"
#include "blk/throttle.h"
#include "lib/log.h"

#define TEXT_MAX 512

struct blk_server {
	struct child child;
	struct blkif_host host;
	struct disk_files files;
	struct disk_owner owner;
	bool is_added;	   /* the disk was named */
	unsigned int id;
	uint32_t sector_size;
	struct throttle_conf limits;
	enum blkif_policy policies[2]; /* of reads, of all else */
	struct blkif *blkif; /* NULL: not open yet, or removed */
	const struct disk_info *info; /* of an open one */
	bool closing;	   /* it is disconnecting */
	bool removing;	   /* remove it when it has disconnected */
	int err;	   /* why it cannot be opened */
	char error[TEXT_MAX];
};

static struct blk_server server = { .files = { -1, -1, -1 } };

static void send_failed(int err, const char *error)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "event", json_object_new_string("failed"));
	json_object_object_add(msg, "id", json_object_new_int64(server.id));
	json_object_object_add(msg, "errno", json_object_new_int(-err));
	json_object_object_add(msg, "error", json_object_new_string(error));
	child_send(&server.child, msg);
}

/* ---- opening ---- */

static void add_info(struct json_object *msg, const struct disk_info *info)
{
	json_object_object_add(msg, "sectors", json_object_new_int64((int64_t)info->nr_sectors));
	json_object_object_add(msg, "physical-sector-size",
			       json_object_new_int64(info->physical_sector_size));
	json_object_object_add(msg, "discard", json_object_new_boolean(info->can_discard));
	json_object_object_add(msg, "discard-granularity",
			       json_object_new_int64(info->discard_granularity));
}

static void send_added(const struct disk_info *info)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "event", json_object_new_string("added"));
	json_object_object_add(msg, "id", json_object_new_int64(server.id));
	add_info(msg, info);
	child_send(&server.child, msg);
}

/* A new hvd asks; while the disk is not open yet, it says "add" again and gets that answer. */
static void on_hello(void *arg)
{
	struct json_object *msg;

	(void)arg;
	if (!server.blkif)
		return;
	msg = child_serving(server.id, server.closing		      ? "disconnecting" :
				       blkif_is_connected(server.blkif) ? "connected" :
									  "idle");
	add_info(msg, server.info);
	child_send(&server.child, msg);
}

static void on_opened(void *arg, struct disk *disk)
{
	(void)arg;
	server.blkif = blkif_create(&server.host, server.id, disk);
	if (!server.blkif) {
		send_failed(-ENOMEM, "not enough memory");
		return;
	}
	blkif_set_sector_size(server.blkif, server.sector_size);
	blkif_set_limits(server.blkif, &server.limits);
	blkif_set_policy(server.blkif, server.policies[0], server.policies[1]);
	server.info = &disk->info;
	send_added(&disk->info);
}

static void on_failed(void *arg, int err, const char *error)
{
	(void)arg;
	if (server.blkif || server.err)
		return; /* said already */
	server.err = err;
	snprintf(server.error, sizeof(server.error), "%s", error);
	send_failed(err, error);
}

static void on_resized(void *arg, struct disk *disk)
{
	struct json_object *msg = json_object_new_object();

	(void)arg;
	if (server.blkif)
		blkif_set_size(server.blkif, disk->info.nr_sectors);
	json_object_object_add(msg, "event", json_object_new_string("resized"));
	json_object_object_add(msg, "id", json_object_new_int64(server.id));
	json_object_object_add(msg, "sectors", json_object_new_int64((int64_t)disk->info.nr_sectors));
	child_send(&server.child, msg);
}

static void on_fenced(void *arg)
{
	(void)arg;
	child_send_event(&server.child, "fenced", server.id, NULL);
}

static void on_resize(void)
{
	struct disk *disk = blkif_disk(server.blkif);
	uint64_t before = disk->info.nr_sectors;
	int err = disk->ops->measure ? disk->ops->measure(disk) : 0;

	if (err)
		log_error("disk %u: cannot tell its size: %s", server.id, strerror(-err));
	else if (disk->info.nr_sectors != before)
		on_resized(NULL, disk);
}

static void on_batch(void *arg)
{
	(void)arg;
	blkif_push_responses(&server.host);
}

/* "limits": [[average, max, max-length] ...] in the order of enum throttle_kind, "size-iops". */
static void read_limits(struct json_object *msg, struct throttle_conf *ret)
{
	struct json_object *list, *one;
	uint64_t values[3];
	unsigned int i, j;

	memset(ret, 0, sizeof(*ret));
	ret->size_iops = (uint64_t)child_get_int(msg, "size-iops", 0);
	if (!json_object_object_get_ex(msg, "limits", &list) ||
	    !json_object_is_type(list, json_type_array))
		return;
	for (i = 0; i < THROTTLE_NR; i++) {
		one = json_object_array_get_idx(list, i);
		for (j = 0; j < 3; j++)
			values[j] = json_object_is_type(one, json_type_array) ?
					    (uint64_t)json_object_get_int64(
						    json_object_array_get_idx(one, j)) :
					    0;
		ret->limits[i] = (struct throttle_limit){ values[0], values[1], values[2] };
	}
}

static enum blkif_policy read_policy(struct json_object *msg, const char *key)
{
	const char *name = child_get_string(msg, key, "report");

	return strcmp(name, "stop") == 0     ? BLKIF_STOP :
	       strcmp(name, "enospace") == 0 ? BLKIF_ENOSPACE :
	       strcmp(name, "ignore") == 0   ? BLKIF_IGNORE :
					       BLKIF_REPORT;
}

/* The record that the processes of this disk hand on to each other. */
static int map_record(void)
{
	struct stat st;
	void *p;

	if (server.files.record < 0)
		return 0;
	if (fstat(server.files.record, &st) || st.st_size != sizeof(struct inflight_file))
		return -EINVAL;
	p = mmap(NULL, sizeof(struct inflight_file), PROT_READ | PROT_WRITE, MAP_SHARED,
		 server.files.record, 0);
	if (p == MAP_FAILED)
		return -errno;
	server.host.record = p;
	return 0;
}

/* Opens what the guest is to have, or (taken by force) nothing. */
static int open_disk(struct json_object *msg, const char *previous, char *error, size_t size)
{
	bool gone = child_get_int(msg, "gone", 0) != 0;
	int err = 0;

	if (!gone)
		err = disk_kind.prepare(&server.child, msg, &server.files, &server.owner, error, size);
	if (err)
		return err;
	if (disk_kind.sandbox(&server.child))
		exit(EXIT_FAILURE); /* it has said why */
	if (gone)
		return gone_disk_open(&server.child, &server.owner);
	return disk_kind.open(&server.child, &server.files,
			      server.host.record ? server.host.record->address : NULL, previous, error,
			      size);
}

static void on_add(struct json_object *msg)
{
	char previous[INFLIGHT_ADDRESS_MAX + 1] = "";
	char error[TEXT_MAX] = "";
	int err;

	server.id = (unsigned int)child_get_int(msg, "id", 0);
	server.is_added = true;
	server.sector_size = (uint32_t)child_get_int(msg, "logical-block-size", BLK_SECTOR_SIZE);
	read_limits(msg, &server.limits);
	server.policies[0] = read_policy(msg, "rerror-policy");
	server.policies[1] = read_policy(msg, "error-policy");
	err = map_record();
	if (err)
		snprintf(error, sizeof(error), "the record of requests cannot be used");
	if (server.host.record)
		memcpy(previous, server.host.record->address, INFLIGHT_ADDRESS_MAX);
	if (!err)
		err = open_disk(msg, previous, error, sizeof(error));
	if (err)
		on_failed(NULL, err, error);
}

/* ---- connecting ---- */

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
	ret->resume = child_get_int(msg, "resume", 0) != 0;
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
	if (err)
		send_failed(err, error);
	else
		child_send_event(&server.child, "connected", server.id, NULL);
}

static void remove_disk(void)
{
	blkif_destroy(server.blkif);
	server.blkif = NULL;
	child_send_event(&server.child, "removed", server.id, NULL);
}

static void on_disconnected(struct blkif *b)
{
	(void)b;
	server.closing = false;
	if (server.removing)
		remove_disk();
	else
		child_send_event(&server.child, "disconnected", server.id, NULL);
}

static void on_broken(struct blkif *b, const char *reason)
{
	(void)b;
	server.closing = true;
	child_send_event(&server.child, "broken", server.id, reason);
}

static void disconnect(void)
{
	server.closing = blkif_is_connected(server.blkif);
	blkif_disconnect(server.blkif);
}

static void on_stalled(struct blkif *b, bool stalled)
{
	(void)b;
	child_send_event(&server.child, stalled ? "stalled" : "answers", server.id, NULL);
}

static void on_stopped(struct blkif *b, int err)
{
	(void)b;
	child_send_event(&server.child, "stopped", server.id, strerror(-err));
}

static void on_remove(void)
{
	if (blkif_is_connected(server.blkif)) {
		server.removing = true;
		disconnect();
	} else {
		remove_disk();
	}
}

/* ---- hvd's messages ---- */

static void keep_file(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

static void on_limits(struct json_object *msg)
{
	read_limits(msg, &server.limits);
	blkif_set_limits(server.blkif, &server.limits);
}

/* What comes before the disk is served. A second hvd may say it again, for what it cannot know. */
static void on_introduction(const char *op, struct json_object *msg, int fd)
{
	if (server.is_added) {
		if (fd >= 0)
			close(fd);
		if (server.err && strcmp(op, "add") == 0)
			send_failed(server.err, server.error);
	} else if (strcmp(op, "secret") == 0) {
		keep_file(&server.files.secret, fd);
	} else if (strcmp(op, "record") == 0) {
		keep_file(&server.files.record, fd);
	} else {
		keep_file(&server.files.image, fd);
		on_add(msg);
	}
}

static void on_message(void *arg, struct json_object *msg, int fd)
{
	const char *op = child_get_string(msg, "op", "");

	(void)arg;
	if (strcmp(op, "secret") == 0 || strcmp(op, "record") == 0 || strcmp(op, "add") == 0) {
		on_introduction(op, msg, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (!server.blkif)
		send_failed(-ENODEV, "no such disk");
	else if (strcmp(op, "connect") == 0)
		on_connect(msg, server.blkif);
	else if (strcmp(op, "disconnect") == 0)
		disconnect();
	else if (strcmp(op, "limits") == 0)
		on_limits(msg);
	else if (strcmp(op, "retry") == 0)
		blkif_retry(server.blkif);
	else if (strcmp(op, "resize") == 0)
		on_resize();
	else if (strcmp(op, "remove") == 0)
		on_remove();
	else
		send_failed(-EINVAL, "unknown request");
}

int main(int argc, char **argv)
{
	int err;

	server.host.child = &server.child;
	server.host.on_broken = on_broken;
	server.host.on_stalled = on_stalled;
	server.host.on_stopped = on_stopped;
	server.host.on_disconnected = on_disconnected;
	server.owner = (struct disk_owner){ .on_opened = on_opened,
					    .on_failed = on_failed,
					    .on_resized = on_resized,
					    .on_fenced = on_fenced,
					    .on_batch = on_batch };

	if (child_init(&server.child, disk_kind.program, argc, argv, on_message, on_hello,
		       NULL))
		return EXIT_FAILURE;
	err = child_run(&server.child);
	/* What the guest has been promised nothing about may still be on its way: let it finish. */
	if (server.blkif)
		blkif_destroy(server.blkif);
	/* Not through exit(): threads of libraries are still there. */
	_exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
}
