// SPDX-License-Identifier: GPL-2.0-or-later
/* platform_op: what the control domain may ask of, or tell about, the machine. */
#include <hv/boot.h>
#include <hv/clock.h>
#include <hv/compiler.h>
#include <hv/cpu.h>
#include <hv/errno.h>
#include <hv/string.h>

#include <xen/platform.h>

#include "hypercall.h"
#include "shared_info.h"

/* All domains see the new wall clock: their shared info pages are written one by one. */
static void show_wall_clock_to_all(void)
{
	struct domain *d;
	domid_t id = 0;

	while ((d = domain_get_next(id))) {
		if (d->abi && d->state != DOMAIN_DYING)
			shared_info_show_wall_clock(d);
		id = (domid_t)(d->id + 1);
		domain_put(d);
		if (id >= DOMID_LIMIT)
			break;
	}
}

/* UTC was secs.nsecs at 'system_time': what was it at 0? */
static int set_time(uint64_t secs, uint32_t nsecs, uint64_t system_time)
{
	uint64_t before_s = system_time / NSEC_PER_SEC;
	uint64_t before_ns = system_time % NSEC_PER_SEC;

	if (nsecs >= NSEC_PER_SEC || secs <= before_s)
		return -EINVAL;
	secs -= before_s;
	if (nsecs < before_ns) {
		secs--;
		nsecs = (uint32_t)(nsecs + NSEC_PER_SEC);
	}
	nsecs = (uint32_t)(nsecs - before_ns);
	clock_set_wall_base(secs, nsecs);
	show_wall_clock_to_all();
	return 0;
}

/* The kernel lists CPUs under /sys/devices/system/xen_cpu; their number is ours. */
static int get_cpuinfo(struct hypercall *c, struct xen_platform_op *op)
{
	struct xenpf_pcpuinfo *info = &op->u.pcpu_info;

	info->max_present = nr_cpus - 1;
	info->flags = XEN_PCPU_FLAGS_INVALID;
	info->apic_id = info->acpi_id = ~0u;
	if (info->xen_cpuid < nr_cpus) {
		const struct cpu *cpu = cpus[index_nospec(info->xen_cpuid, nr_cpus)];

		info->flags = cpu->online ? XEN_PCPU_FLAGS_ONLINE : 0;
		info->apic_id = cpu->apic_id;
		info->acpi_id = cpu->id;
	}
	return copy_to_guest(c->args[0] + offsetof(struct xen_platform_op, u), info, sizeof(*info));
}

/* Younger than the headers that we build with. */
#define PLATFORM_GET_DOM0_CONSOLE 64u

#define SCREEN_TEXT	 2u /* multiboot2's framebuffer_type */
#define TEXT_ROWS	 25u
#define TEXT_COLUMNS	 80u
#define TEXT_FONT_HEIGHT 16u

/* The screen that the boot loader left behind: the control domain's from now on. Its size; 0: none.
 */
static int64_t get_console(struct hypercall *c)
{
	const struct boot_framebuffer *f = &boot_info.framebuffer;
	struct dom0_vga_console_info info;

	memset(&info, 0, sizeof(info));
	if (!f->address)
		return 0;
	if (f->type == SCREEN_TEXT) {
		info.video_type = XEN_VGATYPE_TEXT_MODE_3;
		info.u.text_mode_3.font_height = TEXT_FONT_HEIGHT;
		info.u.text_mode_3.rows = TEXT_ROWS;
		info.u.text_mode_3.columns = TEXT_COLUMNS;
		info.u.text_mode_3.cursor_y = TEXT_ROWS - 1;
	} else {
		info.video_type = boot_info.efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
		info.u.vesa_lfb.width = (uint16_t)f->width;
		info.u.vesa_lfb.height = (uint16_t)f->height;
		info.u.vesa_lfb.bytes_per_line = (uint16_t)f->pitch;
		info.u.vesa_lfb.bits_per_pixel = f->bpp;
		info.u.vesa_lfb.lfb_base = (uint32_t)f->address;
		info.u.vesa_lfb.ext_lfb_base = (uint32_t)(f->address >> 32);
		info.u.vesa_lfb.lfb_size = DIV_ROUND_UP(f->pitch * f->height, 65536u);
		info.u.vesa_lfb.red_pos = f->red_pos;
		info.u.vesa_lfb.red_size = f->red_size;
		info.u.vesa_lfb.green_pos = f->green_pos;
		info.u.vesa_lfb.green_size = f->green_size;
		info.u.vesa_lfb.blue_pos = f->blue_pos;
		info.u.vesa_lfb.blue_size = f->blue_size;
	}
	if (copy_to_guest(c->args[0] + offsetof(struct xen_platform_op, u), &info, sizeof(info)))
		return -EFAULT;
	return sizeof(info);
}

int64_t hypercall_platform_op(struct hypercall *c)
{
	struct xen_platform_op op;

	/* Not the whole union: it is as long as its longest member. */
	if (copy_from_guest(&op, c->args[0],
			    offsetof(struct xen_platform_op, u) + sizeof(op.u.settime64)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	switch (op.cmd) {
	case XENPF_settime32:
		return set_time(op.u.settime32.secs, op.u.settime32.nsecs,
				op.u.settime32.system_time);
	case XENPF_settime64:
		if (op.u.settime64.mbz)
			return -EINVAL;
		return set_time(op.u.settime64.secs, op.u.settime64.nsecs,
				op.u.settime64.system_time);
	case XENPF_get_cpuinfo:
		return get_cpuinfo(c, &op);
	case PLATFORM_GET_DOM0_CONSOLE:
		return get_console(c);
	default:
		return -ENOSYS;
	}
}
