/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl: what its commands share.
 */
#ifndef HVCTL_HVCTL_H
#define HVCTL_HVCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/json_line.h"

/* Exit statuses, also in hvctl(1). */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,    /* hvd refused, or it did not work */
	EXIT_USAGE = 2,     /* the command line is wrong */
	EXIT_NO_DOMAIN = 3, /* there is no such domain */
	EXIT_NO_HVD = 4,    /* hvd cannot be reached */
	EXIT_BAD_XML = 5,   /* the vm.xml is wrong or cannot be read */
	EXIT_TIMEOUT = 6,   /* what was waited for did not happen in time */
};

struct options {
	bool json;
	const char *socket;
};
extern struct options options;

struct command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *help;
	/* argv[0] is the command's name; options of hvctl itself are gone. Returns an exit status. */
	int (*run)(int argc, char **argv);
};

/* ---- cmd_*.c ---- */

int cmd_create(int argc, char **argv);
int cmd_define(int argc, char **argv);
int cmd_undefine(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_autostart(int argc, char **argv);
int cmd_rename(int argc, char **argv);
int cmd_dumpxml(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_console_log(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_vcpus(int argc, char **argv);
int cmd_dirtyrate(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_shutdown(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_dmesg(int argc, char **argv);
int cmd_capabilities(int argc, char **argv);
int cmd_attach_disk(int argc, char **argv);
int cmd_attach_interface(int argc, char **argv);
int cmd_detach_disk(int argc, char **argv);
int cmd_detach_interface(int argc, char **argv);
int cmd_blkdeviotune(int argc, char **argv);
int cmd_blockresize(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_validate(int argc, char **argv);

/* ---- main.c ---- */

/* "hvctl: ..." on standard error. Returns 'status', for 'return complain(...)'. */
int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says how the command in argv[0] is used; returns EXIT_USAGE. */
int usage_error(char **argv);
/* Removes "--NAME" from the arguments; whether it was there. */
bool take_flag(int *argc, char **argv, const char *name);
/* Removes "--NAME VALUE" or "--NAME=VALUE"; NULL: not there. */
const char *take_option(int *argc, char **argv, const char *name);
/* An option that is a number of seconds; false: complained. */
bool parse_seconds(const char *text, long *ret_seconds);

/* Is it a number of lines, up to 99999? */
bool is_line_count(const char *text);

/* ---- conn.c: talking to hvd ---- */

struct json_object;

/*
 * For who follows something: that hvd has gone is no error, is not complained of, and conn_call() says
 * EXIT_NO_HVD.
 */
void conn_follow(void);
/*
 * After that: waits for the next hvd. EXIT_OK: connected; EXIT_NO_HVD: complained, there is none for a minute.
 * Any other trouble than a lost connection: 'status' as it is.
 */
int conn_again(int status);

/* A connection for several requests. EXIT_OK, or complained and EXIT_NO_HVD. */
int conn_open(void);

/*
 * One request and its reply, over the connection (made when there is none). EXIT_OK: '*ret_result'
 * is the reply's "result", to be put. Else the error has been shown, and this is the exit status.
 */
int conn_call(struct json_object *request, struct json_object **ret_result);

/* The same for work that tells how far it is; 'what' it is called. */
int conn_call_long(struct json_object *request, const char *what, struct json_object **ret_result);

/* A request object {"op": op}, with "domain" unless that is NULL. */
struct json_object *conn_request(const char *op, const char *domain);

/* Requests that need no more than an op and a domain, and show nothing. */
int conn_simple(const char *op, const char *domain);

/* The same over a connection of its own, beside one that has become a console. */
int conn_call_aside(struct json_object *request, struct json_object **ret_result);

/* After "console": the descriptor, and what has come with the reply. */
int conn_raw(const void **ret_rest, size_t *ret_n);

/* ---- output.c ---- */

void print_json(struct json_object *o);
/* "key   value" lines, aligned. */
void print_field(const char *key, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "1234567890" ns -> "1.2" s */
double seconds(long long ns);

/* ---- progress.c ---- */

void progress_show(const char *what, long long done, long long total);
void progress_end(void);

/* ---- image_print.c ---- */

void image_print(const char *action, struct json_object *result);

/* ---- cmd_console.c ---- */

/*
 * Attaches the terminal to a domain's console; the request "console" has not been sent yet. 'lines'
 * of what was said before, NULL: what hvd has at hand.
 */
int console_run(const char *domain, const char *lines, long idle_s, bool resume_domain);

/* ---- cmd_validate.c ---- */

/* Reads a file ("-": standard input); complains and returns NULL. To be freed. */
char *read_xml(const char *path, size_t *ret_size);

#endif
