/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vector-check PROCESSES ROUNDS: do a process's vector registers hold what it has put there, across
 * system calls and whatever else runs meanwhile? Each process has its own pattern in all sixteen, in
 * their upper halves too where there is AVX, gives the CPU away, and looks. Static, for kernels
 * without a C library. Says what it found in one line; status 0: nothing was lost.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPIN 20000l

struct registers {
	uint8_t r[16][32];
};

/* Loads, yields, spins past a tick now and then, stores: the compiler has no say in between. */
#define ALL_SIXTEEN(insn) ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n" insn "\n.endr\n"
#define THROUGH(mov, reg, in, out, spin)                                                           \
	({                                                                                         \
		long number = SYS_sched_yield, count = spin;                                       \
		__asm__ volatile(ALL_SIXTEEN(mov " 32*\\n(%[i]), %%" reg "\\n")                     \
				 "syscall\n"                                                       \
				 "1: dec %[n]; jns 1b\n"                                           \
				 ALL_SIXTEEN(mov " %%" reg "\\n, 32*\\n(%[o])")                     \
				 : "+a"(number), [n] "+r"(count)                                   \
				 : [i] "r"(in), [o] "r"(out)                                       \
				 : "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3",   \
				   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",        \
				   "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                   \
	})

static unsigned int rounds_lost(int has_avx, unsigned int seed, unsigned int rounds)
{
	struct registers in, out;
	unsigned int round, lost = 0, i, width = has_avx ? 32 : 16;

	for (round = 0; round < rounds; round++) {
		memset(&out, 0, sizeof(out));
		for (i = 0; i < sizeof(in); i++) {
			seed = seed * 1664525u + 1013904223u;
			((uint8_t *)&in)[i] = (uint8_t)(seed >> 24);
		}
		if (has_avx)
			THROUGH("vmovdqu", "ymm", &in, &out, round % 8 ? 0 : SPIN);
		else
			THROUGH("movdqu", "xmm", &in, &out, round % 8 ? 0 : SPIN);
		for (i = 0; i < 16; i++) {
			if (memcmp(in.r[i], out.r[i], width)) {
				lost++;
				break;
			}
		}
	}
	return lost;
}

int main(int argc, char **argv)
{
	int nr = argc > 1 ? atoi(argv[1]) : 4, rounds = argc > 2 ? atoi(argv[2]) : 200, i;
	int has_avx = __builtin_cpu_supports("avx"), status, bad = 0;

	for (i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (!pid)
			_exit(rounds_lost(has_avx, 1u + (unsigned int)i * 7919u, (unsigned int)rounds) ? 1 : 0);
	}
	for (i = 0; i < nr; i++) {
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			bad++;
	}
	printf("vectors %s, %s, %d processes, %d rounds\n", bad ? "LOST" : "kept", has_avx ? "AVX" : "SSE",
	       nr, rounds);
	return bad != 0;
}
