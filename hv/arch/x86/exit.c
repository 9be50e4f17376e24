/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an exit means: one handler per neutral reason. No instruction is emulated beyond those that
 * exit by themselves; whatever would need decoding is refused to the guest.
 */
#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/guest_abi.h>
#include <hv/physmap.h>
#include <hv/vcpu.h>

static void skip_instruction(struct vcpu *v, const struct vm_exit *x)
{
	v->arch.regs.rip = x->next_rip;
	virt->clear_shadow(v);
}

static void inject_gp(struct vcpu *v)
{
	virt->inject(v, INJECT_EXCEPTION, EXC_GP, true, 0);
}

static void on_interrupt(struct vcpu *v, struct vm_exit *x)
{
	(void)v;
	(void)x;
	arch_take_interrupts();
}

/* All is done, or the next round of arch_vcpu_run does it. */
static void on_nothing(struct vcpu *v, struct vm_exit *x)
{
	(void)v;
	(void)x;
}

static void on_cpuid(struct vcpu *v, struct vm_exit *x)
{
	exit_cpuid(v);
	skip_instruction(v, x);
}

/*
 * HLT with interrupts disabled means "this CPU is off". When all are, so is the guest: that is how
 * a kernel without any power-off method ends.
 */
static void check_all_dead(struct domain *d)
{
	uint32_t i;

	for (i = 0; i < d->nr_vcpus; i++)
		if (vcpu_is_online(d->vcpus[i]) && !READ_ONCE(d->vcpus[i]->arch.dead))
			return;
	domain_shutdown(d, SHUTDOWN_REASON_POWEROFF);
}

static void on_hlt(struct vcpu *v, struct vm_exit *x)
{
	skip_instruction(v, x);
	if (arch_vcpu_has_pending(v))
		return;
	v->arch.halted = true;
	if (!(v->arch.regs.rflags & RFLAGS_IF)) {
		WRITE_ONCE(v->arch.dead, true);
		smp_mb(); /* of two that die at the same time, one sees the other */
		check_all_dead(v->domain);
	}
	vcpu_block(v);
}

/*
 * What a guest probes for is good to know, but a guest may do nothing else: a few lines a domain,
 * or they push everything else out of the log.
 */
#define REFUSALS_LOGGED 64u

static bool may_log_refusal(struct domain *d)
{
	if (READ_ONCE(d->arch.nr_refusals) >= REFUSALS_LOGGED)
		return false;
	return __atomic_fetch_add(&d->arch.nr_refusals, 1, __ATOMIC_RELAXED) < REFUSALS_LOGGED;
}

static void on_msr_read(struct vcpu *v, struct vm_exit *x)
{
	struct guest_regs *r = &v->arch.regs;
	uint64_t value;

	if (exit_read_msr(v, (uint32_t)r->rcx, &value)) {
		if (may_log_refusal(v->domain))
			log_debug("d%uv%u: read of MSR 0x%x refused\n", v->domain->id, v->id,
				  (uint32_t)r->rcx);
		inject_gp(v);
		return;
	}
	r->rax = (uint32_t)value;
	r->rdx = value >> 32;
	skip_instruction(v, x);
}

static void on_msr_write(struct vcpu *v, struct vm_exit *x)
{
	struct guest_regs *r = &v->arch.regs;
	uint64_t value = (r->rdx & 0xffffffff) << 32 | (r->rax & 0xffffffff);

	if (exit_write_msr(v, (uint32_t)r->rcx, value)) {
		if (may_log_refusal(v->domain))
			log_debug("d%uv%u: write of 0x%lx to MSR 0x%x refused\n", v->domain->id,
				  v->id, value, (uint32_t)r->rcx);
		inject_gp(v);
		return;
	}
	skip_instruction(v, x);
}

static void on_io(struct vcpu *v, struct vm_exit *x)
{
	exit_io(v, x);
}

static void on_hypercall(struct vcpu *v, struct vm_exit *x)
{
	(void)x;
	guest_abi_hypercall(v);
	virt->clear_shadow(v);
}

/*
 * Device memory and firmware tables of the control domain are mapped when first touched: what the
 * memory map does not know as RAM. hv's RAM and other domains' is never reached this way.
 */
static bool is_device_frame(mfn_t mfn)
{
	return frame_type(mfn) == FRAME_NONE && mfn.n != acpi_info.lapic_address >> PAGE_SHIFT;
}

static int map_device(struct domain *d, gfn_t gfn)
{
	uint64_t i, size = 1ull << FRAME_ORDER_2M;
	gfn_t start = gfn_from(gfn.n & ~(size - 1));
	int err;

	if (!is_device_frame(mfn_from(gfn.n)))
		return -EACCES;
	for (i = 0; i < size && is_device_frame(mfn_from(start.n + i)); i++)
		;
	spin_lock(&d->physmap_lock);
	err = -EEXIST;
	if (i == size)
		err = physmap_map(d, start, mfn_from(start.n), FRAME_ORDER_2M, PHYSMAP_DEVICE,
				  PHYSMAP_RWX);
	if (err)
		err = physmap_map(d, gfn, mfn_from(gfn.n), 0, PHYSMAP_DEVICE, PHYSMAP_RWX);
	spin_unlock(&d->physmap_lock);
	/* Another vCPU touched it at the same time: that is fine too. */
	return err == -EEXIST ? 0 : err;
}

static bool access_is_allowed_now(struct domain *d, const struct vm_exit *x)
{
	struct physmap_entry e;
	unsigned int want = PHYSMAP_READ;

	if (!physmap_lookup(d, gpa_to_gfn(x->fault.gpa), &e))
		return false;
	if (x->fault.write)
		want |= PHYSMAP_WRITE;
	if (x->fault.exec)
		want |= PHYSMAP_EXEC;
	return (e.access & want) == want;
}

static void on_nested_fault(struct vcpu *v, struct vm_exit *x)
{
	struct domain *d = v->domain;
	const char *what = x->fault.exec ? "executed at" : x->fault.write ? "wrote to" : "read";

	/* The mapping may have come while we were on the way here. */
	if (access_is_allowed_now(d, x))
		return;
	if (domain_is_control(d)) {
		struct physmap_entry e;

		if (!physmap_lookup(d, gpa_to_gfn(x->fault.gpa), &e) &&
		    !map_device(d, gpa_to_gfn(x->fault.gpa)))
			return;
		/* A mistake of one of its programs must not take the host down. */
		if (may_log_refusal(d))
			log_warning("d0v%u: %s guest-physical 0x%lx, which it may not, rip 0x%lx\n",
				    v->id, what, x->fault.gpa, v->arch.regs.rip);
		if (!x->fault.table_walk) {
			inject_gp(v);
			return;
		}
	}
	domain_crash(d,
		     "vCPU %u %s guest-physical address 0x%lx, where it has no memory%s, rip 0x%lx",
		     v->id, what, x->fault.gpa, x->fault.present ? " with that right" : "",
		     v->arch.regs.rip);
}

static void on_xsetbv(struct vcpu *v, struct vm_exit *x)
{
	struct guest_regs *r = &v->arch.regs;
	uint64_t value = (r->rdx & 0xffffffff) << 32 | (r->rax & 0xffffffff);

	if (virt->get_cpl(v) || (uint32_t)r->rcx || fpu_set_xcr0(v, value)) {
		inject_gp(v);
		return;
	}
	skip_instruction(v, x);
}

/* A guest without devices has nothing that its caches would have to be written back for. */
static void on_cache(struct vcpu *v, struct vm_exit *x)
{
	if (domain_is_control(v->domain))
		__asm__ volatile("wbinvd" ::: "memory");
	skip_instruction(v, x);
}

static void on_apic(struct vcpu *v, struct vm_exit *x)
{
	vlapic_was_written(v, x->apic.msr, x->apic.vector);
}

static void on_exception(struct vcpu *v, struct vm_exit *x)
{
	virt->inject(v, INJECT_EXCEPTION, x->exception.vector, x->exception.has_error,
		     x->exception.error);
}

static void on_triple_fault(struct vcpu *v, struct vm_exit *x)
{
	(void)x;
	domain_crash(v->domain, "vCPU %u: triple fault, rip 0x%lx cr2 0x%lx", v->id,
		     v->arch.regs.rip, virt->get_cr2(v));
}

static void on_undefined(struct vcpu *v, struct vm_exit *x)
{
	(void)x;
	virt->inject(v, INJECT_EXCEPTION, EXC_UD, false, 0);
}

static void on_privileged(struct vcpu *v, struct vm_exit *x)
{
	(void)x;
	inject_gp(v);
}

static void on_invalid(struct vcpu *v, struct vm_exit *x)
{
	domain_crash(v->domain, "vCPU %u is in a state that the CPU refuses: %s, rip 0x%lx", v->id,
		     x->text, v->arch.regs.rip);
}

static void on_unknown(struct vcpu *v, struct vm_exit *x)
{
	domain_crash(v->domain, "vCPU %u: exit 0x%lx that hv does not handle, rip 0x%lx", v->id,
		     x->code, v->arch.regs.rip);
}

static void (*const handlers[NR_EXIT_REASONS])(struct vcpu *v, struct vm_exit *x) = {
	[EXIT_INTERRUPT] = on_interrupt,
	[EXIT_WINDOW] = on_nothing,
	[EXIT_CPUID] = on_cpuid,
	[EXIT_HLT] = on_hlt,
	[EXIT_MSR_READ] = on_msr_read,
	[EXIT_MSR_WRITE] = on_msr_write,
	[EXIT_IO] = on_io,
	[EXIT_HYPERCALL] = on_hypercall,
	[EXIT_NESTED_FAULT] = on_nested_fault,
	[EXIT_XSETBV] = on_xsetbv,
	[EXIT_CACHE] = on_cache,
	[EXIT_CONTROL_REGISTER] = on_nothing,
	[EXIT_APIC] = on_apic,
	[EXIT_LOG_FULL] = on_nothing,
	[EXIT_EXCEPTION] = on_exception,
	[EXIT_TRIPLE_FAULT] = on_triple_fault,
	[EXIT_UNDEFINED] = on_undefined,
	[EXIT_PRIVILEGED] = on_privileged,
	[EXIT_INVALID] = on_invalid,
	[EXIT_UNKNOWN] = on_unknown,
};

void exit_handle(struct vcpu *v, struct vm_exit *x)
{
	handlers[x->reason](v, x);
}
