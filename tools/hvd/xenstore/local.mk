# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's xenstore server, with the event channels and the consoles that share its loop.

# Bytes and trees: no device, no loop. What the tests and the fuzzer compile for themselves.
XENSTORE_PURE_SOURCES = \
	tools/hvd/journal.c tools/hvd/journal.h tools/hvd/journal_file.c \
	tools/hvd/keep.c tools/hvd/keep.h \
	tools/hvd/xenstore/client.c tools/hvd/xenstore/client.h \
	tools/hvd/xenstore/path.c tools/hvd/xenstore/path.h \
	tools/hvd/xenstore/perms.c tools/hvd/xenstore/perms.h \
	tools/hvd/xenstore/quota.c tools/hvd/xenstore/quota.h \
	tools/hvd/xenstore/record.c tools/hvd/xenstore/record.h \
	tools/hvd/xenstore/request.c tools/hvd/xenstore/request.h \
	tools/hvd/xenstore/ring.c tools/hvd/xenstore/ring.h \
	tools/hvd/xenstore/store.c tools/hvd/xenstore/store.h \
	tools/hvd/xenstore/transaction.c tools/hvd/xenstore/transaction.h \
	tools/hvd/xenstore/tree.c tools/hvd/xenstore/tree.h \
	tools/hvd/xenstore/watch.c tools/hvd/xenstore/watch.h \
	tools/hvd/xenstore/wire.c tools/hvd/xenstore/wire.h
XENSTORE_SERVER_SOURCES = \
	tools/hvd/budget.c tools/hvd/budget.h \
	tools/hvd/evtchn.c tools/hvd/evtchn.h \
	tools/hvd/xenstore/local.c tools/hvd/xenstore/xs.h \
	tools/hvd/xenstore/page.c tools/hvd/xenstore/connection.h \
	tools/hvd/xenstore/restore.c \
	tools/hvd/xenstore/server.c tools/hvd/xenstore/server.h \
	tools/hvd/xenstore/socket.c \
	tools/hvd/xenstore/throttle.c tools/hvd/xenstore/throttle.h

noinst_LIBRARIES += tools/hvd/xenstore/libxenstored.a
tools_hvd_xenstore_libxenstored_a_SOURCES = $(XENSTORE_PURE_SOURCES) $(XENSTORE_SERVER_SOURCES) \
	tools/hvd/guest_page.c tools/hvd/guest_page.h \
	tools/hvd/console.c tools/hvd/console.h \
	tools/hvd/console_log.c tools/hvd/console_log.h \
	tools/hvd/console_ring.c tools/hvd/console_ring.h \
	tools/hvd/console_tail.c tools/hvd/console_tail.h
tools_hvd_xenstore_libxenstored_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(XENEVTCHN_CFLAGS) \
	$(XENFOREIGNMEMORY_CFLAGS)
# What a program needs with it, besides tools/lib/libhvutil.a.
XENSTORED_LIBS = $(LIBEVENT_LIBS) $(XENEVTCHN_LIBS) $(XENFOREIGNMEMORY_LIBS)
