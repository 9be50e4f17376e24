/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CUnit suite in one file: tests are functions whose names say the promise they check, a table
 * lists them, and UNIT_MAIN makes the program. The exit status is 0 only if all ran and passed.
 *
 *	static void sum_of_nothing_is_zero(void)
 *	{
 *		CU_ASSERT_EQUAL(sum(NULL, 0), 0);
 *	}
 *
 *	UNIT_MAIN("sum", UNIT_TEST(sum_of_nothing_is_zero))
 *
 * 'program PATTERN' runs only the tests whose name contains PATTERN.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#if !__has_include(<CUnit/Basic.h>)
#error "missing CUnit: apt-get install libcunit1-dev"
#endif
#include <CUnit/Basic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

#define UNIT_TEST(function) { #function, function }

/* Runs the tests whose name contains 'pattern' (NULL: all); returns main()'s exit status. */
static inline int unit_run(const char *suite_name, const struct unit_test *tests, size_t nr_tests,
			   const char *pattern)
{
	unsigned int failures, chosen = 0;
	CU_pSuite suite;
	size_t i;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite(suite_name, NULL, NULL);
	for (i = 0; suite && i < nr_tests; i++) {
		if (pattern && !strstr(tests[i].name, pattern))
			continue;
		if (!CU_add_test(suite, tests[i].name, tests[i].run))
			suite = NULL;
		chosen++;
	}
	if (!suite || !chosen) {
		fprintf(stderr, "%s: no tests\n", suite_name);
		return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failures = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	return failures ? 1 : 0;
}

#define UNIT_MAIN(suite_name, ...)                                                             \
	int main(int argc, char **argv)                                                        \
	{                                                                                      \
		static const struct unit_test tests[] = { __VA_ARGS__ };                       \
	\
		setvbuf(stdout, NULL, _IOLBF, 0);                                              \
		return unit_run(suite_name, tests, sizeof(tests) / sizeof(tests[0]),           \
				argc > 1 ? argv[1] : NULL);                                    \
	}

#endif
