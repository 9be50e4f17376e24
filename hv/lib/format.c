/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatted text, as far as hv needs it: see the contract in <hv/string.h>. A conversion that it
 * does not know is printed as it stands, so that a mistake shows.
 */
#include <hv/string.h>

struct output {
	char *buf;
	size_t size;
	size_t length; /* that the whole text has, whatever fits */
};

struct conversion {
	bool left, zero, alternate, has_precision;
	size_t width, precision;
	int length; /* -2 hh, -1 h, 0, 1 l, 2 ll, 3 z */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->buf[out->length] = c;
	out->length++;
}

static void put_repeated(struct output *out, char c, size_t n)
{
	while (n--)
		put(out, c);
}

/* 'prefix' goes before zeros that fill up, after blanks that do. */
static void put_padded(struct output *out, const struct conversion *conv, const char *prefix,
		       const char *text, size_t n)
{
	size_t prefix_n = strlen(prefix);
	size_t fill = conv->width > n + prefix_n ? conv->width - n - prefix_n : 0;

	if (!conv->left && !conv->zero)
		put_repeated(out, ' ', fill);
	while (*prefix)
		put(out, *prefix++);
	if (!conv->left && conv->zero)
		put_repeated(out, '0', fill);
	while (n--)
		put(out, *text++);
	if (conv->left)
		put_repeated(out, ' ', fill);
}

static void put_number(struct output *out, const struct conversion *conv, const char *prefix,
		       uint64_t value, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	size_t n = sizeof(text);

	do {
		text[--n] = digits[value % base];
		value /= base;
	} while (value);
	put_padded(out, conv, prefix, text + n, sizeof(text) - n);
}

static void put_string(struct output *out, const struct conversion *conv, const char *s)
{
	struct conversion blank = *conv;

	if (!s)
		s = "(null)";
	blank.zero = false;
	put_padded(out, &blank, "", s,
		   conv->has_precision ? strnlen(s, conv->precision) : strlen(s));
}

static uint64_t get_unsigned(const struct conversion *conv, va_list *args)
{
	switch (conv->length) {
	case -2:
		return (uint8_t)va_arg(*args, unsigned int);
	case -1:
		return (uint16_t)va_arg(*args, unsigned int);
	case 0:
		return va_arg(*args, unsigned int);
	default:
		return va_arg(*args, unsigned long);
	}
}

static int64_t get_signed(const struct conversion *conv, va_list *args)
{
	switch (conv->length) {
	case -2:
		return (int8_t)va_arg(*args, int);
	case -1:
		return (int16_t)va_arg(*args, int);
	case 0:
		return va_arg(*args, int);
	default:
		return va_arg(*args, long);
	}
}

static const char *parse_number(const char *p, size_t *ret, va_list *args)
{
	size_t n = 0;

	if (*p == '*') {
		int given = va_arg(*args, int);

		*ret = given > 0 ? (size_t)given : 0;
		return p + 1;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (size_t)(*p - '0');
	*ret = n;
	return p;
}

/* Flags, width, precision and length between '%' and the conversion's letter. */
static const char *parse_conversion(const char *p, struct conversion *conv, va_list *args)
{
	memset(conv, 0, sizeof(*conv));
	for (;; p++) {
		if (*p == '-')
			conv->left = true;
		else if (*p == '0')
			conv->zero = true;
		else if (*p == '#')
			conv->alternate = true;
		else
			break;
	}
	p = parse_number(p, &conv->width, args);
	if (*p == '.') {
		conv->has_precision = true;
		p = parse_number(p + 1, &conv->precision, args);
	}
	for (; *p == 'l' && conv->length < 2; p++)
		conv->length++;
	for (; *p == 'h' && conv->length > -2; p++)
		conv->length--;
	if (*p == 'z') {
		conv->length = 3;
		p++;
	}
	return p;
}

static void put_signed(struct output *out, const struct conversion *conv, int64_t value)
{
	bool negative = value < 0;

	put_number(out, conv, negative ? "-" : "", negative ? 0 - (uint64_t)value : (uint64_t)value,
		   10, false);
}

static void put_char(struct output *out, const struct conversion *conv, char c)
{
	struct conversion blank = *conv;

	blank.zero = false;
	put_padded(out, &blank, "", &c, 1);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list original)
{
	struct output out = { buf, size, 0 };
	struct conversion conv;
	const char *start;
	va_list args;
	uint64_t value;

	va_copy(args, original);
	while (*fmt) {
		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		start = fmt;
		fmt = parse_conversion(fmt + 1, &conv, &args);
		switch (*fmt) {
		case 'd':
		case 'i':
			put_signed(&out, &conv, get_signed(&conv, &args));
			break;
		case 'u':
			put_number(&out, &conv, "", get_unsigned(&conv, &args), 10, false);
			break;
		case 'x':
		case 'X':
			value = get_unsigned(&conv, &args);
			put_number(&out, &conv, conv.alternate && value ? "0x" : "", value, 16,
				   *fmt == 'X');
			break;
		case 'p':
			put_number(&out, &conv, "0x", (uintptr_t)va_arg(args, void *), 16, false);
			break;
		case 'c':
			put_char(&out, &conv, (char)va_arg(args, int));
			break;
		case 's':
			put_string(&out, &conv, va_arg(args, const char *));
			break;
		case '%':
			put(&out, '%');
			break;
		default:
			while (start < fmt)
				put(&out, *start++);
			continue;
		}
		fmt++;
	}
	va_end(args);
	if (size)
		buf[MIN(out.length, size - 1)] = 0;
	return (int)out.length;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}
