// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * console_io: what domains write through hv. Lines are collected per domain, so that those of two
 * writers do not mix. The control domain may write what it likes; a guest gets a budget of bytes
 * per second, or it would push everything else out of the log.
 */
#include "console_io.h"

#include <hv/clock.h>
#include <hv/console.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>

#include "hypercall.h"
#include "policy.h"

#define CHUNK		  128u
#define GUEST_BYTES_PER_S 2048u

/* Bytes that d may still log now, 'want' at most; abi lock. */
static uint32_t take_budget(struct abi_domain *a, uint32_t want)
{
	uint64_t now = clock_ns();

	if (now >= a->console.refill_ns) {
		a->console.refill_ns = now + NSEC_PER_SEC;
		a->console.budget = GUEST_BYTES_PER_S;
		a->console.muted_said = false;
	}
	if (a->console.budget < want) {
		if (!a->console.muted_said)
			log_info("d%u: writes too much, the rest of this second is dropped\n",
				 a->domain->id);
		a->console.muted_said = true;
		return 0;
	}
	a->console.budget -= want;
	return want;
}

static void flush_line(struct domain *d, struct abi_domain *a)
{
	uint32_t n = a->console.used;

	a->console.used = 0;
	if (n == 0)
		return;
	if (domain_is_control(d))
		console_write(a->console.line, n);
	else if (take_budget(a, n))
		/* To the ring; a serial line is too slow to be lent to guests (loglvl=debug does). */
		log_debug("d%u: %.*s%s", d->id, (int)n, a->console.line,
			 a->console.line[n - 1] == '\n' ? "" : "\n");
}

/* A guest's text reaches terminals of people: nothing but text goes through. */
static bool is_printable(char ch)
{
	return (ch >= ' ' && ch <= '~') || ch == '\t' || ch == '\n';
}

void console_domain_write(struct domain *d, const char *bytes, size_t n)
{
	struct abi_domain *a = d->abi;
	size_t i;

	spin_lock(&a->lock);
	for (i = 0; i < n; i++) {
		if (!domain_is_control(d) && !is_printable(bytes[i]))
			continue;
		a->console.line[a->console.used++] = bytes[i];
		if (bytes[i] == '\n' || a->console.used == sizeof(a->console.line))
			flush_line(d, a);
	}
	/* A prompt has no end of line, and somebody waits for it. */
	if (domain_is_control(d))
		flush_line(d, a);
	spin_unlock(&a->lock);
}

static int64_t op_write(struct hypercall *c, uint32_t count, uint64_t buffer)
{
	char chunk[CHUNK];
	uint32_t done = 0, n, items = 0;

	while (done < count) {
		n = MIN(count - done, CHUNK);
		if (copy_from_guest(chunk, buffer + done, n))
			return -EFAULT;
		console_domain_write(c->d, chunk, n);
		done += n;
		if (++items >= HYPERCALL_BATCH && done < count) {
			c->args[1] = count - done;
			c->args[2] = buffer + done;
			return -ERESTART;
		}
	}
	return 0;
}

static int64_t op_read(struct hypercall *c, uint32_t count, uint64_t buffer)
{
	char chunk[CHUNK];
	size_t n;

	if (!policy_is_privileged(c->d))
		return -EPERM;
	n = console_input_read(chunk, MIN(count, CHUNK));
	if (n && copy_to_guest(buffer, chunk, n))
		return -EFAULT;
	return (int64_t)n;
}

int64_t hypercall_console_io(struct hypercall *c)
{
	switch ((uint32_t)c->args[0]) {
	case CONSOLEIO_write:
		return op_write(c, (uint32_t)c->args[1], c->args[2]);
	case CONSOLEIO_read:
		return op_read(c, (uint32_t)c->args[1], c->args[2]);
	default:
		return -ENOSYS;
	}
}

void guest_abi_debug_char(struct vcpu *v, char c)
{
	console_domain_write(v->domain, &c, 1);
}
