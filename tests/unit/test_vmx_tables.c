/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VMX decides without touching the CPU: controls out of capabilities, exits, events, why an
 * entry failed, memory types and EPT entries.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/physmap.h>

#include "../../hv/arch/x86/vmx/vmx.h"

#include "unit.h"

static struct mtrrs host;

void mtrr_read(struct mtrrs *ret)
{
	*ret = host;
}

/* ---- controls ---- */

/* A CPU that can do everything and insists on what is reserved. */
static struct vmx_caps all_caps(void)
{
	return (struct vmx_caps){
		.basic = VMX_BASIC_TRUE_CONTROLS,
		.pin = 0xffffffff00000016,
		.proc = 0xfffffffe04006172,
		.proc2 = 0xffffffff00000000,
		.exit = 0xffffffff00036dfb,
		.entry = 0xffffffff000011fb,
		.ept_vpid = ~0ull,
	};
}

static void controls_keep_what_the_cpu_insists_on(void)
{
	struct vmx_caps caps = all_caps();
	struct vmx_controls c;

	CU_ASSERT_PTR_NULL(vmx_choose_controls(&caps, &c));
	CU_ASSERT_EQUAL(c.pin, 0x16 | PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI |
				       PIN_POSTED_INTERRUPTS);
	CU_ASSERT_EQUAL(c.proc & 0x04006172, 0x04006172);
	CU_ASSERT(!(c.proc & (PROC_CR3_LOAD | PROC_CR3_STORE | PROC_INTERRUPT_WINDOW)));
	CU_ASSERT(c.proc2 & PROC2_INVPCID);
	CU_ASSERT_EQUAL(c.entry & ENTRY_CTL_64, 0);
	/* What need not be there is left out where it is not. */
	caps.proc2 &= ~((uint64_t)(PROC2_INVPCID | PROC2_RDTSCP) << 32);
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&caps, &c));
	CU_ASSERT(!(c.proc2 & (PROC2_INVPCID | PROC2_RDTSCP)));
	CU_ASSERT(c.proc2 & PROC2_PML);
	caps.ept_vpid &= ~EPT_CAP_AD;
	CU_ASSERT_PTR_NULL(vmx_choose_controls(&caps, &c));
	CU_ASSERT(!(c.proc2 & PROC2_PML));
}

static void lacking(struct vmx_caps caps, const char *what)
{
	struct vmx_controls c = { .pin = 77 };
	const char *lack = vmx_choose_controls(&caps, &c);

	CU_ASSERT_PTR_NOT_NULL_FATAL(lack);
	CU_ASSERT_PTR_NOT_NULL(strstr(lack, what));
	CU_ASSERT_EQUAL(c.pin, 77);
}

static void what_the_cpu_lacks_is_named(void)
{
	struct vmx_caps caps = all_caps();

	caps.basic = 0;
	lacking(caps, "EPT");
	caps = all_caps();
	caps.proc &= ~((uint64_t)PROC_SECONDARY << 32);
	lacking(caps, "EPT");
	caps = all_caps();
	caps.proc2 &= ~((uint64_t)PROC2_EPT << 32);
	lacking(caps, "EPT");
	caps = all_caps();
	caps.proc2 &= ~((uint64_t)PROC2_UNRESTRICTED << 32);
	lacking(caps, "unrestricted guest");
	caps = all_caps();
	caps.proc2 &= ~((uint64_t)PROC2_VPID << 32);
	lacking(caps, "VPID");
	caps = all_caps();
	caps.proc |= PROC_CR3_LOAD;
	lacking(caps, "CR3");
	caps = all_caps();
	caps.ept_vpid &= ~EPT_CAP_INVEPT_SINGLE;
	lacking(caps, "INVEPT");
	caps = all_caps();
	caps.entry &= ~((uint64_t)ENTRY_CTL_LOAD_EFER << 32);
	lacking(caps, "EFER");
}

/* ---- exits ---- */

static struct vm_exit x;
static struct vmx_aftermath after;

static enum exit_reason decode(struct vmx_exit_info info)
{
	memset(&x, 0, sizeof(x));
	vmx_decode_exit(&info, &x, &after);
	return x.reason;
}

static void every_exit_has_its_reason(void)
{
	static const struct {
		uint32_t code;
		enum exit_reason reason;
	} table[] = {
		{ 1, EXIT_INTERRUPT },	   { 2, EXIT_TRIPLE_FAULT }, { 7, EXIT_WINDOW },
		{ 8, EXIT_WINDOW },	   { 9, EXIT_UNKNOWN },	     { 10, EXIT_CPUID },
		{ 11, EXIT_UNDEFINED },	   { 12, EXIT_HLT },	     { 13, EXIT_CACHE },
		{ 15, EXIT_PRIVILEGED },   { 18, EXIT_HYPERCALL },   { 19, EXIT_UNDEFINED },
		{ 27, EXIT_UNDEFINED },	   { 28, EXIT_CONTROL_REGISTER }, { 30, EXIT_IO },
		{ 31, EXIT_MSR_READ },	   { 32, EXIT_MSR_WRITE },   { 36, EXIT_UNDEFINED },
		{ 39, EXIT_UNDEFINED },	   { 41, EXIT_UNKNOWN },     { 43, EXIT_WINDOW },
		{ 48, EXIT_NESTED_FAULT }, { 49, EXIT_INVALID },     { 50, EXIT_UNDEFINED },
		{ 53, EXIT_UNDEFINED },	   { 54, EXIT_CACHE },	     { 55, EXIT_XSETBV },
		{ 0x80000021, EXIT_INVALID }, { 0x80000022, EXIT_INVALID }, { 999, EXIT_UNKNOWN },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct vmx_exit_info info = { .reason = table[i].code, .rip = 0x1000,
					      .instruction_length = 3 };

		CU_ASSERT_EQUAL(decode(info), table[i].reason);
		CU_ASSERT_EQUAL(x.code, table[i].code);
		CU_ASSERT_EQUAL(x.next_rip, 0x1003);
		CU_ASSERT(!after.queue && !after.host_nmi && !after.debug);
	}
}

static void port_and_fault_details(void)
{
	/* out %ax, $0x3f8 and rep insl */
	decode((struct vmx_exit_info){ .reason = 30, .qualification = 0x03f80001 });
	CU_ASSERT(x.io.port == 0x3f8 && x.io.size == 2 && !x.io.in && !x.io.string);
	decode((struct vmx_exit_info){ .reason = 30, .qualification = 0x0cfc003b });
	CU_ASSERT(x.io.port == 0xcfc && x.io.size == 4 && x.io.in && x.io.string);

	/* A write to a readable page; a walk of page tables; no linear address at all. */
	decode((struct vmx_exit_info){ .reason = 48, .qualification = 0x18a, .gpa = 0x5123 });
	CU_ASSERT(x.fault.gpa == 0x5123 && x.fault.write && !x.fault.exec && x.fault.present &&
		  !x.fault.table_walk);
	decode((struct vmx_exit_info){ .reason = 48, .qualification = 0x083 });
	CU_ASSERT(!x.fault.present && x.fault.table_walk);
	decode((struct vmx_exit_info){ .reason = 48, .qualification = 0x004 });
	CU_ASSERT(x.fault.exec && !x.fault.table_walk);
}

static void event_that_was_cut_off_is_queued(void)
{
	static const uint32_t again[] = {
		0x80000055, /* interrupt */
		0x80000b0e, /* #PF */
		0x80000202, /* NMI */
	};
	static const uint32_t by_instruction[] = { 0x80000480, 0x80000503, 0x80000603, 0x55 };
	struct vmx_exit_info info = { .reason = 48, .vectoring_error = 7 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(again); i++) {
		info.vectoring = again[i] | EVENT_NMI_UNBLOCKED;
		decode(info);
		CU_ASSERT_EQUAL(after.queue, again[i]);
		CU_ASSERT_EQUAL(after.queue_error, 7);
		CU_ASSERT_EQUAL(after.unblock_nmi, i == 2);
	}
	for (i = 0; i < ARRAY_SIZE(by_instruction); i++) {
		info.vectoring = by_instruction[i];
		decode(info);
		CU_ASSERT_EQUAL(after.queue, 0);
	}
}

static void exceptions_and_nmis(void)
{
	decode((struct vmx_exit_info){ .reason = 0, .event = 0x80000202 });
	CU_ASSERT(x.reason == EXIT_INTERRUPT && after.host_nmi);
	decode((struct vmx_exit_info){ .reason = 0, .event = 0x80000b11, .event_error = 0 });
	CU_ASSERT(x.reason == EXIT_EXCEPTION && x.exception.vector == EXC_AC &&
		  x.exception.has_error && !after.debug);
	decode((struct vmx_exit_info){ .reason = 0, .event = 0x80000301 });
	CU_ASSERT(x.reason == EXIT_EXCEPTION && !x.exception.has_error && after.debug &&
		  !after.skip);
	decode((struct vmx_exit_info){ .reason = 0, .event = 0x80000501, .instruction_length = 1 });
	CU_ASSERT(after.debug && after.skip);
	decode((struct vmx_exit_info){ .reason = 0, .event = 0x80000312 });
	CU_ASSERT_EQUAL(x.reason, EXIT_UNKNOWN);
	/* IRET out of an NMI handler that faulted: still inside. */
	decode((struct vmx_exit_info){ .reason = 48, .qualification = 0x1083 });
	CU_ASSERT(after.block_nmi);
	decode((struct vmx_exit_info){ .reason = 48, .qualification = 0x1083,
				       .vectoring = 0x80000b0e });
	CU_ASSERT(!after.block_nmi);
}

/* ---- events ---- */

static struct vmx_event_plan plan(struct vmx_event_state s)
{
	struct vmx_event_plan p;

	vmx_plan_events(&s, &p);
	return p;
}

static void interrupt_goes_in_or_waits_at_a_window(void)
{
	struct vmx_event_plan p;

	p = plan((struct vmx_event_state){ .offered = 0x41, .interrupts_enabled = true });
	CU_ASSERT(p.event == 0x80000041 && p.takes_offer && !p.interrupt_window);
	p = plan((struct vmx_event_state){ .offered = 0x41 });
	CU_ASSERT(!p.event && !p.takes_offer && p.interrupt_window);
	p = plan((struct vmx_event_state){ .offered = 0x41, .interrupts_enabled = true,
					   .interruptibility = BLOCKED_BY_STI });
	CU_ASSERT(!p.event && p.interrupt_window);
	/* What is queued goes first. */
	p = plan((struct vmx_event_state){ .offered = 0x41, .interrupts_enabled = true,
					   .queued = 0x80000b0e });
	CU_ASSERT(p.event == 0x80000b0e && !p.takes_offer && p.interrupt_window);
	p = plan((struct vmx_event_state){ .offered = -1, .interrupts_enabled = true });
	CU_ASSERT(!p.event && !p.takes_offer && !p.interrupt_window && !p.tpr_threshold);
}

static void task_priority_holds_back_what_is_below(void)
{
	struct vmx_event_state s = { .offered = 0x41, .interrupts_enabled = true, .tpr = 4 };
	struct vmx_event_plan p = plan(s);

	CU_ASSERT(!p.event && !p.interrupt_window && p.tpr_threshold == 4);
	s.any_priority = true;
	p = plan(s);
	CU_ASSERT(p.takes_offer && !p.tpr_threshold);
	s.any_priority = false;
	s.tpr = 3;
	p = plan(s);
	CU_ASSERT(p.takes_offer && !p.tpr_threshold);
}

static void nmi_that_waits_gets_its_window(void)
{
	struct vmx_event_state s = { .offered = -1, .nmi_waits = true,
				     .interruptibility = BLOCKED_BY_NMI };
	struct vmx_event_plan p = plan(s);

	CU_ASSERT(p.nmi_window && !p.interrupt_window);
	s.interruptibility = BLOCKED_BY_STI;
	p = plan(s);
	CU_ASSERT(!p.nmi_window && p.interrupt_window);
}

static void write_that_the_cpu_carried_out_names_its_register(void)
{
	CU_ASSERT_EQUAL(decode((struct vmx_exit_info){ .reason = 45, .qualification = 0x51 }),
			EXIT_APIC);
	CU_ASSERT(x.apic.msr == MSR_X2APIC_EOI && x.apic.vector == 0x51);
	CU_ASSERT_EQUAL(decode((struct vmx_exit_info){ .reason = 56, .qualification = 0x3f0 }),
			EXIT_APIC);
	CU_ASSERT_EQUAL(x.apic.msr, MSR_X2APIC_SELF_IPI);
}

/* ---- entries that fail ---- */

static struct vmx_guest_state good_state(void)
{
	struct vmx_guest_state g = {
		.cr0 = CR0_PE | CR0_NE | CR0_ET | CR0_PG,
		.cr3 = 0x1000,
		.cr4 = CR4_VMXE | CR4_PAE,
		.efer = EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE,
		.pat = 0x0007040600070406ull,
		.dr7 = 0x400,
		.rip = 0xffffffff81000000ull,
		.rflags = RFLAGS_FIXED | RFLAGS_IF,
		.link_pointer = ~0ull,
		.gdtr_limit = 0x7f,
		.idtr_limit = 0xfff,
		.long_mode = true,
		.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG,
		.cr0_fixed1 = 0xffffffff,
		.cr4_fixed0 = CR4_VMXE,
		.cr4_fixed1 = 0x3767ff,
		.address_bits = 40,
	};
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		g.segment[i] = (struct vmx_segment){ 0x10, 0xffffffff, 0xc093, 0 };
	g.segment[SEG_CS].rights = 0xa09b;
	g.segment[SEG_GS].base = 0xffff888000000000ull;
	g.segment[SEG_LDTR].rights = RIGHTS_UNUSABLE;
	g.segment[SEG_TR] = (struct vmx_segment){ 0x40, 0x206f, 0x8b, 0xfffffe0000003000ull };
	return g;
}

static struct vmx_guest_state real_mode(void)
{
	struct vmx_guest_state g = good_state();
	unsigned int i;

	g.cr0 = CR0_NE | CR0_ET;
	g.cr4 = CR4_VMXE;
	g.efer = 0;
	g.long_mode = false;
	g.rip = 0xfff0;
	for (i = SEG_ES; i <= SEG_GS; i++)
		g.segment[i] = (struct vmx_segment){ 0, 0xffff, 0x93, 0 };
	g.segment[SEG_CS] = (struct vmx_segment){ 0xf000, 0xffff, 0x9b, 0xffff0000 };
	g.segment[SEG_TR] = (struct vmx_segment){ 0, 0xffff, 0x8b, 0 };
	return g;
}

static void states_that_enter(void)
{
	struct vmx_guest_state g = good_state();

	CU_ASSERT_PTR_NULL(vmx_check_guest_state(&g));
	g = real_mode();
	CU_ASSERT_PTR_NULL(vmx_check_guest_state(&g));
	g.rflags |= RFLAGS_TF;
	g.interruptibility = BLOCKED_BY_STI;
	g.pending_debug = PENDING_DEBUG_BS;
	CU_ASSERT_PTR_NULL(vmx_check_guest_state(&g));
}

#define REFUSED(change, field)                                                                     \
	do {                                                                                       \
		struct vmx_guest_state g = good_state();                                           \
		const char *bad;                                                                   \
		change;                                                                            \
		bad = vmx_check_guest_state(&g);                                                   \
		CU_ASSERT_PTR_NOT_NULL_FATAL(bad);                                                 \
		CU_ASSERT_STRING_EQUAL(bad, field);                                                \
	} while (0)

static void bad_field_is_named(void)
{
	REFUSED(g.cr0 &= ~CR0_NE, "CR0");
	REFUSED(g.cr0 &= ~CR0_PE, "CR0 (paging without protection)");
	REFUSED(g.cr4 |= 1ul << 40, "CR4");
	REFUSED(g.cr4 &= ~CR4_PAE, "CR4 (long mode without PAE)");
	REFUSED(g.cr3 = 1ull << 40, "CR3");
	REFUSED(g.dr7 = 1ull << 32, "DR7");
	REFUSED(g.debugctl = 1 << 2, "DEBUGCTL");
	REFUSED(g.sysenter_esp = 1ull << 47, "SYSENTER_ESP");
	REFUSED(g.sysenter_eip = 1ull << 63, "SYSENTER_EIP");
	REFUSED(g.efer |= EFER_SVME, "EFER");
	REFUSED(g.efer &= ~EFER_LMA, "EFER (LMA)");
	REFUSED(g.efer &= ~EFER_LME, "EFER (LME)");
	REFUSED(g.pat = 2, "PAT");
	REFUSED(g.segment[SEG_CS].rights = 0xe09b, "CS access rights");
	REFUSED(g.segment[SEG_CS].rights |= RIGHTS_UNUSABLE, "CS access rights");
	REFUSED(g.segment[SEG_CS].base = 1ull << 32, "CS base");
	REFUSED(g.segment[SEG_DS].rights = 0xc092, "DS access rights");
	REFUSED(g.segment[SEG_SS].rights = 0xc09b, "SS access rights");
	REFUSED(g.segment[SEG_ES].limit = 0xffff0, "ES limit");
	REFUSED(g.segment[SEG_FS].base = 1ull << 47, "FS base");
	REFUSED(g.segment[SEG_TR].rights = 0x89, "TR access rights");
	REFUSED(g.segment[SEG_TR].selector = 4, "TR selector");
	REFUSED(g.segment[SEG_TR].limit = 0x100000, "TR limit");
	REFUSED(g.segment[SEG_LDTR].rights = 0x83, "LDTR access rights");
	REFUSED(g.gdtr_base = 1ull << 60, "GDTR base");
	REFUSED(g.idtr_limit = 0x10000, "IDTR limit");
	REFUSED(g.rip = 1ull << 47, "RIP");
	REFUSED(g.segment[SEG_CS].rights = 0xc09b, "RIP");
	REFUSED(g.rflags = RFLAGS_IF, "RFLAGS");
	REFUSED(g.rflags |= 1ul << 15, "RFLAGS");
	REFUSED((g.rflags = RFLAGS_FIXED, g.event = 0x80000041),
		"RFLAGS (IF, with an interrupt to deliver)");
	REFUSED(g.activity = 4, "activity state");
	REFUSED(g.interruptibility = 3, "interruptibility");
	REFUSED((g.interruptibility = BLOCKED_BY_STI, g.rflags = RFLAGS_FIXED),
		"interruptibility (STI)");
	REFUSED((g.interruptibility = BLOCKED_BY_NMI, g.event = 0x80000202),
		"interruptibility (with an NMI to deliver)");
	REFUSED((g.interruptibility = BLOCKED_BY_STI, g.rflags |= RFLAGS_TF),
		"pending debug exceptions (BS)");
	REFUSED(g.pending_debug = 1 << 5, "pending debug exceptions");
	REFUSED(g.link_pointer = 0, "link pointer");
	/* Virtual 8086 mode has rules of its own. */
	REFUSED((g = real_mode(), g.cr0 |= CR0_PE, g.rflags |= RFLAGS_VM), "ES access rights");
}

/* ---- memory types ---- */

static void pc(void)
{
	unsigned int i;

	/* RAM up to 3 GiB - 1 MiB, a hole, RAM again above 4 GiB: as firmware describes a PC. */
	host = (struct mtrrs){ .address_bits = 36, .cap = 0x508, .def_type = 0xc00 };
	for (i = 0; i < 11; i++)
		host.fixed[i] = 0x0606060606060606ull;
	host.fixed[2] = 0;			 /* A0000 */
	host.fixed[3] = 0x0505050505050505ull;	 /* C0000 */
	host.fixed[10] = 0x0005050505050505ull; /* F8000, its last page uncached */
	host.base[0] = 0x000000006;
	host.mask[0] = 0xf80000800;
	host.base[1] = 0x080000006;
	host.mask[1] = 0xfc0000800;
	host.base[2] = 0x0bff00000;
	host.mask[2] = 0xffff00800;
	host.base[3] = 0x100000006;
	host.mask[3] = 0xf00000800;
	host.base[4] = 0x0d0000001; /* a frame buffer, write-combining */
	host.mask[4] = 0xfff000800;
	host.base[5] = 0x000000001; /* not valid */
	host.mask[5] = 0;
}

static void mtrrs_are_read_like_the_cpu_does(void)
{
	static const struct {
		paddr_t address;
		unsigned int type;
		paddr_t end;
	} table[] = {
		{ 0x0, 6, 0x10000 },	       { 0x9fc00, 6, 0xa0000 },
		{ 0xa0000, 0, 0xa4000 },       { 0xc7fff, 5, 0xc8000 },
		{ 0xfe000, 5, 0xff000 },       { 0xff000, 0, 0x100000 },
		{ 0x100000, 6, 0x80000000 },   { 0x80000000, 6, 0xbff00000 },
		{ 0xbff00000, 0, 0xc0000000 }, { 0xc0000000, 0, 0xd0000000 },
		{ 0xd0123000, 1, 0xd1000000 }, { 0xfee00000, 0, 0x100000000 },
		{ 0x100000000, 6, 0x200000000 }, { 0x200000000, 0, 0x1000000000 },
	};
	paddr_t end;
	size_t i;

	pc();
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		CU_ASSERT_EQUAL(mtrr_type(&host, table[i].address, &end), table[i].type);
		CU_ASSERT_EQUAL(end, table[i].end);
	}
	/* Fixed ranges off: the variable ones hold there. */
	host.def_type = 0x800;
	CU_ASSERT_EQUAL(mtrr_type(&host, 0xa0000, &end), 6);
	/* Write-through over write-back; anything else over anything else: uncached. */
	host.base[5] = 4;
	host.mask[5] = 0xffff00800;
	CU_ASSERT_EQUAL(mtrr_type(&host, 0x1000, &end), 4);
	CU_ASSERT_EQUAL(end, 0x100000);
	host.base[5] = 1;
	CU_ASSERT_EQUAL(mtrr_type(&host, 0x1000, &end), 0);
	/* A mask with a gap: the range comes again and again. */
	host = (struct mtrrs){ .address_bits = 36, .cap = 1, .def_type = 0x806 };
	host.mask[0] = 0x000f00800;
	CU_ASSERT_EQUAL(mtrr_type(&host, 0x5000000, &end), 0);
	CU_ASSERT_EQUAL(end, 0x5100000);
	host.def_type = 6;
	CU_ASSERT_EQUAL(mtrr_type(&host, 0x5000000, &end), 0);
}

static void leaves_have_the_type_of_their_memory(void)
{
	pc();
	CU_ASSERT_EQUAL(ept_leaf(mfn_from(0x100), PHYSMAP_RWX, 0, false), 0x100337);
	CU_ASSERT_EQUAL(ept_leaf(mfn_from(0x200), PHYSMAP_RWX, 9, false), 0x2003b7);
	CU_ASSERT_EQUAL(ept_leaf(mfn_from(0x200), PHYSMAP_READ, 0, false), 0x200331);
	CU_ASSERT_EQUAL(ept_leaf(mfn_from(0xd0000), PHYSMAP_READ | PHYSMAP_WRITE, 9, true),
			0xd000038b);
	CU_ASSERT_EQUAL(ept_leaf(mfn_from(0xfec00), PHYSMAP_RWX, 0, true), 0xfec00307);
	CU_ASSERT_EQUAL(ept_table(mfn_from(0x1234)), 0x1234107);
	CU_ASSERT_EQUAL(ept_access(0xd000038b), PHYSMAP_READ | PHYSMAP_WRITE);
	CU_ASSERT_EQUAL(ept_access(0x100337), PHYSMAP_RWX);

	CU_ASSERT(!ept_may_be_leaf(mfn_from(0), 9));
	CU_ASSERT(ept_may_be_leaf(mfn_from(0x200), 9));
	CU_ASSERT(ept_may_be_leaf(mfn_from(0x40000), 18));
	CU_ASSERT(!ept_may_be_leaf(mfn_from(0x80000), 18));
	CU_ASSERT(!ept_may_be_leaf(mfn_from(0xbfe00), 9));
	CU_ASSERT(ept_may_be_leaf(mfn_from(0xd0e00), 9));
	CU_ASSERT(!ept_may_be_leaf(mfn_from(0xc0000), 18));
	CU_ASSERT(ept_may_be_leaf(mfn_from(0xff), 0));
}

UNIT_MAIN("vmx_tables", UNIT_TEST(controls_keep_what_the_cpu_insists_on),
	  UNIT_TEST(what_the_cpu_lacks_is_named), UNIT_TEST(every_exit_has_its_reason),
	  UNIT_TEST(port_and_fault_details), UNIT_TEST(event_that_was_cut_off_is_queued),
	  UNIT_TEST(exceptions_and_nmis), UNIT_TEST(interrupt_goes_in_or_waits_at_a_window),
	  UNIT_TEST(task_priority_holds_back_what_is_below),
	  UNIT_TEST(nmi_that_waits_gets_its_window),
	  UNIT_TEST(write_that_the_cpu_carried_out_names_its_register), UNIT_TEST(states_that_enter),
	  UNIT_TEST(bad_field_is_named), UNIT_TEST(leaves_have_the_type_of_their_memory),
	  UNIT_TEST(mtrrs_are_read_like_the_cpu_does))
