# SPDX-License-Identifier: GPL-2.0-or-later
# hvd: the daemon, and tools/hvd/libhvdcore.a with its pure parts.
