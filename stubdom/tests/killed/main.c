/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest does not survive, one way a life; the command line says which. The test looks at the
 * reason from outside. "spin" is what others must survive.
 */
#include "memory.h"
#include "rt.h"
#include "tap.h"

/* Beyond this guest's memory, and within what entry.S maps. */
#define HOLE 0x40000000ul

static uint8_t page[4096] __attribute__((aligned(4096)));

static bool is_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void triple_fault(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none;

	__asm__ volatile("lidt %0; ud2" ::"m"(none));
}

static void table_walk(void)
{
	/* The next access looks for its translation where there is no memory. */
	__asm__ volatile("mov %0, %%cr3" ::"r"(HOLE) : "memory");
}

static void execute_hole(void)
{
	void (*fn)(void) = (void (*)(void))HOLE;

	fn();
}

static void use_page_given_up(void)
{
	page[0] = 1;
	if (memory_give_up((uintptr_t)page) == 1)
		*(volatile uint8_t *)page = 2;
}

/* A shared page may be written, but not executed. */
static void execute_shared(void)
{
	void (*fn)(void) = (void (*)(void))(uintptr_t)&rt_shared;

	fn();
}

/* For ever, unless the hypervisor comes back by itself. */
static void spin(void)
{
	rt_printf("spins\n");
	__asm__ volatile("cli; 1: jmp 1b");
}

void rt_main(void)
{
	const char *how = rt_command_line();

	if (is_same(how, "triple"))
		triple_fault();
	else if (is_same(how, "read"))
		(void)*(volatile uint64_t *)HOLE;
	else if (is_same(how, "write"))
		*(volatile uint64_t *)HOLE = 1;
	else if (is_same(how, "exec"))
		execute_hole();
	else if (is_same(how, "walk"))
		table_walk();
	else if (is_same(how, "given-up"))
		use_page_given_up();
	else if (is_same(how, "exec-shared"))
		execute_shared();
	else if (is_same(how, "spin"))
		spin();
	rt_printf("survived %s\n", how);
}
