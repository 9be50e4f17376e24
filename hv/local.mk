# SPDX-License-Identifier: GPL-2.0-or-later
# hv: the core. Freestanding; builds the ELF image hv/hv that GRUB loads.
