/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SVM's entry and exit without the instruction in between: TLB tags, events that were cut off.
 */
#include <string.h>

#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/slab.h>
#include <hv/vcpu.h>

#include "../../hv/arch/x86/svm/svm.h"

#include "unit.h"
#include "x86_world.h"

/* ---- the rest of hv ---- */

static struct svm_block exit_state; /* what the guest's run leaves in the exit fields */
static uint8_t entered_tlb_control;
static uint32_t entered_asid;

void svm_enter_guest(uint64_t block_address, void *guest_regs)
{
	struct svm_block *block = (struct svm_block *)block_address;

	(void)guest_regs;
	entered_tlb_control = block->tlb_control;
	entered_asid = block->asid;
	block->exit_code = exit_state.exit_code;
	block->exit_int_info = exit_state.exit_int_info;
}

int svm_domain_create(struct domain *d)
{
	(void)d;
	return 0;
}

int svm_vcpu_create(struct vcpu *v)
{
	(void)v;
	return 0;
}

void svm_vcpu_destroy(struct vcpu *v)
{
	(void)v;
}

void svm_reset(struct vcpu *v)
{
	(void)v;
}

void svm_set_real_mode(struct vcpu *v, uint8_t sipi_vector)
{
	(void)v;
	(void)sipi_vector;
}

void svm_set_pvh_entry(struct vcpu *v, uint64_t entry, uint64_t start_info)
{
	(void)v;
	(void)entry;
	(void)start_info;
}

/* ---- a CPU and two vCPUs ---- */

static struct svm_cpu cpu_state;
static struct svm_block blocks[2] __aligned(4096);
static struct svm_vcpu states[2] = { { .block = &blocks[0] }, { .block = &blocks[1] } };
static struct vcpu vcpus[2] = { { .arch.hw = &states[0] }, { .arch.hw = &states[1] } };

static void on_cpu(void (*fn)(void))
{
	memset(blocks, 0, sizeof(blocks));
	memset(&exit_state, 0, sizeof(exit_state));
	cpu_state = (struct svm_cpu){ .nr_asids = 4, .next_asid = 1, .asid_generation = 1 };
	vcpus[0].arch.asid_generation = vcpus[1].arch.asid_generation = 0;
	x86_on_cpu(fn, &cpu_state);
}

static uint64_t results[16];
static unsigned int nr_results;

static void enter(unsigned int n)
{
	struct vm_exit x;

	svm_ops.enter(&vcpus[n], &x);
	results[nr_results++] = (uint64_t)entered_asid << 8 | entered_tlb_control;
}

static void tag_and_do_not_enter(void)
{
	nr_results = 0;
	enter(0);			/* tag 1 */
	enter(1);			/* tag 2 */
	svm_ops.new_tlb_tag(&vcpus[0]); /* tag 3 */
	svm_ops.new_tlb_tag(&vcpus[0]); /* all used: from 1 again, after a flush */
	svm_ops.new_tlb_tag(&vcpus[0]); /* a second change before it entered: tag 2 */
	enter(1);			/* it was faster: tag 3 */
	enter(0);
}

static void flush_comes_before_tags_are_used_again(void)
{
	on_cpu(tag_and_do_not_enter);
	CU_ASSERT_EQUAL(results[0], 1u << 8 | TLB_CONTROL_NOTHING);
	CU_ASSERT_EQUAL(results[1], 2u << 8 | TLB_CONTROL_NOTHING);
	CU_ASSERT_EQUAL(results[2], 3u << 8 | TLB_CONTROL_FLUSH_ALL);
	CU_ASSERT_EQUAL(results[3], 2u << 8 | TLB_CONTROL_NOTHING);
}

static void flush_by_tag(void)
{
	svm_has_flush_by_asid = true;
	nr_results = 0;
	enter(0);			/* a tag: the first entries take fresh ones */
	enter(1);			/* and another */
	svm_ops.new_tlb_tag(&vcpus[0]); /* keeps its tag, and flushes what it marks */
	enter(1);			/* not the other's business */
	enter(0);
	enter(0); /* once */
	vcpus[0].arch.asid_generation = 0; /* it comes from another CPU: a fresh tag is enough */
	svm_ops.new_tlb_tag(&vcpus[0]);
	enter(0);
	svm_has_flush_by_asid = false;
}

static void flush_by_tag_keeps_tags(void)
{
	on_cpu(flush_by_tag);
	CU_ASSERT_EQUAL(results[2], results[1]);
	CU_ASSERT_EQUAL(results[3], (results[0] & ~0xffull) | TLB_CONTROL_FLUSH_ASID);
	CU_ASSERT_EQUAL(results[4], results[0]);
	CU_ASSERT_NOT_EQUAL(results[5] >> 8, results[0] >> 8);
	CU_ASSERT_NOT_EQUAL(results[5] >> 8, results[1] >> 8);
}

static void cut_off(void)
{
	static const uint64_t events[] = {
		EVENT_VALID | 0x55, /* interrupt */
		EVENT_VALID | EVENT_TYPE_NMI << EVENT_TYPE_SHIFT | EXC_NMI,
		EVENT_VALID | EVENT_HAS_ERROR | 7ull << 32 |
			EVENT_TYPE_EXCEPTION << EVENT_TYPE_SHIFT | EXC_PF,
		EVENT_VALID | EVENT_TYPE_EXCEPTION << EVENT_TYPE_SHIFT | EXC_BP,
		EVENT_VALID | EVENT_TYPE_SOFT << EVENT_TYPE_SHIFT | 0x80,
		0x55,
	};
	struct vm_exit x;
	size_t i;

	nr_results = 0;
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		exit_state.exit_code = VMEXIT_NPF;
		exit_state.exit_int_info = events[i];
		svm_ops.enter(&vcpus[0], &x);
		results[nr_results++] = blocks[0].event_inject == events[i];
		results[nr_results++] = svm_ops.is_event_queued(&vcpus[0]);
	}
}

static void event_that_was_cut_off_is_delivered_again(void)
{
	static const uint64_t expected[] = { 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0 };

	on_cpu(cut_off);
	CU_ASSERT_EQUAL(nr_results, ARRAY_SIZE(expected));
	CU_ASSERT_EQUAL(memcmp(results, expected, sizeof(expected)), 0);
}

static void check_machine(void)
{
	struct vm_exit x;

	exit_state.exit_code = VMEXIT_EXCEPTION_FIRST + EXC_MC;
	svm_ops.enter(&vcpus[0], &x);
	results[0] = x.reason;
	exit_state.exit_code = VMEXIT_EXCEPTION_FIRST + EXC_AC;
	svm_ops.enter(&vcpus[0], &x);
	results[1] = x.reason;
	exit_state.exit_code = ~0ull;
	svm_ops.enter(&vcpus[0], &x);
	results[2] = x.reason;
	exit_state.exit_code = 0x7777;
	svm_ops.enter(&vcpus[0], &x);
	results[3] = x.reason;
}

static void exits_that_a_guest_does_not_survive(void)
{
	on_cpu(check_machine);
	CU_ASSERT_EQUAL(results[0], EXIT_UNKNOWN);
	CU_ASSERT_EQUAL(results[1], EXIT_EXCEPTION);
	CU_ASSERT_EQUAL(results[2], EXIT_INVALID);
	CU_ASSERT_EQUAL(results[3], EXIT_UNKNOWN);
}

/* ---- what CPUs have that no emulator has ---- */

static void firmware_that_switches_svm_off_is_named(void)
{
	const char *locked = svm_refusal(BIT(4) | BIT(3), ~0u), *off = svm_refusal(BIT(4), ~0u);

	CU_ASSERT_PTR_NULL(svm_refusal(0, SVM_FEATURE_NPT));
	CU_ASSERT_PTR_NULL(svm_refusal(BIT(3), SVM_FEATURE_NPT)); /* locked on */
	CU_ASSERT(locked && strstr(locked, "AMD-V") && strstr(locked, "firmware") && strstr(locked, "locked"));
	CU_ASSERT(off && strstr(off, "firmware") && !strstr(off, "locked"));
	CU_ASSERT(svm_refusal(0, 0) && strstr(svm_refusal(0, 0), "NPT"));
}

static void svm_features_are_used_or_told_as_unused(void)
{
	uint32_t unused, used;

	used = svm_choose_features(SVM_FEATURE_NPT, false, &unused);
	CU_ASSERT_EQUAL(used, ARCH_FEATURE_NESTED_PAGING | ARCH_FEATURE_PAGES_2M | ARCH_FEATURE_TLB_TAGS);
	CU_ASSERT_EQUAL(unused, 0);
	used = svm_choose_features(0xffffffff, true, &unused);
	CU_ASSERT(used & ARCH_FEATURE_PAGES_1G);
	CU_ASSERT(used & ARCH_FEATURE_NEXT_RIP);
	CU_ASSERT(used & ARCH_FEATURE_FLUSH_BY_TAG);
	CU_ASSERT(unused & ARCH_FEATURE_APIC_VIRT);
	CU_ASSERT(unused & ARCH_FEATURE_X2APIC_VIRT);
	CU_ASSERT(unused & ARCH_FEATURE_DECODE_ASSISTS);
	CU_ASSERT(unused & ARCH_FEATURE_VIRTUAL_GIF);
	CU_ASSERT_EQUAL(used & unused, 0);
}

static void a_flush_is_of_one_guest_unless_all_are_meant(void)
{
	CU_ASSERT_EQUAL(svm_tlb_control(false, false), TLB_CONTROL_NOTHING);
	CU_ASSERT_EQUAL(svm_tlb_control(false, true), TLB_CONTROL_FLUSH_ASID);
	CU_ASSERT_EQUAL(svm_tlb_control(true, false), TLB_CONTROL_FLUSH_ALL);
	CU_ASSERT_EQUAL(svm_tlb_control(true, true), TLB_CONTROL_FLUSH_ALL);
}

UNIT_MAIN("svm", UNIT_TEST(flush_comes_before_tags_are_used_again),
	  UNIT_TEST(flush_by_tag_keeps_tags),
	  UNIT_TEST(event_that_was_cut_off_is_delivered_again),
	  UNIT_TEST(exits_that_a_guest_does_not_survive),
	  UNIT_TEST(firmware_that_switches_svm_off_is_named),
	  UNIT_TEST(svm_features_are_used_or_told_as_unused),
	  UNIT_TEST(a_flush_is_of_one_guest_unless_all_are_meant))
