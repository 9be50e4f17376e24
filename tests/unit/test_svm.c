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
static void (*guest_runs)(struct svm_block *block); /* what else it does; NULL: nothing */

void svm_enter_guest(uint64_t block_address, void *guest_regs)
{
	struct svm_block *block = (struct svm_block *)block_address;

	(void)guest_regs;
	entered_tlb_control = block->tlb_control;
	entered_asid = block->asid;
	block->exit_code = exit_state.exit_code;
	block->exit_int_info = exit_state.exit_int_info;
	if (guest_runs)
		guest_runs(block);
}

void arch_send_kick(struct cpu *cpu)
{
	(void)cpu;
	world.nr_kicks++;
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

/* ---- the IRET that ends an NMI's handler ---- */

#define IRET_AT 0x1000u
#define BEHIND 0x2000u
#define DR6_QUIET 0xffff0ff0ul
#define ALL_EXCEPTIONS 0x7c00u /* #TS to #PF: in this entry alone */

static struct vm_exit last;
static bool entered_well; /* with TF, in a shadow, DR6 without old hits, and all exceptions exiting */

static void exit_with(struct svm_block *block, uint32_t code, uint64_t rip)
{
	entered_well = (block->rflags & RFLAGS_TF) && (block->interrupt_shadow & SHADOW_ACTIVE) &&
		       (block->intercept_exceptions & ALL_EXCEPTIONS) == ALL_EXCEPTIONS &&
		       !(block->dr6 & 0xf) && !(block->intercept_1 & ICPT1_IRET);
	block->exit_code = code;
	block->rip = rip;
}

/* IRET loads IF and nothing else; then the single step's trap. */
static void returns(struct svm_block *block)
{
	exit_with(block, VMEXIT_EXCEPTION_FIRST + EXC_DB, BEHIND);
	block->rflags = RFLAGS_FIXED | RFLAGS_IF;
	block->dr6 |= BIT(14);
}

static void returns_to_a_watched_stack(struct svm_block *block)
{
	returns(block);
	block->dr6 |= 2;
}

static void is_interrupted(struct svm_block *block)
{
	exit_with(block, VMEXIT_INTR, IRET_AT);
}

static void faults(struct svm_block *block)
{
	exit_with(block, VMEXIT_EXCEPTION_FIRST + EXC_PF, IRET_AT);
	block->exit_info_1 = 5;
	block->exit_info_2 = 0x7000;
}

/* Up to the exit by IRET, with these flags there. */
static void to_iret(uint64_t rflags)
{
	struct svm_block *block = &blocks[0];

	memset(block, 0, sizeof(*block));
	states[0] = (struct svm_vcpu){ .block = block };
	block->efer = EFER_LMA;
	block->dr6 = DR6_QUIET | 1; /* an old hit of the guest's */
	vcpus[0].arch.regs.rip = IRET_AT;
	vcpus[0].arch.regs.rflags = rflags;
	vcpus[0].arch.nmi_pending = 1;
	guest_runs = NULL;
	svm_ops.inject(&vcpus[0], INJECT_NMI, EXC_NMI, false, 0);
	exit_state.exit_code = VMEXIT_IRET;
	svm_ops.enter(&vcpus[0], &last);
}

static bool enter_and(void (*runs)(struct svm_block *block))
{
	guest_runs = runs;
	svm_ops.enter(&vcpus[0], &last);
	guest_runs = NULL;
	return entered_well && !(blocks[0].intercept_exceptions & ALL_EXCEPTIONS);
}

static bool is_at(uint64_t rip, uint64_t rflags, uint64_t dr6)
{
	return vcpus[0].arch.regs.rip == rip && vcpus[0].arch.regs.rflags == rflags && blocks[0].dr6 == dr6;
}

static void step_iret(void)
{
	struct vcpu *v = &vcpus[0];
	unsigned int n = 0;

	/* Interrupted before it, then executed: the NMI may come right behind. */
	to_iret(RFLAGS_FIXED);
	results[n++] = last.reason == EXIT_WINDOW && !svm_ops.can_take_nmi(v);
	results[n++] = enter_and(is_interrupted) && last.reason == EXIT_INTERRUPT && !svm_ops.can_take_nmi(v);
	results[n++] = is_at(IRET_AT, RFLAGS_FIXED, DR6_QUIET | 1);
	results[n++] = enter_and(returns) && last.reason == EXIT_WINDOW && svm_ops.can_take_nmi(v);
	results[n++] = is_at(BEHIND, RFLAGS_FIXED | RFLAGS_IF, DR6_QUIET | 1);
	/* What the guest has asked for is its own: a data breakpoint, a step. */
	to_iret(RFLAGS_FIXED);
	results[n++] = enter_and(returns_to_a_watched_stack) && last.reason == EXIT_EXCEPTION;
	results[n++] = is_at(BEHIND, RFLAGS_FIXED | RFLAGS_IF, DR6_QUIET | 3);
	to_iret(RFLAGS_FIXED | RFLAGS_TF);
	results[n++] = enter_and(returns) && last.reason == EXIT_EXCEPTION && last.exception.vector == EXC_DB;
	results[n++] = is_at(BEHIND, RFLAGS_FIXED | RFLAGS_IF, DR6_QUIET | 1 | BIT(14));
	/* One that faults: the guest's fault, with its own flags; and control right behind its delivery. */
	to_iret(RFLAGS_FIXED);
	results[n++] = enter_and(faults) && last.reason == EXIT_EXCEPTION && last.exception.vector == EXC_PF &&
		       last.exception.has_error && last.exception.error == 5 && blocks[0].cr2 == 0x7000;
	results[n++] = is_at(IRET_AT, RFLAGS_FIXED, DR6_QUIET | 1);
	svm_ops.inject(v, INJECT_EXCEPTION, EXC_PF, true, 5);
	world.nr_kicks = 0;
	exit_state.exit_code = VMEXIT_INTR;
	svm_ops.enter(v, &last);
	results[n++] = world.nr_kicks == 1;
	/* One in whose place an exception is injected has faulted, too. */
	to_iret(RFLAGS_FIXED);
	svm_ops.inject(v, INJECT_EXCEPTION, EXC_GP, true, 0);
	guest_runs = is_interrupted;
	svm_ops.enter(v, &last);
	results[n++] = !entered_well && !states[0].nmi_masked;
	guest_runs = NULL;
	v->arch.nmi_pending = 0;
	nr_results = n;
}

static void iret_of_an_nmi_is_stepped_and_the_guest_sees_nothing(void)
{
	unsigned int i;

	on_cpu(step_iret);
	CU_ASSERT_EQUAL(nr_results, 13);
	for (i = 0; i < nr_results; i++)
		if (!results[i]) {
			printf("step %u: ", i);
			CU_FAIL("as above");
		}
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
	CU_ASSERT_EQUAL(used, ARCH_FEATURE_NESTED_PAGING | ARCH_FEATURE_PAGES_2M | ARCH_FEATURE_NESTED_DIRTY |
				      ARCH_FEATURE_TLB_TAGS);
	CU_ASSERT_EQUAL(unused, 0);
	used = svm_choose_features(0xffffffff, true, &unused);
	CU_ASSERT(used & ARCH_FEATURE_PAGES_1G);
	CU_ASSERT(used & ARCH_FEATURE_NEXT_RIP);
	CU_ASSERT(used & ARCH_FEATURE_FLUSH_BY_TAG);
	CU_ASSERT(used & ARCH_FEATURE_TSC_SCALING);
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
	  UNIT_TEST(iret_of_an_nmi_is_stepped_and_the_guest_sees_nothing),
	  UNIT_TEST(exits_that_a_guest_does_not_survive),
	  UNIT_TEST(firmware_that_switches_svm_off_is_named),
	  UNIT_TEST(svm_features_are_used_or_told_as_unused),
	  UNIT_TEST(a_flush_is_of_one_guest_unless_all_are_meant))
