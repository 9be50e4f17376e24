# SPDX-License-Identifier: GPL-2.0-or-later
# hvctl: the command line.

bin_PROGRAMS += tools/hvctl/hvctl
tools_hvctl_hvctl_SOURCES = \
	tools/hvctl/cmd_attach.c \
	tools/hvctl/cmd_capabilities.c \
	tools/hvctl/cmd_console.c \
	tools/hvctl/cmd_console_log.c \
	tools/hvctl/cmd_create.c \
	tools/hvctl/cmd_define.c \
	tools/hvctl/cmd_destroy.c \
	tools/hvctl/cmd_dirtyrate.c \
	tools/hvctl/cmd_disk.c \
	tools/hvctl/cmd_dmesg.c \
	tools/hvctl/cmd_events.c \
	tools/hvctl/cmd_history.c \
	tools/hvctl/cmd_image.c tools/hvctl/image_print.c tools/hvctl/progress.c \
	tools/hvctl/cmd_info.c \
	tools/hvctl/cmd_list.c \
	tools/hvctl/cmd_log.c \
	tools/hvctl/cmd_pause.c \
	tools/hvctl/cmd_resume.c \
	tools/hvctl/cmd_shutdown.c \
	tools/hvctl/cmd_start.c \
	tools/hvctl/cmd_top.c \
	tools/hvctl/cmd_validate.c \
	tools/hvctl/cmd_vcpus.c \
	tools/hvctl/conn.c \
	tools/hvctl/hvctl.h \
	tools/hvctl/main.c \
	tools/hvctl/output.c
tools_hvctl_hvctl_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS) $(LIBXML2_CFLAGS)
tools_hvctl_hvctl_LDADD = tools/hvd/libhvdcore.a tools/lib/libhvutil.a $(JSONC_LIBS) $(LIBXML2_LIBS)

completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = tools/hvctl/bash-completion/hvctl
