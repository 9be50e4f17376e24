/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port I/O that exits. The control domain reaches the machine's ports itself, but for those of the
 * serial line that hv uses. A guest has no devices: reads give ones, writes are dropped, with these
 * exceptions:
 *   0x40-0x43, 0x61  zeros, or Linux polls a timer that is not there 50,000 times
 *   0x64             the keyboard controller's reset pulse (command 0xfe)
 *   0xe9             a debug console
 *   0x600-0x602      the ACPI registers that hvd's tables name: power-off and reset
 */
#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/domain.h>
#include <hv/guest_abi.h>
#include <hv/vcpu.h>

#define PORT_KEYBOARD 0x64
#define KEYBOARD_RESET 0xfe
#define PORT_DEBUG 0xe9
#define PORT_SLEEP_CONTROL 0x600 /* ACPI 6.4, 4.8.3.7: SLP_EN is bit 5 */
#define SLEEP_ENABLE BIT(5)
#define PORT_SLEEP_STATUS 0x601
#define PORT_RESET 0x602
#define RESET_VALUE 1

static uint32_t read_port(uint16_t port)
{
	switch (port) {
	case 0x40 ... 0x43:
	case 0x61:
	case PORT_SLEEP_CONTROL ... PORT_RESET:
		return 0;
	}
	return ~0u;
}

static void write_port(struct vcpu *v, uint16_t port, uint8_t value)
{
	switch (port) {
	case PORT_DEBUG:
		guest_abi_debug_char(v, (char)value);
		break;
	case PORT_KEYBOARD:
		if (value == KEYBOARD_RESET)
			domain_shutdown(v->domain, SHUTDOWN_REASON_REBOOT);
		break;
	case PORT_SLEEP_CONTROL:
		if (value & SLEEP_ENABLE)
			domain_shutdown(v->domain, SHUTDOWN_REASON_POWEROFF);
		break;
	case PORT_RESET:
		if (value == RESET_VALUE)
			domain_shutdown(v->domain, SHUTDOWN_REASON_REBOOT);
		break;
	}
}

void exit_io(struct vcpu *v, struct vm_exit *x)
{
	struct guest_regs *r = &v->arch.regs;
	uint64_t mask = x->io.size == 4 ? 0xffffffff : x->io.size == 2 ? 0xffff : 0xff;

	if (x->io.string) {
		/* INS and OUTS would need the guest's memory through its segments: refused. */
		virt->inject(v, INJECT_EXCEPTION, EXC_GP, true, 0);
		return;
	}
	if (x->io.in) {
		uint32_t value = domain_is_control(v->domain) ? ~0u : read_port(x->io.port);

		/* A 32-bit result clears the upper half; smaller ones leave the rest alone. */
		r->rax = x->io.size == 4 ? value : (r->rax & ~mask) | (value & mask);
	} else if (!domain_is_control(v->domain)) {
		write_port(v, x->io.port, (uint8_t)r->rax);
	}
	r->rip = x->next_rip;
	virt->clear_shadow(v);
}
