/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that map one guest's memory; the contract is in guest_memory.h.
 */
#include "guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sys/privcmd.h>

#define GUEST_PAGE_SIZE 4096u

int guest_memory_open(uint16_t domid, int *ret_fd)
{
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC), err;
	domid_t only = domid;

	if (fd < 0)
		return -errno;
	/* From here on the kernel takes no hypercall from this descriptor, and no other domain. */
	if (ioctl(fd, IOCTL_PRIVCMD_RESTRICT, &only)) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int guest_memory_map(int fd, uint16_t domid, uint64_t gfn, void **ret_page)
{
	xen_pfn_t pfn = gfn;
	int page_err = 0, err = 0;
	void *page = mmap(NULL, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	privcmd_mmapbatch_v2_t batch = { .num = 1, .dom = domid, .addr = (uintptr_t)page, .arr = &pfn,
					 .err = &page_err };

	if (page == MAP_FAILED)
		return -errno;
	if (ioctl(fd, IOCTL_PRIVCMD_MMAPBATCH_V2, &batch))
		err = -errno;
	else if (page_err)
		err = page_err;
	if (err) {
		munmap(page, GUEST_PAGE_SIZE);
		return err;
	}
	*ret_page = page;
	return 0;
}
