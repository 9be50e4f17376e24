#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On a Debian that was installed a minute ago: makes it start from its disk, and a host of hv.
. ./installed-lib.sh
boots_fully
root=$(findmnt -n -o SOURCE /)
check boot-loader grub-install "${root%1}"
: >/boot/grub/grub.cfg # an installation leaves a menu, which is made anew with each change

# As the README says it.
check install apt-get install -y ./hv_*.deb ./hvd_*.deb ./hvctl_*.deb
check user id hvd
check enabled systemctl is-enabled hvd.service hvd.socket hv-guests.service proc-xen.mount
# Without the hypervisor nothing starts, and nothing fails.
check idle test "$(systemctl is-active hvd.service hvd.socket hv-guests.service | sort -u)" = inactive
check image test -s "/boot/hv-linux-$(uname -r)"
check menu grep -q "on hv, with Linux $(uname -r)'.*'hv'" /boot/grub/grub.cfg

sed -i 's/^#GRUB_DEFAULT=hv/GRUB_DEFAULT=hv/
	s/^GRUB_CMDLINE_HV=.*/GRUB_CMDLINE_HV="dom0_mem=1024M console=com1 com1=115200,8n1"/
	s/^GRUB_CMDLINE_LINUX_HV=.*/GRUB_CMDLINE_LINUX_HV="console=hvc0"/' /etc/default/grub.d/hv.cfg

# A kernel that is installed (here: once more, and with the initrd that it has) gets its image by the
# hook, and then its entries in the menu.
rm /boot/hv-linux-* /boot/grub/grub.cfg
: >/boot/grub/grub.cfg
check reinstall env INITRD=No dpkg-reconfigure "linux-image-$(uname -r)"
check hook test -s "/boot/hv-linux-$(uname -r)"
check syntax grub-script-check /boot/grub/grub.cfg
check default grep -q 'set default="hv"' /boot/grub/grub.cfg
sed -n "/on hv, with/,/^}/p" /boot/grub/grub.cfg
