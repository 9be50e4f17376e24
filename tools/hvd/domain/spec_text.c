/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the text of a vm.xml; the contract is in spec_text.h.
 */
#include "domain/spec_text.h"

#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlsave.h>

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

char *spec_text_set(const char *xml, const char *element, const char *value)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	char *text = NULL;

	if (doc && !set_child(doc, element, value))
		text = print(doc, xml);
	xmlFreeDoc(doc);
	return text;
}
