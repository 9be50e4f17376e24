/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small changes to the text of a vm.xml, which leave the rest of it, its comments and the numbers of
 * its lines as they are.
 */
#ifndef DOMAIN_SPEC_TEXT_H
#define DOMAIN_SPEC_TEXT_H

/*
 * The text with <uuid> or <name>, whichever 'element' says, set to 'value'; a <uuid> that was not
 * there comes right behind <name>. To be freed. NULL: 'xml' is no document with a <name>.
 */
char *spec_text_set(const char *xml, const char *element, const char *value);

/* Adds a device, the text of one element, to <devices>, which is made if there is none. */
char *spec_text_add_device(const char *xml, const char *device);

/*
 * Takes the disk with this target out, or the interface at this place of the list. NULL: there is none.
 */
char *spec_text_remove_disk(const char *xml, const char *target);
char *spec_text_remove_nic(const char *xml, unsigned int place);

/* Sets the limits of the disk with this target; without any it has no <iotune>. */
struct iotune_spec;
char *spec_text_set_iotune(const char *xml, const char *target, const struct iotune_spec *iotune);

/* Writes down which number each interface has, in the order of the list. */
char *spec_text_number_nics(const char *xml, const unsigned int *numbers, unsigned int nr);

#endif
