/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An architecture inside a test process, so that the very files of hv run under the sanitizers.
 * Machine memory is a mapping at FAKE_RAM, low enough that frame numbers stay small; time stands
 * still until the test moves it; interrupts to CPUs are counted, not delivered.
 */
#ifndef ARCH_FAKE_H
#define ARCH_FAKE_H

#include <hv/types.h>

#define FAKE_RAM 0x10000000ul
#define FAKE_MAX_CPUS 8u

/*
 * A new machine: 'ram_size' bytes of RAM at FAKE_RAM, nothing in it used, as boot_info tells;
 * cpus[] and nr_cpus set; the caller is CPU 0. frame_init() is left to the test.
 */
void fake_machine(uint64_t ram_size, unsigned int nr);
void fake_set_cpu(unsigned int id); /* this thread */

extern uint64_t fake_tsc; /* what arch_tsc() reads; 1 GHz */
extern unsigned int fake_tsc_multiplier_bits, fake_tsc_fraction_bits; /* 0: no scaling */
extern unsigned int fake_nr_panics;
/* Prints what hv logs. */
extern bool fake_verbose;

/* True if fn(arg) panics (or refuses to boot); control comes back here then. */
bool fake_panics(void (*fn)(void *arg), void *arg);

#endif
