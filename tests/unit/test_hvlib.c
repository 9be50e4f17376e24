/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv's own library: text, memory, options, and the memory map made sane. hv's names of C library
 * functions are changed by the build (hv_...), so that both can be in one program.
 */
#include <stdarg.h>

#include <hv/boot.h>
#include <hv/string.h>

#include "unit.h"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strcmp
#undef strncmp
#undef strlen
#undef strnlen
#undef strchr
#undef snprintf
#undef vsnprintf

int hv_snprintf(char *buf, size_t size, const char *fmt, ...);
void *hv_memcpy(void *dst, const void *src, size_t n);
void *hv_memmove(void *dst, const void *src, size_t n);
void *hv_memset(void *dst, int c, size_t n);
int hv_memcmp(const void *a, const void *b, size_t n);
int hv_strcmp(const char *a, const char *b);
int hv_strncmp(const char *a, const char *b, size_t n);
size_t hv_strlen(const char *s);
size_t hv_strnlen(const char *s, size_t max);
char *hv_strchr(const char *s, int c);

/* The C library's, whose headers were read under the changed names. */
int snprintf(char *buf, size_t size, const char *fmt, ...);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* The C library is the model. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[200], theirs[200];                                                       \
		int n = hv_snprintf(ours, sizeof(ours), __VA_ARGS__);                              \
		int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                             \
		CU_ASSERT_EQUAL(n, m);                                                             \
		CU_ASSERT_STRING_EQUAL(ours, theirs);                                              \
	} while (0)

static void text_is_formatted_as_by_the_c_library(void)
{
	SAME("plain, 100%% of it");
	SAME("%d %d %d", 0, -1, 2147483647);
	SAME("%i|%5d|%-5d|%05d|%05d", 7, 42, 42, 42, -42);
	SAME("%u %lu %zu", 4000000000u, ~0ul, (size_t)77);
	SAME("%x %X %#x %#x %08lx %lx", 0xabcu, 0xabcu, 0u, 255u, 0x12345ul, ~0ul);
	SAME("%hhu %hu %hd %hhd", 255, 65535, -3, -4);
	SAME("%llu %lld", ~0ull, -5ll);
	SAME("%s|%10s|%-10s|%.3s|%.*s", "abc", "abc", "abc", "abcdef", 2, "xyz");
	SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	SAME("%ld", (long)INT64_MIN);
	SAME("%*d", 6, 12);
	SAME("%#08x", 0x1234u);
}

static void text_is_cut_and_terminated(void)
{
	char buf[8] = "xxxxxxx";

	CU_ASSERT_EQUAL(hv_snprintf(buf, 4, "%s", "abcdef"), 6);
	CU_ASSERT_STRING_EQUAL(buf, "abc");
	CU_ASSERT_EQUAL(buf[4], 'x');
	CU_ASSERT_EQUAL(hv_snprintf(buf, 1, "%d", 5), 1);
	CU_ASSERT_EQUAL(buf[0], 0);
	CU_ASSERT_EQUAL(hv_snprintf(NULL, 0, "%d", 12345), 5);
	CU_ASSERT_EQUAL(hv_snprintf(buf, 8, "%p", (void *)0x1f), 4);
	CU_ASSERT_STRING_EQUAL(buf, "0x1f");
}

static void memory_functions_do_what_their_names_say(void)
{
	char a[40] = "0123456789abcdefghijklmnopqrstuvwxyz", b[40];
	int i;

	for (i = 0; i < 37; i++) {
		memset(b, '#', sizeof(b));
		hv_memcpy(b, a, (size_t)i);
		CU_ASSERT(!memcmp(a, b, (size_t)i) && b[i] == '#');
	}
	hv_memmove(a + 3, a, 20);
	CU_ASSERT(!memcmp(a, "0120123456789abcdefghijnop", 26));
	hv_memmove(a, a + 3, 20);
	CU_ASSERT(!memcmp(a, "0123456789abcdefghij", 20));
	hv_memset(b, 0x81, 39);
	CU_ASSERT_EQUAL((unsigned char)b[38], 0x81);
	CU_ASSERT(hv_memcmp("abc", "abd", 3) < 0);
	CU_ASSERT(hv_memcmp("\xff", "a", 1) > 0);
	CU_ASSERT_EQUAL(hv_memcmp("abc", "abd", 2), 0);
}

static void string_functions_do_what_their_names_say(void)
{
	char small[4];

	CU_ASSERT_EQUAL(hv_strlen("hello"), 5);
	CU_ASSERT_EQUAL(hv_strnlen("hello", 3), 3);
	CU_ASSERT(hv_strcmp("a", "b") < 0 && hv_strcmp("b", "a") > 0 && !hv_strcmp("x", "x"));
	CU_ASSERT(hv_strcmp("ab", "a") > 0);
	CU_ASSERT(!hv_strncmp("abcd", "abxx", 2) && hv_strncmp("abcd", "abxx", 3) < 0);
	CU_ASSERT(!hv_strncmp("ab", "ab", 10));
	CU_ASSERT_STRING_EQUAL(hv_strchr("key=value", '='), "=value");
	CU_ASSERT_PTR_NULL(hv_strchr("key", '='));
	CU_ASSERT_STRING_EQUAL(hv_strchr("key", 0), "");
	strcopy(small, "abcdef", sizeof(small));
	CU_ASSERT_STRING_EQUAL(small, "abc");
}

/* ---- options ---- */

static uint64_t opt_size = 1;
OPTION_SIZE("dom0_mem", opt_size);
static uint32_t opt_number;
OPTION_UINT("dom0_max_vcpus", opt_number);
static bool opt_flag;
OPTION_BOOL("flag", opt_flag);
static char opt_text[8] = "old";
OPTION_STRING("text", opt_text);

static uint64_t size_of(const char *cmdline)
{
	opt_size = 1;
	boot_parse_options(cmdline);
	return opt_size;
}

static void sizes_take_xens_suffixes(void)
{
	CU_ASSERT_EQUAL(size_of("dom0_mem=512M"), 512ul << 20);
	CU_ASSERT_EQUAL(size_of("dom0_mem=2g"), 2ul << 30);
	CU_ASSERT_EQUAL(size_of("dom0_mem=64"), 64ul << 10);
	CU_ASSERT_EQUAL(size_of("dom0_mem=4096B"), 4096);
	CU_ASSERT_EQUAL(size_of("dom0_mem=0x10k"), 0x10ul << 10);
	CU_ASSERT_EQUAL(size_of("dom0_mem=max:3G"), 3ul << 30);
	CU_ASSERT_EQUAL(size_of("dom0_mem=1G,max:2G"), 1ul << 30);
	CU_ASSERT_EQUAL(size_of("dom0_mem=min:1G,max:2G"), 2ul << 30);
}

static void wrong_values_leave_the_default(void)
{
	CU_ASSERT_EQUAL(size_of("dom0_mem=abc"), 1);
	CU_ASSERT_EQUAL(size_of("dom0_mem=5X"), 1);
	CU_ASSERT_EQUAL(size_of("dom0_mem=5MM"), 1);
	CU_ASSERT_EQUAL(size_of("dom0_mem="), 1);
	CU_ASSERT_EQUAL(size_of("dom0_mem"), 1);
	CU_ASSERT_EQUAL(size_of("dom0_mem=99999999999999999999G"), 1);
	CU_ASSERT_EQUAL(size_of("dom0_mem=99999999999G"), 1);
	opt_number = 3;
	boot_parse_options("dom0_max_vcpus=4294967296 dom0_max_vcpus=-1 dom0_max_vcpus=5x");
	CU_ASSERT_EQUAL(opt_number, 3);
	boot_parse_options("text=muchtoolong");
	CU_ASSERT_STRING_EQUAL(opt_text, "old");
}

static void words_are_found_among_others(void)
{
	opt_flag = false;
	boot_parse_options("  unknown=3 flag\tdom0_max_vcpus=4 text=new nonsense ");
	CU_ASSERT(opt_flag);
	CU_ASSERT_EQUAL(opt_number, 4);
	CU_ASSERT_STRING_EQUAL(opt_text, "new");
	boot_parse_options("no-flag");
	CU_ASSERT(!opt_flag);
	boot_parse_options("flag=yes");
	CU_ASSERT(opt_flag);
	boot_parse_options("flag=off flag=maybe");
	CU_ASSERT(!opt_flag);
	boot_parse_options("");
}

static void overlong_word_is_skipped(void)
{
	static char line[1000];

	memset(line, 'x', 500);
	strcpy(line + 500, " dom0_max_vcpus=9");
	boot_parse_options(line);
	CU_ASSERT_EQUAL(opt_number, 9);
}

/* ---- memory map ---- */

static void is_region(uint32_t i, paddr_t start, uint64_t size, enum region_type type)
{
	CU_ASSERT_FATAL(i < boot_info.nr_regions);
	CU_ASSERT_EQUAL(boot_info.regions[i].start, start);
	CU_ASSERT_EQUAL(boot_info.regions[i].size, size);
	CU_ASSERT_EQUAL(boot_info.regions[i].type, type);
}

static void map_is_sorted_and_neighbours_are_joined(void)
{
	static const struct boot_region raw[] = {
		{ 0x100000, 0x1000, REGION_RAM },
		{ 0, 0x9f000, REGION_RAM },
		{ 0x101000, 0x5000, REGION_RAM },
		{ 0x9f000, 0x1000, REGION_RESERVED },
	};

	boot_set_regions(raw, 4);
	CU_ASSERT_EQUAL(boot_info.nr_regions, 3);
	is_region(0, 0, 0x9f000, REGION_RAM);
	is_region(1, 0x9f000, 0x1000, REGION_RESERVED);
	is_region(2, 0x100000, 0x6000, REGION_RAM);
}

static void stricter_type_wins_where_entries_overlap(void)
{
	static const struct boot_region raw[] = {
		{ 0, 0x10000, REGION_RAM },
		{ 0x4000, 0x1000, REGION_RESERVED },
		{ 0x4800, 0x2000, REGION_ACPI },
		{ 0x8000, UINT64_MAX, REGION_UNUSABLE },
	};

	boot_set_regions(raw, 4);
	is_region(0, 0, 0x4000, REGION_RAM);
	is_region(1, 0x4000, 0x1000, REGION_RESERVED);
	is_region(2, 0x5000, 0x1800, REGION_ACPI);
	is_region(3, 0x6800, 0x1800, REGION_RAM);
	is_region(4, 0x8000, UINT64_MAX - 0x8000, REGION_UNUSABLE);
	CU_ASSERT_EQUAL(boot_info.nr_regions, 5);
	boot_set_regions(raw, 0);
	CU_ASSERT_EQUAL(boot_info.nr_regions, 0);
}

UNIT_MAIN("hvlib", UNIT_TEST(text_is_formatted_as_by_the_c_library),
	  UNIT_TEST(text_is_cut_and_terminated),
	  UNIT_TEST(memory_functions_do_what_their_names_say),
	  UNIT_TEST(string_functions_do_what_their_names_say), UNIT_TEST(sizes_take_xens_suffixes),
	  UNIT_TEST(wrong_values_leave_the_default), UNIT_TEST(words_are_found_among_others),
	  UNIT_TEST(overlong_word_is_skipped), UNIT_TEST(map_is_sorted_and_neighbours_are_joined),
	  UNIT_TEST(stricter_type_wins_where_entries_overlap))
