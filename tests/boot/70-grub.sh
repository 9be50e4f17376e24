#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# GRUB as a guest's kernel: it reads its disk by itself, and starts the kernel that it finds there.
. "$(dirname "$0")/lib.sh"
[ -e /usr/lib/grub/i386-xen_pvh/linux.mod ] || skip_all "missing GRUB for PVH: apt-get install grub-xen-bin"
command -v grub-mkimage >/dev/null || skip_all "missing grub-mkimage: apt-get install grub-common"
need_guest
plan 6

cat >"$work/early.cfg" <<'END'
set root=xen/xvda
configfile /boot/grub/grub.cfg
END
grub-mkimage -O i386-xen_pvh -c "$work/early.cfg" -p /boot/grub -o "$work/grub" \
	ext2 linux normal configfile echo test || exit 99
mkdir -p "$work/root/boot/grub"
cp "$HV_BUILD"/guest/{vmlinuz,initrd} "$work/root/boot/"
cat >"$work/root/boot/grub/grub.cfg" <<'END'
echo "GRUB has found its configuration"
linux /boot/vmlinuz console=hvc0 quiet run=mount,-t,ext4,/dev/xvda,/mnt disktest=/dev/xvdb
initrd /boot/initrd
echo "GRUB has loaded both"
boot
END
truncate -s 64M "$work/disk.img"
PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -d "$work/root" "$work/disk.img" || exit 99

cat >"$work/script" <<'END'
. ./guest-lib.sh
kernel=$PWD/grub no_initrd=1
guest grub 192 2 '' $PWD/disk.img $images/data.img
hvctl create grub.xml || exit
wait_console grub '^GUEST done' 300
tr -d '\r' <"$(console_of grub)"
echo
hvctl vcpus grub
hvctl shutdown grub; wait_gone grub 60 && echo gone
grep -i error /var/log/hvd/hvd.out
END
boot --mem 1536 --disk "$guest_disk" --with "$here/guest-lib.sh" --with "$work/grub" \
	--with "$work/disk.img" --timeout 500 -- "$work/script"
ok "GRUB reads its configuration from the guest's disk" grep -aq 'GRUB has found its configuration' "$out"
ok "and the kernel and the initrd" grep -aq 'GRUB has loaded both' "$out"
ok "the kernel runs, with both processors" grep -aq '^GUEST cpus 2' "$out"
ok "the disk that GRUB used is the kernel's now" grep -aqx 'GUEST ran 0' "$out"
ok "so is the one that it did not use" grep -aq '^GUEST disk ok /dev/xvdb' "$out"
ok "the guest ends when asked" grep -aqx gone "$out"
done_testing
