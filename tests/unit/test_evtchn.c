/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels: who reaches whom, when, and what is left after the end. Both delivery ABIs. */
#include <string.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "abi_world.h"
#include "evtchn.h"
#include "shared_info.h"
#include "unit.h"

#define EVTCHN(cmd, op) CALL_WITH(__HYPERVISOR_event_channel_op, cmd, op)
#define CONTROL_GFN	10u
#define ARRAY_GFN	20u

static struct vcpu_info *info_of(struct vcpu *v)
{
	return v->abi->info;
}

static bool bit(const void *p, uint32_t n)
{
	return ((const uint8_t *)p)[n / 8] >> (n % 8) & 1;
}

static uint32_t alloc_unbound(struct domain *d, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = remote };

	world_run(d->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_alloc_unbound, op), 0);
	return op.port;
}

static uint32_t bind_interdomain(struct domain *d, domid_t remote, uint32_t port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = port };

	world_run(d->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_interdomain, op), 0);
	return op.local_port;
}

static int64_t port_op(struct domain *d, unsigned int cmd, uint32_t port)
{
	struct evtchn_send op = { .port = port }; /* close, unmask look the same */

	world_run(d->vcpus[0]);
	return EVTCHN(cmd, op);
}

static uint32_t status_of(struct domain *d, uint32_t port)
{
	struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

	world_run(d->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_status, op), 0);
	return op.status;
}

/* As a guest takes all of its two-level events. */
static void clear_2l(struct domain *d)
{
	struct shared_info *s = d->abi->shared.page;

	memset(s->evtchn_pending, 0, sizeof(s->evtchn_pending));
	info_of(d->vcpus[0])->evtchn_pending_sel = 0;
	info_of(d->vcpus[0])->evtchn_upcall_pending = 0;
}

static void unmask_all(struct domain *d)
{
	struct shared_info *s = d->abi->shared.page;

	memset(s->evtchn_mask, 0, sizeof(s->evtchn_mask));
}

static void event_reaches_the_other_domain(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t pa = alloc_unbound(a, b->id), pb;

	unmask_all(a);
	unmask_all(b);
	CU_ASSERT_EQUAL(status_of(a, pa), EVTCHNSTAT_unbound);
	pb = bind_interdomain(b, a->id, pa);
	CU_ASSERT_EQUAL(status_of(a, pa), EVTCHNSTAT_interdomain);
	clear_2l(b);
	CU_ASSERT_EQUAL(port_op(b, EVTCHNOP_send, pb), 0);
	CU_ASSERT(bit(shared_info_pending_bits(a), pa));
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_pending_sel, 1ul << (pa / 64));
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_upcall_pending, 1);
	CU_ASSERT(!bit(shared_info_pending_bits(b), pb));
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void masked_event_waits_for_unmask(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t pa = alloc_unbound(a, b->id), pb = bind_interdomain(b, a->id, pa);

	clear_2l(a);
	CU_ASSERT_EQUAL(port_op(b, EVTCHNOP_send, pb), 0);
	CU_ASSERT(bit(shared_info_pending_bits(a), pa));
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_upcall_pending, 0);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_unmask, pa), 0);
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_upcall_pending, 1);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void only_the_named_domain_may_bind(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1), *c = world_guest(1);
	struct evtchn_bind_interdomain op = { .remote_dom = a->id };

	op.remote_port = alloc_unbound(a, b->id);
	world_run(c->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_interdomain, op), -EINVAL);
	op.remote_port = 0xffffffff;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_interdomain, op), -EINVAL);
	op.remote_dom = 0x7fe0;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_interdomain, op), -ESRCH);
	CU_ASSERT_EQUAL(c->abi->evtchn.nr_bound, 0);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
	CU_ASSERT(world_destroy(c));
}

static void close_then_send_never_reaches_new_owner(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t pa = alloc_unbound(a, b->id), pb = bind_interdomain(b, a->id, pa), again;

	unmask_all(a);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, pa), 0);
	CU_ASSERT_EQUAL(status_of(b, pb), EVTCHNSTAT_unbound);
	again = alloc_unbound(a, 0);
	CU_ASSERT_EQUAL(again, pa);
	clear_2l(a);
	CU_ASSERT_EQUAL(port_op(b, EVTCHNOP_send, pb), 0);
	CU_ASSERT(!bit(shared_info_pending_bits(a), pa));
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, 0), -EINVAL);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, 4095), -EINVAL);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, 0xfffffff0), -EINVAL);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

static void destroying_one_end_leaves_the_other_unbound(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	uint32_t pa = alloc_unbound(a, b->id), pb = bind_interdomain(b, a->id, pa);

	CU_ASSERT(world_destroy(a));
	CU_ASSERT_EQUAL(status_of(b, pb), EVTCHNSTAT_unbound);
	CU_ASSERT_EQUAL(port_op(b, EVTCHNOP_send, pb), 0);
	CU_ASSERT_EQUAL(port_op(b, EVTCHNOP_close, pb), 0);
	CU_ASSERT(world_destroy(b));
}

static void loopback_within_one_domain(void)
{
	struct domain *a = world_guest(1);
	uint32_t p = alloc_unbound(a, DOMID_SELF), q = bind_interdomain(a, DOMID_SELF, p);

	unmask_all(a);
	clear_2l(a);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, q), 0);
	CU_ASSERT(bit(shared_info_pending_bits(a), p));
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, p), 0);
	CU_ASSERT_EQUAL(status_of(a, q), EVTCHNSTAT_unbound);
	CU_ASSERT(world_destroy(a));
}

static void ipi_and_virq_stay_on_their_vcpu(void)
{
	struct domain *a = world_guest(2);
	struct evtchn_bind_ipi ipi = { .vcpu = 1 };
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER, .vcpu = 1 };
	struct evtchn_bind_vcpu move = { .vcpu = 0 };

	unmask_all(a);
	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_virq, virq), 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_virq, virq), -EEXIST);
	move.port = ipi.port;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_vcpu, move), -EINVAL);
	move.port = virq.port;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_vcpu, move), -EINVAL);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ipi.port), 0);
	CU_ASSERT_EQUAL(info_of(a->vcpus[1])->evtchn_upcall_pending, 1);
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_upcall_pending, 0);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, virq.port), -EINVAL);
	virq_raise(a->vcpus[1], VIRQ_TIMER);
	CU_ASSERT(bit(shared_info_pending_bits(a), virq.port));
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, virq.port), 0);
	virq_raise(a->vcpus[1], VIRQ_TIMER); /* to nobody */
	CU_ASSERT(!bit(shared_info_pending_bits(a), virq.port));
	CU_ASSERT(world_destroy(a));
}

static void guests_get_no_global_virqs(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_bind_virq op = { .virq = VIRQ_DOM_EXC };

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_virq, op), -EPERM);
	op.virq = 1000;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_virq, op), -EPERM);
	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_virq, op), -EINVAL);
	CU_ASSERT(world_destroy(a));
}

static void port_limit_holds(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 0 };
	uint32_t i;

	world_run(a->vcpus[0]);
	for (i = 1; i < 4096; i++)
		CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_alloc_unbound, op), 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_alloc_unbound, op), -ENOSPC);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, 77), 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_alloc_unbound, op), 0);
	CU_ASSERT_EQUAL(op.port, 77);
	CU_ASSERT(world_destroy(a));
}

static void guest_may_not_touch_others(void)
{
	struct domain *a = world_guest(1), *b = world_guest(1);
	struct evtchn_alloc_unbound op = { .dom = b->id, .remote_dom = a->id };
	struct evtchn_status st = { .dom = b->id, .port = 1 };
	struct evtchn_reset reset = { .dom = b->id };

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_alloc_unbound, op), -EPERM);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_status, st), -EPERM);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_reset, reset), -EPERM);
	world_run(control_domain->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_alloc_unbound, op), 0);
	CU_ASSERT(world_destroy(a));
	CU_ASSERT(world_destroy(b));
}

/* ---- FIFO ---- */

static event_word_t *words(struct domain *d)
{
	return world_ptr(d, ARRAY_GFN << PAGE_SHIFT);
}

static struct evtchn_fifo_control_block *control(struct domain *d, uint32_t vcpu)
{
	return world_ptr(d, (CONTROL_GFN + vcpu) << PAGE_SHIFT);
}

static void init_fifo(struct domain *d)
{
	struct evtchn_init_control init = { .control_gfn = CONTROL_GFN };
	struct evtchn_expand_array expand = { .array_gfn = ARRAY_GFN };

	world_run(d->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), 0);
	CU_ASSERT_EQUAL(init.link_bits, 17);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_expand_array, expand), 0);
	memset(words(d), 0, PAGE_SIZE);
}

/* Takes the next port off a queue as a guest does; 0: empty. */
static uint32_t fifo_take(struct domain *d, uint32_t *head, uint32_t priority)
{
	struct evtchn_fifo_control_block *c = control(d, 0);
	uint32_t port = *head ? *head : c->head[priority], w;

	if (!port)
		return 0;
	w = words(d)[port];
	*head = w & EVTCHN_FIFO_LINK_MASK;
	words(d)[port] =
		w & ~(1u << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK | 1u << EVTCHN_FIFO_PENDING);
	if (!*head) {
		c->ready &= ~(1u << priority);
		c->head[priority] = 0;
	}
	return port;
}

static void fifo_queue_keeps_order(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	uint32_t ports[5], i, head = 0;

	init_fifo(a);
	for (i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
		ports[i] = ipi.port;
	}
	for (i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ports[i]), 0);
		CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ports[i]), 0); /* once is enough */
	}
	CU_ASSERT_EQUAL(control(a, 0)->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_upcall_pending, 1);
	for (i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(fifo_take(a, &head, EVTCHN_FIFO_PRIORITY_DEFAULT), ports[i]);
	CU_ASSERT_EQUAL(fifo_take(a, &head, EVTCHN_FIFO_PRIORITY_DEFAULT), 0);
	/* The queue is empty now: the next one becomes its head, not a link of the old tail. */
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ports[1]), 0);
	CU_ASSERT_EQUAL(control(a, 0)->head[EVTCHN_FIFO_PRIORITY_DEFAULT], ports[1]);
	CU_ASSERT(world_destroy(a));
}

static void fifo_priority_moves_a_port_between_queues(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_set_priority prio = { .priority = 2 };
	uint32_t p, q, head = 0;

	init_fifo(a);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	p = ipi.port;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	q = ipi.port;
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, p), 0);
	CU_ASSERT_EQUAL(fifo_take(a, &head, 7), p);
	prio.port = p;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_set_priority, prio), 0);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, p), 0);
	CU_ASSERT_EQUAL(control(a, 0)->head[2], p);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, q), 0);
	CU_ASSERT_EQUAL(control(a, 0)->head[7], q); /* not behind p, which was its old tail */
	CU_ASSERT_EQUAL(words(a)[p] & EVTCHN_FIFO_LINK_MASK, 0);
	prio.priority = 16;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_set_priority, prio), -EINVAL);
	CU_ASSERT(world_destroy(a));
}

static void fifo_closed_port_is_busy_until_taken(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	uint32_t p, head = 0;

	init_fifo(a);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	p = ipi.port;
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, p), 0);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_close, p), 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	CU_ASSERT_NOT_EQUAL(ipi.port, p);
	CU_ASSERT_EQUAL(fifo_take(a, &head, 7), p);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	CU_ASSERT_EQUAL(ipi.port, p);
	CU_ASSERT(world_destroy(a));
}

static void fifo_masked_event_is_not_linked(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };

	init_fifo(a);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	words(a)[ipi.port] = 1u << EVTCHN_FIFO_MASKED;
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ipi.port), 0);
	CU_ASSERT_EQUAL(words(a)[ipi.port], 1u << EVTCHN_FIFO_MASKED | 1u << EVTCHN_FIFO_PENDING);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_unmask, ipi.port), 0);
	CU_ASSERT_EQUAL(words(a)[ipi.port], 1u << EVTCHN_FIFO_LINKED | 1u << EVTCHN_FIFO_PENDING);
	CU_ASSERT(world_destroy(a));
}

static void fifo_event_before_its_page_is_not_lost(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_init_control init = { .control_gfn = CONTROL_GFN };
	struct evtchn_expand_array expand = { .array_gfn = ARRAY_GFN };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_expand_array, expand), -ENOSYS);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ipi.port), 0); /* pending in the old ABI */
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), -EINVAL); /* once per vCPU */
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_expand_array, expand), 0);
	CU_ASSERT_EQUAL(words(a)[ipi.port], 1u << EVTCHN_FIFO_MASKED | 1u << EVTCHN_FIFO_PENDING);
	CU_ASSERT(world_destroy(a));
}

static void fifo_refuses_bad_places(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_init_control init = { .control_gfn = CONTROL_GFN, .offset = 4 };
	struct evtchn_expand_array expand = { .array_gfn = 0xabcdef };

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), -EINVAL);
	init.offset = PAGE_SIZE - 64;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), -EINVAL);
	init.offset = 0;
	init.vcpu = 9;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), -ENOENT);
	init.vcpu = 0;
	init.control_gfn = 0xabcdef;
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_init_control, init), -EINVAL);
	CU_ASSERT_PTR_NULL(a->abi->evtchn.fifo);
	init_fifo(a);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_expand_array, expand), -EINVAL);
	CU_ASSERT(world_destroy(a));
}

/* A guest that writes garbage into links harms itself only: nothing follows them. */
static void fifo_garbage_links_do_no_harm(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	uint32_t i, j;

	init_fifo(a);
	for (i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	for (i = 0; i < 200; i++) {
		for (j = 0; j < 64; j++)
			words(a)[j] = (i * 2654435761u) ^ (j * 40503u) ^ (j << 29);
		memset(control(a, 0), (int)i, sizeof(*control(a, 0)));
		for (j = 1; j <= 8; j++) {
			CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, j), 0);
			CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_unmask, j), 0);
		}
	}
	CU_ASSERT(world_destroy(a));
}

static void reset_returns_to_two_levels(void)
{
	struct domain *a = world_guest(1);
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	uint32_t p;

	init_fifo(a);
	p = alloc_unbound(a, 0);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_reset, reset), 0);
	CU_ASSERT_EQUAL(status_of(a, p), EVTCHNSTAT_closed);
	CU_ASSERT_PTR_EQUAL(a->abi->evtchn.ops, &evtchn_2l_ops);
	CU_ASSERT(world_destroy(a));
}

/* ---- upcalls ---- */

static void pending_before_the_vector_is_raised_with_it(void)
{
	struct domain *a = world_guest(1);
	struct xen_hvm_evtchn_upcall_vector op = { .vcpu = 0, .vector = 0xf3 };
	struct vcpu_register_vcpu_info reg = { .mfn = 5, .offset = 0x80 };

	world_run(a->vcpus[0]);
	memcpy(world_ptr(a, WORLD_ARGS), &reg, sizeof(reg));
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, WORLD_ARGS),
			0);
	CU_ASSERT_PTR_EQUAL(info_of(a->vcpus[0]), world_ptr(a, (5 << PAGE_SHIFT) + 0x80));
	CU_ASSERT_EQUAL(info_of(a->vcpus[0])->evtchn_upcall_pending, 1);
	CU_ASSERT_EQUAL(a->vcpus[0]->arch.raised[3], 0);
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, op), 0);
	CU_ASSERT_EQUAL(a->vcpus[0]->arch.raised[3], BIT(0xf3 - 192));
	op.vector = 3;
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, op),
			-EINVAL);
	CU_ASSERT_EQUAL(world_call(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, WORLD_ARGS),
			-EINVAL);
	CU_ASSERT(world_destroy(a));
}

static void poll_sees_pending_and_is_woken(void)
{
	struct domain *a = world_guest(2);
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	uint32_t *port;
	struct sched_poll poll = { .nr_ports = 1 };

	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(EVTCHN(EVTCHNOP_bind_ipi, ipi), 0);
	port = world_ptr(a, 0x2000);
	*port = ipi.port;
	poll.ports.p = (void *)0x2000;
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_sched_op, SCHEDOP_poll, poll), 0);
	CU_ASSERT(world_blocked);
	CU_ASSERT_EQUAL(a->vcpus[0]->state, VCPU_BLOCKED);
	world_run(a->vcpus[1]);
	CU_ASSERT_EQUAL(port_op(a, EVTCHNOP_send, ipi.port), 0); /* masked: still wakes a poller */
	CU_ASSERT_EQUAL(a->vcpus[0]->state, VCPU_RUNNABLE);
	world_run(a->vcpus[0]);
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_sched_op, SCHEDOP_poll, poll), 0);
	CU_ASSERT(!world_blocked);
	poll.nr_ports = 1000;
	CU_ASSERT_EQUAL(CALL_WITH(__HYPERVISOR_sched_op, SCHEDOP_poll, poll), -EINVAL);
	CU_ASSERT(world_destroy(a));
}

static void nothing_leaks(void)
{
	uint64_t before;
	struct domain *a, *b;
	int i;

	world_destroy(world_guest(2)); /* slabs keep their pages */
	before = world_free_frames();
	for (i = 0; i < 20; i++) {
		a = world_guest(2);
		b = world_guest(2);
		init_fifo(a);
		bind_interdomain(b, a->id, alloc_unbound(a, b->id));
		alloc_unbound(b, 0);
		CU_ASSERT(world_destroy(a));
		CU_ASSERT(world_destroy(b));
	}
	CU_ASSERT_EQUAL(world_free_frames(), before);
}

static void world_comes_up(void)
{
	world_start();
	CU_ASSERT_PTR_NOT_NULL(control_domain);
}

UNIT_MAIN("evtchn", UNIT_TEST(world_comes_up), UNIT_TEST(event_reaches_the_other_domain),
	  UNIT_TEST(masked_event_waits_for_unmask), UNIT_TEST(only_the_named_domain_may_bind),
	  UNIT_TEST(close_then_send_never_reaches_new_owner),
	  UNIT_TEST(destroying_one_end_leaves_the_other_unbound),
	  UNIT_TEST(loopback_within_one_domain), UNIT_TEST(ipi_and_virq_stay_on_their_vcpu),
	  UNIT_TEST(guests_get_no_global_virqs), UNIT_TEST(port_limit_holds),
	  UNIT_TEST(guest_may_not_touch_others), UNIT_TEST(fifo_queue_keeps_order),
	  UNIT_TEST(fifo_priority_moves_a_port_between_queues),
	  UNIT_TEST(fifo_closed_port_is_busy_until_taken),
	  UNIT_TEST(fifo_masked_event_is_not_linked),
	  UNIT_TEST(fifo_event_before_its_page_is_not_lost), UNIT_TEST(fifo_refuses_bad_places),
	  UNIT_TEST(fifo_garbage_links_do_no_harm), UNIT_TEST(reset_returns_to_two_levels),
	  UNIT_TEST(pending_before_the_vector_is_raised_with_it),
	  UNIT_TEST(poll_sees_pending_and_is_woken), UNIT_TEST(nothing_leaks))
