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
#include "domain/spec_iotune.h"
#include "domain/spec_text.h"
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

#define SCHEMA_LETS_PASS 3u

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
	CU_ASSERT(nr_refused + SCHEMA_LETS_PASS >= nr);
	if (nr_refused + SCHEMA_LETS_PASS < nr)
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
	CU_ASSERT_EQUAL(s->tsc_khz, 1800000);
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

static void every_field_of_a_network_disk_arrives(void)
{
	char *error;
	struct domain_spec *s = parse_file("pass-network.xml", &error);
	struct disk_spec *d;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL_FATAL(s->nr_disks, 4);

	d = &s->disks[0];
	CU_ASSERT(d->kind == DISK_RBD && !d->readonly && !d->discard);
	CU_ASSERT_STRING_EQUAL(d->source, "rbd/root");
	CU_ASSERT_STRING_EQUAL(d->rbd->pool, "rbd");
	CU_ASSERT_STRING_EQUAL(d->rbd->image, "root");
	CU_ASSERT(!d->rbd->namespace && !d->rbd->snapshot && !d->rbd->config_file);
	CU_ASSERT_EQUAL_FATAL(d->rbd->nr_hosts, 3);
	CU_ASSERT_STRING_EQUAL(d->rbd->hosts[0].name, "10.0.0.1");
	CU_ASSERT_EQUAL(d->rbd->hosts[0].port, 6789);
	CU_ASSERT_STRING_EQUAL(d->rbd->hosts[1].name, "fd00::2");
	CU_ASSERT_EQUAL(d->rbd->hosts[1].port, 0);
	CU_ASSERT_STRING_EQUAL(d->rbd->user, "hvd");
	CU_ASSERT_STRING_EQUAL(d->rbd->secret, "hvd.site-1");
	CU_ASSERT_EQUAL(d->cache, DISK_CACHE_NONE);
	CU_ASSERT_EQUAL(d->error_policy, DISK_ERROR_STOP);
	CU_ASSERT_EQUAL(d->rerror_policy, DISK_ERROR_REPORT);
	CU_ASSERT_EQUAL(d->logical_block_size, 4096);
	CU_ASSERT_EQUAL(d->physical_block_size, 65536);
	CU_ASSERT_EQUAL(d->iotune.total_bytes.average, 10000000);
	CU_ASSERT_EQUAL(d->iotune.total_bytes.max, 20000000);
	CU_ASSERT_EQUAL(d->iotune.total_bytes.max_length, 30);
	CU_ASSERT_EQUAL(d->iotune.read_iops.average, 400);
	CU_ASSERT_EQUAL(d->iotune.write_iops.average, 300);
	CU_ASSERT_EQUAL(d->iotune.write_iops.max, 600);
	CU_ASSERT_EQUAL(d->iotune.size_iops, 4096);

	d = &s->disks[1];
	CU_ASSERT_STRING_EQUAL(d->source, "pool/tenant/data@monday");
	CU_ASSERT_STRING_EQUAL(d->rbd->namespace, "tenant");
	CU_ASSERT_STRING_EQUAL(d->rbd->image, "data");
	CU_ASSERT_STRING_EQUAL(d->rbd->snapshot, "monday");
	CU_ASSERT_STRING_EQUAL(d->rbd->config_file, "/etc/ceph/other.conf");
	CU_ASSERT_STRING_EQUAL(d->rbd->user, "other");
	/* However it is written, it is one file's name. */
	CU_ASSERT_STRING_EQUAL(d->rbd->secret, "6f2d3a70-1111-4222-8333-123456789abc");
	CU_ASSERT(d->readonly && d->discard && d->cache == DISK_CACHE_WRITEBACK);
	CU_ASSERT_EQUAL(d->error_policy, DISK_ERROR_ENOSPACE);
	CU_ASSERT_EQUAL(d->rerror_policy, DISK_ERROR_REPORT); /* a read does not run out of space */

	d = &s->disks[2];
	CU_ASSERT_STRING_EQUAL(d->source, "rbd/cd@golden");
	CU_ASSERT(d->cdrom && d->readonly && !d->rbd->user && !d->rbd->nr_hosts);
	CU_ASSERT_EQUAL(d->rerror_policy, DISK_ERROR_IGNORE); /* said of errors, so of reads too */

	d = &s->disks[3];
	CU_ASSERT(d->kind == DISK_FILE && !d->rbd && d->cache == DISK_CACHE_UNSAFE);
	CU_ASSERT_EQUAL(d->iotune.read_bytes.average, 1000);
	spec_destroy(s);
}

static struct domain_spec *parse_device(const char *xml, char **ret_error)
{
	struct domain_spec *spec = NULL;

	*ret_error = NULL;
	spec_parse_device(xml, strlen(xml), &spec, ret_error);
	return spec;
}

static void a_lone_device_becomes_part_of_a_domain(void)
{
	char *error;
	struct domain_spec *domain = parse_file("pass-full.xml", &error), *lone;
	uint8_t uuid[16] = { 7 }, last[6];

	spec_set_uuid(domain, uuid);
	lone = parse_device("<disk type='network'><source protocol='rbd' name='a/b'/>"
			    "<target dev='xvdf'/></disk>", &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lone);
	CU_ASSERT(lone->nr_disks == 1 && lone->nr_nics == 0);
	spec_move_disk(lone, domain);
	CU_ASSERT_EQUAL(lone->nr_disks, 0);
	spec_destroy(lone);
	CU_ASSERT_EQUAL_FATAL(domain->nr_disks, 4);
	CU_ASSERT_STRING_EQUAL(domain->disks[3].source, "a/b");
	spec_remove_disk(domain, 1);
	CU_ASSERT_EQUAL(domain->nr_disks, 3);
	CU_ASSERT_STRING_EQUAL(domain->disks[1].target, "xvdc");
	CU_ASSERT_STRING_EQUAL(domain->disks[2].target, "xvdf");

	/* Interfaces without an address: what one has stays, and no two get the same. */
	memcpy(last, domain->nics[1].mac, 6);
	spec_remove_nic(domain, 0);
	CU_ASSERT_EQUAL(memcmp(domain->nics[0].mac, last, 6), 0);
	lone = parse_device("<interface type='bridge'><source bridge='br0'/></interface>", &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lone);
	spec_settle_nic(domain, &lone->nics[0]);
	CU_ASSERT_EQUAL(lone->nics[0].index, 0); /* the number of the one that has gone */
	spec_move_nic(lone, domain);
	spec_destroy(lone);
	CU_ASSERT_EQUAL_FATAL(domain->nr_nics, 2);
	CU_ASSERT_EQUAL(domain->nics[0].index, 1);
	CU_ASSERT(spec_mac_used(domain, last));
	CU_ASSERT_EQUAL(memcmp(domain->nics[0].mac, last, 6), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(domain->nics[1].mac, last, 6), 0);
	CU_ASSERT_EQUAL(domain->nics[1].mac[2], 0x3e);
	spec_destroy(domain);
}

static void what_is_no_device_is_refused(void)
{
	static const char *const bad[][2] = {
		{ "<domain/>", "line 1: <domain>: the document is neither a <disk> nor an <interface>" },
		{ "<disk colour='red'/>", "line 1: <disk>: attribute 'colour' is not supported" },
		{ "<interface managed='no'/>", "line 1: <interface>: attribute 'managed' is not supported" },
		{ "<disk><target dev='xvda'/></disk>", "line 1: <disk>: no <source>" },
		{ "<!DOCTYPE disk []><disk/>",
		  "line 1: <disk>: a document type declaration is not supported" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *error;

		CU_ASSERT_PTR_NULL(parse_device(bad[i][0], &error));
		CU_ASSERT_PTR_NOT_NULL_FATAL(error);
		CU_ASSERT_STRING_EQUAL(error, bad[i][1]);
		free(error);
	}
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
	CU_ASSERT_EQUAL(s->tsc_khz, 0);
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

/* The limits that 'text' names, "total_bytes_sec=5 ...", merged into 't'; 'reason': what is wrong then. */
static bool merge(struct iotune_spec *t, const char *text, char reason[128])
{
	struct iotune_spec wanted = { 0 };
	uint32_t given = 0;
	const char *name;
	uint64_t max;

	for (unsigned int i = 0; (name = spec_iotune_name(i)); i++) {
		char key[48];
		const char *at;

		snprintf(key, sizeof(key), " %s=", name);
		at = strstr(text, key);
		if (!at)
			continue;
		*spec_iotune_field(&wanted, name, &max) = strtoull(at + strlen(key), NULL, 10);
		given |= 1u << i;
	}
	spec_iotune_merge(t, &wanted, given);
	return spec_iotune_check(t, reason, 128);
}

static void limits_change_as_virsh_changes_them(void)
{
	struct iotune_spec t = { .total_bytes = { 100, 200, 5 }, .read_iops = { 10, 0, 0 }, .size_iops = 4096 };
	char reason[128];

	/* Another one of a kind takes its place, with its burst; other kinds stay. */
	CU_ASSERT(merge(&t, " write_bytes_sec=50", reason));
	CU_ASSERT(!t.total_bytes.average && !t.total_bytes.max && !t.total_bytes.max_length);
	CU_ASSERT(t.write_bytes.average == 50 && t.read_iops.average == 10 && t.size_iops == 4096);
	/* A burst stays with a limit that is below it, and goes with one that is not. */
	CU_ASSERT(merge(&t, " write_bytes_sec=50 write_bytes_sec_max=90 write_bytes_sec_max_length=3", reason));
	CU_ASSERT(merge(&t, " write_bytes_sec=60", reason));
	CU_ASSERT(t.write_bytes.average == 60 && t.write_bytes.max == 90 && t.write_bytes.max_length == 3);
	CU_ASSERT(merge(&t, " write_bytes_sec=91", reason));
	CU_ASSERT(t.write_bytes.average == 91 && !t.write_bytes.max && !t.write_bytes.max_length);
	/* The last limit of requests takes along what a request is. */
	CU_ASSERT(merge(&t, " read_iops_sec=0", reason));
	CU_ASSERT(!t.read_iops.average && !t.size_iops && t.write_bytes.average == 91);
	/* What was given is never dropped in silence. */
	CU_ASSERT(!merge(&t, " write_bytes_sec_max=10", reason));
	CU_ASSERT_STRING_EQUAL(reason, "write_bytes_sec_max is less than write_bytes_sec");
	t = (struct iotune_spec){ 0 };
	CU_ASSERT(!merge(&t, " size_iops_sec=512", reason));
	CU_ASSERT(!merge(&t, " total_bytes_sec=1 read_bytes_sec=1", reason));
}

/* What is written down for the next hvd is read as it was. */
static void limits_survive_their_text(void)
{
	static const char xml[] = "<domain type='xen'><name>a</name><memory>65536</memory><os><kernel>/k</kernel></os>"
				  "<devices><disk type='file'><source file='/a'/><target dev='xvda'/></disk>"
				  "<disk type='file'><source file='/b'/><target dev='xvdb'/></disk></devices></domain>";
	struct iotune_spec t = { .total_bytes = { 1ull << 40, 1ull << 41, 5 }, .read_iops = { 10, 0, 0 },
				 .size_iops = 4096 };
	static const struct iotune_spec none;
	struct domain_spec *spec = NULL;
	char *error = NULL, *with, *without;

	with = spec_text_set_iotune(xml, "xvdb", &t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(with);
	CU_ASSERT_EQUAL_FATAL(spec_parse(with, strlen(with), &spec, &error), 0);
	CU_ASSERT(!memcmp(&spec->disks[1].iotune, &t, sizeof(t)));
	CU_ASSERT(!memcmp(&spec->disks[0].iotune, &none, sizeof(none)));
	spec_destroy(spec);
	/* And again, in place of what is there. */
	without = spec_text_set_iotune(with, "xvdb", &none);
	CU_ASSERT_PTR_NOT_NULL_FATAL(without);
	CU_ASSERT_PTR_NULL(strstr(without, "iotune"));
	CU_ASSERT_PTR_NULL(spec_text_set_iotune(xml, "xvdc", &t));
	free(with);
	free(without);
}

UNIT_MAIN("spec", UNIT_TEST(good_files_pass), UNIT_TEST(bad_files_fail_with_their_message),
	  UNIT_TEST(the_schema_agrees), UNIT_TEST(every_field_arrives),
	  UNIT_TEST(every_field_of_a_network_disk_arrives),
	  UNIT_TEST(a_lone_device_becomes_part_of_a_domain),
	  UNIT_TEST(what_is_no_device_is_refused),
	  UNIT_TEST(what_is_left_out_has_a_sensible_value),
	  UNIT_TEST(the_same_uuid_gives_the_same_mac), UNIT_TEST(a_uuid_survives_its_text),
	  UNIT_TEST(limits_change_as_virsh_changes_them), UNIT_TEST(limits_survive_their_text),
	  UNIT_TEST(damaged_documents_do_no_harm))
