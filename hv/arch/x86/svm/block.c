/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control block's life: made with what always exits, then put into the state after INIT, a
 * start-up IPI, or PVH's entry.
 */
#include <arch/virt.h>
#include <arch/x86.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/slab.h>
#include <hv/string.h>
#include <hv/vcpu.h>

#include "svm.h"

#define IOPM_ORDER 2u /* 12 KiB are used (APM vol. 2, 15.10.1) */
#define MSRPM_ORDER 1u

/* Segment attributes: type 3:0, S 4, DPL 6:5, P 7, AVL 8, L 9, DB 10, G 11 */
#define ATTR_CODE_REAL 0x09bu
#define ATTR_DATA_REAL 0x093u
#define ATTR_CODE_FLAT 0xc9bu
#define ATTR_DATA_FLAT 0xc93u
#define ATTR_LDT 0x082u
#define ATTR_TSS_BUSY 0x08bu

/* PAT after reset: WB WT UC- UC, twice (APM vol. 2, 7.8.2). */
#define PAT_RESET 0x0007040600070406ull

static struct slab svm_vcpus = SLAB_INIT("svm_vcpu", struct svm_vcpu);

/* Bitmaps are the same for all domains of a kind, made once: bit set = exit. */
static mfn_t iopm_control, iopm_guest, msrpm;
static bool bitmaps_made;

/* Two bits an MSR: read, write; three ranges of 8192 MSRs (APM vol. 2, 15.11). */
static void msrpm_allow(uint8_t *map, uint32_t msr, bool read, bool write)
{
	uint32_t bit;

	if (msr >= 0xc0010000u)
		bit = 0x8000 + (msr - 0xc0010000u) * 2;
	else if (msr >= 0xc0000000u)
		bit = 0x4000 + (msr - 0xc0000000u) * 2;
	else
		bit = msr * 2;
	if (read)
		map[bit / 8] &= (uint8_t)~(1u << bit % 8);
	if (write)
		map[bit / 8] &= (uint8_t)~(2u << bit % 8);
}

static int bitmaps_make(void)
{
	int err = exit_map_make_ports(IOPM_ORDER, &iopm_control, &iopm_guest);

	if (!err)
		err = frame_alloc(MSRPM_ORDER, &msrpm);
	if (err)
		return err;
	memset(mfn_to_ptr(msrpm), 0xff, PAGE_SIZE << MSRPM_ORDER);
	exit_map_allow_msrs(mfn_to_ptr(msrpm), msrpm_allow, cpuid(0x80000001, 0).edx & BIT(27));
	bitmaps_made = true;
	return 0;
}

int svm_domain_create(struct domain *d)
{
	int err;

	if (!bitmaps_made) {
		err = bitmaps_make();
		if (err)
			return err;
	}
	d->arch.io_bitmap = domain_is_control(d) ? iopm_control : iopm_guest;
	d->arch.msr_bitmap = msrpm;
	return 0;
}

static void init_control(struct vcpu *v, struct svm_block *block)
{
	block->intercept_1 = (uint32_t)(ICPT1_INTR | ICPT1_NMI | ICPT1_RDPMC | ICPT1_CPUID |
				       ICPT1_INVD | ICPT1_HLT | ICPT1_INVLPGA | ICPT1_IOIO |
				       ICPT1_MSR | ICPT1_SHUTDOWN);
	block->intercept_2 = (uint32_t)(ICPT2_VMRUN | ICPT2_VMMCALL | ICPT2_VMLOAD | ICPT2_VMSAVE |
				       ICPT2_STGI | ICPT2_CLGI | ICPT2_SKINIT | ICPT2_MONITOR |
				       ICPT2_MWAIT | ICPT2_XSETBV);
	/* The control domain's drivers may need the cache written back; a guest has no devices. */
	if (!domain_is_control(v->domain))
		block->intercept_2 |= (uint32_t)ICPT2_WBINVD;
	/*
	 * #AC and #DB can be made to recur for ever inside the CPU while they are delivered, with
	 * no interrupt taken (CVE-2015-5307, CVE-2015-8104). #MC is the host's own.
	 */
	block->intercept_exceptions = 1u << EXC_AC | 1u << EXC_DB | 1u << EXC_MC;
	block->iopm_base = mfn_to_paddr(v->domain->arch.io_bitmap);
	block->msrpm_base = mfn_to_paddr(v->domain->arch.msr_bitmap);
	block->vintr = VINTR_MASKING;
	block->nested_ctl = NESTED_ENABLE;
	block->nested_cr3 = mfn_to_paddr(v->domain->physmap.root);
}

int svm_vcpu_create(struct vcpu *v)
{
	struct svm_vcpu *s = slab_alloc(&svm_vcpus);

	if (!s)
		return -ENOMEM;
	s->block = page_alloc_zeroed();
	if (!s->block) {
		slab_free(&svm_vcpus, s);
		return -ENOMEM;
	}
	v->arch.hw = s;
	svm_reset(v);
	return 0;
}

void svm_vcpu_destroy(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);

	page_free(s->block);
	slab_free(&svm_vcpus, s);
	v->arch.hw = NULL;
}

static void set_segment(struct svm_segment *s, uint16_t selector, unsigned int attributes,
			uint32_t limit, uint64_t base)
{
	s->selector = selector;
	s->attributes = (uint16_t)attributes;
	s->limit = limit;
	s->base = base;
}

void svm_reset(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v->arch.hw);
	struct svm_block *block = s->block;

	memset(block, 0, sizeof(*block));
	memset(&v->arch.regs, 0, sizeof(v->arch.regs));
	s->nmi_masked = s->stepping = false;
	init_control(v, block);

	set_segment(&block->cs, 0xf000, ATTR_CODE_REAL, 0xffff, 0xffff0000);
	set_segment(&block->ds, 0, ATTR_DATA_REAL, 0xffff, 0);
	block->es = block->fs = block->gs = block->ss = block->ds;
	set_segment(&block->gdtr, 0, 0, 0xffff, 0);
	set_segment(&block->idtr, 0, 0, 0xffff, 0);
	set_segment(&block->ldtr, 0, ATTR_LDT, 0xffff, 0);
	set_segment(&block->tr, 0, ATTR_TSS_BUSY, 0xffff, 0);
	block->cr0 = CR0_ET;
	block->efer = EFER_SVME;
	block->dr6 = 0xffff0ff0;
	block->dr7 = 0x400;
	block->g_pat = PAT_RESET;
	v->arch.regs.rip = 0xfff0;
	v->arch.regs.rflags = RFLAGS_FIXED;
	v->arch.regs.rdx = cpuid(1, 0).eax;
	v->arch.asid_generation = 0;
}

void svm_set_real_mode(struct vcpu *v, uint8_t sipi_vector)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;

	set_segment(&block->cs, (uint16_t)(sipi_vector << 8), ATTR_CODE_REAL, 0xffff,
		    (uint64_t)sipi_vector << 12);
	v->arch.regs.rip = 0;
}

void svm_set_pvh_entry(struct vcpu *v, uint64_t entry, uint64_t start_info)
{
	struct svm_block *block = svm_of(v->arch.hw)->block;

	set_segment(&block->cs, 0x08, ATTR_CODE_FLAT, 0xffffffff, 0);
	set_segment(&block->ds, 0x10, ATTR_DATA_FLAT, 0xffffffff, 0);
	block->es = block->ss = block->fs = block->gs = block->ds;
	set_segment(&block->tr, 0x18, ATTR_TSS_BUSY, 0x67, 0);
	block->cr0 = CR0_PE | CR0_ET;
	v->arch.regs.rip = entry;
	v->arch.regs.rbx = start_info;
}
