#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Store and console as everybody sees them: Debian's tools on hvd's socket and through the kernel's
# ring, a guest's kernel through its own, a person on the console, and a guest that prints for ever.
. "$(dirname "$0")/lib.sh"
plan 17

"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" >&2 || exit 1
cat >"$work/guest.xml" <<'END'
<domain type='xen'>
  <name>talker</name>
  <memory unit='MiB'>160</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='xenpvh'>xenpvh</type>
    <kernel>/run/guest/vmlinuz</kernel>
    <initrd>/run/guest/initrd</initrd>
    <cmdline>console=hvc0 GUEST_ARGS</cmdline>
  </os>
  <devices>
    <console type='pty'><target type='xen' port='0'/></console>
  </devices>
</domain>
END
cat >"$work/script" <<'END'
. ./host-lib.sh

# Debian's tools on the socket.
xenstore-write /t/a one /t/b/c two
say socket-read "$(xenstore-read /t/a /t/b/c)"
xenstore-chmod /t/b n0 r5
say socket-ls "$(xenstore-ls -fp /t)"
(xenstore-watch -n 3 /t >/tmp/watch) &
wait_for 5 grep -q . /tmp/watch
xenstore-write /t/w 1; xenstore-rm /t/b; wait
say socket-watch "$(cat /tmp/watch)"

# The same through the kernel and its ring, which is a quarter of the longest message.
export XENSTORED_PATH=/dev/xen/xenbus
say kernel-read "$(xenstore-read /t/a)"
long=$(head -c 3000 /dev/zero | tr '\0' x)
xenstore-write /t/long "$long"
say kernel-long "$(xenstore-read /t/long | wc -c)"
i=0; while [ $i -lt 200 ]; do echo "/t/many/a-rather-long-name-of-a-node-$i $i"; i=$((i + 1)); done | xargs xenstore-write
say kernel-many "$(xenstore-list /t/many | wc -l)"
(xenstore-watch -n 2 /t/w >/tmp/watch2) &
wait_for 5 grep -q . /tmp/watch2
xenstore-write /t/w 2; wait
say kernel-watch "$(cat /tmp/watch2)"
unset XENSTORED_PATH
say kernel-own "$(xenstore-read /local/domain/0/control/feature-poweroff)"

# A guest.
sed -i "s/GUEST_ARGS/$guest_args/" guest.xml
mkdir -p /run/guest; mv vmlinuz initrd /run/guest/
hvctl create guest.xml
id=$(hvctl list | awk '$1 == "talker" { print $2 }')
log=/var/log/hv/console/talker.log
wait_for 90 grep -aq '^GUEST done' $log; say guest-log $?
say guest-writes "$(xenstore-read /local/domain/$id/control/feature-poweroff)"
say guest-owner "$(xenstore-ls -fp /local/domain/$id/control | grep feature-poweroff | sed 's/.*(//')"
mkfifo /tmp/keys
hvctl console talker </tmp/keys >/tmp/console 2>&1 &
exec 3>/tmp/keys
wait_for 10 grep -aq '^GUEST done' /tmp/console; say console-backlog $?
echo 'echo answer $((6 * 7))' >&3
wait_for 20 grep -aq '^answer 42' /tmp/console; say console-types $?

# It prints as fast as it can, for a while; hvd has time for others, and the log stays in bounds.
echo 'while :; do echo never stops talking; dmesg; done' >&3
wait_for 60 test -s $log.1; say flood-rotates $?
t0=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
hvctl list >/dev/null && xenstore-read /t/a >/dev/null; say flood-others $?
t1=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
echo "# both took $((t1 - t0)) ms" >&2
exec 3>&-
hvctl destroy talker
[ "$(cat $log $log.1 | wc -c)" -le 2097152 ]; say flood-bounded $?
say gone "$(xenstore-list /local/domain)"
[ -s $log ]; say log-stays $?
END

boot --timeout 900 --with "$HV_BUILD/guest/vmlinuz" --with "$HV_BUILD/guest/initrd" \
	--with "$work/guest.xml" -- "$work/script"
is() { grep -qxF "$1: $2" "$out"; }
ok "xenstore-read gives what xenstore-write wrote" is socket-read "one two"
ok "permissions show" is socket-ls '/t/a = "one" (n0) /t/b = "" (n0,r5) /t/b/c = "two" (n0)'
ok "xenstore-watch hears of both changes" is socket-watch "/t /t/w /t/b"
ok "the kernel's ring leads to the same store" is kernel-read one
ok "a value longer than the ring goes through it" is kernel-long 3001
ok "so does a long directory" is kernel-many 200
ok "and an event" is kernel-watch "/t/w /t/w"
ok "the control domain's kernel has written its own nodes" is kernel-own 1
ok "the guest's console is logged" is guest-log 0
ok "the guest's kernel writes to its home" is guest-writes 1
ok "and owns what it may own" is guest-owner "n1)"
ok "a new viewer of the console sees what came before" is console-backlog 0
ok "the guest hears what is typed" is console-types 0
ok "a console that never stops is cut into files" is flood-rotates 0
ok "others are served meanwhile" is flood-others 0
ok "and the files stay in bounds" is flood-bounded 0
ok "the guest leaves its log, but nothing in the store" eval 'is gone 0 && is log-stays 0'
done_testing
