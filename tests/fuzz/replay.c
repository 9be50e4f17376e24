/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives a fuzzer's entry every file of its corpus once: for 'make check', without libFuzzer.
 * The program's name says which: replay_NAME reads tests/fuzz/corpus/NAME. Or name the files.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int nr_inputs;

static void replay(const char *path)
{
	static uint8_t data[1 << 16];
	FILE *f = fopen(path, "re");
	uint8_t *exact;
	size_t size;

	if (!f) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	/* A block of the exact size, so that ASan sees a read past the end. */
	exact = malloc(size ? size : 1);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	nr_inputs++;
}

static void replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[8192];

	if (!dir) {
		perror(folder);
		exit(1);
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
		    (int)sizeof(path))
			replay(path);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	const char *name = strstr(argv[0], "replay_"), *srcdir = getenv("srcdir");
	char folder[4096];
	int i;

	for (i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1 && name) {
		snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
			 name + strlen("replay_"));
		replay_folder(folder);
	}
	printf("%u inputs\n", nr_inputs);
	return nr_inputs ? 0 : 1;
}
