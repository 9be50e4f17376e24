/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VMCS's life: made with what always exits and what an exit returns to, then put into the state
 * after INIT, a start-up IPI, or PVH's entry. All of that may happen on any CPU: it is borrowed
 * there, and cleared again for the CPU that will run it.
 */
#include <arch/boot.h>
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/slab.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#include "vmx.h"

#define IO_BITMAP_ORDER 1u /* two of 4 KiB: ports below and above 0x8000 */

#define RIGHTS_CODE_REAL 0x09bu
#define RIGHTS_DATA_REAL 0x093u
#define RIGHTS_CODE_FLAT 0xc09bu
#define RIGHTS_DATA_FLAT 0xc093u
#define RIGHTS_LDT 0x082u
#define RIGHTS_TSS_BUSY 0x08bu

/* PAT after reset: WB WT UC- UC, twice (Intel SDM vol. 3, 12.12.4). */
#define PAT_RESET 0x0007040600070406ull
#define DR6_RESET 0xffff0ff0ul
#define DR7_RESET 0x400u

/* hv has no task; the CPU only insists that the selector is not zero. */
#define HOST_TR 0x20u

static struct slab vmx_vcpus = SLAB_INIT("vmx_vcpu", struct vmx_vcpu);

/* Bitmaps are the same for all domains of a kind, made once: bit set = exit. */
static mfn_t io_control, io_guest;
mfn_t vmx_msrs, vmx_msrs_apic;
static bool bitmaps_made;

/* Reads of MSRs 0 .., reads of 0xc0000000 .., then writes of both: 1 KiB each (25.6.9). */
static void msr_allow(uint8_t *map, uint32_t msr, bool read, bool write)
{
	uint32_t bit = (msr & 0x1fff) + (msr >= 0xc0000000u ? 0x2000u : 0);

	if (read)
		map[bit / 8] &= (uint8_t)~(1u << bit % 8);
	bit += 0x4000u;
	if (write)
		map[bit / 8] &= (uint8_t)~(1u << bit % 8);
}

static int bitmaps_make(void)
{
	int err = exit_map_make_ports(IO_BITMAP_ORDER, &io_control, &io_guest);

	if (!err)
		err = frame_alloc(0, &vmx_msrs);
	if (!err)
		err = frame_alloc(0, &vmx_msrs_apic);
	if (err)
		return err;
	memset(mfn_to_ptr(vmx_msrs), 0xff, PAGE_SIZE);
	exit_map_allow_msrs(mfn_to_ptr(vmx_msrs), msr_allow, vmx_controls.proc2 & PROC2_RDTSCP);
	memcpy(mfn_to_ptr(vmx_msrs_apic), mfn_to_ptr(vmx_msrs), PAGE_SIZE);
	vmx_apic_allow(msr_allow, mfn_to_ptr(vmx_msrs_apic));
	bitmaps_made = true;
	return 0;
}

int vmx_domain_create(struct domain *d)
{
	int err;

	if (!bitmaps_made) {
		err = bitmaps_make();
		if (err)
			return err;
	}
	d->arch.io_bitmap = domain_is_control(d) ? io_control : io_guest;
	d->arch.msr_bitmap = vmx_msrs;
	return 0;
}

int vmx_vcpu_create(struct vcpu *v)
{
	struct vmx_vcpu *s = slab_alloc(&vmx_vcpus);

	if (!s)
		return -ENOMEM;
	if (frame_alloc_zeroed(0, &s->region))
		goto undo_alloc;
	if (vmx_log_create(v, s))
		goto undo_region;
	*(uint32_t *)mfn_to_ptr(s->region) = (uint32_t)(vmx_caps.basic & VMX_BASIC_REVISION);
	vmclear(mfn_to_paddr(s->region));
	v->arch.hw = s;
	v->arch.lapic.by_hardware = vmx_runs_apic();
	v->arch.lapic.takes_posted = vmx_takes_posted();
	vmx_reset(v);
	return 0;

undo_region:
	frame_free(s->region, 0);
undo_alloc:
	slab_free(&vmx_vcpus, s);
	return -ENOMEM;
}

void vmx_vcpu_destroy(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_of(v->arch.hw);

	/* It was cleared when it was taken off its last CPU: no CPU writes to the page any more. */
	frame_free(s->region, 0);
	vmx_log_destroy(s);
	slab_free(&vmx_vcpus, s);
	v->arch.hw = NULL;
}

static void write_controls(struct vcpu *v, struct vmx_vcpu *s)
{
	uint32_t proc2 = vmx_controls.proc2;

	/* The control domain's drivers may need the cache written back; a guest has no devices. */
	if (domain_is_control(v->domain))
		proc2 &= ~(PROC2_WBINVD | PROC2_PML);
	s->proc_base = vmx_controls.proc;
	if (!v->domain->tsc.khz) {
		s->proc_base &= ~PROC_TSC_OFFSET;
		proc2 &= ~PROC2_TSC_SCALING;
	}
	s->proc_controls = s->proc_base;
	s->tpr_threshold = 0;
	s->eptp = mfn_to_paddr(v->domain->physmap.root) | EPTP_WB | EPTP_4_LEVELS |
		  (vmx_caps.ept_vpid & EPT_CAP_AD ? EPTP_AD : 0);

	vmwrite(PIN_CONTROLS, vmx_controls.pin & ~PIN_POSTED_INTERRUPTS); /* see follow_switch() */
	vmwrite(PROC_CONTROLS, s->proc_controls);
	vmwrite(PROC2_CONTROLS, proc2);
	vmwrite(EXIT_CONTROLS, vmx_controls.exit);
	vmwrite(ENTRY_CONTROLS, vmx_controls.entry);
	/*
	 * #AC and #DB can be made to recur for ever inside the CPU while they are delivered, with
	 * no interrupt taken (CVE-2015-5307, CVE-2015-8104). #MC is the host's own.
	 */
	vmwrite(EXCEPTION_BITMAP, 1u << EXC_AC | 1u << EXC_DB | 1u << EXC_MC);
	vmwrite(PF_ERROR_MASK, 0);
	vmwrite(PF_ERROR_MATCH, 0);
	vmwrite(CR3_TARGET_COUNT, 0);
	vmwrite(EXIT_MSR_STORE_COUNT, 0);
	vmwrite(EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_EVENT, 0);
	vmwrite(TPR_THRESHOLD, 0);
	vmwrite(IO_BITMAP_A, mfn_to_paddr(v->domain->arch.io_bitmap));
	vmwrite(IO_BITMAP_B, mfn_to_paddr(mfn_add(v->domain->arch.io_bitmap, 1)));
	vmwrite(MSR_BITMAP, mfn_to_paddr(v->domain->arch.msr_bitmap));
	vmwrite(VIRTUAL_APIC_PAGE, mfn_to_paddr(ptr_to_mfn(v->arch.lapic.page)));
	vmwrite(EPT_POINTER, s->eptp);
	vmx_log_reset(s);
	if (vmx_runs_apic())
		vmx_apic_reset(v, s);
	if (proc2 & PROC2_TSC_SCALING) {
		vmwrite(TSC_OFFSET, 0);
		vmwrite(TSC_MULTIPLIER, v->domain->tsc.multiplier);
	}
	/* XSAVES saves no component that would have to exit: IA32_XSS is zero. */
	if (proc2 & PROC2_XSAVES)
		vmwrite(XSS_EXIT_BITMAP, 0);
	vmwrite(LINK_POINTER, ~0ull);
	vmwrite(CR0_MASK, VMX_CR0_HOST_OWNED);
	vmwrite(CR4_MASK, vmx_cr4_host_owned());
}

/* The same on every CPU, but for the stack pointer. */
static void write_host_state(struct vmx_vcpu *s)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed gdtr, idtr;

	__asm__ volatile("sgdt %0; sidt %1" : "=m"(gdtr), "=m"(idtr));
	s->host_rsp = 0;
	vmwrite(HOST_RSP, 0);
	vmwrite(HOST_RIP, (uintptr_t)vmx_exited);
	vmwrite(HOST_CR0, read_cr0());
	vmwrite(HOST_CR3, read_cr3());
	vmwrite(HOST_CR4, read_cr4());
	vmwrite(HOST_EFER, rdmsr(MSR_EFER));
	vmwrite(HOST_PAT_FIELD, rdmsr(MSR_PAT));
	vmwrite(HOST_CS_SELECTOR, BOOT_CS);
	vmwrite(HOST_SS_SELECTOR, BOOT_DS);
	vmwrite(HOST_DS_SELECTOR, BOOT_DS);
	vmwrite(HOST_ES_SELECTOR, BOOT_DS);
	vmwrite(HOST_FS_SELECTOR, 0);
	vmwrite(HOST_GS_SELECTOR, 0);
	vmwrite(HOST_TR_SELECTOR, HOST_TR);
	vmwrite(HOST_FS_BASE, 0);
	vmwrite(HOST_GS_BASE, 0);
	vmwrite(HOST_TR_BASE, 0);
	vmwrite(HOST_GDTR_BASE, gdtr.base);
	vmwrite(HOST_IDTR_BASE, idtr.base);
	vmwrite(HOST_SYSENTER_CS, 0);
	vmwrite(HOST_SYSENTER_ESP, 0);
	vmwrite(HOST_SYSENTER_EIP, 0);
}

static void set_segment(unsigned int segment, uint16_t selector, uint32_t rights, uint32_t limit,
			uint64_t base)
{
	vmwrite(GUEST_SELECTOR(segment), selector);
	vmwrite(GUEST_RIGHTS(segment), rights);
	vmwrite(GUEST_LIMIT(segment), limit);
	vmwrite(GUEST_BASE(segment), base);
}

static void set_data_segments(uint16_t selector, uint32_t rights, uint32_t limit)
{
	static const unsigned int data[] = { SEG_ES, SEG_SS, SEG_DS, SEG_FS, SEG_GS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(data); i++)
		set_segment(data[i], selector, rights, limit, 0);
}

/* What hv keeps in CR0 (NE, which VMX wants set) the guest sees by the shadow. */
static void set_cr0(uint64_t value)
{
	vmwrite(GUEST_CR0, value | CR0_NE);
	vmwrite(CR0_SHADOW, value);
}

static void write_reset_state(struct vmx_vcpu *s)
{
	unsigned int i;

	set_segment(SEG_CS, 0xf000, RIGHTS_CODE_REAL, 0xffff, 0xffff0000);
	set_data_segments(0, RIGHTS_DATA_REAL, 0xffff);
	set_segment(SEG_LDTR, 0, RIGHTS_LDT, 0xffff, 0);
	set_segment(SEG_TR, 0, RIGHTS_TSS_BUSY, 0xffff, 0);
	vmwrite(GUEST_GDTR_BASE, 0);
	vmwrite(GUEST_GDTR_LIMIT, 0xffff);
	vmwrite(GUEST_IDTR_BASE, 0);
	vmwrite(GUEST_IDTR_LIMIT, 0xffff);
	set_cr0(CR0_ET);
	vmwrite(GUEST_CR3, 0);
	vmwrite(GUEST_CR4, CR4_VMXE);
	vmwrite(CR4_SHADOW, 0);
	vmwrite(GUEST_EFER, 0);
	vmwrite(GUEST_PAT, PAT_RESET);
	vmwrite(GUEST_DR7, DR7_RESET);
	vmwrite(GUEST_DEBUGCTL, 0);
	vmwrite(GUEST_SYSENTER_CS, 0);
	vmwrite(GUEST_SYSENTER_ESP, 0);
	vmwrite(GUEST_SYSENTER_EIP, 0);
	vmwrite(GUEST_ACTIVITY, 0);
	vmwrite(GUEST_INTERRUPTIBILITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	for (i = 0; i < 4; i++)
		vmwrite(GUEST_PDPTE(i), 0);
	vmwrite(GUEST_RIP, 0);
	vmwrite(GUEST_RSP, 0);
	vmwrite(GUEST_RFLAGS, RFLAGS_FIXED);
	s->written_rip = s->written_rsp = 0;
	s->written_rflags = RFLAGS_FIXED;
}

void vmx_reset(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_use(v);
	mfn_t region = s->region, log = s->log;

	vmx_forget(s);
	*s = (struct vmx_vcpu){
		.region = region, .log = log, .offered = -1, .dr6 = DR6_RESET, .apic_exits = true
	};
	memset(&v->arch.regs, 0, sizeof(v->arch.regs));
	vmx_use(v);
	write_controls(v, s);
	write_host_state(s);
	write_reset_state(s);
	vmx_forget(s);
	v->arch.regs.rip = 0xfff0;
	v->arch.regs.rflags = RFLAGS_FIXED;
	v->arch.regs.rdx = cpuid(1, 0).eax;
	v->arch.asid_generation = 0;
}

void vmx_set_real_mode(struct vcpu *v, uint8_t sipi_vector)
{
	struct vmx_vcpu *s = vmx_use(v);

	set_segment(SEG_CS, (uint16_t)(sipi_vector << 8), RIGHTS_CODE_REAL, 0xffff,
		    (uint64_t)sipi_vector << 12);
	v->arch.regs.rip = 0;
	vmx_forget(s);
}

void vmx_set_pvh_entry(struct vcpu *v, uint64_t entry, uint64_t start_info)
{
	struct vmx_vcpu *s = vmx_use(v);

	set_segment(SEG_CS, 0x08, RIGHTS_CODE_FLAT, 0xffffffff, 0);
	set_data_segments(0x10, RIGHTS_DATA_FLAT, 0xffffffff);
	set_segment(SEG_TR, 0x18, RIGHTS_TSS_BUSY, 0x67, 0);
	set_cr0(CR0_PE | CR0_ET);
	v->arch.regs.rip = entry;
	v->arch.regs.rbx = start_info;
	vmx_forget(s);
}
