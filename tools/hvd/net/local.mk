# SPDX-License-Identifier: GPL-2.0-or-later
# hvd-net: a guest's network interfaces.

pkglibexec_PROGRAMS += tools/hvd/net/hvd-net
tools_hvd_net_hvd_net_SOURCES = \
	tools/hvd/backend/child.c tools/hvd/backend/child.h \
	tools/hvd/backend/stats.h tools/hvd/backend/stats_child.c \
	tools/hvd/net/main.c \
	tools/hvd/net/netif.c tools/hvd/net/netif.h \
	tools/hvd/net/ring.c tools/hvd/net/ring.h \
	tools/hvd/net/tap.c tools/hvd/net/tap.h
tools_hvd_net_hvd_net_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS) \
	$(SECCOMP_CFLAGS) $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS)
tools_hvd_net_hvd_net_LDADD = tools/hvd/xenstore/libxenstored.a tools/lib/libhvutil.a $(LIBEVENT_LIBS) \
	$(JSONC_LIBS) $(SECCOMP_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS)
