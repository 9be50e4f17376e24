#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be wrong with a request, one by one: a clear message, and everything as it was before.
. "${srcdir:?}/tests/daemon/lib.sh"
export PRETEND_MIB=256
expect 4 'hvd does not answer on .*: is it running' hvctl list
start_hvd
free=$(free_kib)

unchanged() {
	[ "$(free_kib)" = "$free" ] || fail "$1: $free KiB were free, now $(free_kib)"
	[ "$(hvctl list | wc -l)" = 2 ] || fail "$1: $(hvctl list)"
}
refused() { # STATUS PATTERN NAME
	expect "$1" "$2" hvctl create "$dir/$3.xml"
	unchanged "$3"
}

expect 2 'usage: hvctl create' hvctl create
expect 2 "no command 'frobnicate'" hvctl frobnicate
expect 5 'cannot open .*No such file' hvctl create "$dir/none.xml"
expect 3 "no domain 'nobody'" hvctl destroy nobody
expect 3 "no domain '77'" hvctl console 77
expect 1 'control domain' hvctl destroy 0
expect 1 'control domain' hvctl shutdown Domain-0

echo '<domain><name>x</name>' >"$dir/cut.xml"
refused 5 'line [0-9]+: not well-formed' cut
vm odd 64 '' '<genid/>'
refused 5 'line 10: <genid>: this element is not supported in <domain>' odd
vm tsc 64 '' "<clock><timer name='tsc' frequency='2500000000'/></clock>"
refused 1 "domain 'tsc' wants a TSC of 2500000 kHz, the host's runs at 2000000 kHz, and its processor has no TSC scaling" tsc
expect 5 'odd.xml: line 10: <genid>' hvctl validate "$dir/odd.xml"

vm big 4096
refused 1 "needs 41[0-9][0-9] MiB, the host has 25[0-9] MiB free" big

kernel=/nowhere/vmlinuz
vm nokernel
refused 1 'kernel /nowhere/vmlinuz: No such file' nokernel
kernel=$dir
vm folder
refused 1 'not a regular file' folder
kernel=$dir/empty
: >"$kernel"
vm empty
refused 1 'its size of 0 bytes' empty
kernel=$dir/noise
head -c 100000 /dev/urandom >"$kernel"
vm noise
refused 1 "kernel $dir/noise: " noise
kernel=$build/tools/hvctl/hvctl
vm nopvh
refused 1 'no PVH entry|below 1 MiB|not an executable|ELF' nopvh
kernel=$build/tests/daemon/kernel
mkfifo "$dir/pipe"
vm pipe 64
sed -i "s|<cmdline>|<initrd>$dir/pipe</initrd>&|" "$dir/pipe.xml"
refused 1 'initrd .*not a regular file' pipe
vm noinitrd
sed -i "s|<cmdline>|<initrd>/nowhere/initrd</initrd>&|" "$dir/noinitrd.xml"
refused 1 'initrd /nowhere/initrd: No such file' noinitrd
truncate -s 100M "$dir/large"
vm large
sed -i "s|<cmdline>|<initrd>$dir/large</initrd>&|" "$dir/large.xml"
refused 1 'the initrd \(100 MiB\) does not fit beside the kernel in 64 MiB' large
vm small 16
refused 1 'the kernel needs memory up to 17 MiB, the domain has 16 MiB' small
vm nodisk 64 '' "<devices><disk type='file'><source file='/nowhere/disk.img'/><target dev='xvda'/></disk></devices>"
refused 1 "disk xvda: cannot open image /nowhere/disk.img" nodisk
vm nobridge 64 '' "<devices><interface type='bridge'><source bridge='br-nowhere'/></interface></devices>"
refused 1 "interface 0.*br-nowhere" nobridge

# Names and UUIDs are taken once.
uuid='<uuid>6f2d3a70-1111-4222-8333-123456789abc</uuid>'
vm first 64 '' "$uuid"
expect 0 created hvctl create "$dir/first.xml"
expect 1 "a domain 'first' exists already" hvctl create "$dir/first.xml"
vm second 64 '' "$uuid"
expect 1 "domain 'first' has the same UUID" hvctl create "$dir/second.xml"
expect 1 'another hvd runs' env -u x sh -c "'$build/tests/daemon/hvd-pretended' --config /dev/null \
	--socket '$dir/hvd.sock' --run-dir '$dir/run' --xenstore-socket '$dir/xs2.sock' --console-dir '$dir/console' --domains-dir '$dir/domains' --history-dir '$dir/history'"
expect 0 '"code": "no_such_domain"' sh -c "'$build/tools/hvctl/hvctl' --socket '$dir/hvd.sock' --json info nobody || true"
expect 0 ended hvctl destroy first
unchanged end
finish
