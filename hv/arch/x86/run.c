/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU on its CPU: made, loaded, given what waits for it, entered.
 */
#include <arch/exit.h>
#include <arch/virt.h>
#include <arch/vlapic.h>
#include <arch/x86.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/guest_abi.h>
#include <hv/panic.h>
#include <hv/stats.h>
#include <hv/trace.h>
#include <hv/vcpu.h>

const struct virt_ops *virt;

void arch_virt_init(void)
{
	static const struct virt_ops *const backends[] = { &svm_ops, &vmx_ops };
	const char *why = "this CPU has neither AMD-V (SVM) nor VT-x (VMX), or the "
			  "firmware hides it";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(backends); i++) {
		if (!backends[i]->is_ours())
			continue;
		why = backends[i]->why_not();
		if (!why) {
			virt = backends[i];
			log_info("virtualisation: %s, nested paging, physical address width %u\n",
				 virt->name, arch_physmap_address_bits());
			arch_virt_cpu_init();
			return;
		}
	}
	boot_refuse("hv cannot run on this host: %s\n", why);
}

void arch_virt_cpu_init(void)
{
	fpu_cpu_init();
	if (virt->cpu_enable())
		panic("CPU %u: virtualisation cannot be turned on\n", this_cpu()->id);
}

const char *arch_virt_name(void)
{
	return virt->name;
}

unsigned int arch_tsc_multiplier_bits(unsigned int *ret_fraction_bits)
{
	return virt->tsc_multiplier_bits(ret_fraction_bits);
}

int arch_domain_init(struct domain *d)
{
	return virt->domain_create(d);
}

void arch_domain_fini(struct domain *d)
{
	(void)d;
}

int arch_vcpu_init(struct vcpu *v)
{
	/*
	 * The control domain's vCPU n answers to the id of physical CPU n: its interrupts come
	 * from real I/O APICs and MSIs. Others are simply numbered.
	 */
	uint32_t apic_id = domain_is_control(v->domain) ? cpus[v->id]->apic_id : v->id;
	int err;

	err = fpu_init(v);
	if (err)
		return err;
	err = vlapic_init(v, apic_id);
	if (err)
		goto undo_fpu;
	err = virt->vcpu_create(v);
	if (err)
		goto undo_apic;
	v->arch.init_state = v->id ? VCPU_WAIT_SIPI : VCPU_INIT_NONE;
	return 0;

undo_apic:
	vlapic_fini(v);
undo_fpu:
	fpu_fini(v);
	return err;
}

void arch_vcpu_fini(struct vcpu *v)
{
	virt->vcpu_destroy(v);
	vlapic_fini(v);
	fpu_fini(v);
}

void arch_vcpu_set_entry(struct vcpu *v, uint64_t entry, uint64_t start_info)
{
	virt->set_pvh_entry(v, entry, start_info);
}

void arch_vcpu_load(struct vcpu *v)
{
	virt->load(v);
	fpu_load(v);
}

void arch_vcpu_save(struct vcpu *v)
{
	fpu_save(v);
	virt->save(v);
}

bool arch_vcpu_is_kernel(const struct vcpu *v)
{
	struct vcpu *mutable_v = (struct vcpu *)(uintptr_t)v;

	return virt->get_cpl(mutable_v) == 0 && !(v->arch.regs.rflags & RFLAGS_VM);
}

bool arch_vcpu_is_64bit(const struct vcpu *v)
{
	return virt->is_64bit((struct vcpu *)(uintptr_t)v);
}

/* Would an interrupt end a HLT now? */
bool arch_vcpu_has_pending(struct vcpu *v)
{
	/* What the entry before last did not deliver goes with the next one. */
	if (READ_ONCE(v->arch.init_request) || virt->is_event_queued(v))
		return true;
	/* In its NMI handler it takes no other: halted there, it does not wake for one. */
	if (READ_ONCE(v->arch.nmi_pending) && virt->can_take_nmi(v))
		return true;
	if (!(v->arch.regs.rflags & RFLAGS_IF))
		return false;
	return guest_abi_upcall_vector(v) >= 0 || vlapic_pending_vector(v) >= 0;
}

/*
 * INIT and start-up IPIs, carried out by the target. false: v waits for its start and must not be
 * entered.
 */
static bool take_init(struct vcpu *v)
{
	uint32_t request = vlapic_take_init(v);

	if (request & INIT_REQUESTED) {
		virt->reset(v);
		vlapic_reset(v);
		fpu_reset(v);
		arch_vcpu_load(v);
		v->arch.halted = v->arch.dead = false;
		v->arch.nmi_pending = 0;
	}
	if (v->arch.init_state != VCPU_WAIT_SIPI)
		return true;
	if (request & STARTUP_REQUESTED) {
		virt->set_real_mode(v, (uint8_t)request);
		v->arch.init_state = VCPU_INIT_NONE;
		return true;
	}
	vcpu_set_online(v, false);
	/* A start-up that came since the request was taken saw us online: it counts. */
	if (READ_ONCE(v->arch.init_request) & STARTUP_REQUESTED)
		vcpu_set_online(v, true);
	return false;
}

static void inject_nmi(struct vcpu *v)
{
	if (virt->is_event_queued(v) || !virt->can_take_nmi(v))
		return;
	v->arch.nmi_pending = 0;
	virt->inject(v, INJECT_NMI, EXC_NMI, false, 0);
}

/*
 * The most urgent interrupt goes with the entry; the guest takes it when it can.
 *
 * One from the virtual APIC goes before the guest ABI's upcall: its handler ends with an EOI, an
 * exit at which the upcall is offered. The other way round nothing would bring us back. One that
 * the task priority holds back goes last. Where the CPU delivers the virtual APIC's by itself, the
 * upcall is all that is left to offer.
 */
static void offer_interrupt(struct vcpu *v)
{
	int vector = vlapic_pending_vector(v), upcall = -1;

	if (v->arch.lapic.by_hardware)
		vector = -1;
	if (vector < 0)
		upcall = guest_abi_upcall_vector(v);
	if (vector < 0 && upcall < 0 && virt->offers_held_back && !v->arch.lapic.by_hardware)
		vector = vlapic_held_back_vector(v);
	v->arch.offered_direct = vector < 0;
	if (vector < 0)
		vector = upcall;
	v->arch.offered = vector;
	virt->offer_interrupt(v, vector, v->arch.offered_direct);
}

/* After the exit: was the offer taken? If not, it is made anew. */
static void settle_offer(struct vcpu *v)
{
	int vector = v->arch.offered;

	if (vector < 0 || !virt->interrupt_was_taken(v))
		return;
	trace(TRACE_INJECT, (uint64_t)vector, 0);
	if (!v->arch.offered_direct)
		vlapic_in_service(v, (unsigned int)vector);
}

/*
 * The entry half of the flush protocol (physmap_flush): say that we are inside, then look whether
 * the translations are still good.
 */
static void publish_entry(struct cpu *cpu, struct vcpu *v)
{
	uint64_t generation;

	WRITE_ONCE(cpu->in_guest_generation, v->arch.tlb_generation);
	WRITE_ONCE(cpu->in_guest, v->domain);
	smp_mb();
	generation = READ_ONCE(v->domain->physmap.generation);
	if (generation != v->arch.tlb_generation) {
		virt->new_tlb_tag(v);
		v->arch.tlb_generation = generation;
		WRITE_ONCE(cpu->in_guest_generation, generation);
	}
}

void arch_vcpu_run(struct vcpu *v)
{
	struct cpu *cpu = this_cpu();
	struct vm_exit x;

	__atomic_store_n(&v->event_pending, 0, __ATOMIC_SEQ_CST);
	if (unlikely(READ_ONCE(v->arch.init_request) || v->arch.init_state != VCPU_INIT_NONE))
		if (!take_init(v))
			return;
	if (v->arch.halted) {
		if (!arch_vcpu_has_pending(v)) {
			vcpu_block(v);
			return;
		}
		v->arch.halted = v->arch.dead = false;
	}
	if (unlikely(READ_ONCE(v->arch.nmi_pending)))
		inject_nmi(v);
	offer_interrupt(v);

	publish_entry(cpu, v);
	if (READ_ONCE(cpu->work) || READ_ONCE(v->event_pending)) {
		/* What is queued stays so for the next try; the offer is made anew. */
		WRITE_ONCE(cpu->in_guest, NULL);
		return;
	}
	vcpu_count_exit(v, arch_tsc());
	virt->enter(v, &x);
	WRITE_ONCE(cpu->in_guest, NULL);
	v->exit_tsc = arch_tsc();
	settle_offer(v);

	v->nr_exits++;
	if (v->stats)
		stats_add(&v->stats->exits[x.reason], 1);
	v->last_rip = v->arch.regs.rip;
	trace(TRACE_EXIT, x.reason, v->arch.regs.rip);
	exit_handle(v, &x);
}
