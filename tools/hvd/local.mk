# SPDX-License-Identifier: GPL-2.0-or-later
# hvd: the daemon. Its parts are libraries, one a folder, so that tests link what they test.

# What hvd links besides Xen's libraries, in the order that the linker wants; the pretended host of
# tests/daemon links the same.
HVD_SOURCES = tools/hvd/main.c tools/hvd/conf.c tools/hvd/conf.h tools/hvd/options.c tools/hvd/options.h \
	tools/hvd/priv/engine.c tools/hvd/priv/engine.h tools/hvd/priv/walls.c tools/hvd/priv/walls.h \
	tools/hvd/priv/server.c tools/hvd/priv/server.h
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

# What runs as root, and when: make root-lines
ROOT_ALWAYS = hvd/priv/server.c hvd/priv/check.c hvd/priv/place.c hvd/priv/paths.c hvd/priv/launch.c hvd/priv/wire.c \
	hvd/priv/proc.c hvd/hvcall.c hvd/guest_loan.c hvd/backend/image.c hvd/backend/bridge.c hvd/secret.c lib/fd_packet.c \
	lib/log.c lib/xmem.c
ROOT_BUILDER = hvd/domain/build_process.c hvd/domain/build_child.c hvd/domain/unpack.c hvd/domain/layout.c \
	hvd/domain/start_info.c hvd/domain/acpi.c lib/elf.c hvd/fault.c
ROOT_START = hvd/main.c hvd/conf.c hvd/options.c hvd/systemd.c hvd/priv/engine.c hvd/priv/walls.c
.PHONY: root-lines
root-lines:
	@cd $(srcdir)/tools && for part in always:'$(ROOT_ALWAYS)' builder:'$(ROOT_BUILDER)' start:'$(ROOT_START)' \
		image:"`echo hvd/image/*.c`"; do printf '%s ' "$${part%%:*}"; cat $${part#*:} | wc -l; done
