#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests: sizes, processors, initrd or root on the disk, several at once, their disks and networks.
. "$(dirname "$0")/lib.sh"
need_guest
plan 10

cat >"$work/script" <<'EOF2'
#!/bin/sh
. ./guest-lib.sh
make_bridge
cp --sparse=always $images/root.img $images/root2.img 2>/dev/null || cp $images/root.img $images/root2.img
bridge=br0
guest small 128 1 'quiet ip=10.77.0.11/24 ping=10.77.0.1'
guest disk 256 2 'quiet root=/dev/xvda ip=10.77.0.12/24 ping=10.77.0.1 disktest=/dev/xvdb' $images/root2.img $images/data.img
guest large 1024 4 'quiet ip=10.77.0.13/24 ping=10.77.0.1'
for name in small disk large; do hvctl create $name.xml || echo "create failed: $name"; done
hvctl list
for name in small disk large; do
	wait_console $name '^GUEST done' 200 && echo "up $name"
	grep -a '^GUEST' "$(console_of $name)" | tr -d '\r' | sed "s/^/$name: /"
done
# Back to front: between guests, from here to a guest.
ping -q -c 3 -i 0.2 10.77.0.13 >/dev/null && echo "ping from here"
for name in small disk; do hvctl shutdown $name; wait_gone $name 60 && echo "gone $name"; done
hvctl destroy large; wait_gone large 20 && echo "gone large"
sync
dd if=$images/data.img bs=64k skip=16 count=64 2>/dev/null | md5sum | sed 's/^/sum /'
hvctl list --json
EOF2
# Two processors on Bochs, too: the one test there of a control domain that has them.
boot --mem 4096 --cpus 2 --disk "$guest_disk" --with "$here/guest-lib.sh" --timeout 600 -- "$work/script"
ok "128 MiB, one processor" grep -qE '^small: GUEST cpus 1' "$out"
ok "256 MiB, two processors" grep -qE '^disk: GUEST cpus 2' "$out"
ok "a large one, four processors" grep -qE '^large: GUEST cpus 4' "$out"
ok "root on the disk" grep -qE '^disk: GUEST root /dev/xvda' "$out"
ok "all three are up at once" [ "$(grep -c '^up ' "$out")" = 3 ]
ok "all three ping the control domain" [ "$(grep -c 'GUEST ping ok' "$out")" = 3 ]
ok "the control domain pings one" grep -qx 'ping from here' "$out"
sum=$(sed -n 's/^disk: GUEST disk ok [^ ]* //p' "$out")
ok "a disk holds what the guest wrote" bash -c '[ -n "$1" ] && grep -q "^sum $1" "$2"' - "$sum" "$out"
ok "shutdown and destroy end them" [ "$(grep -c '^gone ' "$out")" = 3 ]
ok "no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT" "$1"' - "$work/run/hv.log"
done_testing
