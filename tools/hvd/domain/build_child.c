/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the process that fills a domain; the contract is in build_child.h.
 *
 * It may block and take its time. It opens its own handle for hypercalls (a handle does not survive
 * fork) and never touches hvd's event loop.
 */
#include "domain/build_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "domain/layout.h"
#include "domain/spec.h"
#include "domain/start_info.h"
#include "domain/unpack.h"
#include "hvcall.h"
#include "lib/elf.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "priv/place.h"

#define KERNEL_FILE_MAX (256ull << 20)
#define INITRD_FILE_MAX (2ull << 30)
#define CHUNK (1u << 20)
#define ORDER_2M 9u
#define ORDER_1G 18u

struct filler {
	struct hvcall *hv;
	const struct domain_spec *spec;
	uint16_t domid;
	struct fault *fault;
	struct elf_image kernel;
	struct layout layout;
	int initrd_fd;
	uint64_t initrd_bytes;
	const struct unpack_walls *walls;
	int new_kernel;
	struct timespec step_from;
};

/* For the log: how long each step took. */
static void step_done(struct filler *f, const char *step)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	log_debug("domain '%s': %s took %ld ms", f->spec->name, step,
		  (now.tv_sec - f->step_from.tv_sec) * 1000 +
			  (now.tv_nsec - f->step_from.tv_nsec) / 1000000);
	f->step_from = now;
}

/* ---- Files ---- */

static int open_file(struct filler *f, const char *what, const char *path, uint64_t max,
		     enum fault_code not_found, enum fault_code unreadable, struct stat *ret_st)
{
	/* O_NONBLOCK: a named pipe must not hold us up before we have seen what it is. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *folder;
	int err;

	if (fd < 0)
		return fault_set(f->fault, errno == ENOENT || errno == ENOTDIR ? not_found : unreadable,
				 "%s %s: %s", what, path, strerror(errno));
	if (fstat(fd, ret_st))
		err = fault_set(f->fault, unreadable, "%s %s: %s", what, path, strerror(errno));
	else if (!S_ISREG(ret_st->st_mode))
		err = fault_set(f->fault, unreadable, "%s %s: not a regular file", what, path);
	else if (!ret_st->st_size || (uint64_t)ret_st->st_size > max)
		err = fault_set(f->fault, unreadable, "%s %s: its size of %lld bytes is not between 1 and %llu",
				what, path, (long long)ret_st->st_size, (unsigned long long)max);
	else if ((folder = place_check_boot(fd)))
		err = fault_set(f->fault, unreadable, "%s %s: what lies in %s is never a guest's", what, path,
				folder);
	else
		return fd;
	close(fd);
	return err;
}

/* Reads exactly 'size' bytes; -EIO when the file has become shorter. */
static int read_at(int fd, void *to, size_t size, uint64_t offset)
{
	uint8_t *bytes = to;

	while (size) {
		ssize_t n = pread(fd, bytes, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* ---- The kernel ---- */

/* What it is said to be, and for good: whoever gave it to us cannot change it under our eyes. */
static bool is_final(const struct kernel_entry *e)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct stat st;

	return (fcntl(e->fd, F_GET_SEALS) & seals) == seals && !fstat(e->fd, &st) &&
	       (uint64_t)st.st_size == e->elf_size && e->elf_size && e->elf_size <= UNPACK_ELF_MAX;
}

static int find_entry(const struct kernel_key *key, const struct kernel_entry *entries,
		      unsigned int nr_entries)
{
	for (unsigned int i = 0; i < nr_entries; i++)
		if (!memcmp(&entries[i].key, key, sizeof(*key)) && is_final(&entries[i]))
			return (int)i;
	return -1;
}

static int map_elf(struct filler *f, int fd, uint64_t size, const void **ret_elf)
{
	void *elf = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (elf == MAP_FAILED)
		return fault_set(f->fault, FAULT_BUILDER, "cannot map the kernel: %s", strerror(errno));
	*ret_elf = elf;
	return 0;
}

/* Takes the ELF image out of the file, into a memfd that the next builds get, too. */
static int unpack_kernel(struct filler *f, int fd, uint64_t size, const void **ret_elf, size_t *ret_size)
{
	char reason[UNPACK_REASON_MAX] = "";
	uint64_t elf_size = 0;
	int err = unpack_run(fd, size, f->walls, &f->new_kernel, &elf_size, reason);

	if (err == -EINVAL)
		return fault_set(f->fault, FAULT_KERNEL_CORRUPT, "kernel %s: %s", f->spec->kernel, reason);
	if (err == -EIO)
		return fault_set(f->fault, FAULT_KERNEL_UNREADABLE, "kernel %s: %s", f->spec->kernel, reason);
	if (err)
		return fault_set(f->fault, FAULT_BUILDER, "cannot unpack the kernel %s: %s", f->spec->kernel,
				 reason[0] ? reason : strerror(-err));
	*ret_size = elf_size;
	return map_elf(f, f->new_kernel, elf_size, ret_elf);
}

static int load_kernel(struct filler *f, const struct kernel_entry *entries, unsigned int nr_entries,
		       struct build_report *report)
{
	const char *path = f->spec->kernel;
	char *reason = NULL;
	const void *elf = NULL;
	size_t elf_size = 0;
	struct stat st;
	int fd, err;

	fd = open_file(f, "kernel", path, KERNEL_FILE_MAX, FAULT_KERNEL_NOT_FOUND,
		       FAULT_KERNEL_UNREADABLE, &st);
	if (fd < 0)
		return fd;
	report->key = (struct kernel_key){
		.dev = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_s = st.st_mtim.tv_sec,
		.mtime_ns = st.st_mtim.tv_nsec,
	};
	report->used_entry = find_entry(&report->key, entries, nr_entries);
	if (report->used_entry >= 0) {
		elf_size = entries[report->used_entry].elf_size;
		err = map_elf(f, entries[report->used_entry].fd, elf_size, &elf);
	} else {
		err = unpack_kernel(f, fd, (uint64_t)st.st_size, &elf, &elf_size);
	}
	close(fd);
	if (err)
		return err;

	err = elf_parse(elf, elf_size, &f->kernel, &reason);
	if (err)
		return fault_set(f->fault,
				 err == -ENOTSUP ? FAULT_KERNEL_NOT_PVH : FAULT_KERNEL_CORRUPT,
				 "kernel %s: %s", path, reason);
	if (f->new_kernel >= 0)
		report->elf_size = elf_size;
	return 0;
}

/* ---- Memory ---- */

static int no_memory(struct filler *f, int err)
{
	if (err == -ENOMEM)
		return fault_set(f->fault, FAULT_NOT_ENOUGH_MEMORY,
				 "the host's free memory does not suffice for %llu MiB",
				 (unsigned long long)(f->spec->memory_bytes >> 20));
	return fault_set(f->fault, FAULT_HYPERVISOR, "hv did not give the domain memory: %s",
			 strerror(-err));
}

static int populate_4k(struct filler *f, uint64_t gfn, uint64_t nr)
{
	unsigned long done;

	return nr ? hvcall_populate(f->hv, f->domid, gfn, nr, 0, &done) : 0;
}

/*
 * 2 MiB extents where they fit; where hv has none left, their 512 frames one by one, and then
 * 2 MiB again.
 */
static int populate_2m(struct filler *f, uint64_t gfn, uint64_t nr)
{
	const uint64_t extent = 1u << ORDER_2M;

	while (nr >= extent) {
		unsigned long done = 0;
		int err = hvcall_populate(f->hv, f->domid, gfn, nr / extent, ORDER_2M, &done);

		gfn += done * extent;
		nr -= done * extent;
		if (!err)
			continue;
		if (err != -ENOMEM)
			return err;
		err = populate_4k(f, gfn, extent);
		if (err)
			return err;
		gfn += extent;
		nr -= extent;
	}
	return populate_4k(f, gfn, nr);
}

/* The same with whole GiBs first; a host whose nested paging has no such pages makes none. */
static int populate_range(struct filler *f, uint64_t gfn, uint64_t nr)
{
	const uint64_t extent = 1u << ORDER_1G;
	int err = 0;

	while (!err && nr >= extent && !(gfn & (extent - 1))) {
		unsigned long done;

		err = hvcall_populate(f->hv, f->domid, gfn, 1, ORDER_1G, &done);
		if (err == -ENOMEM)
			err = populate_2m(f, gfn, extent);
		gfn += extent;
		nr -= extent;
	}
	return err ? err : populate_2m(f, gfn, nr);
}

static int populate(struct filler *f)
{
	const struct layout *l = &f->layout;
	int err;

	err = populate_range(f, 0, l->low_bytes / LAYOUT_PAGE_SIZE);
	if (!err)
		err = populate_range(f, LAYOUT_HOLE_END / LAYOUT_PAGE_SIZE,
				     l->high_bytes / LAYOUT_PAGE_SIZE);
	if (!err)
		err = populate_4k(f, LAYOUT_CONSOLE_GFN, LAYOUT_SPECIAL_PAGES);
	return err ? no_memory(f, err) : 0;
}

/* The map that start_info has, for those who ask hv: GRUB does, and takes its pages from it. */
static int set_memory_map(struct filler *f)
{
	struct hvm_memmap_table_entry map[LAYOUT_MEMMAP_MAX];
	int err = hvcall_memory_map_set(f->hv, f->domid, map, layout_memmap(&f->layout, map));

	if (err)
		return fault_set(f->fault, FAULT_HYPERVISOR, "hv did not take the memory map: %s",
				 strerror(-err));
	return 0;
}

/* ---- Contents ---- */

static int copy_failed(struct filler *f, const char *what, int err)
{
	return fault_set(f->fault, FAULT_HYPERVISOR, "cannot copy the %s into the domain: %s", what,
			 strerror(-err));
}

/* Frames come zeroed from hv, so what a segment has beyond its file size is there already. */
static int copy_kernel(struct filler *f)
{
	for (unsigned int i = 0; i < f->kernel.nr_segments; i++) {
		const struct elf_segment *s = &f->kernel.segments[i];
		int err = hvcall_copy_to(f->hv, f->domid, s->paddr, s->data, s->file_size);

		if (err)
			return copy_failed(f, "kernel", err);
	}
	return 0;
}

static int copy_initrd(struct filler *f)
{
	uint8_t *chunk = xmalloc(CHUNK);
	uint64_t at = 0;
	int err = 0;

	while (!err && at < f->initrd_bytes) {
		uint64_t left = f->initrd_bytes - at;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		err = read_at(f->initrd_fd, chunk, n, at);
		if (err) {
			err = fault_set(f->fault, FAULT_INITRD_UNREADABLE, "initrd %s: %s",
					f->spec->initrd, strerror(-err));
			break;
		}
		err = hvcall_copy_to(f->hv, f->domid, f->layout.initrd_gpa + at, chunk, n);
		if (err)
			err = copy_failed(f, "initrd", err);
		at += n;
	}
	free(chunk);
	return err;
}

static int copy_boot_block(struct filler *f)
{
	const struct domain_spec *s = f->spec;
	size_t size = start_info_size(s->cmdline, s->nr_vcpus);
	void *block = xmalloc(size);
	int err;

	start_info_make(block, &f->layout, s->cmdline, s->nr_vcpus, s->nr_vcpus_online);
	err = hvcall_copy_to(f->hv, f->domid, f->layout.boot_gpa, block, size);
	free(block);
	if (err)
		return copy_failed(f, "boot data", err);
	err = hvcall_vcpu_entry(f->hv, f->domid, f->kernel.pvh_entry, f->layout.boot_gpa);
	if (err)
		return fault_set(f->fault, FAULT_HYPERVISOR, "cannot set the entry point: %s",
				 strerror(-err));
	return 0;
}

static int open_initrd(struct filler *f)
{
	struct stat st;

	if (!f->spec->initrd)
		return 0;
	f->initrd_fd = open_file(f, "initrd", f->spec->initrd, INITRD_FILE_MAX,
				 FAULT_INITRD_NOT_FOUND, FAULT_INITRD_UNREADABLE, &st);
	if (f->initrd_fd < 0)
		return f->initrd_fd;
	f->initrd_bytes = (uint64_t)st.st_size;
	return 0;
}

static int make_layout(struct filler *f)
{
	const struct domain_spec *s = f->spec;
	char *reason = NULL;

	if (layout_make(s->memory_bytes, &f->kernel, f->initrd_bytes,
			start_info_size(s->cmdline, s->nr_vcpus), &f->layout, &reason))
		return fault_set(f->fault, FAULT_DOES_NOT_FIT, "%s", reason);
	return 0;
}

struct build_report build_child_run(uint16_t domid, const struct domain_spec *spec,
				    const struct kernel_entry *entries, unsigned int nr_entries,
				    const struct unpack_walls *walls, int *ret_kernel)
{
	struct build_report report = { .used_entry = -1 };
	struct filler f = { .spec = spec, .domid = domid, .fault = &report.fault, .initrd_fd = -1,
			    .walls = walls, .new_kernel = -1 };
	int err;

	clock_gettime(CLOCK_MONOTONIC, &f.step_from);
	err = load_kernel(&f, entries, nr_entries, &report);
	*ret_kernel = f.new_kernel;
	step_done(&f, report.used_entry < 0 ? "unpacking the kernel" : "finding the kernel");
	if (!err)
		err = open_initrd(&f);
	if (!err)
		err = make_layout(&f);
	if (err)
		return report;

	err = hvcall_open(&f.hv);
	if (err) {
		fault_set(f.fault, FAULT_HYPERVISOR, "cannot reach the hypervisor: %s", strerror(-err));
		return report;
	}
	err = populate(&f);
	step_done(&f, "giving it memory");
	if (!err)
		err = set_memory_map(&f);
	if (!err)
		err = copy_kernel(&f);
	step_done(&f, "copying the kernel");
	if (!err)
		err = copy_initrd(&f);
	step_done(&f, "copying the initrd");
	if (!err)
		copy_boot_block(&f);
	/* The process ends now, and with it the files, the maps and the handle. */
	return report;
}
