/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way into and out of guest memory. A reference keeps each frame alive while it is
 * copied, so nothing here needs a lock and no guest can pull a page away underneath.
 */
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/frame.h>
#include <hv/guest_copy.h>
#include <hv/physmap.h>
#include <hv/string.h>
#include <hv/vcpu.h>

enum direction { FROM_GUEST, TO_GUEST, CLEAR };

/* Within one page. */
static int copy_frame(struct domain *d, uint64_t gpa, void *buf, size_t size, enum direction dir)
{
	unsigned int access = dir == FROM_GUEST ? PHYSMAP_READ : PHYSMAP_READ | PHYSMAP_WRITE;
	mfn_t mfn;
	char *p;

	if (physmap_get_frame(d, gpa_to_gfn(gpa), access, &mfn))
		return -EFAULT;
	p = (char *)mfn_to_ptr(mfn) + (gpa & ~PAGE_MASK);
	switch (dir) {
	case FROM_GUEST:
		memcpy(buf, p, size);
		break;
	case TO_GUEST:
		memcpy(p, buf, size);
		break;
	case CLEAR:
		memset(p, 0, size);
		break;
	}
	frame_put(mfn);
	return 0;
}

static size_t rest_of_page(uint64_t address, size_t size)
{
	return MIN(size, PAGE_SIZE - (address & ~PAGE_MASK));
}

static int copy_linear(uint64_t linear, char *buf, size_t size, enum direction dir)
{
	struct vcpu *v = current_vcpu();

	while (size) {
		size_t n = rest_of_page(linear, size);
		uint64_t gpa;

		if (arch_guest_walk(v, linear, dir != FROM_GUEST, &gpa) ||
		    copy_frame(v->domain, gpa, buf, n, dir))
			return -EFAULT;
		linear += n;
		buf = buf ? buf + n : NULL;
		size -= n;
	}
	return 0;
}

static int copy_physical(struct domain *d, uint64_t gpa, char *buf, size_t size, enum direction dir)
{
	while (size) {
		size_t n = rest_of_page(gpa, size);

		if (copy_frame(d, gpa, buf, n, dir))
			return -EFAULT;
		gpa += n;
		buf += n;
		size -= n;
	}
	return 0;
}

int copy_from_guest(void *dst, uint64_t linear, size_t size)
{
	return copy_linear(linear, dst, size, FROM_GUEST);
}

int copy_to_guest(uint64_t linear, const void *src, size_t size)
{
	return copy_linear(linear, (char *)(uintptr_t)src, size, TO_GUEST);
}

int clear_guest(uint64_t linear, size_t size)
{
	return copy_linear(linear, NULL, size, CLEAR);
}

int copy_from_gpa(struct domain *d, void *dst, uint64_t gpa, size_t size)
{
	return copy_physical(d, gpa, dst, size, FROM_GUEST);
}

int copy_to_gpa(struct domain *d, uint64_t gpa, const void *src, size_t size)
{
	return copy_physical(d, gpa, (char *)(uintptr_t)src, size, TO_GUEST);
}

int guest_translate(struct vcpu *v, uint64_t linear, bool write, uint64_t *ret_gpa)
{
	return arch_guest_walk(v, linear, write, ret_gpa);
}

int guest_page_get(struct domain *d, gfn_t gfn, void **ret_ptr)
{
	struct physmap_entry e;
	mfn_t mfn;
	int err = physmap_get_frame(d, gfn, PHYSMAP_READ | PHYSMAP_WRITE, &mfn);

	if (err)
		return err;
	/* Its own RAM only: a page of somebody else's would be pinned beyond its mapping. */
	if (!physmap_lookup(d, gfn, &e) || e.type != PHYSMAP_RAM || e.mfn.n != mfn.n) {
		frame_put(mfn);
		return -EINVAL;
	}
	*ret_ptr = mfn_to_ptr(mfn);
	return 0;
}

void guest_page_put(void *ptr)
{
	frame_put(ptr_to_mfn(ptr));
}
