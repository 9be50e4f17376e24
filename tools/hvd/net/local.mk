# SPDX-License-Identifier: GPL-2.0-or-later
# hvd-net: a guest's network interfaces.
