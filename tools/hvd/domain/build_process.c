/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that fills a domain, around what it does (build_child.c); the contract is in build_process.h.
 */
#include "domain/build_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "domain/build_child.h"
#include "domain/unpack.h"
#include "fault.h"
#include "lib/fd_packet.h"

/* Closes all descriptors but those in 'keep' (sorted here) and the standard ones. */
static void close_others(int *keep, unsigned int nr)
{
	unsigned int from = STDERR_FILENO + 1;

	for (unsigned int i = 1; i < nr; i++)
		for (unsigned int k = i; k && keep[k] < keep[k - 1]; k--) {
			int swap = keep[k];

			keep[k] = keep[k - 1];
			keep[k - 1] = swap;
		}
	for (unsigned int i = 0; i < nr; i++) {
		if (keep[i] < (int)from)
			continue;
		if ((unsigned int)keep[i] > from)
			close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	close_range(from, ~0u, 0);
}

static int send_report(int sock, struct build_report *report, int kernel)
{
	const struct iovec part = { report, sizeof(*report) };

	return fd_packet_send(sock, &part, 1, &kernel, kernel >= 0 && report->elf_size, 0);
}

static void __attribute__((noreturn)) process_main(const struct build_process *p, pid_t parent)
{
	const struct unpack_walls walls = { .user = p->user, .chroot_dir = p->chroot_dir };
	int keep[KERNEL_ENTRIES_MAX + 2], kernel = -1;
	struct build_report report;
	unsigned int nr = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL);
	prctl(PR_SET_NAME, "hvd-build");

	keep[nr++] = p->report;
	if (p->lock >= 0)
		keep[nr++] = p->lock;
	for (unsigned int i = 0; i < p->nr_entries; i++)
		keep[nr++] = p->entries[i].fd;
	close_others(keep, nr);

	report = build_child_run(p->domid, p->spec, p->entries, p->nr_entries, &walls, &kernel);
	_exit(send_report(p->report, &report, kernel) ? 1 : 0);
}

int build_process_start(const struct build_process *p, pid_t *ret_pid)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		process_main(p, parent);
	*ret_pid = pid;
	return 0;
}
