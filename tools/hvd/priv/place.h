/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an open file lies, and whether it may be a guest's. Asked of the descriptor and not of the
 * path, which may mean something else a moment later.
 */
#ifndef PRIV_PLACE_H
#define PRIV_PLACE_H

/* image-folders of hvd.conf, for check_image_path(): stays the caller's. NULL: none. */
void place_limit_images(const char *folders);

/* check_image_path() and check_boot_path() of an open file: NULL, or the folder in which it must not be. */
const char *place_check_image(int fd);
const char *place_check_boot(int fd);

#endif
