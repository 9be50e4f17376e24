#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated host itself, without hv: what every other boot test relies on.
. "$(dirname "$0")/lib.sh"
plan 9

echo from-outside >"$work/file"
boot --bare --with "$work/file" --command 'cat file; uname -r; exit 7'
ok "the script's status comes back" [ $status = 7 ]
ok "--with files are in its working directory" grep -qx from-outside "$out"
ok "it runs Debian's kernel" grep -qE '^6\.1\.0-.*-amd64$' "$out"

# What a script prints must not be taken for the end of the run, and must arrive unchanged.
boot --bare --command 'printf "\036exit 0\n\0360123 exit 0\n"; printf "a\tb\r\n"; exit 3'
ok "output cannot forge the end" [ $status = 3 ]
ok "output arrives byte for byte" cmp -s "$out" <(printf '\036exit 0\n\0360123 exit 0\na\tb\r\n')

boot --bare --command 'echo c >/proc/sysrq-trigger' --dom0-args 'panic=-1'
ok "a crash has its own status" [ $status = 125 ]

boot --bare --timeout 8 --command 'sleep 1000'
ok "so has a timeout" [ $status = 124 ]

truncate -s 8M "$work/a" "$work/b"
printf first >"$work/a"
printf second | dd of="$work/b" conv=notrunc status=none
case $machine in
svm) first=/dev/vda second=/dev/nvme0n1 bus=nvme ;;
# Which of its channels Linux looks at first differs.
vmx | svm-bochs) first='$(holds first)' second='$(holds second)' bus=ata ;;
esac
cp "$work/b" "$work/b.was"
boot --bare --disk "$work/a" --disk "$work/b,$bus,ro" --net user --command "
	holds() { for disk in /dev/sd?; do head -c 6 \$disk | grep -aq ^\$1 && echo \$disk; done; }
	first=$first second=$second
	head -c 5 \$first; head -c 6 \$second; cat /sys/class/net/eth0/carrier_changes >/dev/null && echo net
	echo other | dd of=\$second conv=fsync 2>/dev/null; echo more | dd of=\$first conv=fsync 2>/dev/null"
ok "disks and network cards are where they were asked for" grep -qx 'firstsecondnet' "$out"
ok "what is written goes to the file, unless that is to stay as it is" \
	eval '[ "$(head -n 1 "$work/a")" = more ] && cmp -s "$work/b" "$work/b.was"'
done_testing
