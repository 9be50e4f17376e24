/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why the CPU refused an entry. It says "guest state" and nothing more, so its checks are made
 * again here, in the order of the manual, until one fails (Intel SDM vol. 3, 27.3.1). Runs only
 * after a refusal, to name the field to whoever has to find the mistake.
 */
#include <arch/x86.h>
#include <hv/compiler.h>

#include "vmx.h"

#define DEBUGCTL_VALID 0xffc3u
#define EFER_VALID (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define RFLAGS_RESERVED (~0x3ffffful | 1ul << 15 | 1ul << 5 | 1ul << 3)
#define PENDING_DEBUG_RESERVED (~0x1500full)
#define CR4_PCIDE (1ul << 17)
#define DEBUGCTL_BTF BIT(1)
#define RIGHTS_V86 0xf3u
#define TYPE_CODE 8u
#define TYPE_ACCESSED 1u
#define TYPE_WRITABLE 2u

static const char *const bad_rights[NR_SEGMENTS] = {
	"ES access rights", "CS access rights", "SS access rights",   "DS access rights",
	"FS access rights", "GS access rights", "LDTR access rights", "TR access rights",
};
static const char *const bad_base[NR_SEGMENTS] = {
	"ES base", "CS base", "SS base", "DS base", "FS base", "GS base", "LDTR base", "TR base",
};
static const char *const bad_limit[NR_SEGMENTS] = {
	"ES limit", "CS limit", "SS limit",   "DS limit",
	"FS limit", "GS limit", "LDTR limit", "TR limit",
};

static bool is_canonical(const struct vmx_guest_state *g, uint64_t address)
{
	unsigned int spare = g->cr4_fixed1 & CR4_LA57 ? 7 : 16;

	return (int64_t)(address << spare) >> spare == (int64_t)address;
}

static bool is_usable(const struct vmx_segment *s)
{
	return !(s->rights & RIGHTS_UNUSABLE);
}

static unsigned int dpl(const struct vmx_segment *s)
{
	return s->rights >> RIGHTS_DPL_SHIFT & 3;
}

static bool is_v86(const struct vmx_guest_state *g)
{
	return g->rflags & RFLAGS_VM;
}

static const char *check_registers(const struct vmx_guest_state *g)
{
	/* An unrestricted guest may be without protection and paging. */
	uint64_t cr0_must = g->cr0_fixed0 & ~(CR0_PE | CR0_PG);

	if ((g->cr0 & cr0_must) != cr0_must || g->cr0 & ~g->cr0_fixed1)
		return "CR0";
	if ((g->cr0 & CR0_PG) && !(g->cr0 & CR0_PE))
		return "CR0 (paging without protection)";
	if ((g->cr4 & g->cr4_fixed0) != g->cr4_fixed0 || g->cr4 & ~g->cr4_fixed1)
		return "CR4";
	if (g->debugctl & ~(uint64_t)DEBUGCTL_VALID)
		return "DEBUGCTL";
	if (g->long_mode && !(g->cr0 & CR0_PG))
		return "CR0 (long mode without paging)";
	if (g->long_mode && !(g->cr4 & CR4_PAE))
		return "CR4 (long mode without PAE)";
	if (!g->long_mode && (g->cr4 & CR4_PCIDE))
		return "CR4 (PCID outside of long mode)";
	if (g->cr3 >> g->address_bits)
		return "CR3";
	if (g->dr7 >> 32)
		return "DR7";
	if (!is_canonical(g, g->sysenter_esp))
		return "SYSENTER_ESP";
	if (!is_canonical(g, g->sysenter_eip))
		return "SYSENTER_EIP";
	if (g->efer & ~EFER_VALID)
		return "EFER";
	if (!!(g->efer & EFER_LMA) != g->long_mode)
		return "EFER (LMA)";
	if ((g->cr0 & CR0_PG) && !(g->efer & EFER_LMA) != !(g->efer & EFER_LME))
		return "EFER (LME)";
	return pat_is_valid(g->pat) ? NULL : "PAT";
}

/* Of code, data and system segments alike. */
static bool rights_hold(const struct vmx_segment *s, bool is_system)
{
	return !(s->rights & RIGHTS_RESERVED) && s->rights & RIGHTS_P &&
	       !(s->rights & RIGHTS_S) == is_system;
}

static bool limit_holds(const struct vmx_segment *s)
{
	bool granular = s->rights & RIGHTS_G;

	return !((s->limit & 0xfff) != 0xfff && granular) && !(s->limit >> 20 && !granular);
}

static bool cs_type_holds(const struct vmx_guest_state *g)
{
	const struct vmx_segment *cs = &g->segment[SEG_CS], *ss = &g->segment[SEG_SS];

	if (g->long_mode && (cs->rights & RIGHTS_L) && (cs->rights & RIGHTS_DB))
		return false;
	switch (cs->rights & RIGHTS_TYPE) {
	case 3: /* unrestricted guest */
		return dpl(cs) == 0;
	case 9:
	case 11:
		return dpl(cs) == dpl(ss);
	case 13:
	case 15:
		return dpl(cs) <= dpl(ss);
	}
	return false;
}

static bool data_type_holds(const struct vmx_guest_state *g, unsigned int i)
{
	unsigned int type = g->segment[i].rights & RIGHTS_TYPE;

	if (i == SEG_SS)
		return type == 3 || type == 7;
	return type & TYPE_ACCESSED && (!(type & TYPE_CODE) || type & TYPE_WRITABLE);
}

static const char *check_segment(const struct vmx_guest_state *g, unsigned int i)
{
	const struct vmx_segment *s = &g->segment[i];

	if (i == SEG_FS || i == SEG_GS) {
		if (!is_canonical(g, s->base))
			return bad_base[i];
	} else if ((i == SEG_CS || is_usable(s)) && s->base >> 32) {
		return bad_base[i];
	}
	if (i != SEG_CS && !is_usable(s))
		return NULL;
	if (!rights_hold(s, false) || (i == SEG_CS && !is_usable(s)) ||
	    !(i == SEG_CS ? cs_type_holds(g) : data_type_holds(g, i)))
		return bad_rights[i];
	/* In real mode, and with a writable code segment, everything has privilege 0. */
	if (i == SEG_SS && dpl(s) && (!(g->cr0 & CR0_PE) ||
				      (g->segment[SEG_CS].rights & RIGHTS_TYPE) == 3))
		return bad_rights[i];
	return limit_holds(s) ? NULL : bad_limit[i];
}

static const char *check_segment_v86(const struct vmx_guest_state *g, unsigned int i)
{
	const struct vmx_segment *s = &g->segment[i];

	if (s->base != (uint64_t)s->selector << 4)
		return bad_base[i];
	if (s->limit != 0xffff)
		return bad_limit[i];
	return s->rights == RIGHTS_V86 ? NULL : bad_rights[i];
}

static const char *check_system_segments(const struct vmx_guest_state *g)
{
	const struct vmx_segment *tr = &g->segment[SEG_TR], *ldtr = &g->segment[SEG_LDTR];
	unsigned int type = tr->rights & RIGHTS_TYPE;

	if (tr->selector & 4)
		return "TR selector";
	if (!is_canonical(g, tr->base))
		return bad_base[SEG_TR];
	if (!is_usable(tr) || !rights_hold(tr, true) || !(type == 11 || (type == 3 && !g->long_mode)))
		return bad_rights[SEG_TR];
	if (!limit_holds(tr))
		return bad_limit[SEG_TR];
	if (!is_usable(ldtr))
		return NULL;
	if (ldtr->selector & 4)
		return "LDTR selector";
	if (!is_canonical(g, ldtr->base))
		return bad_base[SEG_LDTR];
	if (!rights_hold(ldtr, true) || (ldtr->rights & RIGHTS_TYPE) != 2)
		return bad_rights[SEG_LDTR];
	return limit_holds(ldtr) ? NULL : bad_limit[SEG_LDTR];
}

static const char *check_segments(const struct vmx_guest_state *g)
{
	const char *bad;
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++) {
		bad = is_v86(g) ? check_segment_v86(g, i) : check_segment(g, i);
		if (bad)
			return bad;
	}
	bad = check_system_segments(g);
	if (bad)
		return bad;
	if (!is_canonical(g, g->gdtr_base))
		return "GDTR base";
	if (g->gdtr_limit >> 16)
		return "GDTR limit";
	if (!is_canonical(g, g->idtr_base))
		return "IDTR base";
	return g->idtr_limit >> 16 ? "IDTR limit" : NULL;
}

static const char *check_rip_and_flags(const struct vmx_guest_state *g)
{
	bool code_64 = g->long_mode && (g->segment[SEG_CS].rights & RIGHTS_L);
	bool injects_interrupt = (g->event & EVENT_VALID) && EVENT_TYPE(g->event) == EVENT_INTERRUPT;

	if (code_64 ? !is_canonical(g, g->rip) : g->rip >> 32)
		return "RIP";
	if (g->rflags & RFLAGS_RESERVED || !(g->rflags & RFLAGS_FIXED))
		return "RFLAGS";
	if (is_v86(g) && (g->long_mode || !(g->cr0 & CR0_PE)))
		return "RFLAGS (VM)";
	if (injects_interrupt && !(g->rflags & RFLAGS_IF))
		return "RFLAGS (IF, with an interrupt to deliver)";
	return NULL;
}

static const char *check_blocking(const struct vmx_guest_state *g)
{
	uint32_t blocked = g->interruptibility, shadow = BLOCKED_BY_STI | BLOCKED_BY_MOV_SS;
	unsigned int type = g->event & EVENT_VALID ? EVENT_TYPE(g->event) : 8;

	if (g->activity > 3)
		return "activity state";
	if (g->activity && blocked & shadow)
		return "activity state (with interrupts blocked for an instruction)";
	if (blocked & ~0xfu || (blocked & shadow) == shadow)
		return "interruptibility";
	if ((blocked & BLOCKED_BY_STI) && !(g->rflags & RFLAGS_IF))
		return "interruptibility (STI)";
	if (type == EVENT_INTERRUPT && blocked & shadow)
		return "interruptibility (with an interrupt to deliver)";
	if (type == EVENT_NMI && blocked & (BLOCKED_BY_MOV_SS | BLOCKED_BY_NMI))
		return "interruptibility (with an NMI to deliver)";
	if (blocked & BLOCKED_BY_SMI)
		return "interruptibility (SMI)";
	return NULL;
}

static const char *check_pending_debug(const struct vmx_guest_state *g)
{
	bool steps = (g->rflags & RFLAGS_TF) && !(g->debugctl & DEBUGCTL_BTF);

	if (g->pending_debug & PENDING_DEBUG_RESERVED)
		return "pending debug exceptions";
	/* A single step over the instruction before is still owed, or is not (27.3.1.5). */
	if ((g->interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS) || g->activity == 1) &&
	    !(g->pending_debug & PENDING_DEBUG_BS) == steps)
		return "pending debug exceptions (BS)";
	return g->link_pointer == ~0ull ? NULL : "link pointer";
}

const char *vmx_check_guest_state(const struct vmx_guest_state *g)
{
	const char *bad = check_registers(g);

	if (!bad)
		bad = check_segments(g);
	if (!bad)
		bad = check_rip_and_flags(g);
	if (!bad)
		bad = check_blocking(g);
	if (!bad)
		bad = check_pending_debug(g);
	return bad;
}

const char *vmx_instruction_error(uint32_t number)
{
	switch (number) {
	case 4:
		return "VMLAUNCH of a VMCS that is not clear";
	case 5:
		return "VMRESUME of a VMCS that was not launched";
	case 7:
		return "a control field of the VMCS";
	case 8:
		return "a host-state field of the VMCS";
	case 26:
		return "events blocked by MOV SS";
	}
	return "no valid VMCS";
}
