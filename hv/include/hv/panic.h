/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end. panic() is for broken hardware and broken invariants of ours, never for anything that
 * a guest can cause (that is domain_crash). It stops the other CPUs, prints CPU state, a backtrace
 * with symbols and the last events, and halts or restarts the host (noreboot).
 */
#ifndef HV_PANIC_H
#define HV_PANIC_H

#include <hv/compiler.h>
#include <hv/types.h>

noreturn void panic(const char *fmt, ...) __printf(1, 2);

/* On the way to its end: an NMI then means 'stop'. */
bool panic_is_under_way(void);

/* Refuses to boot: the reason for people, no backtrace, halt. */
noreturn void boot_refuse(const char *fmt, ...) __printf(1, 2);

/* What we promised ourselves. Kept in release builds: it is cheap where it stands. */
#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			panic("%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #cond);         \
	} while (0)

/* Stops or restarts the machine; by Xen's names: noreboot on the command line keeps it halted. */
noreturn void host_restart(void);
noreturn void host_halt(void);

#endif
