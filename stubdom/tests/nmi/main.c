/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Non-maskable interrupts: while a handler runs the next one is held back until an IRET, one and no
 * more is kept, and exits of the handler's own do not let it in.
 */
#include "rt.h"
#include "tap.h"

#define SELF 0x40000u /* the destination shorthand */
#define MAX_NMIS 8u

static volatile uint32_t nr_nmis, depth, deepest;
static volatile uint64_t where[MAX_NMIS]; /* what each has interrupted */
static volatile uint64_t flags[MAX_NMIS]; /* and the flags there */
static struct rt_frame *volatile interrupted; /* by the last */
static struct rt_frame *volatile interrupted_by_first;
static void (*volatile in_handler)(void); /* what the first does before it returns */
static volatile uint32_t nr_in_handler;	 /* NMIs that came until the handler's end */

static void send_nmi(void)
{
	rt_wrmsr(APIC_ICR, SELF | ICR_NMI);
}

static void on_nmi(struct rt_frame *f)
{
	uint32_t nth = nr_nmis++;
	void (*fn)(void) = in_handler;

	depth++;
	if (depth > deepest)
		deepest = depth;
	if (nth < MAX_NMIS) {
		where[nth] = f->rip;
		flags[nth] = f->rflags & ~RFLAGS_RF;
	}
	interrupted = f;
	in_handler = NULL;
	if (fn) {
		fn();
		nr_in_handler = nr_nmis - nth - 1;
	}
	depth--;
}

/* Sends one whose handler calls fn, and waits until all is quiet. */
static void nmi_with(void (*fn)(void))
{
	unsigned int i;

	nr_nmis = deepest = nr_in_handler = 0;
	in_handler = fn;
	send_nmi();
	for (i = 0; i < 1000; i++)
		rt_pause();
}

static void nothing(void)
{
}

static void send_three(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		send_nmi();
	for (i = 0; i < 1000; i++)
		rt_pause();
}

/* Exits of all sorts: a leaf of CPUID, an MSR, a port, an event that cannot wake anybody. */
static void send_and_exit(void)
{
	uint32_t r[4];

	send_nmi();
	rt_cpuid(0x40000000, r);
	rt_rdmsr(APIC_ID);
	rt_outb(0xed, 0);
	rt_ns();
}

/* Whoever returns from an exception in there has executed an IRET: the next may come, as on hardware. */
static void send_and_return(void)
{
	send_nmi();
	rt_try("int3", : );
}

#define VECTOR 0x51u
static volatile uint32_t nr_interrupts, depth_of_interrupt;

static void on_interrupt(struct rt_frame *f)
{
	(void)f;
	nr_interrupts++;
	depth_of_interrupt = depth;
	rt_wrmsr(APIC_EOI, 0);
}

static void send_interrupt(void)
{
	unsigned int i;

	rt_wrmsr(APIC_SELF_IPI, VECTOR);
	for (i = 0; i < 100; i++)
		rt_pause();
}

static void test_alone(void)
{
	uint64_t at;

	nr_nmis = deepest = 0;
	__asm__ volatile("wrmsr; lea 1f(%%rip), %0; 1: nop; nop"
			 : "=&r"(at)
			 : "c"(APIC_ICR), "a"(SELF | ICR_NMI), "d"(0)
			 : "memory");
	tap_is((long)nr_nmis, 1, "an NMI to oneself comes, interrupts off");
	tap_ok(where[0] <= at && at - where[0] <= 8, "right behind the instruction that sent it");
	nmi_with(nothing);
	tap_is((long)nr_nmis, 1, "once more, once");
}

static void test_nested(void)
{
	nmi_with(send_three);
	tap_is((long)nr_in_handler, 0, "one that is sent in the handler is held back");
	tap_is((long)deepest, 1, "so that handlers do not nest");
	tap_is((long)nr_nmis, 2, "until IRET; of three there is one");
	tap_is((long)(where[1] - where[0]), 0, "which comes right behind that, before another instruction");
	tap_is((long)(flags[1] ^ flags[0]), 0, "with the flags that IRET has loaded");
	nmi_with(send_and_exit);
	tap_is((long)nr_in_handler, 0, "exits in the handler do not let it in");
	tap_is((long)nr_nmis, 2, "IRET does");
	nmi_with(send_and_return);
	tap_is((long)nr_nmis, 2, "an exception in the handler: both come");
	tap_ok(deepest <= 2, "and no more");
	nmi_with(nothing);
	tap_is((long)nr_nmis, 1, "after all that one is one");
}

/* ---- the IRET is an instruction like others ---- */

extern uint8_t rt_vectors[];
static volatile uint64_t gp_flags, gp_error, nr_gps, good_cs;

static void on_gp(struct rt_frame *f)
{
	nr_gps++;
	gp_flags = f->rflags;
	gp_error = f->error;
	interrupted_by_first->cs = good_cs;
}

static void send_and_break_return(void)
{
	interrupted_by_first = interrupted;
	good_cs = interrupted->cs;
	interrupted->cs = 0x7770;
	send_nmi();
}

#define DR6_QUIET 0xffff0ff0ul

static void test_return(void)
{
	uint64_t dr6 = DR6_QUIET;

	__asm__ volatile("mov %0, %%db6" ::"r"(dr6));
	rt_irq_bind(GP, on_gp);
	nmi_with(send_and_break_return);
	rt_irq_bind(GP, NULL);
	tap_is((long)nr_gps, 1, "an IRET that faults: the handler's #GP comes");
	tap_is((long)gp_error, 0x7770, "with its error");
	tap_is((long)(gp_flags & RFLAGS_TF), 0, "and nothing strange in its flags");
	tap_is((long)nr_nmis, 2, "the NMI that waited comes, once");
	tap_is((long)(where[1] - (uintptr_t)(rt_vectors + 16 * GP)), 0, "before the #GP's handler");
	__asm__ volatile("mov %%db6, %0" : "=r"(dr6));
	tap_is((long)(dr6 ^ DR6_QUIET), 0, "nothing is left in DR6");
}

/* NMIs hold back only their own kind. */
static void interrupts_on(void)
{
	send_interrupt();
	rt_irq_enable();
	send_interrupt();
	rt_irq_disable();
}

static void test_interrupts(void)
{
	rt_irq_bind(VECTOR, on_interrupt);
	rt_wrmsr(APIC_SVR, APIC_ENABLED | 0xff);
	nr_interrupts = 0;
	nmi_with(send_interrupt);
	tap_is((long)nr_interrupts, 0, "an interrupt waits for the handler, whose IF is clear");
	rt_irq_enable();
	send_interrupt();
	rt_irq_disable();
	tap_is((long)nr_interrupts, 2, "and comes then");
	nr_interrupts = 0;
	nmi_with(interrupts_on);
	tap_is((long)nr_interrupts, 2, "a handler that sets IF is interrupted");
	tap_is((long)depth_of_interrupt, 1, "in the handler");
}

/* ---- from another vCPU ---- */

static volatile uint32_t second_ready, second_go, second_for_ever, second_sent;

static void second(void)
{
	second_ready = 1;
	for (;;) {
		while (!second_go)
			rt_pause();
		second_go = second_for_ever;
		rt_wrmsr(APIC_ICR, ICR_NMI); /* to vCPU 0 */
		second_sent++;
		rt_delay_ns(1000000);
	}
}

static bool second_sends(void)
{
	uint32_t before = second_sent;
	uint64_t until = rt_ns() + 30000000000ull;

	second_go = 1;
	while (second_sent == before && rt_ns() < until)
		rt_pause();
	return second_sent != before;
}

static void wait_for_second(void)
{
	uint64_t until;

	second_sends();
	/* It has been sent: time enough to come, if it could. */
	for (until = rt_ns() + 2000000; rt_ns() < until;)
		rt_pause();
}

static bool comes(uint32_t n)
{
	uint64_t until = rt_ns() + 30000000000ull;

	while (nr_nmis < n && rt_ns() < until)
		rt_pause();
	return nr_nmis == n;
}

static void test_second(void)
{
	rt_cpu_start(1, second);
	tap_ok(rt_wait_for(&second_ready, 1), "another vCPU runs");
	rt_irq_disable();
	nr_nmis = deepest = 0;
	tap_ok(second_sends() && comes(1), "its NMI comes here, interrupts off");
	nmi_with(wait_for_second);
	tap_is((long)nr_in_handler, 0, "in the handler, it is held back");
	tap_ok(comes(2) && deepest == 1, "and comes after IRET");
	/* Again and again: the first may come before the HLT. */
	nr_nmis = 0;
	second_for_ever = second_go = 1;
	__asm__ volatile("hlt" ::: "memory");
	second_for_ever = 0;
	tap_ok(nr_nmis > 0, "it ends a HLT with interrupts off");
}

void rt_main(void)
{
	rt_irq_bind(NMI, on_nmi);
	test_alone();
	test_nested();
	test_return();
	test_interrupts();
	test_second();
	tap_done();
}
