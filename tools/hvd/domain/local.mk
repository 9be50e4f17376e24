# SPDX-License-Identifier: GPL-2.0-or-later
# hvd's domain builder and lifecycle.
