# SPDX-License-Identifier: GPL-2.0-or-later
# hvd-blk: a guest's disks.
