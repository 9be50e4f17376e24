/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a vm.xml by tables; the contract is in spec_xml.h.
 */
#include "domain/spec_xml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"

#define CHILDREN_MAX 64u /* kinds of elements in one table */

int spec_fail(struct spec_parser *p, const xmlNode *node, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	if (p->error)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	p->error = xasprintf("line %ld: <%.64s>: %s", xmlGetLineNo((xmlNode *)node),
			     (const char *)node->name, reason);
	return -EINVAL;
}

bool spec_word_among(const char *word, const char *words)
{
	size_t n = strlen(word);

	while (words && *words) {
		size_t len = strcspn(words, " ");

		if (len == n && !memcmp(word, words, n))
			return true;
		words += len + (words[len] == ' ');
	}
	return false;
}

int spec_check_attributes(struct spec_parser *p, xmlNode *node, const char *allowed)
{
	if (allowed && !strcmp(allowed, "*"))
		return 0;
	if (node->ns || node->nsDef)
		return spec_fail(p, node, "XML namespaces are not supported here");
	for (xmlAttr *a = node->properties; a; a = a->next)
		if (a->ns || !spec_word_among((const char *)a->name, allowed))
			return spec_fail(p, node, "attribute '%.64s' is not supported",
					 (const char *)a->name);
	return 0;
}

static bool is_blank_text(const xmlNode *node)
{
	return xmlIsBlankNode(node) == 1;
}

static bool is_ignored(const xmlNode *node)
{
	return node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE || is_blank_text(node);
}

static int parse_child(struct spec_parser *p, xmlNode *child, const struct spec_element *e,
		       unsigned int *seen, void *arg)
{
	int err;

	if (*seen && !e->many)
		return spec_fail(p, child, "stands here a second time");
	*seen = 1;
	err = spec_check_attributes(p, child, e->attributes);
	if (err || !e->parse)
		return err;
	return e->parse(p, child, arg);
}

int spec_walk(struct spec_parser *p, xmlNode *node, const struct spec_element *table, size_t nr,
	      void *arg)
{
	unsigned int seen[CHILDREN_MAX] = { 0 };

	for (xmlNode *child = node->children; child; child = child->next) {
		size_t i;
		int err;

		if (is_ignored(child))
			continue;
		if (child->type != XML_ELEMENT_NODE)
			return spec_fail(p, node, "text is not expected here");
		for (i = 0; i < nr && strcmp(table[i].name, (const char *)child->name); i++)
			;
		if (i == nr)
			return spec_fail(p, child, "this element is not supported in <%s>",
					 (const char *)node->name);
		err = parse_child(p, child, &table[i], &seen[i], arg);
		if (err)
			return err;
	}
	return 0;
}

int spec_expect_empty(struct spec_parser *p, xmlNode *node)
{
	return spec_walk(p, node, NULL, 0, NULL);
}

static char *trimmed(const char *text)
{
	const char *blanks = " \t\r\n";
	size_t n;

	text += strspn(text, blanks);
	n = strlen(text);
	while (n && strchr(blanks, text[n - 1]))
		n--;
	return xstrndup(text, n);
}

int spec_text(struct spec_parser *p, xmlNode *node, char **ret_text)
{
	xmlChar *content;

	for (xmlNode *child = node->children; child; child = child->next)
		if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE &&
		    child->type != XML_COMMENT_NODE)
			return spec_fail(p, node, "holds something other than text");
	content = xmlNodeGetContent(node);
	*ret_text = trimmed(content ? (const char *)content : "");
	xmlFree(content);
	return 0;
}

int spec_line(struct spec_parser *p, xmlNode *node, size_t max, char **ret_text)
{
	char *text;
	int err = spec_text(p, node, &text);

	if (err)
		return err;
	if (!*text)
		err = spec_fail(p, node, "is empty");
	else if (strlen(text) > max)
		err = spec_fail(p, node, "is longer than %zu bytes", max);
	for (const char *c = text; !err && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			err = spec_fail(p, node, "holds a control character or more than one line");
	if (err)
		free(text);
	else
		*ret_text = text;
	return err;
}

int spec_path(struct spec_parser *p, const xmlNode *node, const char *path)
{
	if (path[0] != '/')
		return spec_fail(p, node, "path '%.200s' does not start with '/'", path);
	if (strlen(path) > 4000)
		return spec_fail(p, node, "the path is too long");
	return 0;
}

int spec_path_text(struct spec_parser *p, xmlNode *node, char **ret_path)
{
	char *path;
	int err = spec_line(p, node, 4000, &path);

	if (err)
		return err;
	err = spec_path(p, node, path);
	if (err)
		free(path);
	else
		*ret_path = path;
	return err;
}

char *spec_attribute(xmlNode *node, const char *name)
{
	xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
	char *copy;

	if (!value)
		return NULL;
	copy = trimmed((const char *)value);
	xmlFree(value);
	return copy;
}

int spec_attribute_required(struct spec_parser *p, xmlNode *node, const char *name,
			    char **ret_value)
{
	char *value = spec_attribute(node, name);

	if (!value)
		return spec_fail(p, node, "attribute '%s' is missing", name);
	if (!*value) {
		free(value);
		return spec_fail(p, node, "attribute '%s' is empty", name);
	}
	*ret_value = value;
	return 0;
}

int spec_attribute_among(struct spec_parser *p, xmlNode *node, const char *name, const char *values)
{
	char *value = spec_attribute(node, name);
	int err = 0;

	if (value && !spec_word_among(value, values))
		err = spec_fail(p, node, "attribute '%s' is '%.64s'; supported: %s", name, value,
				values);
	free(value);
	return err;
}

int spec_number(struct spec_parser *p, const xmlNode *node, const char *what, const char *text,
		uint64_t min, uint64_t max, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return spec_fail(p, node, "%s '%.32s' is not a number", what, text);
	if (value < min || value > max)
		return spec_fail(p, node, "%s %llu is not between %llu and %llu", what, value,
				 (unsigned long long)min, (unsigned long long)max);
	*ret_value = value;
	return 0;
}

int spec_attribute_number(struct spec_parser *p, xmlNode *node, const char *name, uint64_t min,
			  uint64_t max, uint64_t missing, uint64_t *ret_value)
{
	char *text = spec_attribute(node, name);
	char what[80];
	int err;

	if (!text) {
		*ret_value = missing;
		return 0;
	}
	snprintf(what, sizeof(what), "attribute '%s'", name);
	err = spec_number(p, node, what, text, min, max, ret_value);
	free(text);
	return err;
}

/* One member of a list, "3", "^3" or "1-4": false when it is none. */
static bool parse_cpu_range(const char *at, size_t len, unsigned int nr_cpus, uint8_t *cpus)
{
	bool clear = len && at[0] == '^';
	const char *stop = at + len;
	unsigned long first, last;
	char *end;

	at += clear;
	if (*at < '0' || *at > '9')
		return false;
	first = last = strtoul(at, &end, 10);
	if (end < stop && *end == '-') {
		at = end + 1;
		if (*at < '0' || *at > '9')
			return false;
		last = strtoul(at, &end, 10);
	}
	if (end != stop || first > last || last >= nr_cpus)
		return false;
	for (unsigned long cpu = first; cpu <= last; cpu++) {
		if (clear)
			cpus[cpu / 8] &= (uint8_t)~(1u << cpu % 8);
		else
			cpus[cpu / 8] |= (uint8_t)(1u << cpu % 8);
	}
	return true;
}

int spec_cpuset(struct spec_parser *p, const xmlNode *node, const char *text, unsigned int nr_cpus,
		uint8_t *cpus)
{
	bool any = false;

	memset(cpus, 0, nr_cpus / 8);
	for (const char *at = text;;) {
		size_t len = strcspn(at, ",");

		if (!parse_cpu_range(at, len, nr_cpus, cpus))
			return spec_fail(p, node,
					 "cpuset '%.100s' is not a list like '0-3,^2,6' of CPUs below %u",
					 text, nr_cpus);
		if (!at[len])
			break;
		at += len + 1;
	}
	for (unsigned int i = 0; i < nr_cpus / 8; i++)
		any |= cpus[i] != 0;
	if (!any)
		return spec_fail(p, node, "cpuset '%.100s' holds no CPU", text);
	return 0;
}
