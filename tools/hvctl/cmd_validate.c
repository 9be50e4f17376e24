/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl validate: checks a vm.xml with hvd's own parser. hvd need not run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "domain/spec.h"
#include "hvctl.h"
#include "lib/xmem.h"

char *read_xml(const char *path, size_t *ret_size)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *xml;
	size_t n;
	bool failed;

	if (!f) {
		complain(0, "cannot open %s: %s", path, strerror(errno));
		return NULL;
	}
	xml = xmalloc(SPEC_XML_MAX + 2);
	n = fread(xml, 1, SPEC_XML_MAX + 1, f);
	failed = ferror(f);
	if (failed)
		complain(0, "cannot read %s: %s", path, strerror(errno));
	else if (n > SPEC_XML_MAX)
		complain(0, "%s is larger than %u KiB", path, SPEC_XML_MAX >> 10);
	if (f != stdin)
		fclose(f);
	if (failed || n > SPEC_XML_MAX) {
		free(xml);
		return NULL;
	}
	xml[n] = '\0';
	*ret_size = n;
	return xml;
}

static void show(const char *path, const char *error)
{
	struct json_object *o;

	if (!options.json) {
		if (error)
			complain(0, "%s: %s", path, error);
		else
			printf("%s is valid\n", path);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "valid", json_object_new_boolean(!error));
	if (error)
		json_object_object_add(o, "message", json_object_new_string(error));
	print_json(o);
	json_object_put(o);
}

int cmd_validate(int argc, char **argv)
{
	struct domain_spec *spec;
	char *xml, *error = NULL;
	size_t size;
	int err;

	if (argc != 2)
		return usage_error(argv);
	xml = read_xml(argv[1], &size);
	if (!xml)
		return EXIT_BAD_XML;
	err = spec_parse(xml, size, &spec, &error);
	free(xml);
	show(argv[1], error);
	free(error);
	if (err)
		return EXIT_BAD_XML;
	spec_destroy(spec);
	return EXIT_OK;
}
