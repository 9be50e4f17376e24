/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMX's entry and exit on a pretended CPU: which control structure is current where, TLB tags,
 * events that were cut off, control registers.
 */
#include <arch/virt.h>
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/cpu.h>
#include <hv/dirty.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/irq.h>
#include <hv/slab.h>
#include <hv/vcpu.h>

#include "../../hv/arch/x86/vmx/vmx.h"

#include "unit.h"
#include "x86_world.h"

/* ---- the CPU ---- */

#define NR_FIELDS 0x8000u

struct fake_region {
	uint64_t fields[NR_FIELDS];
};

static struct fake_region memory[2];
static struct vmx_vcpu states[2];
static struct vcpu vcpus[2];
static uint32_t page_memory[2][1024], *pages[2]; /* virtual APICs */
static struct fake_region *current;
static unsigned int nr_ptrld, nr_clear, nr_invept, nr_invvpid;
static bool entered_launched;

static struct fake_region *region_at(uint64_t address)
{
	return &memory[address / PAGE_SIZE - 1];
}

uint64_t vmread(uint32_t field)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(current);
	return current->fields[field];
}

void vmwrite(uint32_t field, uint64_t value)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(current);
	current->fields[field] = value;
}

bool vmxon(uint64_t address)
{
	(void)address;
	return true;
}

void vmptrld(uint64_t address)
{
	current = region_at(address);
	nr_ptrld++;
}

void vmclear(uint64_t address)
{
	if (current == region_at(address))
		current = NULL;
	nr_clear++;
}

void invept(uint64_t type, uint64_t eptp)
{
	CU_ASSERT(type == INVEPT_SINGLE && eptp == 0x1e);
	nr_invept++;
}

void invvpid(uint64_t type)
{
	CU_ASSERT_EQUAL(type, INVVPID_ALL);
	nr_invvpid++;
}

/* What the guest's run leaves behind. */
static struct {
	uint32_t reason, event, vectoring, vectoring_error;
	uint64_t qualification, rflags;
	uint32_t interruptibility;
} next_exit;
static uint64_t entered_event, entered_error, entered_vpid;
static void (*run_guest)(void); /* what it does to the virtual APIC */

bool vmx_enter_guest(void *guest_regs, uint64_t *host_rsp, bool launched)
{
	(void)guest_regs;
	(void)host_rsp;
	entered_launched = launched;
	entered_event = vmread(ENTRY_EVENT);
	entered_error = vmread(ENTRY_EVENT_ERROR);
	entered_vpid = vmread(VPID);
	if (run_guest)
		run_guest();
	vmwrite(ENTRY_EVENT, entered_event & ~(uint64_t)EVENT_VALID);
	vmwrite(EXIT_REASON, next_exit.reason);
	vmwrite(EXIT_QUALIFICATION, next_exit.qualification);
	vmwrite(EXIT_EVENT, next_exit.event);
	vmwrite(VECTORING_EVENT, next_exit.vectoring);
	vmwrite(VECTORING_EVENT_ERROR, next_exit.vectoring_error);
	vmwrite(GUEST_RFLAGS, next_exit.rflags);
	vmwrite(GUEST_INTERRUPTIBILITY, next_exit.interruptibility);
	vmwrite(INSTRUCTION_LENGTH, 3);
	return true;
}

/* ---- the rest of hv ---- */

const struct virt_ops *virt = &vmx_ops;

mfn_t vmx_msrs, vmx_msrs_apic;

int vmx_domain_create(struct domain *d)
{
	(void)d;
	return 0;
}

int vmx_vcpu_create(struct vcpu *v)
{
	(void)v;
	return 0;
}

void vmx_vcpu_destroy(struct vcpu *v)
{
	(void)v;
}

void vmx_reset(struct vcpu *v)
{
	(void)v;
}

void vmx_set_real_mode(struct vcpu *v, uint8_t sipi_vector)
{
	(void)v;
	(void)sipi_vector;
}

void vmx_set_pvh_entry(struct vcpu *v, uint64_t entry, uint64_t start_info)
{
	(void)v;
	(void)entry;
	(void)start_info;
}

static bool somebody_counts;
static uint64_t nr_written;

bool dirty_is_on(const struct domain *d)
{
	(void)d;
	return somebody_counts;
}

void dirty_add(struct domain *d, uint64_t nr)
{
	(void)d;
	nr_written += nr;
}

/* ---- two vCPUs on a CPU ---- */

static struct vmx_cpu cpu_state;

static void on_cpu(void (*fn)(void))
{
	unsigned int i;

	memset(memory, 0, sizeof(memory));
	memset(page_memory, 0, sizeof(page_memory));
	memset(&next_exit, 0, sizeof(next_exit));
	run_guest = NULL;
	memset(vcpus, 0, sizeof(vcpus));
	current = NULL;
	nr_ptrld = nr_clear = nr_invept = nr_invvpid = 0;
	cpu_state = (struct vmx_cpu){ .next_vpid = 1, .vpid_generation = 1 };
	for (i = 0; i < 2; i++) {
		states[i] = (struct vmx_vcpu){ .region = mfn_from(i + 1),
					       .eptp = 0x1e,
					       .offered = -1 };
		vcpus[i].arch.hw = &states[i];
		vcpus[i].arch.lapic.page = pages[i] = page_memory[i];
		memory[i].fields[GUEST_CR0] = CR0_PE | CR0_NE;
	}
	x86_on_cpu(fn, &cpu_state);
}

static enum exit_reason enter(unsigned int n)
{
	struct vm_exit x;

	vmx_ops.enter(&vcpus[n], &x);
	return x.reason;
}

static void take_turns(void)
{
	next_exit.reason = REASON_HLT;
	enter(0);
	CU_ASSERT(!entered_launched && nr_ptrld == 1);
	enter(0);
	CU_ASSERT(entered_launched && nr_ptrld == 1);
	enter(1);
	CU_ASSERT(!entered_launched && nr_ptrld == 2);
	/* Taken off the CPU: cleared, so that another may launch it. */
	vmx_forget(&states[0]);
	CU_ASSERT(nr_clear == 1 && current == &memory[1]);
	enter(1);
	CU_ASSERT(entered_launched && nr_ptrld == 2);
	vmx_forget(&states[1]);
	CU_ASSERT_PTR_NULL(current);
	/* A look at the registers alone makes it current as well. */
	memory[1].fields[GUEST_CR3] = 0x5000;
	CU_ASSERT_EQUAL(vmx_ops.get_cr3(&vcpus[1]), 0x5000);
	enter(0);
	CU_ASSERT(!entered_launched);
}

static void structure_is_current_where_it_is_used(void)
{
	on_cpu(take_turns);
}

static void use_up_tags(void)
{
	next_exit.reason = REASON_HLT;
	enter(0);
	CU_ASSERT(entered_vpid == 1 && nr_invept == 1);
	enter(0);
	CU_ASSERT(entered_vpid == 1 && nr_invept == 1);
	enter(1);
	CU_ASSERT_EQUAL(entered_vpid, 2);
	/* The nested page table has changed: its tag is its own. */
	vmx_ops.new_tlb_tag(&vcpus[0]);
	enter(0);
	CU_ASSERT(entered_vpid == 1 && nr_invept == 3);
	cpu_state.next_vpid = 0xffff;
	vcpus[0].arch.asid_generation = 0; /* it was on another CPU */
	enter(0);
	CU_ASSERT(entered_vpid == 0xffff && nr_invvpid == 0);
	vcpus[0].arch.asid_generation = 0;
	enter(0);
	CU_ASSERT(entered_vpid == 1 && nr_invvpid == 1);
	/* Nobody keeps a tag from before. */
	enter(1);
	CU_ASSERT(entered_vpid == 2 && nr_invvpid == 1);
}

static void tags_come_again_after_a_flush(void)
{
	on_cpu(use_up_tags);
}

static void cut_off(void)
{
	next_exit.reason = REASON_EPT_VIOLATION;
	next_exit.vectoring = 0x80000b0e;
	next_exit.vectoring_error = 5;
	vcpus[0].arch.regs.rflags = RFLAGS_FIXED | RFLAGS_IF;
	vmx_ops.offer_interrupt(&vcpus[0], 0x41, false);
	CU_ASSERT_EQUAL(enter(0), EXIT_NESTED_FAULT);
	CU_ASSERT_EQUAL(entered_event, 0x80000041);
	CU_ASSERT(vmx_ops.interrupt_was_taken(&vcpus[0]));
	CU_ASSERT(vmx_ops.is_event_queued(&vcpus[0]));

	/* The page fault goes first, the next interrupt waits for the moment after. */
	next_exit.vectoring = 0;
	next_exit.reason = REASON_INTERRUPT_WINDOW;
	next_exit.rflags = RFLAGS_FIXED | RFLAGS_IF;
	vmx_ops.offer_interrupt(&vcpus[0], 0x42, false);
	CU_ASSERT_EQUAL(enter(0), EXIT_WINDOW);
	CU_ASSERT(entered_event == 0x80000b0e && entered_error == 5);
	CU_ASSERT(!vmx_ops.interrupt_was_taken(&vcpus[0]));
	CU_ASSERT(memory[0].fields[PROC_CONTROLS] & PROC_INTERRUPT_WINDOW);
	enter(0);
	CU_ASSERT_EQUAL(entered_event, 0x80000042);
	CU_ASSERT(!(memory[0].fields[PROC_CONTROLS] & PROC_INTERRUPT_WINDOW));

	/* An NMI that was cut off no longer blocks itself. */
	next_exit.vectoring = 0x80000202;
	next_exit.interruptibility = BLOCKED_BY_NMI;
	vmx_ops.offer_interrupt(&vcpus[0], -1, false);
	enter(0);
	enter(0);
	CU_ASSERT_EQUAL(entered_event, 0x80000202);
	CU_ASSERT(!(states[0].interruptibility & BLOCKED_BY_NMI));
}

static void event_that_was_cut_off_is_delivered_again(void)
{
	on_cpu(cut_off);
}

static void inject(void)
{
	next_exit.reason = REASON_HLT;
	vmx_ops.inject(&vcpus[0], INJECT_EXCEPTION, EXC_GP, true, 8);
	enter(0);
	CU_ASSERT(entered_event == 0x80000b0d && entered_error == 8);
	CU_ASSERT(!vmx_ops.is_event_queued(&vcpus[0]));
	memory[0].fields[GUEST_CR0] = CR0_NE; /* real mode */
	vmx_ops.inject(&vcpus[0], INJECT_EXCEPTION, EXC_GP, true, 8);
	enter(0);
	CU_ASSERT_EQUAL(entered_event, 0x8000030d);
	vmx_ops.inject(&vcpus[0], INJECT_NMI, EXC_NMI, false, 0);
	enter(0);
	CU_ASSERT_EQUAL(entered_event, 0x80000202);
	states[0].interruptibility = BLOCKED_BY_NMI;
	CU_ASSERT(!vmx_ops.can_take_nmi(&vcpus[0]));
}

static void exceptions_have_error_codes_but_in_real_mode(void)
{
	on_cpu(inject);
}

/* ---- the virtual APIC, run by the CPU ---- */

#define APIC(n) (MSR_X2APIC_FIRST + (n))
#define SVR APIC(0x0f)
#define IRR_WORD(vector) ((0x20 + (vector) / 32) * 4)
#define ISR_WORD(vector) ((0x10 + (vector) / 32) * 4)

/* As the CPU delivers what is requested; of its page the test needs two words. */
static void take_0x51(void)
{
	CU_ASSERT_EQUAL(vmread(GUEST_INTERRUPT_STATUS), 0x51);
	CU_ASSERT_EQUAL(pages[0][IRR_WORD(0x51)], 1u << 0x51 % 32);
	pages[0][IRR_WORD(0x51)] = 0;
	pages[0][ISR_WORD(0x51)] = 1u << 0x51 % 32;
	vmwrite(GUEST_INTERRUPT_STATUS, 0x51 << 8 | 0x32);
	pages[0][IRR_WORD(0x32)] = 1u << 0x32 % 32; /* a self IPI */
}

static void end_0x51(void)
{
	CU_ASSERT_EQUAL(vmread(GUEST_INTERRUPT_STATUS), 0x51 << 8 | 0x32);
	pages[0][ISR_WORD(0x51)] = 0;
	vmwrite(GUEST_INTERRUPT_STATUS, 0x32);
}

static void run_apic(void)
{
	struct vcpu *v = &vcpus[0];
	struct vlapic *a = &v->arch.lapic;
	struct vm_exit x;

	vmx_controls.proc2 = PROC2_APIC_ALL;
	vmx_msrs = mfn_from(0x10);
	vmx_msrs_apic = mfn_from(0x11);
	states[0].apic_exits = true;
	a->by_hardware = true;
	CU_ASSERT_EQUAL(vlapic_init(v, 0), 0);
	pages[0] = a->page;
	next_exit.reason = REASON_HLT;
	memory[0].fields[MSR_BITMAP] = 0x10000;

	/* Off: nothing is delivered, and every access exits. */
	vlapic_raise(v, 0x51, true);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), -1);
	enter(0);
	CU_ASSERT_EQUAL(memory[0].fields[MSR_BITMAP], 0x10000);
	CU_ASSERT_EQUAL(memory[0].fields[GUEST_INTERRUPT_STATUS], 0);
	CU_ASSERT_EQUAL(a->requested, 0x51);
	CU_ASSERT_EQUAL(vlapic_write(v, SVR, 0x1ff), 0);
	run_guest = take_0x51;
	enter(0);
	CU_ASSERT_EQUAL(memory[0].fields[MSR_BITMAP], 0x11000);
	CU_ASSERT_EQUAL(memory[0].fields[EOI_EXIT_BITMAP(1)], BIT(0x51 - 64));
	CU_ASSERT(!(memory[0].fields[PROC_CONTROLS] & PROC_INTERRUPT_WINDOW));
	CU_ASSERT(a->requested == 0x32 && a->serviced == 0x51);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), -1);

	/* Level: its end comes to hv, which goes on behind the instruction. */
	run_guest = end_0x51;
	next_exit.reason = REASON_EOI;
	next_exit.qualification = 0x51;
	vmx_ops.enter(v, &x);
	CU_ASSERT(x.reason == EXIT_APIC && x.apic.msr == MSR_X2APIC_EOI && x.apic.vector == 0x51);
	vlapic_was_written(v, x.apic.msr, x.apic.vector);
	CU_ASSERT_EQUAL(world.nr_eois, 1);
	CU_ASSERT_EQUAL(vlapic_pending_vector(v), 0x32);

	/* It is switched off, and starts anew. */
	run_guest = NULL;
	next_exit.reason = REASON_HLT;
	CU_ASSERT_EQUAL(vlapic_write(v, SVR, 0xff), 0);
	enter(0);
	CU_ASSERT_EQUAL(memory[0].fields[MSR_BITMAP], 0x10000);
	CU_ASSERT_EQUAL(memory[0].fields[GUEST_INTERRUPT_STATUS], 0);
	CU_ASSERT_EQUAL(memory[0].fields[EOI_EXIT_BITMAP(1)], 0);
	CU_ASSERT_EQUAL(a->requested, 0x32);
	vlapic_fini(v);
	vmx_controls.proc2 = 0;
}

static void cpu_runs_the_virtual_apic(void)
{
	on_cpu(run_apic);
}

static void take_interrupt(void)
{
	next_exit.reason = REASON_INTERRUPT;
	next_exit.event = EVENT_VALID | EVENT_OF_TYPE(EVENT_INTERRUPT) | 0x61;
	CU_ASSERT_EQUAL(enter(0), EXIT_INTERRUPT);
	CU_ASSERT_EQUAL(world.last_interrupt, 0x61);
	/* Where the exit leaves it to the local APIC, there is none. */
	world.last_interrupt = 0;
	next_exit.event = 0x61;
	CU_ASSERT_EQUAL(enter(0), EXIT_INTERRUPT);
	CU_ASSERT_EQUAL(world.last_interrupt, 0);
}

static void exit_brings_its_interrupt_along(void)
{
	on_cpu(take_interrupt);
}

static void switch_apic(void)
{
	struct vlapic *a = &vcpus[0].arch.lapic;

	vmx_controls.proc2 |= PROC2_APIC_ALL;
	vmx_controls.pin = PIN_EXTERNAL_INTERRUPT | PIN_POSTED_INTERRUPTS;
	states[0].apic_exits = true; /* as after INIT */
	memory[0].fields[PIN_CONTROLS] = PIN_EXTERNAL_INTERRUPT;
	next_exit.reason = REASON_HLT;
	enter(0);
	CU_ASSERT_EQUAL(memory[0].fields[PIN_CONTROLS], PIN_EXTERNAL_INTERRUPT);
	a->page[0x0f * 4] = 0x1ff;
	enter(0);
	CU_ASSERT_EQUAL(memory[0].fields[PIN_CONTROLS], vmx_controls.pin);
	a->page[0x0f * 4] = 0xff;
	enter(0);
	CU_ASSERT_EQUAL(memory[0].fields[PIN_CONTROLS], PIN_EXTERNAL_INTERRUPT);
	/* INIT: the CPU is told where the descriptor is. */
	vmx_apic_reset(&vcpus[0], &states[0]);
	CU_ASSERT_EQUAL(memory[0].fields[POSTED_VECTOR], IRQ_VECTOR_POSTED);
	CU_ASSERT_EQUAL(memory[0].fields[POSTED_DESCRIPTOR], (uintptr_t)&a->posted);
	vmx_controls.proc2 &= ~PROC2_APIC_ALL;
	vmx_controls.pin = 0;
}

static void posted_interrupts_are_taken_over_while_the_apic_is_on(void)
{
	on_cpu(switch_apic);
}

static void write_three(void)
{
	vmwrite(PML_INDEX, vmread(PML_INDEX) - 3);
}

static void write_all(void)
{
	vmwrite(PML_INDEX, 0xffff);
}

static void run_log(void)
{
	states[0].log = mfn_from(0x77);
	vmx_use(&vcpus[0]);
	vmx_log_reset(&states[0]);
	CU_ASSERT_EQUAL(memory[0].fields[PML_ADDRESS], 0x77000);
	next_exit.reason = REASON_HLT;
	somebody_counts = true;
	enter(0);
	CU_ASSERT_EQUAL(nr_written, 0);
	run_guest = write_three;
	enter(0);
	enter(0);
	CU_ASSERT_EQUAL(nr_written, 6);
	run_guest = write_all;
	next_exit.reason = REASON_LOG_FULL;
	CU_ASSERT_EQUAL(enter(0), EXIT_LOG_FULL);
	CU_ASSERT_EQUAL(nr_written, 6 + 512);
	CU_ASSERT_EQUAL(memory[0].fields[PML_INDEX], 511);
	/* It may come in the middle of an IRET from an NMI's handler. */
	next_exit.qualification = EPTV_NMI_UNBLOCKED;
	enter(0);
	CU_ASSERT(states[0].interruptibility & BLOCKED_BY_NMI);
	/* A vCPU without a log. */
	run_guest = write_three;
	nr_written = 0;
	enter(1);
	CU_ASSERT_EQUAL(nr_written, 0);
	somebody_counts = false;
}

static void log_is_emptied_after_each_exit(void)
{
	on_cpu(run_log);
}

/* mov %rdx, %crN */
static enum exit_reason write_cr(unsigned int number, uint64_t value)
{
	next_exit.reason = REASON_CR;
	next_exit.qualification = number | 2 << 8;
	vcpus[0].arch.regs.rdx = value;
	return enter(0);
}

static void write_crs(void)
{
	memory[0].fields[GUEST_CR0] = CR0_PE | CR0_PG | CR0_NE;
	memory[0].fields[GUEST_CR4] = CR4_VMXE | CR4_PAE;
	memory[0].fields[GUEST_EFER] = EFER_LMA;
	memory[0].fields[GUEST_RIGHTS(SEG_CS)] = RIGHTS_L;
	CU_ASSERT_EQUAL(write_cr(0, CR0_PE | CR0_PG | CR0_NE | CR0_CD), EXIT_CONTROL_REGISTER);
	/* What hv keeps comes from the shadow, the rest from the register. */
	CU_ASSERT_EQUAL(vmx_ops.get_cr0(&vcpus[0]), CR0_PE | CR0_PG | CR0_NE | CR0_CD);
	CU_ASSERT_EQUAL(memory[0].fields[GUEST_CR0], CR0_PE | CR0_PG | CR0_NE);
	CU_ASSERT_EQUAL(write_cr(0, 1ull << 32 | CR0_PE), EXIT_PRIVILEGED);
	CU_ASSERT_EQUAL(write_cr(4, CR4_PAE | 1 << 6), EXIT_CONTROL_REGISTER);
	CU_ASSERT_EQUAL(vmx_ops.get_cr4(&vcpus[0]), CR4_PAE | 1 << 6);
	CU_ASSERT_EQUAL(write_cr(4, CR4_PAE | CR4_VMXE), EXIT_PRIVILEGED);
	CU_ASSERT_EQUAL(write_cr(4, CR4_PAE | 1 << 14), EXIT_PRIVILEGED);
	/* 32-bit code has no upper half. */
	memory[0].fields[GUEST_RIGHTS(SEG_CS)] = RIGHTS_DB;
	CU_ASSERT_EQUAL(write_cr(0, 1ull << 32 | CR0_PE), EXIT_CONTROL_REGISTER);
}

static void control_registers_that_hv_keeps_are_shadowed(void)
{
	on_cpu(write_crs);
}

UNIT_MAIN("vmx", UNIT_TEST(structure_is_current_where_it_is_used),
	  UNIT_TEST(exit_brings_its_interrupt_along),
	  UNIT_TEST(posted_interrupts_are_taken_over_while_the_apic_is_on),
	  UNIT_TEST(tags_come_again_after_a_flush),
	  UNIT_TEST(event_that_was_cut_off_is_delivered_again),
	  UNIT_TEST(cpu_runs_the_virtual_apic), UNIT_TEST(log_is_emptied_after_each_exit),
	  UNIT_TEST(exceptions_have_error_codes_but_in_real_mode),
	  UNIT_TEST(control_registers_that_hv_keeps_are_shadowed))
