# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's control socket.

noinst_LIBRARIES += tools/hvd/control/libhvdcontrol.a
tools_hvd_control_libhvdcontrol_a_SOURCES = \
	tools/hvd/control/access.c tools/hvd/control/access.h \
	tools/hvd/control/conn.h \
	tools/hvd/control/control.h \
	tools/hvd/control/define_ops.c \
	tools/hvd/control/describe.c tools/hvd/control/describe.h \
	tools/hvd/control/device_ops.c tools/hvd/control/device_ops.h \
	tools/hvd/control/dirty_ops.c tools/hvd/control/dirty_ops.h \
	tools/hvd/control/disk_ops.c \
	tools/hvd/control/image_ops.c tools/hvd/control/image_ops.h \
	tools/hvd/image/job.c tools/hvd/image/job.h \
	tools/hvd/control/listener.c \
	tools/hvd/control/ops.h \
	tools/hvd/control/past_ops.c \
	tools/hvd/control/op_record.c \
	tools/hvd/control/reply.c \
	tools/hvd/control/request.c \
	tools/hvd/control/view.c \
	tools/hvd/control/wait.c \
	tools/hvd/control/watch_ops.c
tools_hvd_control_libhvdcontrol_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(JSONC_CFLAGS)
