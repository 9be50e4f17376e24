/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The <devices> of a vm.xml; a part of spec.c.
 */
#ifndef DOMAIN_SPEC_DEVICES_H
#define DOMAIN_SPEC_DEVICES_H

#include "domain/spec_xml.h"

int spec_parse_devices(struct spec_parser *p, xmlNode *node, void *arg);
int spec_parse_disk(struct spec_parser *p, xmlNode *node, void *arg); /* spec_disk.c */
/* A document that is one device. */
int spec_parse_lone_device(struct spec_parser *p, xmlNode *node);

#endif
