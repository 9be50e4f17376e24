# SPDX-License-Identifier: GPL-2.0-or-later
# hvd: the daemon. Its parts are libraries, one a folder, so that tests link what they test.

# What hvd links besides Xen's libraries, in the order that the linker wants; the pretended host of
# tests/daemon links the same.
HVD_SOURCES = tools/hvd/main.c tools/hvd/conf.c tools/hvd/conf.h tools/hvd/options.c tools/hvd/options.h \
	tools/hvd/systemd.c tools/hvd/systemd.h
HVD_CFLAGS = -DHVD_CONFDIR='"$(confdir)"' -DHVD_LIBEXECDIR='"$(pkglibexecdir)"' $(LIBEVENT_CFLAGS) $(LIBXML2_CFLAGS)
HVD_PARTS = \
	tools/hvd/control/libhvdcontrol.a \
	tools/hvd/libhvddomain.a \
	tools/hvd/metrics/libhvdmetrics.a \
	tools/hvd/backend/libhvdbackend.a \
	tools/hvd/xenstore/libxenstored.a \
	tools/hvd/libhvdcore.a \
	tools/lib/libhvutil.a
HVD_LIBS = $(LIBEVENT_LIBS) -lm $(LIBXML2_LIBS) $(JSONC_LIBS) $(SECCOMP_LIBS) $(KERNEL_LIBS)

sbin_PROGRAMS += tools/hvd/hvd
tools_hvd_hvd_SOURCES = $(HVD_SOURCES)
tools_hvd_hvd_CFLAGS = $(AM_CFLAGS) $(HVD_CFLAGS)
tools_hvd_hvd_LDADD = $(HVD_PARTS) $(HVD_LIBS) $(XENCALL_LIBS) $(XENEVTCHN_LIBS) \
	$(XENFOREIGNMEMORY_LIBS) $(XENTOOLCORE_LIBS)

dist_man_MANS += docs/man/hvctl.1 docs/man/hvd.8 docs/man/hvd.conf.5 docs/man/vm.xml.5
dist_pkgdata_DATA = tools/hvd/domain/vmxml.rng
dist_doc_DATA = docs/control-protocol.md docs/hvd.md
EXTRA_DIST += tools/hvd/hvd.conf
