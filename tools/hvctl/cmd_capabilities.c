/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl capabilities: what the host has, and what of it hv uses.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "hvctl.h"

static bool is_in(struct json_object *host, const char *list_name, const char *feature)
{
	struct json_object *list;

	if (!json_object_object_get_ex(host, list_name, &list))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(list, i)), feature))
			return true;
	return false;
}

/* What hv uses, what lies idle, what is not there. */
static const char *state_of(struct json_object *host, const char *feature)
{
	if (is_in(host, "features", feature))
		return "used";
	return is_in(host, "features_unused", feature) ? "there, not used" : "none";
}

static void print_list(struct json_object *host, const char *list_name, const char *title)
{
	struct json_object *list;

	if (!json_object_object_get_ex(host, list_name, &list) || !json_object_array_length(list))
		return;
	printf("%-16s", title);
	for (size_t i = 0; i < json_object_array_length(list); i++)
		printf(" %s", json_object_get_string(json_object_array_get_idx(list, i)));
	putchar('\n');
}

static void print_hardware(struct json_object *host)
{
	bool is_amd = !strcmp(json_line_string(host, "virtualisation"), "svm");
	bool has_avic = is_in(host, "features", "x2apic-virtualisation") ||
			is_in(host, "features_unused", "x2apic-virtualisation");

	print_field("Virtualisation", "%s", is_amd ? "AMD-V (svm)" : "VT-x (vmx)");
	print_field("Nested paging", "%s, pages of 4 KiB%s%s", is_amd ? "NPT" : "EPT",
		    is_in(host, "features", "pages-2m") ? ", 2 MiB" : "",
		    is_in(host, "features", "pages-1g") ? ", 1 GiB" : "");
	print_field("Tags", "%s (%s)%s", state_of(host, "tlb-tags"), is_amd ? "ASID" : "VPID",
		    is_in(host, "features", "flush-by-tag") ? ", flushed one by one" : "");
	print_field("APIC", "%s mode; virtualised: %s", is_in(host, "features", "x2apic") ? "x2APIC" : "xAPIC",
		    state_of(host, has_avic ? "x2apic-virtualisation" : "apic-virtualisation"));
	print_field("IOMMU", "%s", state_of(host, "iommu"));
	print_list(host, "features", "Used");
	print_list(host, "features_unused", "Not used");
}

static void print_host(struct json_object *host)
{
	print_field("Hypervisor", "%s %s", json_line_string(host, "hypervisor"),
		    json_line_string(host, "version"));
	print_field("CPUs", "%lld x %s", json_line_number(host, "cpus", 0),
		    json_line_string(host, "cpu_model"));
	print_field("TSC", "%lld kHz", json_line_number(host, "tsc_khz", 0));
	print_field("Memory", "%lld MiB, %lld MiB free, %lld MiB hv's own",
		    json_line_number(host, "total_memory_kib", 0) / 1024,
		    json_line_number(host, "free_memory_kib", 0) / 1024,
		    json_line_number(host, "hv_memory_kib", 0) / 1024);
	print_field("Scheduler", "%s", json_line_string(host, "scheduler"));
	print_field("Domains", "%lld", json_line_number(host, "domains", 0));
	print_hardware(host);
}

int cmd_capabilities(int argc, char **argv)
{
	struct json_object *result;
	int status;

	if (argc != 1)
		return usage_error(argv);
	status = conn_call(conn_request("capabilities", NULL), &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		print_host(result);
	json_object_put(result);
	return EXIT_OK;
}
