/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping one page of a guest; the contract is in guest_page.h.
 */
#include "guest_page.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUEST_PAGE_SIZE 4096u

static guest_loan_fn loan_of;

void guest_page_source(guest_loan_fn get_loan)
{
	loan_of = get_loan;
}

int guest_page_map(uint16_t domid, uint32_t loan, void **ret_page)
{
	uint64_t offset;
	void *page;
	int fd, err;

	err = loan_of(domid, loan, &fd, &offset);
	if (err)
		return err;
	page = mmap(NULL, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	err = page == MAP_FAILED ? -errno : 0;
	close(fd);
	if (!err)
		*ret_page = page;
	return err;
}

void guest_page_unmap(void *page)
{
	if (page)
		munmap(page, GUEST_PAGE_SIZE);
}
