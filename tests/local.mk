# SPDX-License-Identifier: GPL-2.0-or-later
# tests/: style checks; the boot tests with their emulated host.
