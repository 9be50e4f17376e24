// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control hypercall, with which hvd steers hv: <hvabi/control.h> is its contract.
 *
 * One request structure; each operation has its function. Long ones work in bounded steps: the
 * copies keep their progress in the argument registers, destruction answers -EAGAIN.
 */
#include <hvabi/control.h>

#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/physmap.h>
#include <hv/sched.h>
#include <hv/string.h>

#include "hypercall.h"
#include "policy.h"

#define COPY_MAX	 MIB(16)
#define COPY_STEP	 KIB(256)
#define LOG_CHUNK	 256u
#define LOG_STEP	 KIB(64)
#define REQUEST_SIZE_MAX 4096u
#define HEAD_SIZE	 offsetof(struct hvabi_request, u)

/* In the third argument: the second one is progress of ours, not the caller's leftover. */
#define PROGRESS_MARK 0x68762d636f707921ull

/* ---- the request itself ---- */

/* What a newer caller sends beyond what we know must be zero: it asked for nothing we lack. */
static int check_excess(uint64_t at, uint32_t n)
{
	uint8_t chunk[64];
	uint32_t i, step;

	for (; n; n -= step, at += step) {
		step = MIN(n, (uint32_t)sizeof(chunk));
		if (copy_from_guest(chunk, at, step))
			return -EFAULT;
		for (i = 0; i < step; i++) {
			if (chunk[i])
				return -E2BIG;
		}
	}
	return 0;
}

static int read_request(struct hypercall *c, struct hvabi_request *r)
{
	uint32_t size;

	if (copy_from_guest(&size, c->args[0] + offsetof(struct hvabi_request, size), sizeof(size)))
		return -EFAULT;
	if (size < HEAD_SIZE)
		return -EINVAL;
	if (size > REQUEST_SIZE_MAX)
		return -E2BIG;
	memset(r, 0, sizeof(*r));
	if (copy_from_guest(r, c->args[0], MIN(size, sizeof(*r))))
		return -EFAULT;
	r->size = size;
	if (r->pad[0] || r->pad[1] || r->pad[2])
		return -EINVAL;
	if (size > sizeof(*r))
		return check_excess(c->args[0] + sizeof(*r), (uint32_t)(size - sizeof(*r)));
	return 0;
}

static int write_request(struct hypercall *c, const struct hvabi_request *r)
{
	return copy_to_guest(c->args[0], r, MIN(r->size, sizeof(*r)));
}

/* ---- host ---- */

static void host_info(struct hvabi_host_info *info)
{
	struct frame_stats stats;

	memset(info, 0, sizeof(*info));
	frame_get_stats(&stats);
	info->version_major = 0;
	info->version_minor = 1;
	info->nr_cpus = nr_cpus;
	info->nr_domains = domain_count();
	info->total_frames = stats.total;
	info->free_frames = stats.free;
	info->hv_frames = stats.hv;
	info->tsc_khz = clock_tsc_khz();
	info->features = arch_features(&info->features_unused);
	strcopy(info->virt, arch_virt_name(), sizeof(info->virt));
	arch_cpu_model(info->cpu_model, sizeof(info->cpu_model));
	strcopy(info->scheduler, sched_policy->name, sizeof(info->scheduler));
}

static int log_read(struct hvabi_log *log)
{
	uint64_t position = log->position, first = 0, done = 0,
		 size = MIN(log->size_bytes, LOG_STEP);
	char chunk[LOG_CHUNK];
	size_t n;

	while (done < size) {
		uint64_t at = position;

		n = console_read_log(&at, chunk, MIN(size - done, LOG_CHUNK));
		if (n == 0)
			break;
		if (done == 0)
			first = at;
		else if (at != position)
			break; /* overwritten between two chunks: the next call tells */
		if (copy_to_guest(log->buffer + done, chunk, n))
			return -EFAULT;
		done += n;
		position = at + n;
	}
	log->position = done ? first : position;
	log->size_bytes = done;
	return 0;
}

/* ---- domains ---- */

static bool tsc_is_valid(const struct hvabi_create *in)
{
	if (!(in->flags & HVABI_CREATE_TSC))
		return !in->tsc_khz;
	return in->tsc_khz >= HVABI_TSC_KHZ_MIN && in->tsc_khz <= HVABI_TSC_KHZ_MAX;
}

static int create(struct hvabi_request *r)
{
	const struct hvabi_create *in = &r->u.create;
	struct domain_limits limits = {
		.max_frames = in->max_frames,
		.max_vcpus = in->max_vcpus,
		.max_grant_frames =
			in->max_grant_frames ? in->max_grant_frames : GNTTAB_FRAMES_DEFAULT,
		.max_evtchn_ports =
			in->max_evtchn_ports ? in->max_evtchn_ports : EVTCHN_LIMIT_DEFAULT,
		.tsc_khz = in->tsc_khz,
	};
	struct domain *d;
	int err;

	if (in->flags & ~HVABI_CREATE_TSC || in->pad || !tsc_is_valid(in))
		return -EINVAL;
	if (in->max_vcpus == 0 || in->max_vcpus > DOMAIN_MAX_VCPUS ||
	    in->max_frames == 0 || limits.max_grant_frames > GNTTAB_FRAMES_MAX ||
	    limits.max_evtchn_ports > EVTCHN_FIFO_NR_CHANNELS)
		return -EINVAL;
	if (r->domid >= DOMID_LIMIT)
		return -EINVAL;
	err = domain_create(r->domid ? r->domid : DOMID_NONE, in->uuid, &limits, &d);
	if (err)
		return err;
	/* The list of domains keeps it; its creator's id is enough for us. */
	r->domid = d->id;
	return 0;
}

static void fill_info(struct domain *d, struct hvabi_info *info)
{
	uint32_t i;

	memset(info, 0, sizeof(*info));
	memcpy(info->uuid, d->uuid, sizeof(info->uuid));
	spin_lock(&d->lock);
	info->state = d->state == DOMAIN_RUNNING    ? HVABI_DOM_RUNNING
		      : d->state == DOMAIN_SHUTDOWN ? HVABI_DOM_SHUTDOWN
						    : HVABI_DOM_DYING;
	info->pause_count = d->pause_count;
	info->shutdown_reason = (uint32_t)d->shutdown_reason;
	strcopy(info->crash_reason, d->crash_reason, sizeof(info->crash_reason));
	spin_unlock(&d->lock);
	info->nr_vcpus = d->nr_vcpus;
	for (i = 0; i < d->nr_vcpus; i++)
		info->nr_online_vcpus += vcpu_is_online(d->vcpus[i]);
	info->max_frames = d->max_frames;
	info->nr_frames = __atomic_load_n(&d->nr_frames, __ATOMIC_RELAXED);
	info->cpu_time_ns = domain_cpu_time_ns(d);
}

static int info(struct hvabi_request *r)
{
	struct domain *d = domain_get_next(r->domid);

	if (!d)
		return -ESRCH;
	fill_info(d, &r->u.info);
	r->domid = d->id;
	domain_put(d);
	return 0;
}

static int set_entry(struct domain *d, const struct hvabi_entry *entry)
{
	bool has_run;

	spin_lock(&d->lock);
	has_run = d->has_run || d->state != DOMAIN_RUNNING;
	spin_unlock(&d->lock);
	if (has_run)
		return -EBUSY;
	arch_vcpu_set_entry(d->vcpus[0], entry->entry, entry->start_info);
	return 0;
}

static int vcpu_info_of(struct domain *d, struct hvabi_vcpu *out)
{
	uint64_t since, times[NR_VCPU_STATES];
	enum vcpu_state state;
	struct vcpu *v;

	if (out->vcpu >= d->nr_vcpus)
		return -ENOENT;
	v = d->vcpus[index_nospec(out->vcpu, d->nr_vcpus)];
	vcpu_get_runstate(v, &state, &since, times);
	out->state = (uint32_t)state;
	out->cpu = v->cpu ? v->cpu->id : 0;
	out->online = vcpu_is_online(v);
	memcpy(out->time_ns, times, sizeof(out->time_ns));
	out->exits = READ_ONCE(v->nr_exits);
	out->rip = READ_ONCE(v->last_rip);
	return 0;
}

/* ---- scheduling ---- */

static bool affinity_given(const uint64_t mask[2])
{
	return mask[0] || mask[1];
}

static int sched_set(struct domain *d, const struct hvabi_sched *s)
{
	uint64_t mask[2];
	uint32_t i;
	int err = 0;

	memcpy(mask, s->affinity, sizeof(mask));
	if (s->weight > SCHED_WEIGHT_MAX)
		return -EINVAL;
	if (s->vcpu != ~0u && s->vcpu >= d->nr_vcpus)
		return -ENOENT;
	if (s->weight)
		err = sched_set_weight(d, s->weight);
	for (i = 0; i < d->nr_vcpus && !err && affinity_given(mask); i++) {
		if (s->vcpu == ~0u || s->vcpu == i)
			err = sched_set_affinity(d->vcpus[i], mask);
	}
	return err;
}

static int sched_get(struct domain *d, struct hvabi_sched *s)
{
	uint64_t id = s->vcpu == ~0u ? 0 : s->vcpu;

	if (id >= d->nr_vcpus)
		return -ENOENT;
	id = index_nospec(id, d->nr_vcpus);
	s->weight = sched_get_weight(d);
	memcpy(s->affinity, d->vcpus[id]->sched.affinity, sizeof(s->affinity));
	return 0;
}

/* ---- pages written ---- */

static int dirty(struct domain *d, struct hvabi_dirty *r)
{
	if (r->pad)
		return -EINVAL;
	switch (r->action) {
	case HVABI_DIRTY_START:
		return dirty_start(d);
	case HVABI_DIRTY_COUNT:
		return dirty_count(d, &r->pages);
	case HVABI_DIRTY_STOP:
		return dirty_stop(d);
	default:
		return -EINVAL;
	}
}

/* ---- copies ---- */

/* Within one page of d. */
static int copy_piece(struct domain *d, uint64_t gpa, uint64_t buffer, size_t n, bool to_domain)
{
	unsigned int access = PHYSMAP_READ | (to_domain ? PHYSMAP_WRITE : 0);
	uint8_t *p;
	mfn_t mfn;
	int err;

	if (physmap_get_frame(d, gpa_to_gfn(gpa), access, &mfn))
		return -EFAULT;
	p = (uint8_t *)mfn_to_ptr(mfn) + (gpa & ~PAGE_MASK);
	err = to_domain ? copy_from_guest(p, buffer, n) : copy_to_guest(buffer, p, n);
	frame_put(mfn);
	return err;
}

static int copy(struct hypercall *c, struct domain *d, const struct hvabi_copy *r, bool to_domain)
{
	uint64_t done = c->args[2] == PROGRESS_MARK ? c->args[1] : 0, step_end;
	size_t n;
	int err;

	if (r->size_bytes > COPY_MAX || done > r->size_bytes || r->gpa + r->size_bytes < r->gpa)
		return -EINVAL;
	step_end = MIN(r->size_bytes, done + COPY_STEP);
	for (; done < step_end; done += n) {
		n = PAGE_SIZE - ((r->gpa + done) & ~PAGE_MASK);
		n = MIN(n, step_end - done);
		err = copy_piece(d, r->gpa + done, r->buffer + done, n, to_domain);
		if (err)
			return err;
	}
	if (done == r->size_bytes)
		return 0;
	c->args[1] = done;
	c->args[2] = PROGRESS_MARK;
	return -ERESTART;
}

/* ---- dispatch ---- */

/* Operations on one domain that may be the control domain itself: they change nothing there. */
static int observe(struct hypercall *c, struct domain *d, struct hvabi_request *r)
{
	switch (r->op) {
	case HVABI_SCHED_SET:
		return sched_set(d, &r->u.sched);
	case HVABI_SCHED_GET:
		return sched_get(d, &r->u.sched);
	case HVABI_VCPU_INFO:
		return vcpu_info_of(d, &r->u.vcpu);
	case HVABI_COPY_TO:
		return copy(c, d, &r->u.copy, true);
	case HVABI_COPY_FROM:
		return copy(c, d, &r->u.copy, false);
	default:
		return -ENOSYS;
	}
}

/* Operations that the control domain must not do to itself. */
static int steer(struct domain *d, struct hvabi_request *r)
{
	if (domain_is_control(d))
		return -EPERM;
	switch (r->op) {
	case HVABI_DOMAIN_DESTROY:
		return domain_destroy_step(d);
	case HVABI_DOMAIN_PAUSE:
		domain_pause(d);
		return 0;
	case HVABI_DOMAIN_UNPAUSE:
		return domain_unpause(d);
	case HVABI_VCPU_ENTRY:
		return set_entry(d, &r->u.entry);
	case HVABI_SHUTDOWN:
		if (r->u.shutdown.reason > SHUTDOWN_REASON_SOFT_RESET)
			return -EINVAL;
		domain_shutdown(d, (enum shutdown_reason)r->u.shutdown.reason);
		return 0;
	case HVABI_DIRTY:
		return dirty(d, &r->u.dirty);
	default:
		return -ENOSYS;
	}
}

static int on_domain(struct hypercall *c, struct hvabi_request *r)
{
	struct domain *d;
	int err;

	err = policy_get_target(c->d, r->domid, &d);
	if (err)
		return err;
	switch (r->op) {
	case HVABI_DOMAIN_DESTROY:
	case HVABI_DOMAIN_PAUSE:
	case HVABI_DOMAIN_UNPAUSE:
	case HVABI_VCPU_ENTRY:
	case HVABI_SHUTDOWN:
	case HVABI_DIRTY:
		err = steer(d, r);
		break;
	default:
		err = observe(c, d, r);
		break;
	}
	domain_put(d);
	return err;
}

int64_t hypercall_control(struct hypercall *c)
{
	struct hvabi_request r;
	int err;

	err = read_request(c, &r);
	if (err)
		return err;
	switch (r.op) {
	case HVABI_HOST_INFO:
		host_info(&r.u.host_info);
		break;
	case HVABI_LOG_READ:
		err = log_read(&r.u.log);
		break;
	case HVABI_DOMAIN_CREATE:
		err = create(&r);
		break;
	case HVABI_DOMAIN_INFO:
		err = info(&r);
		break;
	default:
		err = on_domain(c, &r);
		break;
	}
	return err ? err : write_request(c, &r);
}
