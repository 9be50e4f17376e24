/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people call an image: "pool/image", "pool/namespace/image", either with "@snapshot", or the
 * path of a file, which begins with '/'. Pure.
 */
#ifndef IMAGE_NAME_H
#define IMAGE_NAME_H

#include <stdbool.h>

struct rbd_spec;

struct image_name {
	char *path;	      /* of a file, else NULL */
	struct rbd_spec *rbd; /* of an RBD image, else NULL; only pool to snapshot are filled */
};

/*
 * 'is_folder': the name of where images are, "pool", "pool/namespace" or a folder; 'rbd->image' is
 * NULL then. -EINVAL: '*ret_error' (to be freed) says why not.
 */
int image_name_parse(const char *text, bool is_folder, struct image_name *ret, char **ret_error);
void image_name_fini(struct image_name *name);

/* "10G", "512MiB", "4096": bytes, powers of 1024. */
bool image_size_parse(const char *text, unsigned long long *ret_bytes);

#endif
