/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that fill domains, as hvd sees them; the contract is in build.h.
 *
 * A socket is all that connects the two: the process sends one report, with the memfd of a kernel that
 * is new, and ends. End of file without a report means that it died.
 */
#include "domain/build.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "domain/build_child.h"
#include "domain/spec.h"
#include "fault.h"
#include "lib/fd_packet.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/priv.h"

#define KERNELS_SIZE_MAX (192ull << 20) /* of unpacked kernels that are kept */
#define BUILD_TIMEOUT_S 300

struct builder {
	struct event_base *base;
	struct kernel_entry kernels[KERNEL_ENTRIES_MAX];
	unsigned int nr_kernels;
	uint64_t use_counter;
};

struct build {
	struct builder *builder;
	pid_t pid;
	int kernel_fd; /* memfd of a new kernel, or -1 */
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
	if (build->kernel_fd < 0 || !report->elf_size || report->elf_size > KERNELS_SIZE_MAX ||
	    has_kernel(b, &report->key))
		return;
	while (b->nr_kernels == KERNEL_ENTRIES_MAX ||
	       kernels_size(b) + report->elf_size > KERNELS_SIZE_MAX)
		drop_oldest_kernel(b);
	b->kernels[b->nr_kernels++] = (struct kernel_entry){
		.key = report->key,
		.fd = build->kernel_fd,
		.elf_size = report->elf_size,
		.last_use = ++b->use_counter,
	};
	build->kernel_fd = -1;
}

/* ---- The process ---- */

static void build_free(struct build *build)
{
	event_free(build->on_report);
	if (build->kernel_fd >= 0)
		close(build->kernel_fd);
	free(build);
}

/* It has ended, or has nothing more to do: this does not wait for long. */
static void end_process(pid_t pid, siginfo_t *ret_si)
{
	priv_kill(pid, 0);
	if (priv_wait(pid, true, ret_si))
		log_warning("the builder %d cannot be waited for", (int)pid);
}

static ssize_t receive_report(struct build *build, int fd, struct build_report *report)
{
	struct iovec part = { report, sizeof(*report) };
	unsigned int nr_fds = 1;

	return fd_packet_receive(fd, &part, 1, &build->kernel_fd, &nr_fds, MSG_DONTWAIT);
}

static void build_on_report(evutil_socket_t fd, short what, void *arg)
{
	struct build *build = arg;
	struct builder *b = build->builder;
	build_done_cb done = build->done;
	void *done_arg = build->arg;
	struct build_report report;
	siginfo_t si = { 0 };
	ssize_t n = what & EV_READ ? receive_report(build, fd, &report) : -1;

	close(fd); /* the event is not persistent: it has left the loop */
	if (n == sizeof(report)) {
		report.fault.text[sizeof(report.fault.text) - 1] = '\0';
		keep_kernel(b, build, &report);
		mark_kernel_used(b, &report.key);
		end_process(build->pid, &si);
	} else if (what & EV_READ) {
		/* End of file: it has ended by itself, and its status is worth telling. */
		priv_wait(build->pid, true, &si);
		fault_set(&report.fault, FAULT_BUILDER, "the build process died (%s %d)",
			  si.si_code == CLD_EXITED ? "status" : "signal", si.si_status);
	} else {
		end_process(build->pid, &si);
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
	struct build *build;
	int fds[2], err;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return fault_set(ret_fault, FAULT_BUILDER, "cannot make a socket: %s", strerror(errno));
	err = priv_build_start(domid, spec, b->kernels, b->nr_kernels, fds[1], &pid);
	close(fds[1]);
	if (err) {
		close(fds[0]);
		return fault_set(ret_fault, FAULT_BUILDER, "cannot make a process: %s", strerror(-err));
	}
	build = xcalloc(1, sizeof(*build));
	build->kernel_fd = -1;
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
	siginfo_t si;

	if (!build)
		return;
	end_process(build->pid, &si);
	event_del(build->on_report);
	close(event_get_fd(build->on_report));
	build_free(build);
}
