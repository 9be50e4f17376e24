/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start, hypercalls, events and time of the runtime (see rt.h). */
#include "rt.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "console.h"
#include "str.h"
#include "trap.h"

static const struct hvm_start_info *start_info;
static uint8_t hypercall_page[4096] __attribute__((aligned(4096)));
struct shared_info rt_shared __attribute__((aligned(4096)));
static rt_event_fn handlers[RT_NR_PORTS];
void (*rt_upcall)(void);
static volatile uint64_t nr_events;

long rt_hypercall(unsigned int number, uint64_t a, uint64_t b, uint64_t c)
{
	long ret;

	__asm__ volatile("call *%5"
			 : "=a"(ret), "+D"(a), "+S"(b), "+d"(c)
			 : "a"(0), "r"(hypercall_page + 32 * number)
			 : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
	return ret;
}

long rt_hypercall5(unsigned int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("call *%7"
			 : "=a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
			 : "a"(0), "r"(hypercall_page + 32 * number)
			 : "rcx", "r9", "r11", "memory", "cc");
	return ret;
}

uint64_t rt_hvm_param(uint32_t index)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

	if (rt_hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (uintptr_t)&p, 0))
		return 0;
	return p.value;
}

_Noreturn void rt_power_off(void)
{
	struct sched_shutdown s = { .reason = SHUTDOWN_poweroff };

	console_flush();
	for (;;)
		rt_hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&s, 0);
}

const char *rt_command_line(void)
{
	return start_info->cmdline_paddr ? (const char *)(uintptr_t)start_info->cmdline_paddr : "";
}

static void find_hypercalls(void)
{
	uint32_t base, r[4];

	for (base = XEN_CPUID_FIRST_LEAF; base < XEN_CPUID_FIRST_LEAF + 0x10000; base += 0x100) {
		rt_cpuid(base, r);
		if (r[1] == XEN_CPUID_SIGNATURE_EBX && r[2] == XEN_CPUID_SIGNATURE_ECX &&
		    r[3] == XEN_CPUID_SIGNATURE_EDX)
			break;
	}
	rt_cpuid(base + 2, r);
	rt_wrmsr(r[1], (uintptr_t)hypercall_page);
}

static void handle_word(unsigned int word)
{
	uint64_t pending = __atomic_load_n(&rt_shared.evtchn_pending[word], __ATOMIC_SEQ_CST) &
			   ~rt_shared.evtchn_mask[word];

	while (pending) {
		unsigned int bit = (unsigned int)__builtin_ctzll(pending), port = word * 64 + bit;

		pending &= pending - 1;
		__atomic_fetch_and(&rt_shared.evtchn_pending[word], ~(1ul << bit), __ATOMIC_SEQ_CST);
		nr_events++;
		if (handlers[port])
			handlers[port](port);
	}
}

static void handle_two_level(void)
{
	struct vcpu_info *vi = &rt_shared.vcpu_info[rt_cpu_id()];
	uint64_t words;

	vi->evtchn_upcall_pending = 0;
	while ((words = __atomic_exchange_n(&vi->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST)))
		for (; words; words &= words - 1)
			if ((unsigned int)__builtin_ctzll(words) < RT_NR_PORTS / 64)
				handle_word((unsigned int)__builtin_ctzll(words));
}

void rt_handle_events(void)
{
	if (rt_upcall)
		rt_upcall();
	else
		handle_two_level();
}

static void on_upcall(struct rt_frame *f)
{
	(void)f;
	rt_handle_events();
}

static void set_up_events(void)
{
	unsigned int i;
	struct xen_add_to_physmap map = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = (uintptr_t)&rt_shared >> 12,
	};
	struct xen_hvm_param param = {
		.domid = DOMID_SELF,
		.index = HVM_PARAM_CALLBACK_IRQ,
		.value = 2ull << 56 | RT_UPCALL_VECTOR,
	};

	rt_irq_bind(RT_UPCALL_VECTOR, on_upcall);
	rt_hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&map, 0);
	for (i = 0; i < sizeof(rt_shared.evtchn_mask) / sizeof(rt_shared.evtchn_mask[0]); i++)
		rt_shared.evtchn_mask[i] = ~0ul;
	rt_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&param, 0);
}

void rt_event_bind(evtchn_port_t port, rt_event_fn fn)
{
	struct evtchn_unmask op = { .port = port };

	if (port >= RT_NR_PORTS)
		return;
	handlers[port] = fn;
	/* Not by hand: one that was raised while it was masked would never be raised again. */
	rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, (uintptr_t)&op, 0);
}

int rt_event_send(evtchn_port_t port)
{
	struct evtchn_send s = { .port = port };

	return (int)rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uintptr_t)&s, 0);
}

int rt_event_bind_ipi(rt_event_fn fn, evtchn_port_t *ret_port)
{
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	int err = (int)rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (uintptr_t)&b,
				    0);

	if (err)
		return err;
	rt_event_bind(b.port, fn);
	*ret_port = b.port;
	return 0;
}

void rt_wait(void)
{
	uint64_t seen = nr_events;

	while (nr_events == seen)
		__asm__ volatile("sti; hlt; cli" ::: "memory");
}

/* ---- time ---- */

uint64_t rt_ns(void)
{
	const volatile struct vcpu_time_info *t = &rt_shared.vcpu_info[rt_cpu_id()].time;
	uint64_t delta, ns;
	uint32_t version;

	do {
		version = t->version;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		delta = rt_tsc() - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
		ns = t->system_time +
		     (uint64_t)(((unsigned __int128)delta * t->tsc_to_system_mul) >> 32);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	} while ((version & 1) || version != t->version);
	return ns;
}

void rt_delay_ns(uint64_t ns)
{
	uint64_t until = rt_ns() + ns;

	while (rt_ns() < until)
		rt_pause();
}

bool rt_wait_for(volatile uint32_t *flag, uint32_t n)
{
	uint64_t until = rt_ns() + 30000000000ull;

	while (*flag < n && rt_ns() < until) {
		rt_irq_enable();
		rt_pause();
	}
	return *flag >= n;
}

void rt_start(const struct hvm_start_info *info)
{
	start_info = info;
	find_hypercalls();
	trap_init();
	set_up_events();
	console_init();
	rt_main();
}

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n)::"memory");
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return dst;
}
