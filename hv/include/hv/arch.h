/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a port provides: the complete list of functions that the core calls in an architecture.
 * The structures that the core embeds are in <arch/cpu.h>, <arch/domain.h> and <arch/vcpu.h>.
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include <hv/compiler.h>
#include <hv/physmap.h>
#include <hv/types.h>

struct cpu;
struct domain;
struct vcpu;

/* What a host may have; the numbers are those of the control hypercall (xen/abi_check.c asserts it). */
#define ARCH_FEATURE_NESTED_PAGING (1u << 0)
#define ARCH_FEATURE_PAGES_2M (1u << 1)
#define ARCH_FEATURE_PAGES_1G (1u << 2)
#define ARCH_FEATURE_NEXT_RIP (1u << 3)
#define ARCH_FEATURE_X2APIC (1u << 4)
#define ARCH_FEATURE_TSC_DEADLINE (1u << 5)
#define ARCH_FEATURE_TSC_STABLE (1u << 6)
#define ARCH_FEATURE_TLB_TAGS (1u << 7)
#define ARCH_FEATURE_FLUSH_BY_TAG (1u << 8)
#define ARCH_FEATURE_DECODE_ASSISTS (1u << 9)
#define ARCH_FEATURE_VIRTUAL_GIF (1u << 10)
#define ARCH_FEATURE_VIRTUAL_NMI (1u << 11)
#define ARCH_FEATURE_APIC_VIRT (1u << 12)
#define ARCH_FEATURE_X2APIC_VIRT (1u << 13)
#define ARCH_FEATURE_POSTED_INTERRUPTS (1u << 14)
#define ARCH_FEATURE_PREEMPTION_TIMER (1u << 15)
#define ARCH_FEATURE_TSC_SCALING (1u << 16)
#define ARCH_FEATURE_PAGE_MOD_LOG (1u << 17)
#define ARCH_FEATURE_NESTED_DIRTY (1u << 18)
#define ARCH_FEATURE_IOMMU (1u << 19)
#define ARCH_FEATURE_XSAVES (1u << 20)

/* ---- physical CPUs ---- */
/* Boot: is there what hv needs? Refuses to boot with the reason if not. Then turns it on. */
void arch_virt_init(void);
void arch_virt_cpu_init(void); /* on every CPU */
const char *arch_virt_name(void);
/* ARCH_FEATURE_* that hv uses; and those that the host has and hv does not use. */
uint32_t arch_features(uint32_t *ret_unused);
void arch_cpu_model(char *buf, size_t size);

void arch_send_kick(struct cpu *cpu); /* interrupt that makes it leave guest mode or idle */
void arch_stop_other_cpus(void);      /* panic */
void arch_timer_arm(uint64_t deadline_ns); /* own CPU; ~0: off. Past: fires at once */
/* Waits with interrupts enabled until one comes, unless work is pending. Own CPU. */
void arch_idle(void);
/* Takes the interrupts that are pending, nothing else. Own CPU. */
void arch_take_interrupts(void);
/* Physical local APIC: what irq.c needs. Own CPU. */
void arch_irq_eoi(void);
bool arch_irq_is_level(uint32_t vector);
int arch_irq_highest_in_service(void); /* -1: none */
void arch_restart(void);	       /* tries what the platform has, returns if nothing worked */
noreturn void arch_halt(void);
uint64_t arch_tsc(void);
/* Of the number by which the CPU can multiply a domain's TSC: all, and those behind the point. 0: it cannot. */
unsigned int arch_tsc_multiplier_bits(unsigned int *ret_fraction_bits);
void arch_backtrace(void);
void *arch_map_device(paddr_t address, size_t size); /* uncached, for hv; boot only */

/* ---- boot: the machine ---- */
/* hv's image, page-aligned. */
void arch_image_range(paddr_t *ret_start, paddr_t *ret_end);
/* Below this everything is mapped until arch_memory_init(). */
paddr_t arch_boot_mapped_limit(void);
/* hv's own page tables: all RAM of boot_info, the firmware's tables; nothing both writable and
 * executable. */
void arch_memory_init(void);
/* The firmware's tables: cached, read-only. NULL: cannot be mapped. */
const void *arch_map_firmware(paddr_t address, size_t size);

uint32_t arch_apic_id(void); /* what the hardware calls the CPU we run on */
/* Own CPU, each once: page tables, exceptions, local interrupt controller. */
void arch_cpu_init(void);
/* Boot CPU, when the clock runs: measures the timer behind arch_timer_arm(). */
void arch_timer_init(void);
/* What starting CPUs needs. -ENOMEM: no page below 1 MiB. */
int arch_smp_prepare(void) __must_check;
/* Starts one, and waits until it has called arch_cpu_started(). -ETIMEDOUT: it did not. */
int arch_cpu_start(struct cpu *cpu) __must_check;
void arch_cpu_started(struct cpu *cpu);
void arch_smp_done(void);

/* TSC ticks per millisecond, measured; 0: there is nothing to measure it with. */
uint32_t arch_calibrate_tsc_khz(void);
/* The CPU promises that its TSC neither stops nor changes its rate. */
bool arch_tsc_is_invariant(void);
/* Seconds since 1970 (UTC) from the RTC; 0: it holds no valid time. */
uint64_t arch_read_rtc(void);

/* ---- console devices; callers hold the console lock ---- */
/* "baud[,8n1[,ioport]]"; baud "auto" keeps the rate. false: no UART answers there. */
bool arch_serial_init(const char *config);
void arch_serial_write(const char *bytes, size_t n);
bool arch_serial_read(char *ret_c);
bool arch_serial_owns_port(uint16_t port);
bool arch_screen_init_text(void);	 /* false: the screen is no text screen */
bool arch_screen_init_framebuffer(void); /* memory is mapped. false: there is none */
bool arch_screen_is_ready(void);
void arch_screen_write(const char *bytes, size_t n);

/* ---- domains and vCPUs ---- */
int arch_domain_init(struct domain *d) __must_check;
void arch_domain_fini(struct domain *d);
int arch_vcpu_init(struct vcpu *v) __must_check;
void arch_vcpu_fini(struct vcpu *v);
/* Registers to and from this CPU. Saving leaves them usable: a vCPU that nobody else loaded
 * meanwhile need not be loaded again. */
void arch_vcpu_load(struct vcpu *v);
void arch_vcpu_save(struct vcpu *v);
/*
 * Injects what is due, enters the guest, and handles the exit. Returns at once if the CPU has
 * work to do. Own CPU, v is loaded.
 */
void arch_vcpu_run(struct vcpu *v);
/* Is there an interrupt that v would take now (or NMI, INIT)? Asked before it blocks. */
bool arch_vcpu_has_pending(struct vcpu *v);
/* PVH entry state: 'entry' in 32-bit protected mode with the start_info address. vCPU offline. */
void arch_vcpu_set_entry(struct vcpu *v, uint64_t entry, uint64_t start_info);
/* Raises 'vector' (16 ..255) in v's virtual interrupt controller, edge, and kicks it. Any CPU. */
void arch_vcpu_raise(struct vcpu *v, uint32_t vector);
/* The same for a device's level interrupt: tells irq_guest_eoi() when it is finished. */
void arch_vcpu_raise_level(struct vcpu *v, uint32_t vector);
void arch_vcpu_raise_nmi(struct vcpu *v);
struct vcpu *arch_vcpu_by_apic_id(struct domain *d, uint32_t apic_id);
/* What a virtual CPU's interrupt controller is called: for the tables the domain sees. */
uint32_t arch_vcpu_apic_id(const struct vcpu *v);
/* The domain's physical address width, bits. */
unsigned int arch_physmap_address_bits(void);
/* Privilege: true when the running vCPU is in its kernel mode. Mode: true for 64-bit code. */
bool arch_vcpu_is_kernel(const struct vcpu *v);
bool arch_vcpu_is_64bit(const struct vcpu *v);

/* ---- nested page tables: the walker behind physmap.c; all under d->physmap_lock ---- */
int arch_physmap_init(struct domain *d) __must_check;
int arch_physmap_set(struct domain *d, gfn_t gfn, const struct physmap_entry *entry) __must_check;
bool arch_physmap_get(struct domain *d, gfn_t gfn, struct physmap_entry *ret_entry);
/* The same without the lock, with what physmap_seen_stands() needs for a second look. */
bool arch_physmap_see(struct domain *d, gfn_t gfn, struct physmap_entry *ret_entry,
		      struct physmap_seen *ret_seen);
/* Takes out the leaf at or above *gfn, as it stands, and moves *gfn past it. false: none left. */
bool arch_physmap_take_next(struct domain *d, gfn_t *gfn, struct physmap_entry *ret_old);
/* Breaks the large leaf around gfn up into 512 smaller ones. */
int arch_physmap_split(struct domain *d, gfn_t gfn) __must_check;
void arch_physmap_clear(struct domain *d, gfn_t gfn);
void arch_physmap_free(struct domain *d); /* the tables themselves; nothing is mapped any more */

/* ---- their dirty bits, for hv/dirty.c; under d->physmap_lock but where said ---- */
/* Does the CPU set them; and does dirty_add() hear of each? No lock. */
bool arch_dirty_is_there(bool *ret_logs);
/*
 * These look at one table of small leaves, or a large leaf, at or after *gfn, and move *gfn past it.
 * -ENOENT: none is left. No vCPU of the domain runs but while they are counted.
 */
int arch_dirty_watch(struct domain *d, gfn_t *gfn) __must_check; /* clears; -ENOMEM as for a split */
int arch_dirty_count(struct domain *d, gfn_t *gfn, uint64_t *pages) __must_check;
/* Sets them. 1: a leaf of 'order' has taken the place of the table, which is to be freed. */
int arch_dirty_join(struct domain *d, unsigned int order, gfn_t *gfn, mfn_t *ret_table) __must_check;
/* See dirty_mark(). No lock. */
bool arch_dirty_mark(struct domain *d, const struct physmap_seen *seen);

/* ---- guest page tables ---- */
int arch_guest_walk(struct vcpu *v, uint64_t linear, bool write, uint64_t *ret_gpa) __must_check;

#endif
