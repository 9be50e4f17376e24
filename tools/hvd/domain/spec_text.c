/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the text of a vm.xml; the contract is in spec_text.h.
 */
#include "domain/spec_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlsave.h>

#include "domain/spec.h"
#include "domain/spec_iotune.h"
#include "lib/xmem.h"

static xmlNode *child_of(xmlNode *parent, const char *name)
{
	for (xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

static int set_child(xmlDoc *doc, const char *element, const char *value)
{
	xmlNode *root = xmlDocGetRootElement(doc), *name = child_of(root, "name");
	xmlNode *node = child_of(root, element);

	if (!name)
		return -1;
	if (!node) {
		node = xmlNewDocNode(doc, NULL, (const xmlChar *)element, NULL);
		if (!node)
			return -1;
		xmlAddNextSibling(name, node);
	}
	xmlNodeSetContent(node, (const xmlChar *)value);
	return 0;
}

static char *print(xmlDoc *doc, const char *before)
{
	/* A declaration is a line: it comes only where there was one. */
	int options = strncmp(before, "<?xml", 5) ? XML_SAVE_NO_DECL : 0;
	xmlBuffer *buffer = xmlBufferCreate();
	xmlSaveCtxt *save = buffer ? xmlSaveToBuffer(buffer, "UTF-8", options) : NULL;
	char *text = NULL;

	if (save && xmlSaveDoc(save, doc) >= 0 && xmlSaveClose(save) >= 0)
		text = xstrdup((const char *)xmlBufferContent(buffer));
	if (buffer)
		xmlBufferFree(buffer);
	return text;
}

static xmlDoc *read_text(const char *xml)
{
	return xmlReadMemory(xml, (int)strlen(xml), NULL, NULL,
			     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

char *spec_text_set(const char *xml, const char *element, const char *value)
{
	xmlDoc *doc = read_text(xml);
	char *text = NULL;

	if (doc && !set_child(doc, element, value))
		text = print(doc, xml);
	xmlFreeDoc(doc);
	return text;
}

/* ---- Devices ---- */

static xmlNode *devices_of(xmlDoc *doc, bool make)
{
	xmlNode *root = xmlDocGetRootElement(doc), *devices = child_of(root, "devices");

	if (!devices && make)
		devices = xmlNewChild(root, NULL, (const xmlChar *)"devices", NULL);
	return devices;
}

char *spec_text_add_device(const char *xml, const char *device)
{
	xmlDoc *doc = read_text(xml), *lone = read_text(device);
	xmlNode *devices, *node;
	char *text = NULL;

	if (doc && lone) {
		devices = devices_of(doc, true);
		node = xmlDocCopyNode(xmlDocGetRootElement(lone), doc, 1);
		if (devices && node && xmlAddChild(devices, node))
			text = print(doc, xml);
	}
	xmlFreeDoc(doc);
	xmlFreeDoc(lone);
	return text;
}

static bool has_target(xmlNode *disk, const char *target)
{
	xmlNode *node = child_of(disk, "target");
	xmlChar *dev = node ? xmlGetNoNsProp(node, (const xmlChar *)"dev") : NULL;
	bool same = dev && !strcmp((const char *)dev, target);

	xmlFree(dev);
	return same;
}

/* The element of this name with this target, or at this place among its kind. */
static xmlNode *find_device(xmlDoc *doc, const char *name, const char *target, unsigned int place)
{
	xmlNode *devices = devices_of(doc, false);

	for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name))
			continue;
		if (target ? has_target(node, target) : !place--)
			return node;
	}
	return NULL;
}

static char *remove_device(const char *xml, const char *name, const char *target, unsigned int place)
{
	xmlDoc *doc = read_text(xml);
	xmlNode *node = doc ? find_device(doc, name, target, place) : NULL;
	char *text = NULL;

	if (node) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
		text = print(doc, xml);
	}
	xmlFreeDoc(doc);
	return text;
}

char *spec_text_remove_disk(const char *xml, const char *target)
{
	return remove_device(xml, "disk", target, 0);
}

char *spec_text_remove_nic(const char *xml, unsigned int place)
{
	return remove_device(xml, "interface", NULL, place);
}

char *spec_text_number_nics(const char *xml, const unsigned int *numbers, unsigned int nr)
{
	xmlDoc *doc = read_text(xml);
	char *text = NULL, name[16];

	if (!doc)
		return NULL;
	for (unsigned int i = 0; i < nr; i++) {
		xmlNode *node = find_device(doc, "interface", NULL, i), *alias = child_of(node, "alias");

		if (node && !alias)
			alias = xmlNewChild(node, NULL, (const xmlChar *)"alias", NULL);
		snprintf(name, sizeof(name), "net%u", numbers[i]);
		if (alias)
			xmlSetProp(alias, (const xmlChar *)"name", (const xmlChar *)name);
	}
	text = print(doc, xml);
	xmlFreeDoc(doc);
	return text;
}

static void set_limits(xmlNode *disk, const struct iotune_spec *iotune)
{
	xmlNode *node = child_of(disk, "iotune");
	struct iotune_spec limits = *iotune;
	char text[32];
	const char *name;
	uint64_t max;

	if (node) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
		node = NULL;
	}
	for (unsigned int i = 0; (name = spec_iotune_name(i)); i++) {
		uint64_t value = *spec_iotune_field(&limits, name, &max);

		if (!value)
			continue;
		if (!node)
			node = xmlNewChild(disk, NULL, (const xmlChar *)"iotune", NULL);
		snprintf(text, sizeof(text), "%" PRIu64, value);
		xmlNewChild(node, NULL, (const xmlChar *)name, (const xmlChar *)text);
	}
}

char *spec_text_set_iotune(const char *xml, const char *target, const struct iotune_spec *iotune)
{
	xmlDoc *doc = read_text(xml);
	xmlNode *disk = doc ? find_device(doc, "disk", target, 0) : NULL;
	char *text = NULL;

	if (disk) {
		set_limits(disk, iotune);
		text = print(doc, xml);
	}
	xmlFreeDoc(doc);
	return text;
}
