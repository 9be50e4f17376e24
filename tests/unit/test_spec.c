/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.xml: each tests/data/vmxml/pass-*.xml parses, and each fail-*.xml is refused with exactly the
 * message beside it. The schema, vmxml.rng, agrees wherever it can: it accepts all that passes.
 */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "domain/spec.h"
#include "lib/xmem.h"
#include "unit.h"

static const char *source_dir(void)
{
	const char *dir = getenv("srcdir");

	return dir ? dir : SOURCE_DIR;
}

static char *read_whole(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	*ret_size = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	return text;
}

static struct domain_spec *parse_file(const char *name, char **ret_error)
{
	char *path = xasprintf("%s/tests/data/vmxml/%s", source_dir(), name), *xml;
	struct domain_spec *spec = NULL;
	size_t size;

	xml = read_whole(path, &size);
	*ret_error = NULL;
	spec_parse(xml, size, &spec, ret_error);
	free(xml);
	free(path);
	return spec;
}

static void check_fail(const char *name)
{
	char *path = xasprintf("%s/tests/data/vmxml/%s", source_dir(), name), *wanted, *error;
	struct domain_spec *spec = parse_file(name, &error);
	size_t n;

	CU_ASSERT_PTR_NULL(spec);
	spec_destroy(spec);
	strcpy(strrchr(path, '.'), ".msg");
	wanted = read_whole(path, &n);
	wanted[strcspn(wanted, "\n")] = '\0';
	if (!error || strcmp(wanted, error)) {
		fprintf(stderr, "\n%s: '%s'\n  instead of '%s'\n", name, error, wanted);
		CU_FAIL("another message");
	}
	free(wanted);
	free(error);
	free(path);
}

static void check_pass(const char *name)
{
	char *error;
	struct domain_spec *spec = parse_file(name, &error);

	if (!spec)
		fprintf(stderr, "\n%s: %s\n", name, error);
	CU_ASSERT_PTR_NOT_NULL(spec);
	free(error);
	spec_destroy(spec);
}

/* Calls 'check' for each file of a kind; returns how many. */
static unsigned int for_each(const char *prefix, void (*check)(const char *name))
{
	char *path = xasprintf("%s/tests/data/vmxml", source_dir());
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((e = readdir(dir))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!strncmp(e->d_name, prefix, strlen(prefix)) && dot && !strcmp(dot, ".xml")) {
			check(e->d_name);
			n++;
		}
	}
	closedir(dir);
	free(path);
	return n;
}

static void good_files_pass(void)
{
	CU_ASSERT(for_each("pass-", check_pass) >= 2);
}

static void bad_files_fail_with_their_message(void)
{
	CU_ASSERT(for_each("fail-", check_fail) >= 50);
}

static xmlRelaxNG *schema;

static void check_schema(const char *name)
{
	char *path = xasprintf("%s/tests/data/vmxml/%s", source_dir(), name);
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(schema);
	xmlDoc *doc = xmlReadFile(path, NULL, 0);

	if (xmlRelaxNGValidateDoc(ctxt, doc)) {
		fprintf(stderr, "\nthe schema refuses %s\n", name);
		CU_FAIL("schema");
	}
	xmlFreeDoc(doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	free(path);
}

static unsigned int nr_refused;

static void count_refused(const char *name)
{
	char *path = xasprintf("%s/tests/data/vmxml/%s", source_dir(), name);
	xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlRelaxNGValidCtxt *ctxt = xmlRelaxNGNewValidCtxt(schema);

	xmlRelaxNGSetValidErrors(ctxt, NULL, NULL, NULL);
	if (!doc || xmlRelaxNGValidateDoc(ctxt, doc))
		nr_refused++;
	xmlFreeDoc(doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	free(path);
}

static void the_schema_agrees(void)
{
	char *path = xasprintf("%s/tools/hvd/domain/vmxml.rng", source_dir());
	xmlRelaxNGParserCtxt *ctxt = xmlRelaxNGNewParserCtxt(path);
	unsigned int nr;

	schema = xmlRelaxNGParse(ctxt);
	xmlRelaxNGFreeParserCtxt(ctxt);
	free(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
	for_each("pass-", check_schema);
	xmlSetGenericErrorFunc(NULL, NULL);
	nr = for_each("fail-", count_refused);
	/* A schema cannot count or compare: these few pass it and are refused by the parser. */
	CU_ASSERT(nr_refused + 3 >= nr);
	if (nr_refused + 3 < nr)
		fprintf(stderr, "\nthe schema refuses only %u of %u\n", nr_refused, nr);
	xmlRelaxNGFree(schema);
	xmlRelaxNGCleanupTypes();
}

static void every_field_arrives(void)
{
	char *error;
	struct domain_spec *s = parse_file("pass-full.xml", &error);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_STRING_EQUAL(s->name, "full-1.example");
	CU_ASSERT(s->uuid_given && s->uuid[0] == 0x6f && s->uuid[15] == 0xbc);
	CU_ASSERT_STRING_EQUAL(s->title, "A title");
	CU_ASSERT_EQUAL(s->memory_bytes, 1ull << 30);
	CU_ASSERT_EQUAL(s->memory_target_bytes, 512ull << 20);
	CU_ASSERT_EQUAL(s->nr_vcpus, 4);
	CU_ASSERT_EQUAL(s->nr_vcpus_online, 2);
	CU_ASSERT_EQUAL(s->weight, 512);
	CU_ASSERT(s->pin_all.given && s->pin_all.cpus[0] == 0x0b);
	CU_ASSERT(s->pins[0].given && s->pins[0].cpus[0] == 0x02);
	CU_ASSERT(!s->pins[1].given);
	CU_ASSERT(s->pins[3].given && s->pins[3].cpus[0] == 0x61);
	CU_ASSERT_STRING_EQUAL(s->kernel, "/boot/vmlinuz");
	CU_ASSERT_STRING_EQUAL(s->initrd, "/boot/initrd.img");
	CU_ASSERT_PTR_NOT_NULL(strstr(s->cmdline, "console=hvc0 "));
	CU_ASSERT_PTR_NULL(strchr(s->cmdline, '\n'));
	CU_ASSERT_EQUAL(s->on_poweroff, DOMAIN_ACTION_PRESERVE);
	CU_ASSERT_EQUAL(s->on_reboot, DOMAIN_ACTION_DESTROY);
	CU_ASSERT_EQUAL(s->on_crash, DOMAIN_ACTION_RESTART);
	CU_ASSERT_EQUAL_FATAL(s->nr_disks, 3);
	CU_ASSERT_STRING_EQUAL(s->disks[0].target, "xvda");
	CU_ASSERT(s->disks[0].kind == DISK_FILE && !s->disks[0].readonly);
	CU_ASSERT(s->disks[1].kind == DISK_BLOCK && s->disks[1].readonly);
	CU_ASSERT(s->disks[2].cdrom && s->disks[2].readonly);
	CU_ASSERT_EQUAL_FATAL(s->nr_nics, 2);
	CU_ASSERT(s->nics[0].mac_given && s->nics[0].mac[5] == 0x56 && s->nics[0].mtu == 9000);
	CU_ASSERT_STRING_EQUAL(s->nics[0].ifname, "tap-full");
	CU_ASSERT(!s->nics[1].mac_given && !s->nics[1].ifname);
	spec_destroy(s);
}

static void what_is_left_out_has_a_sensible_value(void)
{
	char *error;
	struct domain_spec *s = parse_file("pass-minimal.xml", &error);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(s->memory_bytes, 64ull << 20);
	CU_ASSERT_EQUAL(s->memory_target_bytes, s->memory_bytes);
	CU_ASSERT(s->nr_vcpus == 1 && s->nr_vcpus_online == 1);
	CU_ASSERT_EQUAL(s->weight, SPEC_WEIGHT_DEFAULT);
	CU_ASSERT_STRING_EQUAL(s->cmdline, "");
	CU_ASSERT_EQUAL(s->on_poweroff, DOMAIN_ACTION_DESTROY);
	CU_ASSERT_EQUAL(s->on_reboot, DOMAIN_ACTION_RESTART);
	CU_ASSERT_EQUAL(s->on_crash, DOMAIN_ACTION_DESTROY);
	CU_ASSERT(!s->uuid_given && !s->initrd && !s->nr_disks && !s->nr_nics);
	spec_destroy(s);
}

static void the_same_uuid_gives_the_same_mac(void)
{
	uint8_t uuid[16] = { 1, 2, 3 }, first[6];
	struct domain_spec *s;
	char *error;

	s = parse_file("pass-full.xml", &error);
	spec_set_uuid(s, uuid);
	memcpy(first, s->nics[1].mac, 6);
	CU_ASSERT(first[0] == 0x00 && first[1] == 0x16 && first[2] == 0x3e);
	CU_ASSERT_EQUAL(s->nics[0].mac[5], 0x56); /* given: stays */
	spec_set_uuid(s, uuid);
	CU_ASSERT_EQUAL(memcmp(first, s->nics[1].mac, 6), 0);
	uuid[15]++;
	spec_set_uuid(s, uuid);
	CU_ASSERT_NOT_EQUAL(memcmp(first, s->nics[1].mac, 6), 0);
	spec_destroy(s);
}

static void a_uuid_survives_its_text(void)
{
	const uint8_t uuid[16] = { 0x6f, 0x2d, 0x3a, 0x70, 0x11, 0x11, 0x42, 0x22,
				   0x83, 0x33, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc };
	char text[37];

	spec_format_uuid(uuid, text);
	CU_ASSERT_STRING_EQUAL(text, "6f2d3a70-1111-4222-8333-123456789abc");
}

/* Every prefix of a good document, and every single damaged byte: an error or a spec, no crash. */
static void damaged_documents_do_no_harm(void)
{
	char *path = xasprintf("%s/tests/data/vmxml/pass-full.xml", source_dir()), *xml, *error;
	struct domain_spec *spec;
	size_t size;

	xml = read_whole(path, &size);
	for (size_t n = 0; n < size; n++) {
		char saved = xml[n];

		error = NULL;
		spec = NULL;
		if (!spec_parse(xml, n, &spec, &error))
			spec_destroy(spec);
		free(error);
		error = NULL;
		xml[n] = (char)(saved ^ 0x11);
		if (!spec_parse(xml, size, &spec, &error))
			spec_destroy(spec);
		free(error);
		xml[n] = saved;
	}
	free(xml);
	free(path);
}

UNIT_MAIN("spec", UNIT_TEST(good_files_pass), UNIT_TEST(bad_files_fail_with_their_message),
	  UNIT_TEST(the_schema_agrees), UNIT_TEST(every_field_arrives),
	  UNIT_TEST(what_is_left_out_has_a_sensible_value),
	  UNIT_TEST(the_same_uuid_gives_the_same_mac), UNIT_TEST(a_uuid_survives_its_text),
	  UNIT_TEST(damaged_documents_do_no_harm))
