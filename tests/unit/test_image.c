/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and sizes of images, the parts of one that are worth copying, the words of a cluster.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "image/cluster.h"
#include "image/copy.h"
#include "image/name.h"
#include "unit.h"

static bool names(const char *text, bool is_folder, const char *wanted)
{
	struct image_name name;
	char *error, *said;
	bool same;

	if (image_name_parse(text, is_folder, &name, &error)) {
		free(error);
		return !wanted;
	}
	if (name.path) {
		said = strdup(name.path);
	} else if (is_folder) {
		said = calloc(1, 256);
		snprintf(said, 256, "%s|%s", name.rbd->pool, name.rbd->namespace ? name.rbd->namespace : "");
	} else {
		said = calloc(1, 512);
		snprintf(said, 512, "%s|%s|%s|%s", name.rbd->pool,
			 name.rbd->namespace ? name.rbd->namespace : "", name.rbd->image,
			 name.rbd->snapshot ? name.rbd->snapshot : "");
	}
	same = wanted && !strcmp(said, wanted);
	if (!same)
		fprintf(stderr, "\n'%s' is '%s'\n", text, said);
	free(said);
	image_name_fini(&name);
	return same;
}

static void a_name_is_a_path_or_parts_of_a_cluster(void)
{
	char long_name[128] = "rbd/";

	CU_ASSERT(names("/srv/a@b.img", false, "/srv/a@b.img"));
	CU_ASSERT(names("rbd/a", false, "rbd||a|"));
	CU_ASSERT(names("rbd/ns/a", false, "rbd|ns|a|"));
	CU_ASSERT(names("rbd/a@s", false, "rbd||a|s"));
	CU_ASSERT(names("rbd/ns/a@s-1", false, "rbd|ns|a|s-1"));
	CU_ASSERT(names("rbd", true, "rbd|"));
	CU_ASSERT(names("rbd/ns", true, "rbd|ns"));
	CU_ASSERT(names("/srv", true, "/srv"));
	for (size_t i = 4; i < 4 + 95; i++)
		long_name[i] = 'x';
	CU_ASSERT(!names(long_name, false, NULL));
	long_name[4 + 95] = 'x';
	CU_ASSERT(names(long_name, false, NULL));
}

static void what_is_no_name_is_refused(void)
{
	static const char *const bad[] = { "", "rbd", "rbd/", "/", "rbd//a", "rbd/ns/a/b", "rbd/a@", "rbd/a@s@t",
					   "rbd/a@s/t", "@s", "rbd/@s", "rbd/a b", "rbd/a:x=y", "rbd\\/a", "./a" };

	/* "/" and "./a" have a meaning; the others have none. */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(names(bad[i], false,
				!strcmp(bad[i], "/") ? "/" : !strcmp(bad[i], "./a") ? ".||a|" : NULL));
	CU_ASSERT(names("rbd/ns/a", true, NULL));
	CU_ASSERT(names("rbd@s", true, NULL));
}

static unsigned long long size_of(const char *text)
{
	unsigned long long bytes = 0;

	return image_size_parse(text, &bytes) ? bytes : 0;
}

static void sizes_are_powers_of_1024(void)
{
	CU_ASSERT_EQUAL(size_of("4096"), 4096);
	CU_ASSERT_EQUAL(size_of("1K"), 1024);
	CU_ASSERT_EQUAL(size_of("512M"), 512ull << 20);
	CU_ASSERT_EQUAL(size_of("10GiB"), 10ull << 30);
	CU_ASSERT_EQUAL(size_of("2TB"), 2ull << 40);
	CU_ASSERT_EQUAL(size_of("1024P"), 1ull << 60);
	CU_ASSERT(!size_of("") && !size_of("G") && !size_of("-1G") && !size_of(" 1G") && !size_of("0"));
	CU_ASSERT(!size_of("1025P") && !size_of("1Gx") && !size_of("1.5G") && !size_of("99999999999999999999"));
}

/* Runs as "begin+length ...". */
static const char *runs(const char *bytes, size_t n, size_t block)
{
	static char text[256];
	size_t at = 0, len, used = 0;

	text[0] = '\0';
	while ((len = copy_next_run((const unsigned char *)bytes, n, block, &at))) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%zu+%zu ", at, len);
		at += len;
	}
	return text;
}

static void blocks_of_zeroes_are_left_out(void)
{
	char bytes[40] = { 0 };

	CU_ASSERT_STRING_EQUAL(runs(bytes, 40, 8), "");
	CU_ASSERT_STRING_EQUAL(runs(bytes, 0, 8), "");
	bytes[0] = 1;
	CU_ASSERT_STRING_EQUAL(runs(bytes, 40, 8), "0+8 ");
	bytes[15] = 1;
	CU_ASSERT_STRING_EQUAL(runs(bytes, 40, 8), "0+16 ");
	bytes[39] = 1;
	CU_ASSERT_STRING_EQUAL(runs(bytes, 40, 8), "0+16 32+8 ");
	/* The end need not be a whole block. */
	CU_ASSERT_STRING_EQUAL(runs(bytes, 35, 8), "0+16 ");
	bytes[33] = 1;
	CU_ASSERT_STRING_EQUAL(runs(bytes, 35, 8), "0+16 32+3 ");
	memset(bytes, 7, 40);
	CU_ASSERT_STRING_EQUAL(runs(bytes, 40, 8), "0+40 ");
}

static void a_key_is_found_by_its_user(void)
{
	static const char keyring[] = "# of a site\n[client.admin]\n\tkey = AAA==\n\n"
				      "[client.hvd]\r\n\tcaps mon = \"profile rbd\"\r\n\tkey = BBB==  \r\n"
				      "[client.hvd2]\nkey=CCC==\n[client.empty]\nkey =\n";
	char key[16];

	CU_ASSERT(cluster_find_key(keyring, "admin", key, sizeof(key)));
	CU_ASSERT_STRING_EQUAL(key, "AAA==");
	CU_ASSERT(cluster_find_key(keyring, "hvd", key, sizeof(key)));
	CU_ASSERT_STRING_EQUAL(key, "BBB==");
	CU_ASSERT(cluster_find_key(keyring, "hvd2", key, sizeof(key)));
	CU_ASSERT_STRING_EQUAL(key, "CCC==");
	CU_ASSERT(!cluster_find_key(keyring, "hv", key, sizeof(key)));
	CU_ASSERT(!cluster_find_key(keyring, "empty", key, sizeof(key)));
	CU_ASSERT(!cluster_find_key("", "hvd", key, sizeof(key)));
	CU_ASSERT(!cluster_find_key("key = AAA==", "hvd", key, sizeof(key)));
	CU_ASSERT(!cluster_find_key(keyring, "admin", key, 5)); /* it does not fit */
}

static void monitors_become_a_list(void)
{
	struct rbd_spec where = { 0 };
	char *text;

	where.hosts[0].name = (char *)"10.0.0.1";
	where.hosts[1].name = (char *)"10.0.0.2";
	where.hosts[1].port = 3300;
	where.hosts[2].name = (char *)"fd00::2";
	where.hosts[2].port = 6789;
	where.hosts[3].name = (char *)"mon-3.example.org";
	where.hosts[3].port = 16700;
	where.nr_hosts = 4;
	text = cluster_hosts_text(&where);
	CU_ASSERT_STRING_EQUAL(text, "10.0.0.1,v2:10.0.0.2:3300,[fd00::2]:6789,mon-3.example.org:16700");
	free(text);
}

UNIT_MAIN("image", UNIT_TEST(a_name_is_a_path_or_parts_of_a_cluster), UNIT_TEST(what_is_no_name_is_refused),
	  UNIT_TEST(sizes_are_powers_of_1024), UNIT_TEST(blocks_of_zeroes_are_left_out),
	  UNIT_TEST(a_key_is_found_by_its_user), UNIT_TEST(monitors_become_a_list))
