/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small pure parts of hvd: the table of states, the settings, the names of faults.
 */
#include <errno.h>
#include <stdlib.h>

#include "conf.h"
#include "domain/lifecycle.h"
#include "fault.h"
#include "lib/xmem.h"
#include "unit.h"

static void only_these_moves_are_allowed(void)
{
	static const char allowed[DOMAIN_NR_STATES][DOMAIN_NR_STATES + 1] = {
		/* to:  b p r s c d g   (building paused running shutdown crashed dying gone) */
		[DOMAIN_BUILDING] = ".x...x.", [DOMAIN_PAUSED] = "..xxxx.",
		[DOMAIN_RUNNING] = ".x.xxx.",  [DOMAIN_SHUTDOWN] = ".....x.",
		[DOMAIN_CRASHED] = ".....x.",  [DOMAIN_DYING] = "x.....x",
		[DOMAIN_GONE] = ".......",
	};

	for (unsigned int from = 0; from < DOMAIN_NR_STATES; from++)
		for (unsigned int to = 0; to < DOMAIN_NR_STATES; to++)
			CU_ASSERT_EQUAL(lifecycle_allows((enum domain_state)from, (enum domain_state)to),
					allowed[from][to] == 'x');
}

static void every_state_reaches_gone(void)
{
	for (unsigned int s = 0; s < DOMAIN_GONE; s++)
		CU_ASSERT(s == DOMAIN_DYING ||
			  lifecycle_allows((enum domain_state)s, DOMAIN_DYING));
	CU_ASSERT(lifecycle_allows(DOMAIN_DYING, DOMAIN_GONE));
}

static void settings_are_read(void)
{
	struct conf conf;
	char *error = NULL;

	conf_init(&conf);
	CU_ASSERT_STRING_EQUAL(conf.socket, "/run/hvd/hvd.sock");
	CU_ASSERT_EQUAL(conf_parse(&conf, "# a comment\n\n socket = /a b/c \nlog-level=debug\nuser=x",
				   "f", &error),
			0);
	CU_ASSERT_STRING_EQUAL(conf.socket, "/a b/c");
	CU_ASSERT_STRING_EQUAL(conf.user, "x");
	CU_ASSERT_EQUAL(conf.log_level, LOG_LEVEL_DEBUG);
	/* Where it stands, unless an option has said something else since. */
	CU_ASSERT_EQUAL(conf_line(&conf, "socket"), 3);
	CU_ASSERT_EQUAL(conf_line(&conf, "log-level"), 4);
	CU_ASSERT_EQUAL(conf_line(&conf, "run-dir"), 0);
	CU_ASSERT_EQUAL(conf_set(&conf, "log-level", "info", &error), 0);
	CU_ASSERT_EQUAL(conf_line(&conf, "log-level"), 0);
	conf_fini(&conf);
}

static void bad_settings_are_named_with_their_line(void)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "\nsocket", "f:2: not a line like \"key = value\"" },
		{ "colour = red", "f:1: unknown setting 'colour'" },
		{ "socket = here", "f:1: socket: 'here' is not a path that starts with '/'" },
		{ "metrics-per-vcpu = maybe", "f:1: metrics-per-vcpu: 'maybe': neither yes nor no" },
		{ "group =", "f:1: group: '' is not a name" },
		{ "log-level = loud", "f:1: log-level 'loud' is none of error, warning, info, debug" },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf conf;
		char *error = NULL;

		conf_init(&conf);
		CU_ASSERT_EQUAL(conf_parse(&conf, bad[i].text, "f", &error), -EINVAL);
		CU_ASSERT_STRING_EQUAL(error, bad[i].message);
		free(error);
		conf_fini(&conf);
	}
}

/* A code that programs decide by must be documented, and a documented one must exist. */
static void every_fault_is_documented(void)
{
	const char *dir = getenv("srcdir");
	char *path = xasprintf("%s/docs/control-protocol.md", dir ? dir : SOURCE_DIR), *text, *row;
	FILE *f = fopen(path, "r");
	unsigned int rows = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	text = calloc(1, 1 << 16);
	CU_ASSERT(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	for (unsigned int i = FAULT_NONE + 1; i < FAULT_NR; i++) {
		char *wanted = xasprintf("\n| `%s` |", fault_name((enum fault_code)i));

		if (!strstr(text, wanted)) {
			fprintf(stderr, "\nnot documented: %s\n", fault_name((enum fault_code)i));
			CU_FAIL("a fault is not documented");
		}
		free(wanted);
	}
	row = strstr(text, "## Errors");
	CU_ASSERT_PTR_NOT_NULL_FATAL(row);
	while ((row = strstr(row + 1, "\n| `")))
		rows++;
	CU_ASSERT_EQUAL(rows, FAULT_NR - 1);
	free(text);
	free(path);
}

static void a_fault_keeps_its_text(void)
{
	struct fault f;

	CU_ASSERT_EQUAL(fault_set(&f, FAULT_NAME_IN_USE, "'%s' exists", "x"), -EEXIST);
	CU_ASSERT_STRING_EQUAL(f.text, "'x' exists");
	CU_ASSERT_STRING_EQUAL(fault_name(f.code), "name_in_use");
}

UNIT_MAIN("hvd", UNIT_TEST(only_these_moves_are_allowed), UNIT_TEST(every_state_reaches_gone),
	  UNIT_TEST(settings_are_read), UNIT_TEST(bad_settings_are_named_with_their_line),
	  UNIT_TEST(every_fault_is_documented), UNIT_TEST(a_fault_keeps_its_text))
