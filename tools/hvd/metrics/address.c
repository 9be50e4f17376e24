/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "127.0.0.1:9177" and "[::1]:9177". No names: hvd asks no name server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/http.h"

int http_parse_listen(const char *listen, char host[64], uint16_t *ret_port)
{
	const char *colon = strrchr(listen, ':'), *first = listen;
	unsigned char address[sizeof(struct in6_addr)];
	unsigned long port;
	bool is_v6;
	char *end;
	size_t n;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	n = (size_t)(colon - listen);
	is_v6 = n >= 2 && listen[0] == '[' && colon[-1] == ']';
	if (is_v6) {
		first++;
		n -= 2;
	}
	if (n == 0 || n >= 64)
		return -EINVAL;
	memcpy(host, first, n);
	host[n] = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > UINT16_MAX || inet_pton(is_v6 ? AF_INET6 : AF_INET, host, address) != 1)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}
