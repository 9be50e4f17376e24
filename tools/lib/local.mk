# SPDX-License-Identifier: GPL-2.0-or-later
# tools/lib: what hvd and hvctl share, as tools/lib/libhvutil.a.

noinst_LIBRARIES += tools/lib/libhvutil.a
tools_lib_libhvutil_a_SOURCES = \
	tools/lib/bzimage.c tools/lib/bzimage.h \
	tools/lib/chan.c tools/lib/chan.h \
	tools/lib/elf.c tools/lib/elf.h \
	tools/lib/fd_packet.c tools/lib/fd_packet.h \
	tools/lib/json_line.c tools/lib/json_line.h \
	tools/lib/log.c tools/lib/log.h \
	tools/lib/privdrop.c tools/lib/privdrop.h \
	tools/lib/xmem.c tools/lib/xmem.h
tools_lib_libhvutil_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(SECCOMP_CFLAGS) $(JSONC_CFLAGS) $(ZLIB_CFLAGS) $(LZMA_CFLAGS) \
	$(ZSTD_CFLAGS) $(LZ4_CFLAGS)
# What a program needs that unpacks kernels.
KERNEL_LIBS = $(ZLIB_LIBS) $(LZMA_LIBS) $(ZSTD_LIBS) $(LZ4_LIBS)
