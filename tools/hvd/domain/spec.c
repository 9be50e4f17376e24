/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.xml -> struct domain_spec. A subset of libvirt's domain XML, with its meaning.
 *
 * The tables below say what is supported; vmxml.rng says the same to editors and xmllint, and a
 * test holds the two together. spec_devices.c has what stands in <devices>.
 */
#include "domain/spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <hvabi/control.h>

#include "domain/spec_devices.h"
#include "domain/spec_xml.h"
#include "lib/xmem.h"

#define TABLE(t) (t), sizeof(t) / sizeof((t)[0])

static const char *const action_names[] = {
	[DOMAIN_ACTION_DESTROY] = "destroy",
	[DOMAIN_ACTION_RESTART] = "restart",
	[DOMAIN_ACTION_PRESERVE] = "preserve",
};

const char *domain_action_name(enum domain_action action)
{
	return action_names[action];
}

/* ---- Who it is ---- */

static int parse_name(struct spec_parser *p, xmlNode *node, void *arg)
{
	char *name;
	int err = spec_line(p, node, SPEC_NAME_MAX, &name);

	(void)arg;
	if (err)
		return err;
	p->spec->name = name;
	/* The name is part of file names, and hvctl takes a number for a domain's id. */
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
			return spec_fail(p, node, "'%s' holds other characters than A-Z a-z 0-9 . _ + -",
					 name);
	if (!isalnum((unsigned char)name[0]))
		return spec_fail(p, node, "'%s' does not start with a letter or digit", name);
	if (strspn(name, "0123456789") == strlen(name))
		return spec_fail(p, node, "'%s' is a number: it could not be told from a domain's id",
				 name);
	return 0;
}

bool spec_uuid(const char *text, uint8_t uuid[16])
{
	unsigned int n = 0, byte;

	for (const char *c = text; *c && n < 16; n++) {
		if (!isxdigit((unsigned char)c[0]) || !isxdigit((unsigned char)c[1]) ||
		    sscanf(c, "%2x", &byte) != 1)
			return false;
		uuid[n] = (uint8_t)byte;
		c += 2;
		if (*c == '-' && (n == 3 || n == 5 || n == 7 || n == 9))
			c++;
		if (n == 15 && *c)
			return false;
	}
	return n == 16;
}

void spec_format_uuid(const uint8_t uuid[16], char text[37])
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		at += (unsigned int)snprintf(text + at, 37 - at, "%02x", uuid[i]);
	}
}

static int parse_uuid(struct spec_parser *p, xmlNode *node, void *arg)
{
	static const uint8_t zero[16];
	char *text;
	int err = spec_line(p, node, 64, &text);

	(void)arg;
	if (err)
		return err;
	if (!spec_uuid(text, p->spec->uuid) || !memcmp(p->spec->uuid, zero, 16))
		err = spec_fail(p, node, "'%s' is not a UUID", text);
	p->spec->uuid_given = true;
	free(text);
	return err;
}

static int parse_title(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return spec_line(p, node, 256, &p->spec->title);
}

static int parse_description(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return spec_text(p, node, &p->spec->description);
}

/* ---- Memory and CPUs ---- */

static const struct {
	const char *names;
	uint64_t bytes;
} memory_units[] = {
	{ "b bytes", 1 },
	{ "KB", 1000 },
	{ "k KiB", 1ull << 10 },
	{ "MB", 1000 * 1000 },
	{ "M MiB", 1ull << 20 },
	{ "GB", 1000ull * 1000 * 1000 },
	{ "G GiB", 1ull << 30 },
	{ "TB", 1000ull * 1000 * 1000 * 1000 },
	{ "T TiB", 1ull << 40 },
};

static int memory_unit(struct spec_parser *p, xmlNode *node, uint64_t *ret_bytes)
{
	char *unit = spec_attribute(node, "unit");
	uint64_t bytes = 0;
	int err = 0;

	for (size_t i = 0; i < sizeof(memory_units) / sizeof(memory_units[0]); i++)
		if (spec_word_among(unit ? unit : "KiB", memory_units[i].names))
			bytes = memory_units[i].bytes;
	if (!bytes)
		err = spec_fail(p, node, "unit '%.32s' is not known; try KiB, MiB or GiB", unit);
	else
		*ret_bytes = bytes;
	free(unit);
	return err;
}

static int parse_memory_size(struct spec_parser *p, xmlNode *node, uint64_t *ret_bytes)
{
	uint64_t unit = 0, value = 0, bytes;
	char *text;
	int err;

	err = memory_unit(p, node, &unit);
	if (err)
		return err;
	err = spec_line(p, node, 32, &text);
	if (err)
		return err;
	err = spec_number(p, node, "value", text, 0, SPEC_MEMORY_MAX, &value);
	free(text);
	if (err)
		return err;
	if (__builtin_mul_overflow(value, unit, &bytes) || bytes > SPEC_MEMORY_MAX)
		return spec_fail(p, node, "more than %llu GiB", SPEC_MEMORY_MAX >> 30);
	if (bytes < SPEC_MEMORY_MIN)
		return spec_fail(p, node, "less than %llu MiB%s", SPEC_MEMORY_MIN >> 20,
				 unit == 1024 ? " (the unit is KiB)" : "");
	*ret_bytes = (bytes + 4095) & ~4095ull;
	return 0;
}

static int parse_memory(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return parse_memory_size(p, node, &p->spec->memory_bytes);
}

static int parse_current_memory(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return parse_memory_size(p, node, &p->spec->memory_target_bytes);
}

static int parse_vcpu(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct domain_spec *spec = p->spec;
	char *text, *cpuset;
	uint64_t nr = 0, online = 0;
	int err;

	(void)arg;
	err = spec_line(p, node, 32, &text);
	if (err)
		return err;
	err = spec_number(p, node, "value", text, 1, SPEC_VCPUS_MAX, &nr);
	free(text);
	if (!err)
		err = spec_attribute_among(p, node, "placement", "static");
	if (!err)
		err = spec_attribute_number(p, node, "current", 1, nr, nr, &online);
	if (err)
		return err;
	spec->nr_vcpus = (unsigned int)nr;
	spec->nr_vcpus_online = (unsigned int)online;

	cpuset = spec_attribute(node, "cpuset");
	if (cpuset) {
		err = spec_cpuset(p, node, cpuset, SPEC_CPUS_MAX, spec->pin_all.cpus);
		spec->pin_all.given = !err;
		free(cpuset);
	}
	return err;
}

static int parse_shares(struct spec_parser *p, xmlNode *node, void *arg)
{
	uint64_t weight;
	char *text;
	int err = spec_line(p, node, 32, &text);

	(void)arg;
	if (err)
		return err;
	err = spec_number(p, node, "value", text, 1, 65535, &weight);
	free(text);
	if (!err)
		p->spec->weight = (unsigned int)weight;
	return err;
}

static int parse_vcpupin(struct spec_parser *p, xmlNode *node, void *arg)
{
	struct vcpu_pin *pin;
	uint64_t vcpu;
	char *text;
	int err;

	(void)arg;
	err = spec_attribute_required(p, node, "vcpu", &text);
	if (err)
		return err;
	err = spec_number(p, node, "attribute 'vcpu'", text, 0, SPEC_VCPUS_MAX - 1, &vcpu);
	free(text);
	if (err)
		return err;
	pin = &p->spec->pins[vcpu];
	if (pin->given)
		return spec_fail(p, node, "vCPU %u is pinned twice", (unsigned int)vcpu);
	err = spec_attribute_required(p, node, "cpuset", &text);
	if (err)
		return err;
	err = spec_cpuset(p, node, text, SPEC_CPUS_MAX, pin->cpus);
	pin->given = !err;
	free(text);
	return err;
}

static const struct spec_element cputune_elements[] = {
	SPEC_ONE("shares", NULL, parse_shares),
	SPEC_MANY("vcpupin", "vcpu cpuset", parse_vcpupin),
};

static int parse_cputune(struct spec_parser *p, xmlNode *node, void *arg)
{
	return spec_walk(p, node, TABLE(cputune_elements), arg);
}

static int parse_cpu(struct spec_parser *p, xmlNode *node, void *arg)
{
	int err = spec_attribute_among(p, node, "mode", "host-passthrough host-model");

	(void)arg;
	return err ? err : spec_expect_empty(p, node);
}

/* ---- What it boots ---- */

static int parse_os_type(struct spec_parser *p, xmlNode *node, void *arg)
{
	char *type = NULL;
	int err;

	(void)arg;
	err = spec_attribute_among(p, node, "arch", "x86_64");
	if (!err)
		err = spec_attribute_among(p, node, "machine", "xenpvh");
	if (!err)
		err = spec_line(p, node, 32, &type);
	if (err)
		return err;
	if (!spec_word_among(type, "xenpvh pvh"))
		err = spec_fail(p, node, "'%s' is not supported; supported: xenpvh", type);
	free(type);
	return err;
}

static int parse_kernel(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return spec_path_text(p, node, &p->spec->kernel);
}

static int parse_initrd(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return spec_path_text(p, node, &p->spec->initrd);
}

static int parse_cmdline(struct spec_parser *p, xmlNode *node, void *arg)
{
	char *text;
	int err = spec_text(p, node, &text);

	(void)arg;
	if (err)
		return err;
	p->spec->cmdline = text;
	if (strlen(text) > SPEC_CMDLINE_MAX)
		return spec_fail(p, node, "is longer than %d bytes", SPEC_CMDLINE_MAX);
	for (char *c = text; *c; c++)
		if (isspace((unsigned char)*c))
			*c = ' '; /* a command line that was broken into lines to be readable */
	return 0;
}

static const struct spec_element os_elements[] = {
	SPEC_ONE("type", "arch machine", parse_os_type),
	SPEC_ONE("kernel", NULL, parse_kernel),
	SPEC_ONE("initrd", NULL, parse_initrd),
	SPEC_ONE("cmdline", NULL, parse_cmdline),
};

static int parse_os(struct spec_parser *p, xmlNode *node, void *arg)
{
	int err = spec_walk(p, node, TABLE(os_elements), arg);

	if (!err && !p->spec->kernel)
		err = spec_fail(p, node, "no <kernel>");
	return err;
}

/* ---- What happens when ---- */

static int parse_action(struct spec_parser *p, xmlNode *node, enum domain_action *ret_action)
{
	char *text;
	int err = spec_line(p, node, 32, &text);

	if (err)
		return err;
	for (unsigned int i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++) {
		if (!strcmp(text, action_names[i])) {
			*ret_action = (enum domain_action)i;
			free(text);
			return 0;
		}
	}
	err = spec_fail(p, node, "'%s' is not supported; supported: destroy restart preserve", text);
	free(text);
	return err;
}

static int parse_on_poweroff(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return parse_action(p, node, &p->spec->on_poweroff);
}

static int parse_on_reboot(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return parse_action(p, node, &p->spec->on_reboot);
}

static int parse_on_crash(struct spec_parser *p, xmlNode *node, void *arg)
{
	(void)arg;
	return parse_action(p, node, &p->spec->on_crash);
}

/* ---- The rest ---- */

static const struct spec_element feature_elements[] = {
	/* What every guest has anyway. */
	SPEC_HARMLESS("acpi", NULL),
	SPEC_HARMLESS("apic", NULL),
	SPEC_HARMLESS("pae", NULL),
	SPEC_HARMLESS("hap", "state"),
};

static int parse_features(struct spec_parser *p, xmlNode *node, void *arg)
{
	return spec_walk(p, node, TABLE(feature_elements), arg);
}

static bool has_attribute(xmlNode *node, const char *name)
{
	char *value = spec_attribute(node, name);

	free(value);
	return value;
}

static bool is_auto(xmlNode *timer)
{
	char *mode = spec_attribute(timer, "mode");
	bool yes = !mode || !strcmp(mode, "auto");

	free(mode);
	return yes;
}

/* The processor does it all: a rate can be chosen, a mode of emulation cannot. */
static int parse_tsc(struct spec_parser *p, xmlNode *node, bool *seen)
{
	uint64_t hz;

	if (*seen)
		return spec_fail(p, node, "the TSC stands there twice");
	*seen = true;
	if (spec_attribute_among(p, node, "mode", "auto native"))
		return -EINVAL;
	if (!has_attribute(node, "frequency"))
		return spec_attribute_among(p, node, "present", "yes no");
	if (spec_attribute_among(p, node, "present", "yes"))
		return -EINVAL;
	if (!is_auto(node))
		return spec_fail(p, node, "mode='native' is the host's rate: no 'frequency' with it");
	if (spec_attribute_number(p, node, "frequency", HVABI_TSC_KHZ_MIN * 1000ull,
				  HVABI_TSC_KHZ_MAX * 1000ull, 0, &hz))
		return -EINVAL;
	if (hz % 1000)
		return spec_fail(p, node, "attribute 'frequency' is %llu Hz, no whole number of kHz",
				 (unsigned long long)hz);
	p->spec->tsc_khz = (uint32_t)(hz / 1000);
	return 0;
}

static int parse_timer(struct spec_parser *p, xmlNode *node, void *seen_tsc)
{
	char *name = spec_attribute(node, "name");
	bool is_tsc = name && !strcmp(name, "tsc");

	free(name);
	if (is_tsc)
		return parse_tsc(p, node, seen_tsc);
	if (has_attribute(node, "frequency") || has_attribute(node, "mode"))
		return spec_fail(p, node, "attributes 'frequency' and 'mode' belong to name='tsc'");
	return spec_attribute_among(p, node, "present", "no");
}

static const struct spec_element clock_elements[] = {
	SPEC_MANY("timer", "name present tickpolicy frequency mode", parse_timer),
};

static int parse_clock(struct spec_parser *p, xmlNode *node, void *arg)
{
	int err = spec_attribute_among(p, node, "offset", "utc");
	bool seen_tsc = false;

	(void)arg;
	return err ? err : spec_walk(p, node, TABLE(clock_elements), &seen_tsc);
}

static const struct spec_element domain_elements[] = {
	SPEC_ONE("name", NULL, parse_name),
	SPEC_ONE("uuid", NULL, parse_uuid),
	SPEC_ONE("title", NULL, parse_title),
	SPEC_ONE("description", NULL, parse_description),
	SPEC_HARMLESS("metadata", "*"), /* other programs' notes */
	SPEC_ONE("memory", "unit", parse_memory),
	SPEC_ONE("currentMemory", "unit", parse_current_memory),
	SPEC_ONE("vcpu", "placement current cpuset", parse_vcpu),
	SPEC_ONE("cputune", NULL, parse_cputune),
	SPEC_ONE("cpu", "mode check migratable match", parse_cpu),
	SPEC_ONE("os", NULL, parse_os),
	SPEC_ONE("features", NULL, parse_features),
	SPEC_ONE("clock", "offset", parse_clock),
	SPEC_ONE("on_poweroff", NULL, parse_on_poweroff),
	SPEC_ONE("on_reboot", NULL, parse_on_reboot),
	SPEC_ONE("on_crash", NULL, parse_on_crash),
	SPEC_ONE("devices", NULL, spec_parse_devices),
};

static int check_whole(struct spec_parser *p, xmlNode *root)
{
	struct domain_spec *spec = p->spec;

	if (!spec->name)
		return spec_fail(p, root, "no <name>");
	if (!spec->memory_bytes)
		return spec_fail(p, root, "no <memory>");
	if (!spec->kernel)
		return spec_fail(p, root, "no <os>");
	if (!spec->memory_target_bytes)
		spec->memory_target_bytes = spec->memory_bytes;
	if (spec->memory_target_bytes > spec->memory_bytes)
		return spec_fail(p, root, "<currentMemory> is more than <memory>");
	for (unsigned int i = spec->nr_vcpus; i < SPEC_VCPUS_MAX; i++)
		if (spec->pins[i].given)
			return spec_fail(p, root, "<vcpupin> names vCPU %u, but there are only %u", i,
					 spec->nr_vcpus);
	return 0;
}

static int parse_root(struct spec_parser *p, xmlDoc *doc)
{
	xmlNode *root = xmlDocGetRootElement(doc);
	int err;

	if (strcmp((const char *)root->name, "domain"))
		return spec_fail(p, root, "the document is not a <domain>");
	if (doc->intSubset)
		return spec_fail(p, root, "a document type declaration is not supported");
	for (xmlAttr *a = root->properties; a; a = a->next)
		if (a->ns || !spec_word_among((const char *)a->name, "type id"))
			return spec_fail(p, root, "attribute '%.64s' is not supported",
					 (const char *)a->name);
	err = spec_attribute_among(p, root, "type", "hv xen");
	if (!err)
		err = spec_walk(p, root, TABLE(domain_elements), NULL);
	return err ? err : check_whole(p, root);
}

/* libxml2's own message of the first error: "line 3: not well-formed: Opening and ending tag ..." */
static void keep_first_error(void *arg, xmlError *error)
{
	struct spec_parser *p = arg;
	char *message;

	if (p->error || error->level < XML_ERR_ERROR)
		return;
	message = xstrdup(error->message ? error->message : "unknown reason");
	message[strcspn(message, "\n")] = '\0';
	p->error = xasprintf("line %d: not well-formed: %s", error->line, message);
	free(message);
}

static xmlDoc *read_document(struct spec_parser *p, const char *xml, size_t size)
{
	xmlParserCtxt *ctxt = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!ctxt)
		return NULL;
	xmlSetStructuredErrorFunc(p, (xmlStructuredErrorFunc)keep_first_error);
	/* No XML_PARSE_NOENT and no network: the text stands for itself. */
	doc = xmlCtxtReadMemory(ctxt, xml, (int)size, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_BIG_LINES);
	xmlSetStructuredErrorFunc(NULL, NULL);
	xmlFreeParserCtxt(ctxt);
	return doc;
}

static int parse_whole(const char *xml, size_t size, int (*parse)(struct spec_parser *p, xmlDoc *doc),
		       struct domain_spec *spec, char **ret_error)
{
	struct spec_parser p = { .spec = spec };
	xmlDoc *doc;
	int err = -EINVAL;

	if (size > SPEC_XML_MAX) {
		*ret_error = xasprintf("the document is larger than %u KiB", SPEC_XML_MAX >> 10);
		return -EINVAL;
	}
	doc = read_document(&p, xml, size);
	if (doc && !p.error)
		err = parse(&p, doc);
	xmlFreeDoc(doc);
	if (err)
		*ret_error = p.error ? p.error : xstrdup("the document cannot be read");
	return err;
}

int spec_parse(const char *xml, size_t size, struct domain_spec **ret_spec, char **ret_error)
{
	struct domain_spec *spec = xcalloc(1, sizeof(*spec));
	int err;

	spec->nr_vcpus = spec->nr_vcpus_online = 1;
	spec->weight = SPEC_WEIGHT_DEFAULT;
	spec->on_reboot = DOMAIN_ACTION_RESTART;
	err = parse_whole(xml, size, parse_root, spec, ret_error);
	if (err) {
		spec_destroy(spec);
		return err;
	}
	if (!spec->cmdline)
		spec->cmdline = xstrdup("");
	*ret_spec = spec;
	return 0;
}

static int parse_device(struct spec_parser *p, xmlDoc *doc)
{
	if (doc->intSubset)
		return spec_fail(p, xmlDocGetRootElement(doc), "a document type declaration is not supported");
	return spec_parse_lone_device(p, xmlDocGetRootElement(doc));
}

int spec_parse_device(const char *xml, size_t size, struct domain_spec **ret_spec, char **ret_error)
{
	struct domain_spec *spec = xcalloc(1, sizeof(*spec));
	int err = parse_whole(xml, size, parse_device, spec, ret_error);

	if (err)
		spec_destroy(spec);
	else
		*ret_spec = spec;
	return err;
}
