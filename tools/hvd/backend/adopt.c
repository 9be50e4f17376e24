/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of domains that an earlier hvd has made.
 *
 * What devices a domain has says its vm.xml; how far they are says the store; what their process has
 * in its hands it says itself, when it is asked by "hello":
 *
 *	{"event":"serving","id":N,"link":"idle"|"connected"|"disconnecting", ...}   one for each device,
 *		with its descriptor where hvd has one too, and with what "added" had said
 *	{"event":"all-served"}
 *
 * A process that has died meanwhile is a process that has died.
 */
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/device.h"
#include "journal.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "xenstore/xs.h"

/* ---- processes that the journal knows ---- */

struct known_process {
	LIST_ENTRY(known_process) link;
	uint16_t domid;
	uint8_t kind;
	pid_t pid;
	uint64_t start_time;
	char *instance;
};

static void forget(struct known_process *k)
{
	LIST_REMOVE(k, link);
	free(k->instance);
	free(k);
}

/* It goes into paths of sockets. */
static bool is_name(const char *s)
{
	return *s && !strchr(s, '/') && strlen(s) < 64;
}

static void replay(void *arg, uint16_t type, struct journal_reader *r)
{
	struct known_process k = { 0 }, *at;
	struct backend *b = arg;

	k.domid = journal_read_u16(r);
	k.kind = journal_read_u8(r);
	k.pid = (pid_t)journal_read_u32(r);
	if (k.kind >= NR_PROCESSES || k.pid <= 1)
		return;
	LIST_FOREACH(at, &b->known, link)
		if (at->domid == k.domid && at->kind == k.kind && at->pid == k.pid)
			break;
	if (at)
		forget(at);
	if (type != JOURNAL_PROCESS)
		return;
	k.start_time = journal_read_u64(r);
	k.instance = xstrdup(journal_read_string(r));
	if (!is_name(k.instance)) {
		free(k.instance);
		return;
	}
	at = xmemdup(&k, sizeof(k));
	LIST_INSERT_HEAD(&b->known, at, link);
}

static void snapshot(void *arg, struct journal *j)
{
	process_snapshot(arg, j);
}

void backend_restore(struct backend *b, struct journal *journal)
{
	journal_replay(journal, JOURNAL_PROCESS_FIRST, JOURNAL_PROCESS_LAST, replay, b);
	b->journal = journal;
	journal_add_part(journal, snapshot, b);
}

void known_forget(struct backend *b)
{
	while (!LIST_EMPTY(&b->known))
		forget(LIST_FIRST(&b->known));
}

int known_take_up(struct backend *b, const char *instance, process_message_cb on_message,
		  process_exit_cb on_exit, void *arg, struct process **ret)
{
	struct known_process *k;
	int err;

	LIST_FOREACH(k, &b->known, link)
		if (!strcmp(k->instance, instance))
			break;
	if (!k)
		return -ESRCH;
	err = process_adopt(b, k->kind, k->domid, k->instance, k->pid, k->start_time, on_message, on_exit,
			    arg, ret);
	forget(k);
	return err;
}

const char *known_next(const struct backend *b, uint16_t domid, enum process_kind *ret_kind)
{
	const struct known_process *k;

	LIST_FOREACH(k, &b->known, link) {
		if (k->domid != domid)
			continue;
		*ret_kind = k->kind;
		return k->instance;
	}
	return NULL;
}

/* ---- processes of nobody ---- */

static void stray_on_message(void *arg, struct json_object *msg, int fd)
{
	(void)arg;
	(void)msg;
	if (fd >= 0)
		close(fd);
}

static void stray_on_exit(void *arg, struct process *p, bool expected, const char *how)
{
	(void)arg;
	(void)p;
	(void)expected;
	(void)how;
}

/* Is there a process of this name, or one on its way? */
static bool is_served(const struct backend *b, const char *name, size_t length)
{
	const struct backend_domain *d;
	const struct service *s;

	LIST_FOREACH(d, &b->domains, link)
		LIST_FOREACH(s, &d->services, link)
			if (strlen(s->name) == length && !memcmp(s->name, name, length))
				return true;
	return false;
}

/* Files that belong to processes which have not lived long enough to be known. */
static void sweep_files(struct backend *b)
{
	DIR *dir = opendir(b->socket_dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] != '.' && dot &&
		    !is_served(b, entry->d_name, (size_t)(dot - entry->d_name)))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

void backend_sweep(struct backend *b, bool (*lives)(void *arg, uint16_t domid), void *arg)
{
	static const char *const types[] = { "vbd", "vif" };
	struct known_process *k;

	while ((k = LIST_FIRST(&b->known))) {
		struct process *p;

		if (!process_adopt(b, k->kind, k->domid, k->instance, k->pid, k->start_time,
				   stray_on_message, stray_on_exit, NULL, &p)) {
			log_info("a process of domain %u, which is gone, is told to end", k->domid);
			process_stop(p);
		}
		forget(k);
	}
	for (size_t t = 0; t < 2; t++) {
		char *root = xasprintf(DEVICE_BACK_ROOT "/%s", types[t]), **names, *path;
		size_t nr;

		if (!xs_list(b->srv, root, &names, &nr)) {
			for (size_t i = 0; i < nr; i++) {
				if (lives(arg, (uint16_t)strtoul(names[i], NULL, 10)))
					continue;
				path = xasprintf("%s/%s", root, names[i]);
				xs_rm(b->srv, path);
				free(path);
			}
			free(names);
		}
		free(root);
	}
	sweep_files(b);
}
