# SPDX-License-Identifier: GPL-2.0-or-later
# dom0/: what makes a host: kernel payload extractor, image builder, GRUB script, systemd units.
