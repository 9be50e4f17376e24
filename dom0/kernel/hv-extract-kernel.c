/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv-extract-kernel: takes the ELF image out of a distribution's kernel, for GRUB to give to hv.
 *
 *	hv-extract-kernel [--check] [--dom0] KERNEL [OUTPUT]
 *
 * Run when a kernel is installed, so that hv itself needs no decompressor. The image is compacted:
 * the same bytes at the same addresses, in a smaller file. With --dom0 the kernel
 * must also be able to be a control domain; --check tells by its exit status whether all that
 * would work, and writes nothing. OUTPUT appears whole or not at all.
 * Exit status: 0 fine, 1 the kernel will not do, 2 usage, 3 files.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_compact.h"
#include "lib/bzimage.h"
#include "lib/elf.h"

#define MAX_FILE_SIZE ((size_t)512 << 20)
#define MAX_ELF_SIZE ((size_t)1 << 30)

enum { EXIT_UNSUITABLE = 1, EXIT_USAGE = 2, EXIT_FILES = 3 };

static int file_read(const char *path, void **ret_data, size_t *ret_size)
{
	size_t size, done = 0;
	struct stat st;
	char *data;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		err = -errno;
		goto undo_open;
	}
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > MAX_FILE_SIZE) {
		err = S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
		goto undo_open;
	}
	size = (size_t)st.st_size;
	data = malloc(size + 1);
	if (!data) {
		err = -ENOMEM;
		goto undo_open;
	}
	while (done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 ? -errno : -EIO;
			goto undo_malloc;
		}
		done += (size_t)n;
	}
	close(fd);
	*ret_data = data;
	*ret_size = size;
	return 0;

undo_malloc:
	free(data);
undo_open:
	close(fd);
	return err;
}

/* Through a temporary file beside it: GRUB must never find half a kernel. */
static int file_write(const char *path, const void *data, size_t size)
{
	char *temporary;
	size_t done = 0;
	int fd, err;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkstemp(temporary);
	if (fd < 0) {
		err = -errno;
		goto undo_name;
	}
	while (done < size) {
		ssize_t n = write(fd, (const char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = -errno;
			goto undo_file;
		}
		done += (size_t)n;
	}
	if (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || rename(temporary, path) < 0) {
		err = -errno;
		goto undo_file;
	}
	close(fd);
	free(temporary);
	return 0;

undo_file:
	unlink(temporary);
	close(fd);
undo_name:
	free(temporary);
	return err;
}

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: hv-extract-kernel [--check] [--dom0] KERNEL [OUTPUT]\n"
		    "  --check  only tell whether KERNEL will do\n"
		    "  --dom0   it must be able to be a control domain\n");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "dom0", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool check_only = false, want_dom0 = false;
	const char *kernel, *output, *unpack_error = "";
	size_t size = 0, elf_size = 0;
	struct elf_image info;
	void *image = NULL, *elf = NULL;
	char *elf_error;
	int option, err;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			check_only = true;
			break;
		case 'd':
			want_dom0 = true;
			break;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, EXIT_USAGE);
		}
	}
	if (argc - optind != (check_only ? 1 : 2))
		return usage(stderr, EXIT_USAGE);
	kernel = argv[optind];
	output = argv[optind + 1];

	err = file_read(kernel, &image, &size);
	if (err) {
		fprintf(stderr, "hv-extract-kernel: cannot read %s: %s\n", kernel, strerror(-err));
		return EXIT_FILES;
	}
	err = bzimage_unpack(image, size, MAX_ELF_SIZE, &elf, &elf_size, &unpack_error);
	free(image);
	if (err) {
		fprintf(stderr, "hv-extract-kernel: cannot use %s: %s\n", kernel, unpack_error);
		return EXIT_UNSUITABLE;
	}
	err = elf_parse(elf, elf_size, &info, &elf_error);
	if (err) {
		fprintf(stderr, "hv-extract-kernel: cannot use %s: %s\n", kernel, elf_error);
		free(elf_error);
		free(elf);
		return EXIT_UNSUITABLE;
	}
	if (want_dom0 && !info.has_dom0) {
		fprintf(stderr, "hv-extract-kernel: cannot use %s: it was built without "
				"CONFIG_XEN_DOM0 and cannot be a control domain\n", kernel);
		free(elf);
		return EXIT_UNSUITABLE;
	}
	if (!check_only) {
		void *compact;
		size_t compact_size;

		/* 32-bit images stay as they are. */
		if (elf_compact(elf, elf_size, &compact, &compact_size) == 0) {
			free(elf);
			elf = compact;
			elf_size = compact_size;
		}
		err = file_write(output, elf, elf_size);
	}
	free(elf);
	if (err) {
		fprintf(stderr, "hv-extract-kernel: cannot write %s: %s\n", output, strerror(-err));
		return EXIT_FILES;
	}
	return 0;
}
