/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl: the command line of a host.
 *
 * A command is one line of the table and one file. It sends hvd a request or two over the control
 * socket and shows the reply, as text or with --json as it came.
 */
#include "hvctl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config.h"

#define SOCKET_DEFAULT "/run/hvd/hvd.sock"

struct options options = { .socket = SOCKET_DEFAULT };

/* "[--total-bytes-sec N] ...": all that there is to limit of a kind. */
#define LIMIT_OPTION(name) "[--" name " N] [--" name "-max N] [--" name "-max-length N] "
#define LIMIT_OPTIONS(kind) \
	LIMIT_OPTION("total-" kind "-sec") LIMIT_OPTION("read-" kind "-sec") LIMIT_OPTION("write-" kind "-sec")

static const struct command commands[] = {
	{ "create", "[--paused | --console] VM.XML", "start a domain", cmd_create },
	{ "define", "VM.XML", "make a domain known to this host, running or not", cmd_define },
	{ "undefine", "DOMAIN", "forget a domain's definition", cmd_undefine },
	{ "start", "[--paused | --console] DOMAIN", "start a domain that is defined", cmd_start },
	{ "autostart", "[--disable] DOMAIN", "start a domain with the host", cmd_autostart },
	{ "rename", "DOMAIN NEW-NAME", "rename a domain that is shut off", cmd_rename },
	{ "dumpxml", "DOMAIN", "show a domain's definition", cmd_dumpxml },
	{ "list", "[--all]", "show all domains", cmd_list },
	{ "info", "DOMAIN", "show one domain in detail", cmd_info },
	{ "vcpus", "DOMAIN", "show a domain's virtual CPUs", cmd_vcpus },
	{ "dirtyrate", "[--period SECONDS] DOMAIN", "tell how fast a domain writes its memory", cmd_dirtyrate },
	{ "history", "[--max N] DOMAIN", "show what happened to a domain", cmd_history },
	{ "console-log", "[--follow] [--lines N] DOMAIN", "show what a domain's console has said", cmd_console_log },
	{ "console", "[--idle SECONDS] [--lines N] DOMAIN", "attach to a domain's console; ^] leaves it", cmd_console },
	{ "shutdown", "[--wait] [--timeout SECONDS] DOMAIN", "ask a domain to power off", cmd_shutdown },
	{ "reboot", "[--wait] [--timeout SECONDS] DOMAIN", "ask a domain to reboot", cmd_reboot },
	{ "destroy", "DOMAIN", "end a domain at once", cmd_destroy },
	{ "pause", "DOMAIN", "stop a domain's CPUs", cmd_pause },
	{ "resume", "DOMAIN", "let a paused domain run", cmd_resume },
	{ "attach-disk", "[--readonly] [--cache MODE] DOMAIN DISK.XML | SOURCE TARGET", "give a running domain a disk",
	  cmd_attach_disk },
	{ "detach-disk", "[--force] [--timeout SECONDS] DOMAIN TARGET", "take a disk away from a running domain",
	  cmd_detach_disk },
	{ "attach-interface", "[--mac ADDRESS] DOMAIN INTERFACE.XML | BRIDGE",
	  "give a running domain a network interface", cmd_attach_interface },
	{ "detach-interface", "[--timeout SECONDS] DOMAIN MAC | VIF",
	  "take a network interface away", cmd_detach_interface },
	{ "blkdeviotune", LIMIT_OPTIONS("bytes") LIMIT_OPTIONS("iops") "[--size-iops-sec N] DOMAIN TARGET",
	  "show or set the limits of a running domain's disk", cmd_blkdeviotune },
	{ "blockresize", "[--shrink] DOMAIN TARGET [SIZE]", "give a running domain's disk another size",
	  cmd_blockresize },
	{ "image", "ACTION ...", "work on images of disks; 'hvctl image help' lists what", cmd_image },
	{ "top", "[--history DOMAIN]", "show who uses the host; 'q' ends it", cmd_top },
	{ "events", "[--follow]", "show what happened, a JSON object a line", cmd_events },
	{ "log", "[--follow] [DOMAIN]", "show what hvd has logged", cmd_log },
	{ "dmesg", "[--follow]", "show the hypervisor's log", cmd_dmesg },
	{ "capabilities", "", "show what this host has", cmd_capabilities },
	{ "validate", "VM.XML", "check a vm.xml (without hvd)", cmd_validate },
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int complain(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("hvctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

static void usage(FILE *to)
{
	fputs("usage: hvctl [--json] [--socket PATH] COMMAND ...\n\n", to);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-16s %s\n", commands[i].name, commands[i].help);
	fputs("\nA DOMAIN is a name or an id. 'hvctl COMMAND --help' tells a command's arguments.\n", to);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static void command_usage(const struct command *c, FILE *to)
{
	fprintf(to, "usage: hvctl %s%s%s\n", c->name, *c->arguments ? " " : "", c->arguments);
}

int usage_error(char **argv)
{
	command_usage(find_command(argv[0]), stderr);
	return EXIT_USAGE;
}

static void remove_arguments(int *argc, char **argv, int at, int n)
{
	memmove(argv + at, argv + at + n, (size_t)(*argc - at - n + 1) * sizeof(*argv));
	*argc -= n;
}

bool take_flag(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc; i++) {
		if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, name)) {
			remove_arguments(argc, argv, i, 1);
			return true;
		}
	}
	return false;
}

const char *take_option(int *argc, char **argv, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i < *argc; i++) {
		const char *value;

		if (strncmp(argv[i], "--", 2) || strncmp(argv[i] + 2, name, n))
			continue;
		if (argv[i][2 + n] == '=') {
			value = argv[i] + 3 + n;
			remove_arguments(argc, argv, i, 1);
			return value;
		}
		if (!argv[i][2 + n] && i + 1 < *argc) {
			value = argv[i + 1];
			remove_arguments(argc, argv, i, 2);
			return value;
		}
	}
	return NULL;
}

bool parse_seconds(const char *text, long *ret_seconds)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > 86400) {
		complain(EXIT_USAGE, "'%s' is not a number of seconds (0 to 86400)", text);
		return false;
	}
	*ret_seconds = value;
	return true;
}

bool is_line_count(const char *text)
{
	size_t n = strlen(text);

	return n && n <= 5 && strspn(text, "0123456789") == n;
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *socket;

	signal(SIGPIPE, SIG_IGN);
	/* Anywhere on the line: "hvctl list --json" is what people type. */
	options.json = take_flag(&argc, argv, "json");
	while ((socket = take_option(&argc, argv, "socket")))
		options.socket = socket;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("hvctl " PACKAGE_VERSION);
		return EXIT_OK;
	}
	command = find_command(argv[1]);
	if (!command)
		return complain(EXIT_USAGE, "there is no command '%s'; 'hvctl --help' lists them",
				argv[1]);
	argc--;
	argv++;
	if (take_flag(&argc, argv, "help")) {
		command_usage(command, stdout);
		return EXIT_OK;
	}
	return command->run(argc, argv);
}
