/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a vm.xml by tables: which elements and attributes may stand where.
 *
 * Every element that a table does not name is an error, and so is every attribute; "harmless" is a
 * decision that somebody wrote into a table. Errors are "line N: <element>: reason".
 */
#ifndef DOMAIN_SPEC_XML_H
#define DOMAIN_SPEC_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

struct domain_spec;

struct spec_parser {
	struct domain_spec *spec;
	char *error; /* the first one */
};

struct spec_element {
	const char *name;
	const char *attributes; /* allowed ones, with a blank between; "*": any; NULL: none */
	/* NULL: the element is harmless and ignored with all that it holds. 'arg' is walk's. */
	int (*parse)(struct spec_parser *p, xmlNode *node, void *arg);
	bool many; /* may stand more than once */
};
#define SPEC_ONE(name, attributes, parse) { name, attributes, parse, false }
#define SPEC_MANY(name, attributes, parse) { name, attributes, parse, true }
#define SPEC_HARMLESS(name, attributes) { name, attributes, NULL, true }

/* Records the error, unless there is one already; returns -EINVAL. */
int spec_fail(struct spec_parser *p, const xmlNode *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Calls the parse function of each child element. Text between them is an error. */
int spec_walk(struct spec_parser *p, xmlNode *node, const struct spec_element *table, size_t nr,
	      void *arg);
/* Fails if there is an attribute that 'allowed' does not name (as in struct spec_element). */
int spec_check_attributes(struct spec_parser *p, xmlNode *node, const char *allowed);
/* An element that holds nothing but, perhaps, white space. */
int spec_expect_empty(struct spec_parser *p, xmlNode *node);

/* The element's text without white space around it; to be freed. May be empty, holds no elements. */
int spec_text(struct spec_parser *p, xmlNode *node, char **ret_text);
/* The same, printable and not empty, at most 'max' bytes. */
int spec_line(struct spec_parser *p, xmlNode *node, size_t max, char **ret_text);
int spec_path_text(struct spec_parser *p, xmlNode *node, char **ret_path);

/* An attribute's value, to be freed; NULL when it is not there. */
char *spec_attribute(xmlNode *node, const char *name);
int spec_attribute_required(struct spec_parser *p, xmlNode *node, const char *name,
			    char **ret_value);
/* Fails unless the attribute is missing or has one of the values (with a blank between). */
int spec_attribute_among(struct spec_parser *p, xmlNode *node, const char *name, const char *values);
int spec_attribute_number(struct spec_parser *p, xmlNode *node, const char *name, uint64_t min,
			  uint64_t max, uint64_t missing, uint64_t *ret_value);

/* 'what' is named in the message: "attribute 'size'", "value". */
int spec_number(struct spec_parser *p, const xmlNode *node, const char *what, const char *text,
		uint64_t min, uint64_t max, uint64_t *ret_value);
int spec_path(struct spec_parser *p, const xmlNode *node, const char *path);

/* "1-4,^3,8": bits of 'cpus', which has room for 'nr_cpus'. */
int spec_cpuset(struct spec_parser *p, const xmlNode *node, const char *text, unsigned int nr_cpus,
		uint8_t *cpus);

bool spec_word_among(const char *word, const char *words);

#endif
