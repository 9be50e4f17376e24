/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pretended hypervisor's statistics pages: of every domain that could be, their time runs. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/xen.h>
#include <xenforeignmemory.h>

#include <hvabi/stats.h>

#include "stats_pages.h"

#define NR_DOMAINS 32u

xenforeignmemory_resource_handle *
xenforeignmemory_map_resource(xenforeignmemory_handle *fmem, domid_t domid, unsigned int type,
			      unsigned int id, unsigned long frame, unsigned long nr_frames,
			      void **paddr, int prot, int flags)
{
	static char *pages;
	static size_t size;

	(void)fmem;
	if (!pages)
		pages = stats_pages_make(NR_DOMAINS, 2, &size);
	if (domid != DOMID_SELF || type != HVABI_RESOURCE_STATS || id || flags || prot != PROT_READ ||
	    (frame + nr_frames) * 4096 > size) {
		errno = EINVAL;
		return NULL;
	}
	*paddr = pages + frame * 4096;
	return malloc(1);
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *fmem,
				    xenforeignmemory_resource_handle *fres)
{
	(void)fmem;
	free(fres);
	return 0;
}
