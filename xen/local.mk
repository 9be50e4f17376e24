# SPDX-License-Identifier: GPL-2.0-or-later
# xen/: Xen's guest ABI over hv/; its objects are linked into hv/hv.
