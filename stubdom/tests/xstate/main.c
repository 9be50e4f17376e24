/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended state: what CPUID says of it, and that XSAVES and XRSTORS carry it across switches to another
 * vCPU, or another guest with its area at the same address (the boot test runs two of this program).
 *
 * XSAVES may leave out what has not changed since the XRSTORS from the same address. So a vCPU is
 * made to give the CPU away at every step, and the registers are looked at by plain XSAVE, which
 * leaves nothing out.
 */
#include "rt.h"
#include "str.h"
#include "tap.h"

#include <xen/sched.h>

#define CR4_OSXSAVE (1ul << 18)
#define MSR_XSS 0xda0u
#define X87 1ull
#define SSE 2ull
#define AVX 4ull
#define ROUNDS 40u
#define LEGACY_SIZE 512u
#define HEADER_SIZE 64u
#define COMPACT (1ull << 63)
#define NR_COMPONENTS 63u
#define AREA_SIZE 4096u

struct area {
	uint8_t bytes[AREA_SIZE];
} __attribute__((aligned(64)));

static uint64_t xcr0;
static bool has_xsaves;
static uint32_t offsets[NR_COMPONENTS], sizes[NR_COMPONENTS];

/* ---- what CPUID says ---- */

static void read_components(uint32_t *ret_standard, uint32_t *ret_compact)
{
	uint32_t r[4], i, standard = LEGACY_SIZE + HEADER_SIZE, compact = standard;

	for (i = 2; i < NR_COMPONENTS; i++) {
		rt_cpuid2(0xd, i, r);
		if (!(xcr0 >> i & 1)) {
			if (r[0] | r[1] | r[2] | r[3])
				tap_ok(false, "component %u is said to be there", i);
			continue;
		}
		sizes[i] = r[0];
		offsets[i] = r[1];
		if (r[2] & 1)
			tap_ok(false, "component %u is said to be a supervisor's", i);
		if (offsets[i] + sizes[i] > standard)
			standard = offsets[i] + sizes[i];
		if (r[2] & 2)
			compact = (compact + 63) & ~63u;
		compact += sizes[i];
	}
	*ret_standard = standard;
	*ret_compact = compact;
}

static void test_cpuid(void)
{
	uint32_t r[4], standard, compact;

	rt_set_cr4(rt_cr4() | CR4_OSXSAVE);
	rt_cpuid2(0xd, 0, r);
	xcr0 = (uint64_t)r[3] << 32 | r[0];
	tap_ok((xcr0 & (X87 | SSE)) == (X87 | SSE), "x87 and SSE are there, 0x%lx in all", xcr0);
	tap_is(rt_try("xsetbv", : "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32)), "c"(0)), RT_NO_TRAP,
	       "XCR0 takes all that is offered");
	rt_cpuid2(0xd, 0, r);
	read_components(&standard, &compact);
	tap_is((long)r[1], (long)standard, "the area's size fits its components");
	tap_is((long)r[2], (long)standard, "and so does the largest");
	tap_ok(standard <= AREA_SIZE, "a page holds it");
	rt_cpuid2(0xd, 1, r);
	has_xsaves = r[0] & 1u << 3;
	tap_is((long)(r[0] >> 4), 0, "no way to save that hv does not know");
	tap_is((long)r[1], r[0] & 1u << 1 ? (long)compact : 0, "the compact size fits where there is one");
	tap_is((long)(r[2] | r[3]), 0, "no component of supervisors");
}

static void test_xss(void)
{
	uint32_t lo = 1, hi = 1;

	if (!has_xsaves) {
		static struct area area;

		tap_is(rt_try("rdmsr", "=a"(lo), "=d"(hi) : "c"(MSR_XSS)), GP, "without XSAVES no IA32_XSS");
		tap_is(rt_try("wrmsr", : "c"(MSR_XSS), "a"(0), "d"(0)), GP, "to be read or written");
		tap_is(rt_try("xsaves64 (%2)", : "a"(3), "d"(0), "r"(&area)), UD, "and no instruction");
		return;
	}
	tap_is(rt_try("rdmsr", "=a"(lo), "=d"(hi) : "c"(MSR_XSS)), RT_NO_TRAP, "IA32_XSS can be read");
	tap_is((long)(lo | hi), 0, "and is zero");
	tap_is(rt_try("wrmsr", : "c"(MSR_XSS), "a"(0), "d"(0)), RT_NO_TRAP, "and may be written so");
	tap_is(rt_try("wrmsr", : "c"(MSR_XSS), "a"(1u << 8), "d"(0)), GP, "processor trace is not to be had");
	tap_is(rt_try("wrmsr", : "c"(MSR_XSS), "a"(1u << 11 | 1u << 12), "d"(0)), GP, "nor shadow stacks");
	tap_is(rt_try("wrmsr", : "c"(MSR_XSS), "a"(0), "d"(1u << 31)), GP, "nor what nobody knows");
}

/* ---- saved and restored ---- */

struct state {
	struct area want, saved, seen, initial;
	volatile uint32_t nr_lost, nr_rounds, first_lost;
	uint32_t seed;
};
static struct state of[2];

#define XSAVE_OP(op, area)                                                                         \
	__asm__ volatile(op " (%0)" ::"r"((area)->bytes), "a"((uint32_t)xcr0),                     \
			 "d"((uint32_t)(xcr0 >> 32))                                               \
			 : "memory")

static void give_away(void)
{
	rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

static uint8_t next_byte(struct state *s)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (uint8_t)(s->seed >> 24);
}

static uint64_t *header(struct area *a)
{
	return (uint64_t *)(void *)&a->bytes[LEGACY_SIZE];
}

/* Registers that no other round has, in the standard format. */
static void make_pattern(struct state *s)
{
	uint8_t *b = s->want.bytes;
	uint32_t i, j, mxcsr = 0x1f80;

	memset(b, 0, AREA_SIZE);
	b[0] = 0x7f; /* FCW 0x037f, all eight registers in use */
	b[1] = 0x03;
	b[4] = 0xff;
	memcpy(&b[24], &mxcsr, sizeof(mxcsr));
	for (i = 0; i < 8; i++) { /* normal numbers: the highest bit of the mantissa is set */
		for (j = 0; j < 8; j++)
			b[32 + 16 * i + j] = next_byte(s);
		b[32 + 16 * i + 7] |= 0x80;
		b[32 + 16 * i + 9] = 0x3f;
	}
	for (i = 160; i < 160 + 256; i++)
		b[i] = next_byte(s);
	for (i = 2; i < NR_COMPONENTS; i++)
		/* Behind PKRU's four bytes four are reserved. */
		for (j = 0; xcr0 >> i & 1 && j < sizes[i]; j++)
			b[offsets[i] + j] = i == 9 && j >= 4 ? 0 : next_byte(s);
	header(&s->want)[0] = xcr0;
}

static bool differs(const struct state *s, uint32_t at, uint32_t n)
{
	uint32_t i;

	for (i = at; i < at + n; i++)
		if (s->want.bytes[i] != s->seen.bytes[i])
			return true;
	return false;
}

/* Do the registers hold what they should? Plain XSAVE leaves nothing out but what is initial. */
static void look(struct state *s, uint32_t step)
{
	bool lost;
	uint32_t i;

	memset(s->seen.bytes, 0, AREA_SIZE);
	XSAVE_OP("xsave64", &s->seen);
	lost = differs(s, 0, 2) || differs(s, 4, 1) || differs(s, 24, 4) || differs(s, 160, 256);
	for (i = 0; i < 8; i++)
		lost = lost || differs(s, 32 + 16 * i, 10);
	for (i = 2; i < NR_COMPONENTS; i++)
		lost = lost || (xcr0 >> i & 1 && differs(s, offsets[i], sizes[i]));
	if (!lost)
		return;
	if (!s->nr_lost)
		s->first_lost = s->nr_rounds * 100 + step;
	s->nr_lost++;
}

/* One register is changed where it is: the CPU must notice, whoever ran since. */
static void change_one(struct state *s)
{
	uint32_t i;

	for (i = 0; i < 16; i++)
		s->want.bytes[160 + 16 * 3 + i] = next_byte(s);
	__asm__ volatile("movdqu (%0), %%xmm3" ::"r"(&s->want.bytes[160 + 16 * 3]) : "memory");
}

static void round_of(struct state *s)
{
	make_pattern(s);
	XSAVE_OP("xrstor64", &s->want);
	give_away();
	look(s, 1);
	memset(s->saved.bytes, 0, AREA_SIZE);
	XSAVE_OP("xsaves64", &s->saved);
	if (header(&s->saved)[1] != (COMPACT | xcr0) || header(&s->saved)[0] & ~xcr0)
		s->nr_lost++;
	give_away();
	XSAVE_OP("xrstor64", &s->initial);
	give_away();
	XSAVE_OP("xrstors64", &s->saved);
	look(s, 2);
	give_away();
	change_one(s);
	XSAVE_OP("xsaves64", &s->saved); /* into the same place: all but one may be left out */
	XSAVE_OP("xrstor64", &s->initial);
	XSAVE_OP("xrstors64", &s->saved);
	look(s, 3);
	change_one(s);
	give_away();
	XSAVE_OP("xsaves64", &s->saved);
	give_away();
	XSAVE_OP("xrstor64", &s->initial);
	give_away();
	XSAVE_OP("xrstors64", &s->saved);
	give_away();
	look(s, 4);
	s->nr_rounds++;
}

static void rounds_of(struct state *s)
{
	uint32_t mxcsr = 0x1f80;

	memcpy(&s->initial.bytes[24], &mxcsr, sizeof(mxcsr));
	while (s->nr_rounds < ROUNDS)
		round_of(s);
}

static void second(void)
{
	rt_set_cr4(rt_cr4() | CR4_OSXSAVE);
	__asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32)));
	rounds_of(&of[1]);
}

static void test_switches(void)
{
	unsigned int i;

	if (!has_xsaves) {
		tap_skip("state is kept across switches", "no XSAVES");
		return;
	}
	of[0].seed = (uint32_t)rt_tsc();
	of[1].seed = ~of[0].seed;
	rt_cpu_start(1, second);
	rounds_of(&of[0]);
	while (of[1].nr_rounds < ROUNDS)
		give_away();
	for (i = 0; i < 2; i++) {
		tap_is((long)of[i].nr_lost, 0, "vCPU %u: nothing is lost in %u rounds", i, ROUNDS);
		if (of[i].nr_lost)
			rt_printf("# vCPU %u: first lost at round*100+step %u\n", i, of[i].first_lost);
	}
}

void rt_main(void)
{
	uint32_t r[4];

	rt_cpuid(1, r);
	if (!(r[2] & 1u << 26)) {
		tap_skip("extended state", "this processor has no XSAVE");
		tap_done();
		return;
	}
	test_cpuid();
	test_xss();
	test_switches();
	tap_done();
}
