# SPDX-License-Identifier: GPL-2.0-or-later
# hvd-image: work on images, in a process of its own for each request.

pkglibexec_PROGRAMS += tools/hvd/image/hvd-image
tools_hvd_image_hvd_image_SOURCES = \
	tools/hvd/image/cluster.c tools/hvd/image/cluster.h \
	tools/hvd/image/cluster_text.c \
	tools/hvd/image/copy.c tools/hvd/image/copy.h \
	tools/hvd/image/copy_run.c \
	tools/hvd/image/file_image.h \
	tools/hvd/image/file_ops.c \
	tools/hvd/image/main.c \
	tools/hvd/image/rbd_image.c tools/hvd/image/rbd_image.h \
	tools/hvd/image/rbd_ops.c \
	tools/hvd/image/report.c \
	tools/hvd/image/task.h
tools_hvd_image_hvd_image_CFLAGS = $(AM_CFLAGS) -pthread $(JSONC_CFLAGS) $(RBD_CFLAGS) $(RADOS_CFLAGS)
tools_hvd_image_hvd_image_LDADD = tools/hvd/libhvdcore.a tools/lib/libhvutil.a $(RBD_LIBS) $(RADOS_LIBS) \
	$(JSONC_LIBS) -lpthread
