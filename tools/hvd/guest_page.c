/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping one page of a guest; the contract is in guest_page.h.
 */
#include "guest_page.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenforeignmemory.h>

#include "guest_memory.h"

#define GUEST_PAGE_SIZE 4096u

static guest_memory_fn memory_of;

/* Without one: the library's handle, while there are pages. */
static xenforeignmemory_handle *foreign;
static unsigned int nr_here;

void guest_page_source(guest_memory_fn get_memory)
{
	memory_of = get_memory;
}

static void put_handle(void)
{
	if (nr_here)
		return;
	xenforeignmemory_close(foreign);
	foreign = NULL;
}

static int map_here(uint16_t domid, uint64_t gfn, void **ret_page)
{
	xen_pfn_t pfn = gfn;
	void *page;
	int err;

	if (!foreign)
		foreign = xenforeignmemory_open(NULL, 0);
	if (!foreign)
		return errno ? -errno : -ENODEV;
	page = xenforeignmemory_map(foreign, domid, PROT_READ | PROT_WRITE, 1, &pfn, NULL);
	if (!page) {
		err = errno ? -errno : -EFAULT;
		put_handle();
		return err;
	}
	nr_here++;
	*ret_page = page;
	return 0;
}

int guest_page_map(uint16_t domid, uint64_t gfn, void **ret_page)
{
	int fd, err;

	if (!memory_of)
		return map_here(domid, gfn, ret_page);
	err = memory_of(domid, &fd);
	if (err)
		return err;
	err = guest_memory_map(fd, domid, gfn, ret_page);
	close(fd);
	return err;
}

void guest_page_unmap(void *page)
{
	if (!page)
		return;
	if (memory_of) {
		munmap(page, GUEST_PAGE_SIZE);
		return;
	}
	xenforeignmemory_unmap(foreign, page, 1);
	nr_here--;
	put_handle();
}
