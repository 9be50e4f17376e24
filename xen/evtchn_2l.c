// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two-level event delivery.
 *
 * A port is one bit in the shared info page. We raise the bit first, then the bit of its word in
 * the vCPU's selector, then the vCPU's upcall flag; the guest clears in the other order. It may
 * therefore wake up to find nothing, but never sleeps over a pending port. A masked port stops
 * after the first step; unmasking takes the other two.
 * Takes no lock: every step is one atomic operation, and repeating one does no harm.
 */
#include "evtchn.h"

#include "abi_state.h"
#include "bits.h"

static uint32_t word_bits(const struct domain *d)
{
	return d->abi->shared.is_32bit ? 32 : 64;
}

/* The selector follows the two flags, aligned to its own size: byte 4 or byte 8. */
static void *selector(struct vcpu *v)
{
	return (uint8_t *)v->abi->info + word_bits(v->domain) / 8;
}

static uint32_t max_ports_2l(const struct domain *d)
{
	return word_bits(d) * word_bits(d);
}

/*
 * A guest that changed from the 64-bit layout to the 32-bit one (a boot loader came after a
 * kernel) may have ports left that the smaller arrays have no place for.
 */
static bool has_place(const struct domain *d, const struct evtchn *chn)
{
	return chn->port < max_ports_2l(d);
}

static void select_and_notify(struct vcpu *v, uint32_t port)
{
	if (!bit_test_and_set(selector(v), port / word_bits(v->domain)))
		evtchn_mark_upcall(v);
}

static void raise_2l(struct vcpu *v, struct evtchn *chn)
{
	struct domain *d = v->domain;

	if (!has_place(d, chn))
		return;
	if (bit_test_and_set(shared_info_pending_bits(d), chn->port))
		return;
	if (!bit_test(shared_info_mask_bits(d), chn->port))
		select_and_notify(v, chn->port);
	evtchn_wake_pollers(d, chn->port);
}

static void unmask_2l(struct domain *d, struct evtchn *chn)
{
	if (!has_place(d, chn))
		return;
	if (bit_test_and_clear(shared_info_mask_bits(d), chn->port) &&
	    bit_test(shared_info_pending_bits(d), chn->port))
		select_and_notify(d->vcpus[READ_ONCE(chn->notify_vcpu)], chn->port);
}

static void clear_pending_2l(struct domain *d, struct evtchn *chn)
{
	if (has_place(d, chn))
		bit_test_and_clear(shared_info_pending_bits(d), chn->port);
}

static bool is_pending_2l(struct domain *d, const struct evtchn *chn)
{
	return has_place(d, chn) && bit_test(shared_info_pending_bits(d), chn->port);
}

static bool is_masked_2l(struct domain *d, const struct evtchn *chn)
{
	return has_place(d, chn) && bit_test(shared_info_mask_bits(d), chn->port);
}

static bool is_busy_2l(struct domain *d, const struct evtchn *chn)
{
	(void)d;
	(void)chn;
	return false;
}

const struct evtchn_ops evtchn_2l_ops = {
	.max_ports = max_ports_2l,
	.raise = raise_2l,
	.unmask = unmask_2l,
	.clear_pending = clear_pending_2l,
	.is_pending = is_pending_2l,
	.is_masked = is_masked_2l,
	.is_busy = is_busy_2l,
};
