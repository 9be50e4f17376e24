/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a cluster: its monitors for librados, and the key in a keyring. See cluster.h.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/spec.h"
#include "image/cluster.h"
#include "lib/xmem.h"

#define PORT_V1 6789u /* a monitor's, of the old protocol */

/*
 * Where a port does not say whether the old or the new protocol is spoken on it, librados tries both,
 * and then takes a refused key for a monitor that does not answer. Only an address may be told the
 * protocol, a name may not.
 */
static const char *protocol_of(const char *name, unsigned int port)
{
	unsigned char address[16];
	bool is_address = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;

	return is_address && port && port != PORT_V1 ? "v2:" : "";
}

char *cluster_hosts_text(const struct rbd_spec *where)
{
	char *text = xstrdup("");

	for (unsigned int i = 0; i < where->nr_hosts; i++) {
		const char *name = where->hosts[i].name;
		bool is_v6 = strchr(name, ':') != NULL;
		char port[8] = "", *more;

		if (where->hosts[i].port)
			snprintf(port, sizeof(port), ":%u", where->hosts[i].port);
		more = xasprintf("%s%s%s%s%s%s%s", text, i ? "," : "",
				 protocol_of(name, where->hosts[i].port), is_v6 ? "[" : "", name,
				 is_v6 ? "]" : "", port);
		free(text);
		text = more;
	}
	return text;
}

/* Cuts a line off, with the blanks around it; NULL at the end. */
static char *next_line(char **at)
{
	char *line = strsep(at, "\r\n");
	size_t n;

	if (!line)
		return NULL;
	line += strspn(line, " \t");
	n = strlen(line);
	while (n && strchr(" \t", line[n - 1]))
		line[--n] = '\0';
	return line;
}

bool cluster_find_key(const char *keyring, const char *user, char *key, size_t size)
{
	char *copy = xstrdup(keyring), *at = copy, *line, *section = xasprintf("[client.%s]", user);
	bool here = false, found = false;

	while (!found && (line = next_line(&at))) {
		char *value;

		if (line[0] == '[') {
			here = !strcmp(line, section);
			continue;
		}
		if (!here || strncmp(line, "key", 3))
			continue;
		value = line + 3 + strspn(line + 3, " \t");
		if (*value != '=')
			continue;
		value += 1 + strspn(value + 1, " \t");
		found = *value && strlen(value) < size;
		if (found)
			strcpy(key, value);
	}
	explicit_bzero(copy, strlen(keyring));
	free(copy);
	free(section);
	return found;
}
