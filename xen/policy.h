/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May this domain do that to that one? The only file that answers. */
#ifndef XEN_POLICY_H
#define XEN_POLICY_H

#include <hv/compiler.h>
#include <hv/types.h>

struct domain;

/*
 * The domain that a call names as its object: itself (DOMID_SELF or its own id), or, for the
 * control domain, any other. With a reference. -EPERM, -ESRCH.
 */
int policy_get_target(struct domain *caller, domid_t id, struct domain **ret_d) __must_check;

/* Partners of grants and event channels: any domain may name any that lives. -ESRCH. */
int policy_get_partner(struct domain *caller, domid_t id, struct domain **ret_d) __must_check;

bool policy_is_privileged(const struct domain *caller);
bool policy_may_bind_virq(const struct domain *caller, uint32_t virq);
/* HVM parameters: which ones a guest may set for itself, and read. */
bool policy_may_set_hvm_param(const struct domain *caller, const struct domain *target,
			      uint32_t index);

/* One more reference on a domain that the caller knows to be alive. */
void policy_hold(struct domain *d);

#endif
