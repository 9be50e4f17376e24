# SPDX-License-Identifier: GPL-2.0-or-later
# hvd-blk: a guest's disks.

pkglibexec_PROGRAMS += tools/hvd/blk/hvd-blk
tools_hvd_blk_hvd_blk_SOURCES = \
	tools/hvd/backend/child.c tools/hvd/backend/child.h \
	tools/hvd/backend/stats.h tools/hvd/backend/stats_child.c \
	tools/hvd/blk/blkif.c tools/hvd/blk/blkif.h \
	tools/hvd/blk/disk.h \
	tools/hvd/blk/file.c \
	tools/hvd/blk/grants.c tools/hvd/blk/grants.h \
	tools/hvd/blk/main.c \
	tools/hvd/blk/pool.c \
	tools/hvd/blk/ring.c tools/hvd/blk/ring.h
tools_hvd_blk_hvd_blk_CFLAGS = $(AM_CFLAGS) -pthread $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS) \
	$(SECCOMP_CFLAGS) $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS)
tools_hvd_blk_hvd_blk_LDADD = tools/hvd/xenstore/libxenstored.a tools/lib/libhvutil.a $(LIBEVENT_LIBS) \
	$(JSONC_LIBS) $(SECCOMP_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS) -lpthread
