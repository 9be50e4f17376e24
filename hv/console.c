/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: a ring in memory that keeps the last 64 KiB, and the devices behind it. Messages carry
 * the time since boot; a message above loglvl= goes to the ring only.
 *
 * The serial line belongs to hv when console= names it; then hv also takes its input, by looking
 * every few milliseconds while the control domain listens (an interrupt line would have to be
 * shared with the control domain's I/O APIC). The screen is hv's until the control domain starts.
 */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/clock.h>
#include <hv/console.h>
#include <hv/guest_abi.h>
#include <hv/spinlock.h>
#include <hv/string.h>
#include <hv/timer.h>

#define RING_SIZE     65536u /* a power of two */
#define INPUT_SIZE    256u
#define INPUT_POLL_NS (10 * NSEC_PER_MSEC)

static char ring[RING_SIZE];
static uint64_t ring_end; /* bytes ever written; console_lock */
static struct spinlock console_lock = SPINLOCK_INIT;
static bool in_panic;

static char opt_console[64] = "vga";
OPTION_STRING("console", opt_console);
static char opt_com1[64] = "115200,8n1";
OPTION_STRING("com1", opt_com1);
static char opt_loglvl[64] = "info";
OPTION_STRING("loglvl", opt_loglvl);

static bool serial_on, screen_on;
static enum log_level level_shown = LOG_INFO;

static char input[INPUT_SIZE];
static uint32_t input_head, input_tail; /* console_lock */
static struct timer input_timer;
static bool input_wanted;

/* ---- output ---- */

static void write_devices(const char *bytes, size_t n)
{
	if (serial_on)
		arch_serial_write(bytes, n);
	if (screen_on)
		arch_screen_write(bytes, n);
}

static void write_ring(const char *bytes, size_t n)
{
	while (n--)
		ring[ring_end++ % RING_SIZE] = *bytes++;
}

static void lock(void)
{
	if (!in_panic)
		spin_lock(&console_lock);
}

static void unlock(void)
{
	if (!in_panic)
		spin_unlock(&console_lock);
}

void console_write(const char *bytes, size_t n)
{
	lock();
	write_ring(bytes, n);
	write_devices(bytes, n);
	unlock();
}

void log_at(enum log_level level, const char *fmt, ...)
{
	uint64_t now_us = clock_ns() / NSEC_PER_USEC;
	char text[512];
	va_list args;
	size_t n;
	int head;

	head = snprintf(text, sizeof(text), "(hv) [%5lu.%06lu] %s", now_us / 1000000,
			now_us % 1000000,
			level == LOG_ERROR     ? "ERROR: "
			: level == LOG_WARNING ? "warning: "
					       : "");
	va_start(args, fmt);
	vsnprintf(text + head, sizeof(text) - (size_t)head, fmt, args);
	va_end(args);
	n = strlen(text);
	lock();
	write_ring(text, n);
	if (level <= level_shown || in_panic)
		write_devices(text, n);
	unlock();
}

size_t console_read_log(uint64_t *position, char *buf, size_t size)
{
	uint64_t oldest;
	size_t n;

	lock();
	oldest = ring_end > RING_SIZE ? ring_end - RING_SIZE : 0;
	*position = MIN(MAX(*position, oldest), ring_end);
	for (n = 0; n < size && *position + n < ring_end; n++)
		buf[n] = ring[(*position + n) % RING_SIZE];
	unlock();
	return n;
}

/* ---- input ---- */

/* Bytes for which there is no room are dropped, as a UART without flow control does. */
static bool take_input(void)
{
	bool any = false;
	char c;

	lock();
	while (arch_serial_read(&c)) {
		if (input_head - input_tail == INPUT_SIZE)
			continue;
		input[input_head++ % INPUT_SIZE] = c;
		any = true;
	}
	unlock();
	return any;
}

static void poll_input(struct timer *t)
{
	if (!READ_ONCE(input_wanted))
		return;
	if (take_input())
		guest_abi_console_input();
	timer_set(t, clock_ns() + INPUT_POLL_NS);
}

void console_input_enable(bool on)
{
	if (!serial_on || READ_ONCE(input_wanted) == on)
		return;
	WRITE_ONCE(input_wanted, on);
	if (on)
		timer_set(&input_timer, clock_ns() + INPUT_POLL_NS);
	else
		timer_cancel(&input_timer);
}

size_t console_input_read(char *buf, size_t size)
{
	size_t n = 0;

	lock();
	while (n < size && input_tail != input_head)
		buf[n++] = input[input_tail++ % INPUT_SIZE];
	unlock();
	return n;
}

bool console_owns_port(uint16_t port)
{
	return serial_on && arch_serial_owns_port(port);
}

/* ---- start ---- */

/* Is 'name' one of the words of a comma-separated list? */
static bool list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (list) {
		if (!strncmp(list, name, n) && (!list[n] || list[n] == ','))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

/* As Xen: "all" or "debug", "info", "warning", "error"; "lower/upper" counts by its first part. */
static void set_level(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "none", LOG_ERROR }, { "error", LOG_ERROR }, { "warning", LOG_WARNING },
		{ "info", LOG_INFO },  { "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
	};
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		n = strlen(names[i].name);
		if (!strncmp(name, names[i].name, n) && (!name[n] || name[n] == '/'))
			level_shown = names[i].level;
	}
}

void console_early_init(const char *cmdline)
{
	boot_parse_options(cmdline);
	set_level(opt_loglvl);
	timer_init(&input_timer, poll_input);
	if (list_has(opt_console, "com1"))
		serial_on = arch_serial_init(opt_com1);
	if (list_has(opt_console, "vga"))
		screen_on = arch_screen_init_text();
	/* What has been said so far was heard by nobody. */
	write_devices(ring, ring_end);
}

void console_framebuffer_init(void)
{
	if (!list_has(opt_console, "vga") || screen_on || !arch_screen_init_framebuffer())
		return;
	lock();
	screen_on = true;
	arch_screen_write(ring, MIN(ring_end, (uint64_t)RING_SIZE));
	unlock();
}

void console_release_screen(void)
{
	lock();
	screen_on = false;
	unlock();
}

void console_set_panic(void)
{
	in_panic = true;
	screen_on = list_has(opt_console, "vga") && arch_screen_is_ready();
}
