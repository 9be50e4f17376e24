# SPDX-License-Identifier: GPL-2.0-or-later
# hvd-blk: a guest's disk that is a file or a block device. hvd-blk-rbd: one that is an image in a Ceph cluster;
# a program of its own, so that what serves files has none of librbd, its threads and its network.

BLK_SOURCES = \
	tools/hvd/backend/child.c tools/hvd/backend/child.h \
	tools/hvd/backend/stats.h tools/hvd/backend/stats_child.c \
	tools/hvd/blk/blkif.c tools/hvd/blk/blkif.h tools/hvd/blk/blkif_job.h \
	tools/hvd/blk/disk.h \
	tools/hvd/blk/gone.c \
	tools/hvd/blk/grants.c tools/hvd/blk/grants.h \
	tools/hvd/blk/inflight.c tools/hvd/blk/inflight.h \
	tools/hvd/blk/limiter.c tools/hvd/blk/limiter.h \
	tools/hvd/blk/job.c \
	tools/hvd/blk/main.c \
	tools/hvd/blk/ring.c tools/hvd/blk/ring.h \
	tools/hvd/blk/throttle.c tools/hvd/blk/throttle.h \
	tools/hvd/blk/trouble.c
BLK_CFLAGS = $(AM_CFLAGS) -pthread $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS) $(SECCOMP_CFLAGS) \
	$(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS)
BLK_LDADD = tools/hvd/xenstore/libxenstored.a tools/lib/libhvutil.a $(LIBEVENT_LIBS) \
	$(JSONC_LIBS) $(SECCOMP_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS) -lpthread

pkglibexec_PROGRAMS += tools/hvd/blk/hvd-blk
tools_hvd_blk_hvd_blk_SOURCES = $(BLK_SOURCES) \
	tools/hvd/blk/file.c \
	tools/hvd/blk/file_kind.c \
	tools/hvd/blk/pool.c
tools_hvd_blk_hvd_blk_CFLAGS = $(BLK_CFLAGS)
tools_hvd_blk_hvd_blk_LDADD = $(BLK_LDADD)

pkglibexec_PROGRAMS += tools/hvd/blk/hvd-blk-rbd
tools_hvd_blk_hvd_blk_rbd_SOURCES = $(BLK_SOURCES) \
	tools/hvd/blk/rbd.c \
	tools/hvd/blk/rbd_conf.c \
	tools/hvd/blk/rbd_disk.h \
	tools/hvd/blk/rbd_session.c
tools_hvd_blk_hvd_blk_rbd_CFLAGS = $(BLK_CFLAGS) $(RBD_CFLAGS) $(RADOS_CFLAGS)
tools_hvd_blk_hvd_blk_rbd_LDADD = $(BLK_LDADD) $(RBD_LIBS) $(RADOS_LIBS)
