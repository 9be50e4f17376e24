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

#endif
