/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control hypercall's structures cross a boundary between binaries of different age: their
 * sizes and the offsets of their last fields may only grow. A failure here means that a released
 * layout was changed, not that the number in the test is stale.
 */
#include <hvabi/control.h>

#include "unit.h"

#define END_OF(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

static void request_is_512_bytes_plus_header(void)
{
	CU_ASSERT_EQUAL(offsetof(struct hvabi_request, u), 16);
	CU_ASSERT_EQUAL(sizeof(struct hvabi_request), 512);
}

/* Alignment padding would carry bytes of the caller's stack into a place that "must be zero". */
static void structures_have_no_hidden_padding(void)
{
	CU_ASSERT_EQUAL(sizeof(struct hvabi_host_info), END_OF(struct hvabi_host_info, pad));
	CU_ASSERT_EQUAL(sizeof(struct hvabi_create), END_OF(struct hvabi_create, pad));
	CU_ASSERT_EQUAL(sizeof(struct hvabi_info), END_OF(struct hvabi_info, crash_reason));
	CU_ASSERT_EQUAL(offsetof(struct hvabi_info, max_frames), 40);
	CU_ASSERT_EQUAL(sizeof(struct hvabi_sched), END_OF(struct hvabi_sched, affinity));
	CU_ASSERT_EQUAL(sizeof(struct hvabi_vcpu), END_OF(struct hvabi_vcpu, rip));
}

static void every_operation_fits_the_reserve(void)
{
	struct hvabi_request request;

	CU_ASSERT(sizeof(request.u.host_info) <= sizeof(request.u.reserved));
	CU_ASSERT(sizeof(request.u.info) <= sizeof(request.u.reserved));
	CU_ASSERT(sizeof(request.u.vcpu) <= sizeof(request.u.reserved));
}

UNIT_MAIN("hvabi", UNIT_TEST(request_is_512_bytes_plus_header),
	  UNIT_TEST(structures_have_no_hidden_padding), UNIT_TEST(every_operation_fits_the_reserve))
