/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of domains, kept in files; the contract is in journal.h.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/domain.h"
#include "domain/spec.h"
#include "lib/log.h"
#include "lib/xmem.h"

struct journal {
	int dir;
};

int journal_open(const char *dir, struct journal **ret_j)
{
	struct journal *j;
	int fd;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	j = xcalloc(1, sizeof(*j));
	j->dir = fd;
	*ret_j = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	close(j->dir);
	free(j);
}

/* One line, "<uuid> <name>", written beside the file and moved over it. */
static int write_entry(struct journal *j, const char *file, const struct domain_spec *spec)
{
	char uuid[37], line[160];
	int fd, len, err = 0;

	spec_format_uuid(spec->uuid, uuid);
	len = snprintf(line, sizeof(line), "%s %s\n", uuid, spec->name);
	fd = openat(j->dir, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, line, (size_t)len) != len || renameat(j->dir, "new", j->dir, file))
		err = -errno;
	close(fd);
	return err;
}

void journal_note(struct journal *j, const struct domain *d)
{
	char file[16];
	int err;

	if (!j || !d->domid)
		return;
	if (d->state == DOMAIN_DYING) {
		journal_drop(j, d->domid);
		return;
	}
	snprintf(file, sizeof(file), "%u", d->domid);
	err = write_entry(j, file, d->spec);
	if (err)
		log_warning("the journal cannot be written: %s", strerror(-err));
}

char *journal_name(struct journal *j, uint16_t domid, const uint8_t uuid[16])
{
	char file[16], line[160], text[37];
	ssize_t n;
	int fd;

	if (!j)
		return NULL;
	snprintf(file, sizeof(file), "%u", domid);
	fd = openat(j->dir, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	spec_format_uuid(uuid, text);
	if (n < 38 || memcmp(line, text, 36))
		return NULL;
	return xstrdup(line + 37);
}

void journal_drop(struct journal *j, uint16_t domid)
{
	char file[16];

	if (!j)
		return;
	snprintf(file, sizeof(file), "%u", domid);
	unlinkat(j->dir, file, 0);
}
