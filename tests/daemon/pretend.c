/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pretended hypervisor: libxencall, libxenevtchn, libxenforeignmemory and the call of guest_loan.h
 * by their names, so that hvd runs on any Linux, from its main() on.
 *
 * Its state lies in shared memory, made before main(), because hvd is several processes: its two
 * halves, and those that build domains. A guest is what answers in here: it says "guest up" on its
 * console when it first runs, echoes each line that is typed, and obeys the lines "poweroff", "reboot"
 * and "crash". The words pretend=poweroff, pretend=reboot and pretend=crash on its command line make it
 * do so at once.
 *
 * PRETEND_MIB is the host's free memory (default 1024). Giving memory to a domain takes as long as a
 * file PRETEND_HOLD exists, if that is set.
 */
#define __XEN_INTERFACE_VERSION__ 0x00040e00

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/io/console.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/xen.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include <hvabi/control.h>

#define NR_DOMAINS 32u
#define NR_PORTS 16u
#define NR_LOCAL 256u
#define NR_PARAMS 64u
#define GPA_MAX (6ull << 30)
#define DESTROY_STEP 4096u /* frames given back in one call */

struct guest {
	bool exists, paused_once;
	struct hvabi_create create;
	uint32_t state, reason, pauses;
	char crash_reason[128];
	uint64_t nr_frames;
	uint64_t params[NR_PARAMS];
	uint32_t nr_ports;
	struct hvabi_entry entry;
	struct hvabi_sched sched;
	bool started, counted;
	char line[128];
	unsigned int line_len;
	int memory_fd;
	uint8_t *memory; /* GPA_MAX bytes; at the same place in all processes */
	uint8_t *present; /* a byte a frame */
};

struct local {
	bool bound, masked, pending;
	uint32_t domid, remote; /* domid ~0: a VIRQ */
};

struct state {
	uint64_t free_frames;
	struct guest guests[NR_DOMAINS];
	struct local locals[NR_LOCAL];
};

static struct state *state;
static struct local *locals; /* the engine's, and raised from either half */
static int event_pipe[2] = { -1, -1 };

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* The same as a file that others can map parts of. Its descriptor is above what a service manager hands over. */
static void *shared_file(size_t size, int least, int *ret_fd)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		abort();
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, least);
	close(fd);
	p = *ret_fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *ret_fd, 0);
	if (p == MAP_FAILED)
		abort();
	return p;
}

static void __attribute__((constructor)) make_state(void)
{
	const char *mib = getenv("PRETEND_MIB");

	state = shared(sizeof(*state));
	state->free_frames = (mib ? strtoull(mib, NULL, 10) : 1024) << 8;
	state->guests[0].exists = true;
	for (unsigned int i = 1; i < NR_DOMAINS; i++) {
		state->guests[i].memory = shared_file(GPA_MAX, 100 + i, &state->guests[i].memory_fd);
		state->guests[i].present = shared(GPA_MAX >> 12);
	}
	locals = state->locals;
	/* Above what a service manager hands over. */
	if (pipe2(event_pipe, O_CLOEXEC | O_NONBLOCK))
		abort();
	for (unsigned int i = 0; i < 2; i++) {
		int up = fcntl(event_pipe[i], F_DUPFD_CLOEXEC, 60);

		if (up < 0)
			abort();
		close(event_pipe[i]);
		event_pipe[i] = up;
	}
}

/* ---- Event channels ---- */

static void show(struct local *l)
{
	uint32_t port = (uint32_t)(l - locals) + 1;

	l->pending = false;
	l->masked = true;
	if (write(event_pipe[1], &port, sizeof(port)) != sizeof(port))
		abort();
}

static void raise_port(uint32_t domid, uint32_t remote)
{
	for (struct local *l = locals; l < locals + NR_LOCAL; l++) {
		if (!l->bound || l->domid != domid || l->remote != remote)
			continue;
		l->pending = true;
		if (!l->masked)
			show(l);
	}
}

static void raise_dom_exc(void)
{
	if (event_pipe[1] >= 0)
		raise_port(~0u, VIRQ_DOM_EXC);
}

/* ---- What a guest does ---- */

static struct xencons_interface *console_of(struct guest *g)
{
	return (void *)(g->memory + (g->params[HVM_PARAM_CONSOLE_PFN] << 12));
}

static void say(struct guest *g, const char *text)
{
	struct xencons_interface *ring = console_of(g);

	while (*text && ring->out_prod - ring->out_cons < sizeof(ring->out))
		ring->out[MASK_XENCONS_IDX(ring->out_prod++, ring->out)] = *text++;
}

static void stop(struct guest *g, uint32_t reason, const char *why)
{
	g->state = HVABI_DOM_SHUTDOWN;
	g->reason = reason;
	snprintf(g->crash_reason, sizeof(g->crash_reason), "%s", why);
	raise_dom_exc();
}

static void obey(struct guest *g, const char *word)
{
	if (!strcmp(word, "poweroff"))
		stop(g, SHUTDOWN_poweroff, "");
	else if (!strcmp(word, "reboot"))
		stop(g, SHUTDOWN_reboot, "");
	else if (!strcmp(word, "crash"))
		stop(g, SHUTDOWN_crash, "it was told to crash");
}

static void guest_on_console(uint16_t domid)
{
	struct guest *g = &state->guests[domid];
	struct xencons_interface *ring = console_of(g);

	while (g->state == HVABI_DOM_RUNNING && ring->in_cons != ring->in_prod) {
		char c = ring->in[MASK_XENCONS_IDX(ring->in_cons++, ring->in)];

		if (c != '\n' && g->line_len < sizeof(g->line) - 1) {
			g->line[g->line_len++] = c;
			continue;
		}
		g->line[g->line_len] = '\0';
		g->line_len = 0;
		say(g, "you typed ");
		say(g, g->line);
		say(g, "\r\n");
		obey(g, g->line);
	}
	raise_port(domid, (uint32_t)g->params[HVM_PARAM_CONSOLE_EVTCHN]);
}

static void guest_start(uint16_t domid)
{
	struct guest *g = &state->guests[domid];
	struct hvm_start_info *info;
	const char *cmdline, *word;

	g->started = true;
	say(g, "guest up\r\n");
	raise_port(domid, (uint32_t)g->params[HVM_PARAM_CONSOLE_EVTCHN]);
	info = (void *)(g->memory + g->entry.start_info);
	if (!g->entry.start_info || info->magic != XEN_HVM_START_MAGIC_VALUE) {
		stop(g, SHUTDOWN_crash, "no start_info");
		return;
	}
	cmdline = (const char *)g->memory + info->cmdline_paddr;
	word = strstr(cmdline, "pretend=");
	if (word) {
		char copy[16];

		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(word + 8, " "), word + 8);
		obey(g, copy);
	}
}

/* ---- The control hypercall ---- */

static struct guest *find(uint16_t domid)
{
	return domid < NR_DOMAINS && state->guests[domid].exists ? &state->guests[domid] : NULL;
}

#define TSC_KHZ 2000000u

static int do_create(struct hvabi_request *rq)
{
	struct guest *g;
	uint16_t domid = rq->domid;

	if (!domid)
		for (domid = 1; domid < NR_DOMAINS && state->guests[domid].exists; domid++)
			;
	if (domid >= NR_DOMAINS)
		return -ENOMEM;
	if (find(domid))
		return -EEXIST;
	if (rq->u.create.flags & HVABI_CREATE_TSC && rq->u.create.tsc_khz != TSC_KHZ)
		return -EOPNOTSUPP; /* this host has no scaling */
	g = &state->guests[domid];
	*g = (struct guest){ .memory_fd = g->memory_fd, .memory = g->memory, .present = g->present };
	g->exists = true;
	g->create = rq->u.create;
	g->pauses = 1;
	rq->domid = domid;
	return 0;
}

static int do_destroy(struct guest *g)
{
	uint64_t n = g->nr_frames < DESTROY_STEP ? g->nr_frames : DESTROY_STEP;

	g->state = HVABI_DOM_DYING;
	g->nr_frames -= n;
	state->free_frames += n;
	if (g->nr_frames)
		return -EAGAIN;
	if (madvise(g->memory, GPA_MAX, MADV_REMOVE) || madvise(g->present, GPA_MAX >> 12, MADV_REMOVE))
		abort();
	g->exists = false;
	raise_dom_exc();
	return 0;
}

static int do_info(struct hvabi_request *rq)
{
	struct guest *g = NULL;
	uint32_t domid;

	for (domid = rq->domid; domid < NR_DOMAINS && !g; domid++)
		g = find((uint16_t)domid);
	if (!g)
		return -ESRCH;
	rq->domid = (uint16_t)(domid - 1);
	memset(&rq->u.info, 0, sizeof(rq->u.info));
	memcpy(rq->u.info.uuid, g->create.uuid, 16);
	rq->u.info.state = g->state;
	rq->u.info.pause_count = g->pauses;
	rq->u.info.shutdown_reason = g->reason;
	rq->u.info.nr_vcpus = rq->domid ? g->create.max_vcpus : 1;
	rq->u.info.nr_online_vcpus = 1;
	rq->u.info.max_frames = g->create.max_frames;
	rq->u.info.nr_frames = g->nr_frames;
	rq->u.info.cpu_time_ns = 1500000000;
	strcpy(rq->u.info.crash_reason, g->crash_reason);
	return 0;
}

static int do_copy(struct guest *g, struct hvabi_copy *copy, bool to_guest)
{
	void *buffer = (void *)(uintptr_t)copy->buffer;

	if (copy->size_bytes > 16u << 20)
		return -EINVAL;
	if (copy->gpa > GPA_MAX || copy->size_bytes > GPA_MAX - copy->gpa)
		return -EFAULT;
	for (uint64_t f = copy->gpa >> 12; f << 12 < copy->gpa + copy->size_bytes; f++)
		if (!g->present[f])
			return -EFAULT;
	if (to_guest)
		memcpy(g->memory + copy->gpa, buffer, copy->size_bytes);
	else
		memcpy(buffer, g->memory + copy->gpa, copy->size_bytes);
	return 0;
}

static int do_unpause(uint16_t domid, struct guest *g)
{
	if (!g->pauses)
		return -EINVAL;
	if (!--g->pauses && !g->started)
		guest_start(domid);
	return 0;
}

/* Writes 1,000 pages in any period. Its start takes two steps. */
static int do_dirty(struct guest *g, struct hvabi_dirty *dirty)
{
	static bool begun;

	switch (dirty->action) {
	case HVABI_DIRTY_START:
		if (g->counted)
			return -EBUSY;
		begun = !begun;
		g->counted = !begun;
		return begun ? -EAGAIN : 0;
	case HVABI_DIRTY_COUNT:
		dirty->pages = 1000;
		return g->counted ? 0 : -EINVAL;
	default:
		g->counted = begun = false;
		return 0;
	}
}

static int do_log(struct hvabi_log *log)
{
	static const char text[] = "hv: pretended\nhv: second line\n";
	uint64_t left = log->position < sizeof(text) - 1 ? sizeof(text) - 1 - log->position : 0;

	log->size_bytes = log->size_bytes < left ? log->size_bytes : left;
	memcpy((void *)(uintptr_t)log->buffer, text + log->position, log->size_bytes);
	return 0;
}

static int do_host(struct hvabi_host_info *host)
{
	memset(host, 0, sizeof(*host));
	host->version_minor = 1;
	host->nr_cpus = 2;
	host->tsc_khz = TSC_KHZ;
	host->total_frames = 2048 << 8;
	host->free_frames = state->free_frames;
	host->features = HVABI_FEATURE_NESTED_PAGING;
	host->features_unused = HVABI_FEATURE_IOMMU;
	strcpy(host->virt, "none");
	strcpy(host->cpu_model, "Pretended CPU");
	strcpy(host->scheduler, "none");
	return 0;
}

static int control(struct hvabi_request *rq)
{
	struct guest *g = find(rq->domid);

	switch (rq->op) {
	case HVABI_HOST_INFO:
		return do_host(&rq->u.host_info);
	case HVABI_DOMAIN_CREATE:
		return do_create(rq);
	case HVABI_DOMAIN_INFO:
		return do_info(rq);
	case HVABI_LOG_READ:
		return do_log(&rq->u.log);
	}
	if (!g || !rq->domid)
		return rq->op == HVABI_VCPU_INFO ? -EINVAL : -ESRCH;
	switch (rq->op) {
	case HVABI_DOMAIN_DESTROY:
		return do_destroy(g);
	case HVABI_DOMAIN_PAUSE:
		g->pauses++;
		return 0;
	case HVABI_DOMAIN_UNPAUSE:
		return do_unpause(rq->domid, g);
	case HVABI_COPY_TO:
		return do_copy(g, &rq->u.copy, true);
	case HVABI_COPY_FROM:
		return do_copy(g, &rq->u.copy, false);
	case HVABI_VCPU_ENTRY:
		g->entry = rq->u.entry;
		return 0;
	case HVABI_SCHED_SET:
		g->sched = rq->u.sched;
		return 0;
	case HVABI_DIRTY:
		return do_dirty(g, &rq->u.dirty);
	case HVABI_VCPU_INFO:
		rq->u.vcpu.state = RUNSTATE_blocked;
		rq->u.vcpu.online = 1;
		return rq->u.vcpu.vcpu < g->create.max_vcpus ? 0 : -EINVAL;
	default:
		return -ENOSYS;
	}
}

/* ---- Xen's hypercalls ---- */

/* Runs in the process that builds a domain: holding it up harms nobody. */
static void hold_up(void)
{
	const char *path = getenv("PRETEND_HOLD");

	while (path && !access(path, F_OK))
		usleep(10000);
}

static int populate(xen_memory_reservation_t *res)
{
	struct guest *g = find(res->domid);
	uint64_t n = 1ull << res->extent_order, done;

	if (!g)
		return -ESRCH;
	hold_up();
	for (done = 0; done < res->nr_extents; done++) {
		uint64_t gfn = res->extent_start.p[done];

		if (state->free_frames < n || g->nr_frames + n > g->create.max_frames ||
		    gfn + n > GPA_MAX >> 12)
			return done ? (int)done : -ENOMEM;
		memset(g->present + gfn, 1, n);
		g->nr_frames += n;
		state->free_frames -= n;
	}
	return (int)done;
}

static int set_memory_map(const struct xen_foreign_memory_map *op)
{
	return !find(op->domid) ? -ESRCH : op->map.nr_entries == 0 ? -EINVAL : 0;
}

static int hvm_op(unsigned int op, struct xen_hvm_param *param)
{
	struct guest *g = find(param->domid);

	if (!g || param->index >= NR_PARAMS)
		return -EINVAL;
	if (op == HVMOP_set_param)
		g->params[param->index] = param->value;
	else
		param->value = g->params[param->index];
	return 0;
}

static int alloc_unbound(struct evtchn_alloc_unbound *alloc)
{
	struct guest *g = find(alloc->dom);

	if (!g || g->nr_ports + 1 >= NR_PORTS)
		return -EINVAL;
	alloc->port = ++g->nr_ports;
	return 0;
}

static int answer(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

int xencall1(xencall_handle *xcall, unsigned int op, uint64_t arg1)
{
	(void)xcall;
	return answer(op == HVABI_CONTROL_HYPERCALL ? control((void *)(uintptr_t)arg1) : -ENOSYS);
}

int xencall2(xencall_handle *xcall, unsigned int op, uint64_t arg1, uint64_t arg2)
{
	void *p = (void *)(uintptr_t)arg2;

	(void)xcall;
	if (op == __HYPERVISOR_memory_op && arg1 == XENMEM_populate_physmap)
		return answer(populate(p));
	if (op == __HYPERVISOR_memory_op && arg1 == XENMEM_set_memory_map)
		return answer(set_memory_map(p));
	if (op == __HYPERVISOR_hvm_op)
		return answer(hvm_op((unsigned int)arg1, p));
	if (op == __HYPERVISOR_event_channel_op && arg1 == EVTCHNOP_alloc_unbound)
		return answer(alloc_unbound(p));
	return answer(-ENOSYS);
}

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned int open_flags)
{
	(void)logger;
	(void)open_flags;
	return malloc(1);
}

int xencall_close(xencall_handle *xcall)
{
	free(xcall);
	return 0;
}

void *xencall_alloc_buffer_pages(xencall_handle *xcall, size_t nr_pages)
{
	(void)xcall;
	return aligned_alloc(4096, nr_pages * 4096);
}

void xencall_free_buffer_pages(xencall_handle *xcall, void *p, size_t nr_pages)
{
	(void)xcall;
	(void)nr_pages;
	free(p);
}

/* ---- libxenevtchn ---- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return malloc(1);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	free(xce);
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	(void)xce;
	return event_pipe[0];
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
						     evtchn_port_t remote_port)
{
	(void)xce;
	for (unsigned int i = 0; i < NR_LOCAL; i++) {
		if (locals[i].bound)
			continue;
		locals[i] = (struct local){ .bound = true, .domid = domid, .remote = remote_port };
		return (int)i + 1;
	}
	return answer(-ENOSPC);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	return xenevtchn_bind_interdomain(xce, ~0u, virq);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	locals[port - 1].bound = false;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct local *l = &locals[port - 1];
	struct guest *g = find((uint16_t)l->domid);

	(void)xce;
	if (g && l->remote == g->params[HVM_PARAM_CONSOLE_EVTCHN] && g->started && !g->pauses)
		guest_on_console((uint16_t)l->domid);
	return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	locals[port - 1].masked = false;
	if (locals[port - 1].pending)
		show(&locals[port - 1]);
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	uint32_t port;

	(void)xce;
	if (read(event_pipe[0], &port, sizeof(port)) != sizeof(port))
		return -1;
	return (int)port;
}

/* ---- libxenforeignmemory ---- */

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger,
					       unsigned int open_flags)
{
	(void)logger;
	(void)open_flags;
	return malloc(1);
}

int xenforeignmemory_close(xenforeignmemory_handle *fmem)
{
	free(fmem);
	return 0;
}

/* ---- /dev/xen/gntdev ---- */

int __wrap_guest_loan_open(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset);

int __wrap_guest_loan_open(uint16_t domid, uint32_t loan, int *ret_fd, uint64_t *ret_offset)
{
	struct guest *g = find(domid);
	uint64_t gfn;

	if (!g)
		return -EINVAL;
	gfn = g->params[loan == HVABI_GRANT_CONSOLE ? HVM_PARAM_CONSOLE_PFN : HVM_PARAM_STORE_PFN];
	if (gfn >= GPA_MAX >> 12 || !g->present[gfn])
		return -EINVAL;
	*ret_fd = fcntl(g->memory_fd, F_DUPFD_CLOEXEC, 3);
	*ret_offset = gfn << 12;
	return *ret_fd < 0 ? -errno : 0;
}

/* ---- The rest of the host that is not there ---- */

struct xs_server;
int __wrap_xs_server_add_dom0(struct xs_server *srv);

/* There is no kernel that waits for a xenstore. (Linked with -Wl,--wrap.) */
int __wrap_xs_server_add_dom0(struct xs_server *srv)
{
	(void)srv;
	return 0;
}
