/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvctl attach-disk, attach-interface, detach-disk, detach-interface: devices of a running domain.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "hvctl.h"
#include "lib/xmem.h"

/* Adds ' NAME=' and the value, quoted as XML wants it; nothing for a NULL. */
static void add_attribute(FILE *to, const char *name, const char *value)
{
	if (!value)
		return;
	fprintf(to, " %s='", name);
	for (; *value; value++) {
		switch (*value) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '\'':
			fputs("&apos;", to);
			break;
		default:
			fputc(*value, to);
		}
	}
	fputc('\'', to);
}

static void add_local_source(FILE *to, const char *path, bool is_block)
{
	char *whole = realpath(path, NULL);

	fprintf(to, "<source");
	/* What is not there is told by hvd, which looks for it. */
	add_attribute(to, is_block ? "dev" : "file", whole ? whole : path);
	fprintf(to, "/>");
	free(whole);
}

struct cluster_options {
	const char *host, *config, *user, *secret;
};

static void add_rbd_source(FILE *to, const char *name, const struct cluster_options *o)
{
	const char *user = o->user ? o->user : "hvd";
	const char *colon = o->host ? strrchr(o->host, ':') : NULL;
	char *host = o->host ? xstrndup(o->host, colon ? (size_t)(colon - o->host) : strlen(o->host)) : NULL;

	fprintf(to, "<source protocol='rbd'");
	add_attribute(to, "name", name);
	fprintf(to, ">");
	if (host) {
		fprintf(to, "<host");
		add_attribute(to, "name", host);
		add_attribute(to, "port", colon ? colon + 1 : NULL);
		fprintf(to, "/>");
	}
	if (o->config) {
		fprintf(to, "<config");
		add_attribute(to, "file", o->config);
		fprintf(to, "/>");
	}
	fprintf(to, "<auth");
	add_attribute(to, "username", user);
	fprintf(to, "><secret type='ceph'");
	add_attribute(to, "usage", o->secret ? o->secret : user);
	fprintf(to, "/></auth></source>");
	free(host);
}

/* A <disk> of what stands on the command line; to be freed. */
static char *make_disk(const char *source, const char *target, const struct cluster_options *o,
		       bool readonly, const char *cache)
{
	bool is_path = source[0] == '/' || source[0] == '.';
	bool is_block;
	char *text = NULL;
	size_t size;
	struct stat st;
	FILE *to = open_memstream(&text, &size);

	is_block = is_path && !stat(source, &st) && S_ISBLK(st.st_mode);
	fprintf(to, "<disk type='%s'>", !is_path ? "network" : is_block ? "block" : "file");
	if (cache) {
		fprintf(to, "<driver");
		add_attribute(to, "cache", cache);
		fprintf(to, "/>");
	}
	if (is_path)
		add_local_source(to, source, is_block);
	else
		add_rbd_source(to, source, o);
	fprintf(to, "<target");
	add_attribute(to, "dev", target);
	fprintf(to, "/>%s</disk>", readonly ? "<readonly/>" : "");
	fclose(to);
	return text;
}

static int attach(const char *domain, char *xml)
{
	struct json_object *rq = conn_request("attach-device", domain), *result;
	int status;

	json_object_object_add(rq, "xml", json_object_new_string(xml));
	free(xml);
	status = conn_call(rq, &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		printf("%s attached\n", json_line_string(result, "device"));
	json_object_put(result);
	return EXIT_OK;
}

int cmd_attach_disk(int argc, char **argv)
{
	bool readonly = take_flag(&argc, argv, "readonly");
	const char *cache = take_option(&argc, argv, "cache");
	struct cluster_options o = {
		.host = take_option(&argc, argv, "host"),
		.config = take_option(&argc, argv, "config"),
		.user = take_option(&argc, argv, "user"),
		.secret = take_option(&argc, argv, "secret"),
	};
	size_t size;
	char *xml;

	if (argc == 4)
		return attach(argv[1], make_disk(argv[2], argv[3], &o, readonly, cache));
	if (argc != 3)
		return usage_error(argv);
	xml = read_xml(argv[2], &size);
	return xml ? attach(argv[1], xml) : EXIT_BAD_XML;
}

int cmd_attach_interface(int argc, char **argv)
{
	const char *mac = take_option(&argc, argv, "mac");
	size_t length, size;
	char *xml = NULL;
	FILE *to;

	if (argc != 3)
		return usage_error(argv);
	length = strlen(argv[2]);
	if (!strcmp(argv[2], "-") || (length > 4 && !strcmp(argv[2] + length - 4, ".xml"))) {
		xml = read_xml(argv[2], &size);
		return xml ? attach(argv[1], xml) : EXIT_BAD_XML;
	}
	to = open_memstream(&xml, &size);
	fprintf(to, "<interface type='bridge'>");
	if (mac) {
		fprintf(to, "<mac");
		add_attribute(to, "address", mac);
		fprintf(to, "/>");
	}
	fprintf(to, "<source");
	add_attribute(to, "bridge", argv[2]);
	fprintf(to, "/></interface>");
	fclose(to);
	return attach(argv[1], xml);
}

static int detach(int argc, char **argv, bool force)
{
	const char *text = take_option(&argc, argv, "timeout");
	struct json_object *rq, *result;
	long seconds = -1;
	int status;

	if (argc != 3)
		return usage_error(argv);
	if (text && !parse_seconds(text, &seconds))
		return EXIT_USAGE;
	rq = conn_request("detach-device", argv[1]);
	json_object_object_add(rq, "device", json_object_new_string(argv[2]));
	if (text)
		json_object_object_add(rq, "timeout_s", json_object_new_int64(seconds));
	if (force)
		json_object_object_add(rq, "force", json_object_new_boolean(1));
	status = conn_call(rq, &result);
	if (status != EXIT_OK)
		return status;
	if (options.json)
		print_json(result);
	else
		printf("%s detached\n", argv[2]);
	json_object_put(result);
	return EXIT_OK;
}

int cmd_detach_disk(int argc, char **argv)
{
	bool force = take_flag(&argc, argv, "force");

	return detach(argc, argv, force);
}

int cmd_detach_interface(int argc, char **argv)
{
	return detach(argc, argv, false);
}
