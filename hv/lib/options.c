/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: words separated by blanks, each "name", "name=value" or "no-name". Each option
 * is a descriptor that OPTION_...() put into a linker section beside the code which it steers. An
 * option may come again: the last one counts. Nothing here refuses to boot: a typing error must
 * not cost a host its console.
 */
#include <hv/boot.h>
#include <hv/console.h>
#include <hv/errno.h>
#include <hv/string.h>

/* The linker makes these for a section with such a name; hv.lds.S does the same. */
extern const struct option __start_options[], __stop_options[];

/* Decimal, or hexadecimal after 0x. *end: the first character that is no digit. */
static int parse_integer(const char *s, const char **end, uint64_t *ret)
{
	unsigned int base = 10, digit;
	uint64_t n = 0;
	const char *first;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	for (first = s;; s++) {
		if (*s >= '0' && *s <= '9')
			digit = (unsigned int)(*s - '0');
		else if (base == 16 && (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			digit = (unsigned int)((*s | 0x20) - 'a') + 10;
		else
			break;
		if (n > (UINT64_MAX - digit) / base)
			return -ERANGE;
		n = n * base + digit;
	}
	if (s == first)
		return -EINVAL;
	*end = s;
	*ret = n;
	return 0;
}

/* As Xen: B, K, M, G or T behind it; without a letter it counts KiB. Up to the end or a comma. */
static int parse_one_size(const char *s, uint64_t *ret)
{
	static const char letters[] = "bBkKmMgGtT";
	unsigned int shift = 10;
	const char *end, *letter;
	uint64_t n;
	int err;

	err = parse_integer(s, &end, &n);
	if (err)
		return err;
	letter = *end ? strchr(letters, *end) : NULL;
	if (letter) {
		shift = (unsigned int)(letter - letters) / 2 * 10;
		end++;
	}
	if (*end && *end != ',')
		return -EINVAL;
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = n << shift;
	return 0;
}

/* "AMOUNT", or Xen's list "AMOUNT,min:..,max:..": of that the amount, else the maximum. */
static int parse_size(const char *s, uint64_t *ret)
{
	uint64_t amount = 0, max = 0, ignored;
	int err;

	do {
		if (!strncmp(s, "max:", 4))
			err = parse_one_size(s + 4, &max);
		else if (!strncmp(s, "min:", 4))
			err = parse_one_size(s + 4, &ignored);
		else
			err = parse_one_size(s, &amount);
		if (err)
			return err;
		s = strchr(s, ',');
	} while (s++);
	if (!amount && !max)
		return -EINVAL;
	*ret = amount ? amount : max;
	return 0;
}

static int parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "", "yes", "on", "true", "enable", "1" };
	static const char *const no[] = { "no", "off", "false", "disable", "0" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++)
		if (!strcmp(s, yes[i])) {
			*ret = true;
			return 0;
		}
	for (i = 0; i < ARRAY_SIZE(no); i++)
		if (!strcmp(s, no[i])) {
			*ret = false;
			return 0;
		}
	return -EINVAL;
}

static int set_uint(const struct option *opt, const char *value)
{
	const char *end;
	uint64_t n;
	int err = parse_integer(value, &end, &n);

	if (err)
		return err;
	if (*end || n > UINT32_MAX)
		return -EINVAL;
	*(uint32_t *)opt->target = (uint32_t)n;
	return 0;
}

static int set_string(const struct option *opt, const char *value)
{
	if (strlen(value) >= opt->target_size)
		return -ERANGE;
	strcopy(opt->target, value, opt->target_size);
	return 0;
}

static int set_option(const struct option *opt, const char *value)
{
	switch ((enum option_kind)opt->kind) {
	case OPTION_KIND_SIZE:
		return parse_size(value, opt->target);
	case OPTION_KIND_UINT:
		return set_uint(opt, value);
	case OPTION_KIND_BOOL:
		return parse_bool(value, opt->target);
	case OPTION_KIND_STRING:
		return set_string(opt, value);
	}
	return -EINVAL;
}

static const struct option *find_option(const char *name)
{
	const struct option *opt;

	for (opt = __start_options; opt < __stop_options; opt++)
		if (!strcmp(opt->name, name))
			return opt;
	return NULL;
}

/* One word, which is taken apart in place. */
static void parse_word(char *word)
{
	char *value = strchr(word, '=');
	const struct option *opt;
	int err;

	if (value)
		*value++ = 0;
	opt = find_option(word);
	if (opt) {
		err = set_option(opt, value ? value : "");
		if (err)
			log_warning("option %s: cannot use the value '%s'\n", word,
				    value ? value : "");
		return;
	}
	if (!strncmp(word, "no-", 3) && !value) {
		opt = find_option(word + 3);
		if (opt && opt->kind == OPTION_KIND_BOOL) {
			*(bool *)opt->target = false;
			return;
		}
	}
	log_warning("option %s: unknown, ignored\n", word);
}

void boot_parse_options(const char *cmdline)
{
	char word[256];
	size_t n;

	while (*cmdline) {
		if (*cmdline == ' ' || *cmdline == '\t') {
			cmdline++;
			continue;
		}
		for (n = 0; cmdline[n] && cmdline[n] != ' ' && cmdline[n] != '\t'; n++)
			;
		if (n < sizeof(word)) {
			memcpy(word, cmdline, n);
			word[n] = 0;
			parse_word(word);
		} else {
			log_warning("option %.32s...: too long, ignored\n", cmdline);
		}
		cmdline += n;
	}
}
