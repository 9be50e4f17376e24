#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Disks of a domain that runs, served by the real hvd-blk (whose guest never comes): limits and sizes are
# changed while the process that serves them lives and while it does not.
. "${srcdir:?run me by make check}/tests/daemon/lib.sh"
[ "$(id -u)" = 0 ] || { echo "hvd-blk gives up root's rights, and is started with them"; exit 77; }
settings=(--blk-program "$build/tests/daemon/hvd-blk-pretended" --image-program "$build/tools/hvd/image/hvd-image")
start_hvd "${settings[@]}"
image=$dir/a.img
truncate -s 8M "$image"
vm one 64 '' "<devices><disk type='file'><source file='$image'/><target dev='xvda'/>
<iotune><total_iops_sec>500</total_iops_sec></iotune></disk></devices>"
expect 0 created hvctl create "$dir/one.xml"

limits() { hvctl blkdeviotune one xvda | awk '$2 { printf "%s=%s ", $1, $2 }'; }
equal() { [ "$1" = "$2" ] || fail "${3:-}: '$1' instead of '$2'"; }

# ---- limits ----
equal "$(limits)" 'total_iops_sec=500 ' "what vm.xml said"
expect 0 '^read_bytes_sec +0$' hvctl blkdeviotune one xvda
expect 0 '^write_bytes_sec +2097152$' hvctl blkdeviotune one xvda --write-bytes-sec 2M
equal "$(limits)" 'write_bytes_sec=2097152 total_iops_sec=500 ' "one more"
expect 0 '"read_iops_sec": 100' hvctl --json blkdeviotune one xvda --read-iops-sec 100 --read-iops-sec-max=400 --read-iops-sec-max-length 5
equal "$(limits)" 'write_bytes_sec=2097152 read_iops_sec=100 read_iops_sec_max=400 read_iops_sec_max_length=5 ' \
	"reads instead of the total"
expect 0 '' hvctl blkdeviotune one xvda --read-iops-sec 0 --write-bytes-sec 0
equal "$(limits)" '' "none, and no burst without a limit"
expect 1 'total_bytes_sec and read_ or write_bytes_sec exclude each other' \
	hvctl blkdeviotune one xvda --total-bytes-sec 1M --read-bytes-sec 1M
expect 1 'read_iops_sec_max is of no use without' hvctl blkdeviotune one xvda --read-iops-sec-max 10
expect 1 'total_iops_sec is not a number from 0 to' hvctl blkdeviotune one xvda --total-iops-sec 1000000000000001
expect 2 "'many' is not a number" hvctl blkdeviotune one xvda --total-iops-sec many
expect 2 "'1K' is not a number" hvctl blkdeviotune one xvda --total-iops-sec 1K
expect 1 "has no disk 'xvdz'" hvctl blkdeviotune one xvdz
expect 1 "has no disk 'xvdz'" hvctl blkdeviotune one xvdz --total-iops-sec 1
expect 3 "no domain 'two'" hvctl blkdeviotune two xvda --total-iops-sec 1
equal "$(limits)" '' "what was refused changes nothing"
talk() { "$build/tests/daemon/talk" "$dir/hvd.sock" <<<"$1"; }
expect 0 "there is no limit 'speed'" talk '{"op":"disk-limits","domain":"one","disk":"xvda","limits":{"speed":1}}'
expect 0 'total_iops_sec is not a number' talk '{"op":"disk-limits","domain":"one","disk":"xvda","limits":{"total_iops_sec":"1"}}'
expect 0 'total_iops_sec is not a number' talk '{"op":"disk-limits","domain":"one","disk":"xvda","limits":{"total_iops_sec":-1}}'
expect 0 'no \\"limits\\"' talk '{"op":"disk-limits","domain":"one","disk":"xvda"}'
expect 0 'no \\"disk\\"' talk '{"op":"disk-limits","domain":"one","limits":{}}'
expect 0 '' hvctl blkdeviotune one xvda --total-bytes-sec 3M --total-bytes-sec-max 6M

# ---- size ----
grown() { grep -q "domain 1, xvda: $1 bytes now" "$dir/hvd.log"; }
expect 0 'Told +one xvda' hvctl blockresize one xvda 16M
equal "$(stat -c %s "$image")" 16777216 "the image"
wait_until grown 16777216
expect 1 'has 16777216 bytes: --shrink' hvctl blockresize one xvda 4M
expect 1 'a.img is in use' hvctl blockresize --shrink one xvda 4M
expect 0 'Told +one xvda' hvctl image resize "$image" 24M
wait_until grown 25165824
truncate -s 32M "$image"
expect 0 '' hvctl blockresize one xvda
wait_until grown 33554432
expect 1 "not a multiple of 512" hvctl blockresize one xvda 33554433
expect 2 "'big' is not a size" hvctl blockresize one xvda big
expect 1 "has no disk 'xvdb'" hvctl blockresize one xvdb 64M
expect 0 '"size\\" is not a number of bytes' talk '{"op":"disk-resize","domain":"one","disk":"xvda","size":-512}'

# A process that dies: the next one sees what has grown meanwhile.
blk() { sed -n 's/.*started blk-[0-9]*-xvda, pid //p' "$dir/hvd.log" | tail -n 1; }
first=$(blk)
kill -STOP "$hvd_pid"
kill -9 "$first"
truncate -s 40M "$image"
kill -CONT "$hvd_pid"
wait_until grown 41943040
[ "$(blk)" != "$first" ] || fail "there is no other process"

# The guest reboots: its disk is as it was.
printf 'reboot\n' | hvctl console --idle 2 one >/dev/null
rebooted() { hvctl info one | grep -q '^Restarts *1' && is one running; }
wait_until rebooted
equal "$(limits)" 'total_bytes_sec=3145728 total_bytes_sec_max=6291456 ' "after a reboot"
# Its guest has never taken it, so nobody has to be waited for; then it has none.
expect 0 '^xvda detached$' hvctl detach-disk --force one xvda
expect 1 "has no device 'xvda'" hvctl detach-disk --force one xvda
equal "$(hvctl image info --json "$image" | grep -c '"in_use": false')" 1 "its image"
expect 0 ended hvctl destroy one
finish
