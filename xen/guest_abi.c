// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What hv calls upwards: a domain and its vCPUs are born and go, a vCPU gets on and off a CPU,
 * something happened that the control domain wants to know.
 */
#include <hv/guest_abi.h>

#include <hv/console.h>
#include <hv/errno.h>
#include <hv/slab.h>

#include "abi_state.h"
#include "memory_op.h"
#include "sched_op.h"
#include "vcpu_op.h"

void guest_abi_init(void)
{
	/* All state belongs to domains: nothing to prepare. */
}

/* ---- domains ---- */

static void abi_free(struct domain *d)
{
	struct abi_domain *a = d->abi;

	gnttab_domain_free(d);
	evtchn_domain_free(d);
	shared_info_domain_free(d);
	if (a->memory_map)
		hv_free(a->memory_map, ABI_MAX_MEMORY_MAP * sizeof(*a->memory_map));
	hv_free(a, sizeof(*a));
	d->abi = NULL;
}

int guest_abi_domain_init(struct domain *d)
{
	struct abi_domain *a = hv_alloc(sizeof(*a));
	uint32_t i;
	int err;

	if (!a)
		return -ENOMEM;
	d->abi = a;
	a->domain = d;
	for (i = 0; i < ABI_RESOURCE_MAPS; i++)
		a->resource_maps[i].mapper = DOMID_NONE;
	sched_op_domain_init(d);

	err = shared_info_domain_init(d);
	if (!err)
		err = evtchn_domain_init(d);
	if (!err)
		err = gnttab_domain_init(d);
	if (err)
		abi_free(d); /* knows what was not made */
	return err;
}

int guest_abi_domain_destroy_step(struct domain *d)
{
	uint32_t i;
	int err;

	if (!d->abi)
		return 0;
	err = evtchn_close_all_step(d, true);
	if (!err)
		err = gnttab_destroy_step(d);
	if (err)
		return err;
	sched_op_domain_fini(d);
	memory_resources_revoke(d);
	/* Pages of its own that we keep pinned would keep the domain itself from going. */
	for (i = 0; i < d->nr_vcpus; i++) {
		vcpu_timers_fini(d->vcpus[i]);
		sched_op_vcpu_fini(d->vcpus[i]);
		shared_info_vcpu_free(d->vcpus[i]);
	}
	/* Ports are left if somebody reset the channels meanwhile: once more from the start. */
	return evtchn_return_to_2l(d) ? -EAGAIN : 0;
}

void guest_abi_domain_free(struct domain *d)
{
	if (d->abi)
		abi_free(d);
}

/* ---- vCPUs ---- */

int guest_abi_vcpu_init(struct vcpu *v)
{
	struct abi_vcpu *a = hv_alloc(sizeof(*a));

	if (!a)
		return -ENOMEM;
	v->abi = a;
	a->vcpu = v;
	shared_info_vcpu_init(v);
	vcpu_timers_init(v);
	sched_op_vcpu_init(v);
	return 0;
}

void guest_abi_vcpu_free(struct vcpu *v)
{
	if (!v->abi)
		return;
	vcpu_timers_fini(v);
	sched_op_vcpu_fini(v);
	shared_info_vcpu_free(v);
	hv_free(v->abi, sizeof(*v->abi));
	v->abi = NULL;
}

void guest_abi_vcpu_switched_in(struct vcpu *v)
{
	shared_info_show_time(v);
	shared_info_show_runstate(v);
}

void guest_abi_vcpu_switched_out(struct vcpu *v)
{
	shared_info_show_runstate(v);
}

/* ---- upcalls ---- */

static bool waits_for_callback(const struct vcpu *v)
{
	/* A vCPU with an upcall vector of its own gets it through its virtual APIC. */
	return READ_ONCE(v->domain->abi->callback_vector) && !READ_ONCE(v->abi->upcall_vector) &&
	       READ_ONCE(v->abi->info->evtchn_upcall_pending);
}

int guest_abi_upcall_vector(struct vcpu *v)
{
	return waits_for_callback(v) ? READ_ONCE(v->domain->abi->callback_vector) : -1;
}

bool guest_abi_upcall_pending(struct vcpu *v)
{
	return waits_for_callback(v);
}

/* ---- news for the control domain ---- */

void guest_abi_domain_changed(struct domain *d)
{
	struct domain *control = __atomic_load_n(&control_domain, __ATOMIC_ACQUIRE);

	if (control && control != d && control->abi)
		virq_raise_global(control, VIRQ_DOM_EXC);
}

void guest_abi_console_input(void)
{
	struct domain *control = __atomic_load_n(&control_domain, __ATOMIC_ACQUIRE);

	if (control && control->abi)
		virq_raise_global(control, VIRQ_CONSOLE);
}
