/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that fill domains, as hvd sees them; the contract is in build.h.
 *
 * A pipe is all that connects the two: the child writes one report and ends. End of file without a
 * report means that it died. The memfd for a new kernel is made before the fork, so the child has
 * nothing to send but its size.
 */
#include "domain/build.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "domain/build_child.h"
#include "domain/spec.h"
#include "fault.h"
#include "lib/log.h"
#include "lib/xmem.h"

#define KERNELS_SIZE_MAX (192ull << 20) /* of unpacked kernels that are kept */
#define BUILD_TIMEOUT_S 300

_Static_assert(sizeof(struct build_report) <= PIPE_BUF, "a report is one write");

struct builder {
	struct event_base *base;
	struct kernel_entry kernels[KERNEL_ENTRIES_MAX];
	unsigned int nr_kernels;
	uint64_t use_counter;
};

struct build {
	struct builder *builder;
	pid_t pid;
	int kernel_fd; /* memfd that the child may have filled */
	struct event *on_report;
	build_done_cb done;
	void *arg;
};

void builder_create(struct event_base *base, struct builder **ret_builder)
{
	struct builder *b = xcalloc(1, sizeof(*b));

	b->base = base;
	*ret_builder = b;
}

static void drop_kernel(struct builder *b, unsigned int i)
{
	close(b->kernels[i].fd);
	b->kernels[i] = b->kernels[--b->nr_kernels];
}

void builder_destroy(struct builder *b)
{
	if (!b)
		return;
	while (b->nr_kernels)
		drop_kernel(b, 0);
	free(b);
}

/* ---- Kernels that are kept ---- */

static uint64_t kernels_size(const struct builder *b)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < b->nr_kernels; i++)
		size += b->kernels[i].elf_size;
	return size;
}

static void drop_oldest_kernel(struct builder *b)
{
	unsigned int oldest = 0;

	for (unsigned int i = 1; i < b->nr_kernels; i++)
		if (b->kernels[i].last_use < b->kernels[oldest].last_use)
			oldest = i;
	drop_kernel(b, oldest);
}

static void mark_kernel_used(struct builder *b, const struct kernel_key *key)
{
	for (unsigned int i = 0; i < b->nr_kernels; i++)
		if (!memcmp(&b->kernels[i].key, key, sizeof(*key)))
			b->kernels[i].last_use = ++b->use_counter;
}

static bool has_kernel(const struct builder *b, const struct kernel_key *key)
{
	for (unsigned int i = 0; i < b->nr_kernels; i++)
		if (!memcmp(&b->kernels[i].key, key, sizeof(*key)))
			return true;
	return false;
}

/* Takes over the memfd if the kernel in it is new and not too large. */
static void keep_kernel(struct builder *b, struct build *build, const struct build_report *report)
{
	if (!report->elf_size || report->elf_size > KERNELS_SIZE_MAX || has_kernel(b, &report->key))
		return;
	while (b->nr_kernels == KERNEL_ENTRIES_MAX ||
	       kernels_size(b) + report->elf_size > KERNELS_SIZE_MAX)
		drop_oldest_kernel(b);
	/* Nobody changes it any more, whatever a later child may try. */
	if (fcntl(build->kernel_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW))
		return;
	b->kernels[b->nr_kernels++] = (struct kernel_entry){
		.key = report->key,
		.fd = build->kernel_fd,
		.elf_size = report->elf_size,
		.last_use = ++b->use_counter,
	};
	build->kernel_fd = -1;
}

/* ---- The child's side ---- */

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

/*
 * The new process. Of hvd it keeps the pipe, the kernels' memfds and the log; clients' sockets above
 * all must go, or they stay open until the build ends.
 */
static void __attribute__((noreturn)) child_main(struct builder *b, uint16_t domid,
						 const struct domain_spec *spec, int report_fd,
						 int kernel_fd, pid_t parent)
{
	int keep[KERNEL_ENTRIES_MAX + 2];
	struct build_report report;
	unsigned int nr = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL);
	prctl(PR_SET_NAME, "hvd-build");

	keep[nr++] = report_fd;
	if (kernel_fd >= 0)
		keep[nr++] = kernel_fd;
	for (unsigned int i = 0; i < b->nr_kernels; i++)
		keep[nr++] = b->kernels[i].fd;
	close_others(keep, nr);

	report = build_child_run(domid, spec, b->kernels, b->nr_kernels, kernel_fd);
	_exit(write(report_fd, &report, sizeof(report)) == sizeof(report) ? 0 : 1);
}

/* ---- hvd's side ---- */

static void build_free(struct build *build)
{
	event_free(build->on_report);
	if (build->kernel_fd >= 0)
		close(build->kernel_fd);
	free(build);
}

/* The child has ended, or has nothing more to do: this does not wait for long. */
static int reap(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void build_on_report(evutil_socket_t fd, short what, void *arg)
{
	struct build *build = arg;
	struct builder *b = build->builder;
	build_done_cb done = build->done;
	void *done_arg = build->arg;
	struct build_report report;
	ssize_t n = what & EV_READ ? read(fd, &report, sizeof(report)) : -1;

	close(fd); /* the event is not persistent: it has left the loop */
	if (n == sizeof(report)) {
		report.fault.text[sizeof(report.fault.text) - 1] = '\0';
		keep_kernel(b, build, &report);
		mark_kernel_used(b, &report.key);
		reap(build->pid);
	} else if (what & EV_READ) {
		int status;

		/* End of file: it has ended by itself, and its status is worth telling. */
		while (waitpid(build->pid, &status, 0) < 0 && errno == EINTR)
			;
		fault_set(&report.fault, FAULT_BUILDER, "the build process died (%s %d)",
			  WIFSIGNALED(status) ? "signal" : "status",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	} else {
		reap(build->pid);
		fault_set(&report.fault, FAULT_TIMEOUT,
			  "the build did not end within %d s: does a file system hang?",
			  BUILD_TIMEOUT_S);
	}
	build_free(build);
	done(done_arg, report.fault.code == FAULT_NONE ? NULL : &report.fault);
}

int build_start(struct builder *b, uint16_t domid, const struct domain_spec *spec,
		build_done_cb done, void *arg, struct build **ret_build, struct fault *ret_fault)
{
	struct timeval timeout = { .tv_sec = BUILD_TIMEOUT_S };
	pid_t pid, parent = getpid();
	struct build *build;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return fault_set(ret_fault, FAULT_BUILDER, "cannot make a pipe: %s", strerror(errno));
	build = xcalloc(1, sizeof(*build));
	/* Without a memfd the kernel is not kept, that is all. */
	build->kernel_fd = memfd_create("hvd-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	pid = fork();
	if (pid == 0)
		child_main(b, domid, spec, fds[1], build->kernel_fd, parent);

	close(fds[1]);
	if (pid < 0) {
		int err = errno;

		close(fds[0]);
		if (build->kernel_fd >= 0)
			close(build->kernel_fd);
		free(build);
		return fault_set(ret_fault, FAULT_BUILDER, "cannot make a process: %s", strerror(err));
	}
	build->builder = b;
	build->pid = pid;
	build->done = done;
	build->arg = arg;
	build->on_report = event_new(b->base, fds[0], EV_READ, build_on_report, build);
	event_add(build->on_report, &timeout);
	*ret_build = build;
	return 0;
}

void build_cancel(struct build *build)
{
	if (!build)
		return;
	reap(build->pid);
	event_del(build->on_report);
	close(event_get_fd(build->on_report));
	build_free(build);
}
