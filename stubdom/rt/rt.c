/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start, hypercalls, interrupts and events of the runtime (see rt.h). */
#include "rt.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "console.h"

#define UPCALL_VECTOR 0xf3u
#define NR_PORTS 64u

static const struct hvm_start_info *start_info;
static uint8_t hypercall_page[4096] __attribute__((aligned(4096)));
static struct shared_info shared __attribute__((aligned(4096)));
static rt_event_fn handlers[NR_PORTS];
static volatile uint64_t nr_events;
extern uint8_t rt_vectors[];

struct gate {
	uint16_t offset_low, selector, flags, offset_mid;
	uint32_t offset_high, zero;
};
static struct gate idt[256] __attribute__((aligned(16)));

long rt_hypercall(unsigned int number, uint64_t a, uint64_t b, uint64_t c)
{
	long ret;

	__asm__ volatile("call *%5"
			 : "=a"(ret), "+D"(a), "+S"(b), "+d"(c)
			 : "a"(0), "r"(hypercall_page + 32 * number)
			 : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
	return ret;
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

static void load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uintptr_t)idt };
	unsigned int i;

	for (i = 0; i < 256; i++) {
		uintptr_t entry = (uintptr_t)(rt_vectors + 16 * i);

		idt[i] = (struct gate){ (uint16_t)entry, 8, 0x8e00, (uint16_t)(entry >> 16),
					(uint32_t)(entry >> 32), 0 };
	}
	__asm__ volatile("lidt %0" ::"m"(pointer));
}

static void handle_events(void)
{
	struct vcpu_info *vi = &shared.vcpu_info[0];

	vi->evtchn_upcall_pending = 0;
	while (__atomic_exchange_n(&vi->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST)) {
		uint64_t pending = __atomic_load_n(&shared.evtchn_pending[0], __ATOMIC_SEQ_CST) &
				   ~shared.evtchn_mask[0];

		while (pending) {
			unsigned int port = (unsigned int)__builtin_ctzll(pending);

			pending &= pending - 1;
			__atomic_fetch_and(&shared.evtchn_pending[0], ~(1ul << port),
					   __ATOMIC_SEQ_CST);
			nr_events++;
			if (handlers[port])
				handlers[port](port);
		}
	}
}

void rt_interrupt(uint64_t vector, uint64_t error, uint64_t rip)
{
	if (vector == UPCALL_VECTOR) {
		handle_events();
		return;
	}
	rt_printf("unexpected exception %lu, error 0x%lx, rip 0x%lx\n", vector, error, rip);
	rt_power_off();
}

static void set_up_events(void)
{
	struct xen_add_to_physmap map = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = (uintptr_t)&shared >> 12,
	};
	struct xen_hvm_param param = {
		.domid = DOMID_SELF,
		.index = HVM_PARAM_CALLBACK_IRQ,
		.value = 2ull << 56 | UPCALL_VECTOR,
	};

	rt_hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&map, 0);
	rt_hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&param, 0);
}

void rt_event_bind(evtchn_port_t port, rt_event_fn fn)
{
	struct evtchn_unmask u = { .port = port };

	if (port >= NR_PORTS)
		return;
	handlers[port] = fn;
	/* Not by hand: one that was raised while it was masked would never be raised again. */
	rt_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, (uintptr_t)&u, 0);
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

void rt_start(const struct hvm_start_info *info)
{
	start_info = info;
	find_hypercalls();
	load_idt();
	set_up_events();
	console_init();
	rt_main();
}

/* The compiler calls these by itself. */
void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);

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
