/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's timers, clock and reset, as far as hv needs them. */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/clock.h>
#include <hv/compiler.h>

#include <arch/x86.h>

/* ---- measuring the TSC ---- */

#define PM_TIMER_HZ  3579545u
#define PIT_HZ	     1193182u
#define CALIBRATE_MS 50u
#define NR_TRIES     5u

/* The chipset's count and the TSC at the same moment: the tightest of a few tries. */
static uint32_t read_pm_timer(uint64_t *ret_tsc)
{
	uint64_t before, after, best = UINT64_MAX;
	uint32_t value, ret = 0;
	unsigned int i;

	*ret_tsc = 0;
	for (i = 0; i < NR_TRIES; i++) {
		before = rdtsc();
		value = inl((uint16_t)acpi_info.pm_timer_port);
		after = rdtsc();
		if (after - before < best) {
			best = after - before;
			ret = value;
			*ret_tsc = before + (after - before) / 2;
		}
	}
	return ret;
}

static uint32_t khz_by_pm_timer(void)
{
	uint32_t mask = acpi_info.pm_timer_32bit ? UINT32_MAX : 0xffffff;
	uint32_t first, last, i;
	uint64_t first_tsc, last_tsc;

	first = read_pm_timer(&first_tsc);
	for (i = 0; i < 10000000; i++) {
		last = inl((uint16_t)acpi_info.pm_timer_port);
		if (((last - first) & mask) >= PM_TIMER_HZ / 1000 * CALIBRATE_MS)
			break;
	}
	last = read_pm_timer(&last_tsc);
	if (((last - first) & mask) < PM_TIMER_HZ / 1000 * CALIBRATE_MS)
		return 0; /* it stands still */
	return (uint32_t)((last_tsc - first_tsc) * PM_TIMER_HZ / ((last - first) & mask) / 1000);
}

/* Channel 2, one shot, watched at its output bit in port 0x61. */
static uint32_t khz_by_pit(void)
{
	uint32_t count = PIT_HZ / 1000 * CALIBRATE_MS, i;
	uint64_t start, end;

	outb(0x61, (uint8_t)((inb(0x61) & ~2) | 1)); /* gate on, speaker off */
	outb(0x43, 0xb0);
	outb(0x42, (uint8_t)count);
	outb(0x42, (uint8_t)(count >> 8));
	start = rdtsc();
	for (i = 0; i < 10000000 && !(inb(0x61) & 0x20); i++)
		;
	end = rdtsc();
	if (i < 10 || i == 10000000)
		return 0;
	return (uint32_t)((end - start) / CALIBRATE_MS);
}

uint32_t arch_calibrate_tsc_khz(void)
{
	uint32_t khz = acpi_info.pm_timer_port ? khz_by_pm_timer() : 0;

	return khz ? khz : khz_by_pit();
}

bool arch_tsc_is_invariant(void)
{
	return cpuid(0x80000000, 0).eax >= 0x80000007 && cpuid(0x80000007, 0).edx & BIT(8);
}

/* ---- RTC ---- */

#define RTC_INDEX    0x70
#define RTC_DATA     0x71
#define RTC_STATUS_A 0x0a
#define RTC_UPDATING 0x80
#define RTC_STATUS_B 0x0b
#define RTC_24H	     0x02
#define RTC_BINARY   0x04

struct rtc_time {
	uint8_t sec, min, hour, day, month, year;
};

static uint8_t rtc_read(uint8_t reg)
{
	outb(RTC_INDEX, (uint8_t)(reg | 0x80)); /* NMI stays masked while the index is in use */
	return inb(RTC_DATA);
}

static void rtc_read_once(struct rtc_time *t)
{
	uint32_t i;

	for (i = 0; i < 100000 && rtc_read(RTC_STATUS_A) & RTC_UPDATING; i++)
		;
	t->sec = rtc_read(0x00);
	t->min = rtc_read(0x02);
	t->hour = rtc_read(0x04);
	t->day = rtc_read(0x07);
	t->month = rtc_read(0x08);
	t->year = rtc_read(0x09);
}

static bool rtc_same(const struct rtc_time *a, const struct rtc_time *b)
{
	return a->sec == b->sec && a->min == b->min && a->hour == b->hour && a->day == b->day &&
	       a->month == b->month && a->year == b->year;
}

static uint8_t from_bcd(uint8_t v, bool binary)
{
	return binary ? v : (uint8_t)((v >> 4) * 10 + (v & 15));
}

/* Twice the same, so that no update came in between. The century is this one. */
uint64_t arch_read_rtc(void)
{
	struct rtc_time t, again;
	bool binary, pm;
	uint8_t status;
	unsigned int i;

	rtc_read_once(&t);
	for (i = 0; i < 10; i++) {
		rtc_read_once(&again);
		if (rtc_same(&t, &again))
			break;
		t = again;
	}
	status = rtc_read(RTC_STATUS_B);
	outb(RTC_INDEX, 0); /* NMI on again */
	binary = status & RTC_BINARY;
	pm = !(status & RTC_24H) && t.hour & 0x80;
	t.hour = from_bcd(t.hour & 0x7f, binary);
	if (!(status & RTC_24H))
		t.hour = (uint8_t)(t.hour % 12 + (pm ? 12 : 0));
	t.month = from_bcd(t.month, binary);
	t.day = from_bcd(t.day, binary);
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31)
		return 0;
	return clock_days_since_epoch(2000u + from_bcd(t.year, binary), t.month, t.day) * 86400 +
	       t.hour * 3600u + from_bcd(t.min, binary) * 60u + from_bcd(t.sec, binary);
}

/* ---- reset ---- */

#define SPACE_MEMORY 0u
#define SPACE_IO     1u

static void reset_by_acpi(void)
{
	if (acpi_info.reset_space == SPACE_IO)
		outb((uint16_t)acpi_info.reset_address, acpi_info.reset_value);
	/* In memory the register is not mapped, and other ways exist on every such board. */
}

static void reset_by_keyboard_controller(void)
{
	uint32_t i;

	for (i = 0; i < 100000 && inb(0x64) & 2; i++)
		;
	outb(0x64, 0xfe);
}

/* An exception without a way to handle it, nor that one: the CPU gives up, the board resets. */
static void reset_by_triple_fault(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __packed none = { 0, 0 };

	__asm__ volatile("lidt %0; int3" : : "m"(none));
}

void arch_restart(void)
{
	reset_by_acpi();
	clock_delay_us(100000);
	outb(0xcf9, 0x02); /* the chipset's reset control: hard reset, then do it */
	clock_delay_us(1000);
	outb(0xcf9, 0x06);
	clock_delay_us(100000);
	reset_by_keyboard_controller();
	clock_delay_us(100000);
	reset_by_triple_fault();
}
