# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's domain builder and lifecycle. The pure parts are in a library, for hvctl and the tests.

noinst_LIBRARIES += tools/hvd/libhvdcore.a
tools_hvd_libhvdcore_a_SOURCES = \
	tools/hvd/fault.c tools/hvd/fault.h tools/hvd/secret.c tools/hvd/secret.h \
	tools/hvd/image/name.c tools/hvd/image/name.h \
	tools/hvd/priv/check.c tools/hvd/priv/check.h tools/hvd/priv/place.c tools/hvd/priv/place.h \
	tools/hvd/domain/acpi.c tools/hvd/domain/acpi.h \
	tools/hvd/domain/definition_files.c tools/hvd/domain/definition_files.h \
	tools/hvd/domain/definitions.c tools/hvd/domain/definitions.h \
	tools/hvd/domain/spec_text.c tools/hvd/domain/spec_text.h \
	tools/hvd/domain/layout.c tools/hvd/domain/layout.h \
	tools/hvd/domain/lifecycle.c tools/hvd/domain/lifecycle.h \
	tools/hvd/domain/spec.c tools/hvd/domain/spec.h \
	tools/hvd/domain/spec_devices.c tools/hvd/domain/spec_devices.h \
	tools/hvd/domain/spec_disk.c tools/hvd/domain/spec_edit.c \
	tools/hvd/domain/spec_iotune.c tools/hvd/domain/spec_iotune.h \
	tools/hvd/domain/spec_xml.c tools/hvd/domain/spec_xml.h \
	tools/hvd/domain/start_info.c tools/hvd/domain/start_info.h
tools_hvd_libhvdcore_a_CFLAGS = $(AM_CFLAGS) $(LIBXML2_CFLAGS)

noinst_LIBRARIES += tools/hvd/libhvddomain.a
tools_hvd_libhvddomain_a_SOURCES = \
	tools/hvd/domain/adopt.c \
	tools/hvd/domain/autostart.c tools/hvd/domain/autostart.h \
	tools/hvd/domain/build.c tools/hvd/domain/build.h \
	tools/hvd/domain/build_child.c tools/hvd/domain/build_child.h \
	tools/hvd/domain/build_process.c tools/hvd/domain/build_process.h \
	tools/hvd/domain/domain.c tools/hvd/domain/domain.h \
	tools/hvd/domain/history.c tools/hvd/domain/history.h \
	tools/hvd/domain/record.c tools/hvd/domain/record.h \
	tools/hvd/domain/start.c \
	tools/hvd/domain/teardown.c \
	tools/hvd/domain/unpack.c tools/hvd/domain/unpack.h \
	tools/hvd/guest_loan.c tools/hvd/guest_loan.h \
	tools/hvd/hvcall.c tools/hvd/hvcall.h \
	tools/hvd/priv/launch.c tools/hvd/priv/launch.h \
	tools/hvd/priv/paths.c tools/hvd/priv/paths.h \
	tools/hvd/systemd.c tools/hvd/systemd.h
tools_hvd_libhvddomain_a_CPPFLAGS = $(AM_CPPFLAGS) -DHVD_LIBEXECDIR='"$(pkglibexecdir)"'
tools_hvd_libhvddomain_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(XENCALL_CFLAGS) $(JSONC_CFLAGS)
