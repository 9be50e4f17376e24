# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's side of the back-end processes.

noinst_LIBRARIES += tools/hvd/backend/libhvdbackend.a
tools_hvd_backend_libhvdbackend_a_SOURCES = \
	tools/hvd/backend/adopt.c \
	tools/hvd/backend/backend.c tools/hvd/backend/backend.h \
	tools/hvd/backend/bridge.c \
	tools/hvd/backend/device.c tools/hvd/backend/device.h \
	tools/hvd/backend/disk.c \
	tools/hvd/backend/image.c tools/hvd/backend/image.h \
	tools/hvd/priv/client.c tools/hvd/priv/priv.h \
	tools/hvd/priv/proc.c tools/hvd/priv/proc.h \
	tools/hvd/priv/wire.c tools/hvd/priv/wire.h \
	tools/hvd/backend/service.c \
	tools/hvd/backend/spawn.c \
	tools/hvd/backend/stats.h tools/hvd/backend/stats_file.c \
	tools/hvd/backend/vbd.c \
	tools/hvd/backend/vdev.c tools/hvd/backend/vdev.h \
	tools/hvd/backend/vif.c \
	tools/hvd/backend/visit.c \
	tools/hvd/backend/xenbus.c tools/hvd/backend/xenbus.h
tools_hvd_backend_libhvdbackend_a_CPPFLAGS = $(AM_CPPFLAGS) -DHVD_LIBEXECDIR='"$(pkglibexecdir)"'
tools_hvd_backend_libhvdbackend_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS)
# What a program needs with it, besides tools/lib/libhvutil.a and the xenstore server.
BACKEND_LIBS = $(LIBEVENT_LIBS) $(JSONC_LIBS)
