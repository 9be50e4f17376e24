/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the privileged half refuses, as far as it can be told without a kernel: names, places, sizes. */
#include <hvabi/control.h>

#include "priv/check.h"
#include "priv/server.h"
#include "priv/wire.h"
#include "unit.h"

static void guests_are_neither_the_control_domain_nor_a_special_number(void)
{
	CU_ASSERT(!check_guest(0));
	CU_ASSERT(check_guest(1));
	CU_ASSERT(check_guest(0x7fef));
	CU_ASSERT(!check_guest(0x7ff0));
	CU_ASSERT(!check_guest(0x10001));
}

static void only_known_operations_pass(void)
{
	struct hvabi_request rq = { .size = sizeof(rq), .domid = 1 };
	unsigned int nr = 0;

	for (rq.op = 0; rq.op < 100; rq.op++)
		nr += check_control(&rq);
	CU_ASSERT_EQUAL(nr, 12);
	rq.op = HVABI_HOST_INFO;
	CU_ASSERT(check_control(&rq));
	rq.size--;
	CU_ASSERT(!check_control(&rq));
}

static void places_of_the_host_are_no_guests(void)
{
	CU_ASSERT_PTR_NULL(check_image_path("/var/lib/hv/a.img", NULL));
	CU_ASSERT_PTR_NULL(check_image_path("/dev/vg0/a", NULL));
	CU_ASSERT_PTR_NULL(check_image_path("/etcetera/a.img", NULL));
	CU_ASSERT_PTR_NULL(check_image_path("/root/a.img", NULL));
	CU_ASSERT_PTR_NULL(check_image_path("/home/usr/a.img", NULL));
	CU_ASSERT_STRING_EQUAL(check_image_path("/etc/shadow", NULL), "/etc");
	CU_ASSERT_STRING_EQUAL(check_image_path("/usr/bin/sudo", NULL), "/usr");
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/root/.bashrc", NULL));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/root/.ssh/authorized_keys", NULL));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/home/me/.ssh/id_rsa", NULL));
	CU_ASSERT_PTR_NOT_NULL(check_boot_path("/home/me/.ssh/id_rsa"));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/run/udev/rules.d/a.rules", NULL));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/boot", NULL));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("a.img", NULL));
	CU_ASSERT_PTR_NULL(check_boot_path("/boot/vmlinuz"));
	/* with a list of folders, only there, and not even there if they are the host's */
	CU_ASSERT_PTR_NULL(check_image_path("/srv/images/a.img", "/dev:/srv/images/"));
	CU_ASSERT_PTR_NULL(check_image_path("/dev/sda", "/dev:/srv/images/"));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/srv/images2/a.img", "/dev:/srv/images"));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/srv/a.img", "/dev:/srv/images"));
	CU_ASSERT_PTR_NULL(check_image_path("/srv/a.img", "/"));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/etc/a.img", "/"));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/srv/a.img", ":"));
	CU_ASSERT_PTR_NOT_NULL(check_image_path("/etc/a.img", "/srv:/etc"));
	CU_ASSERT_PTR_NULL(check_boot_path("/usr/lib/grub.elf"));
	CU_ASSERT_PTR_NOT_NULL(check_boot_path("/etc/shadow"));
	CU_ASSERT_PTR_NOT_NULL(check_boot_path("/dev/sda"));
}

static void interfaces_are_names_and_no_paths(void)
{
	CU_ASSERT(check_interface("vif1.0"));
	CU_ASSERT(!check_interface(""));
	CU_ASSERT(!check_interface("."));
	CU_ASSERT(!check_interface("../x"));
	CU_ASSERT(!check_interface("a b"));
	CU_ASSERT(!check_interface("tap%d"));
	CU_ASSERT(!check_interface("sixteen-letters-"));
}

static void builds_have_sizes_that_make_sense(void)
{
	struct priv_build b = { .memory_bytes = 1 << 20, .nr_vcpus = 2, .nr_vcpus_online = 1 };

	CU_ASSERT(check_build(&b, 1, "a", "/k", "", ""));
	CU_ASSERT(!check_build(&b, 2, "a", "/k", "", ""));
	CU_ASSERT(!check_build(&b, 1, "a", "k", "", ""));
	CU_ASSERT(!check_build(&b, 1, "a", "/k", "i", ""));
	CU_ASSERT(!check_build(&b, 1, "a\nb", "/k", "", ""));
	CU_ASSERT(!check_build(&b, 1, NULL, "/k", "", ""));
	CU_ASSERT(!check_build(&b, 1, "a", "/k", "", NULL));
	b.nr_vcpus_online = 3;
	CU_ASSERT(!check_build(&b, 1, "a", "/k", "", ""));
	b.nr_vcpus_online = 1;
	b.nr_entries = KERNEL_ENTRIES_MAX + 1;
	CU_ASSERT(!check_build(&b, KERNEL_ENTRIES_MAX + 2, "a", "/k", "", ""));
}

static void strings_end_within_the_packet(void)
{
	static struct priv_packet p;
	size_t at = 0;

	priv_begin(&p, 1);
	CU_ASSERT_PTR_NULL(priv_next_string(&p, &at));
	priv_add_string(&p, "one");
	priv_add_bytes(&p, "two", 3);
	p.text[7] = '\0'; /* behind the end */
	CU_ASSERT_STRING_EQUAL(priv_next_string(&p, &at), "one");
	CU_ASSERT_PTR_NULL(priv_next_string(&p, &at));
	p.head.size = 0;
	CU_ASSERT_EQUAL(priv_add_bytes(&p, p.text, sizeof(p.text)), 0);
	CU_ASSERT_NOT_EQUAL(priv_add_string(&p, ""), 0);
}

UNIT_MAIN("priv_check", UNIT_TEST(guests_are_neither_the_control_domain_nor_a_special_number),
	  UNIT_TEST(only_known_operations_pass), UNIT_TEST(places_of_the_host_are_no_guests),
	  UNIT_TEST(interfaces_are_names_and_no_paths),
	  UNIT_TEST(builds_have_sizes_that_make_sense), UNIT_TEST(strings_end_within_the_packet))
