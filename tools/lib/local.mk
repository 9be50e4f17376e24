# SPDX-License-Identifier: GPL-2.0-or-later
# tools/lib: what hvd and hvctl share, as tools/lib/libhvutil.a.
