/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv's log: a ring in memory, and behind it the devices that console= names (serial line,
 * framebuffer). Any CPU, any context but NMI; takes the console lock, the last in the order.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/compiler.h>
#include <hv/types.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* One message; a newline at its end is expected. Levels above loglvl= only go to the ring. */
void log_at(enum log_level level, const char *fmt, ...) __printf(2, 3);
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Raw bytes: what a domain writes on its console (console_io, port 0xE9). To ring and devices. */
void console_write(const char *bytes, size_t n);

/*
 * Bytes [*position, ...) of the log, at most 'size', into 'buf'; *position becomes the number of
 * the first byte delivered (older ones are overwritten). Returns how many were delivered.
 */
size_t console_read_log(uint64_t *position, char *buf, size_t size);

/*
 * Input from the serial line, for the control domain. Nothing polls it until this is called with
 * true (somebody listens); then guest_abi_console_input() is called when bytes have arrived.
 */
void console_input_enable(bool on);
size_t console_input_read(char *buf, size_t size);

/* True when hv drives the UART at these ports: they are then hidden from the control domain. */
bool console_owns_port(uint16_t port);

void console_early_init(const char *cmdline);	     /* serial line, from com1= and console= */
void console_framebuffer_init(void);		     /* once memory is mapped; boot_info has it */
void console_release_screen(void);		     /* the control domain owns it from here on */
void console_set_panic(void);			     /* no locks from here on, all levels */

#endif
