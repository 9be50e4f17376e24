/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backtraces. The table of functions is made from the image itself by symbols.awk and linked in
 * the second time (local.mk); in the first link it is empty.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>

#include <arch/backtrace.h>
#include <arch/boot.h>

#define MAX_DEPTH 24u

struct symbol {
	uint32_t address, name; /* offset into symbol_names */
};

extern const uint32_t nr_symbols;
extern const struct symbol symbols[]; /* by address */
extern const char symbol_names[];

static const struct symbol *find_symbol(uint64_t address)
{
	uint32_t low = 0, high = nr_symbols, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbols[low - 1] : NULL;
}

static bool is_text(uint64_t address)
{
	return address >= (uintptr_t)image_start && address < (uintptr_t)image_text_end;
}

static void print_place(uint64_t address)
{
	const struct symbol *s = is_text(address) ? find_symbol(address) : NULL;

	if (s)
		log_error("  %lx %s+0x%lx\n", address, symbol_names + s->name,
			  address - s->address);
	else
		log_error("  %lx\n", address);
}

void backtrace_from(uint64_t rip, uint64_t rbp)
{
	uintptr_t base = arch_stack_pointer() & ~(CPU_STACK_SIZE - 1);
	const uint64_t *frame;
	unsigned int depth;

	log_error("backtrace:\n");
	print_place(rip);
	for (depth = 0; depth < MAX_DEPTH; depth++) {
		/* A broken chain must not break the report. */
		if (rbp < base + sizeof(struct cpu) || rbp > base + CPU_STACK_SIZE - 16 || rbp & 7)
			break;
		frame = (const uint64_t *)rbp;
		if (!frame[1])
			break;
		print_place(frame[1]);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

void arch_backtrace(void)
{
	const uint64_t *frame = __builtin_frame_address(0);

	backtrace_from((uintptr_t)__builtin_return_address(0), frame[0]);
}
