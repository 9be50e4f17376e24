# SPDX-License-Identifier: GPL-2.0-or-later
# For boot tests: boots a host and says what was found out, in TAP. Sourced by bash.
#
#   plan 2
#   boot --cpus 2 --command 'nproc'         fills $out (file) and $status
#   ok "both processors are there" grep -qx 2 "$out"
#   ok "the script's status comes back" [ $status = 0 ]
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
work=$(mktemp -d "${HV_BUILD:?HV_BUILD is not set}/boot-tests/XXXXXX")
trap 'rm -rf "$work"' EXIT
out=$work/out
nr_tests=0 nr_failed=0 planned=

plan() { echo "1..$1"; planned=$1; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }

# A disk with the example guest's files: $guest_disk, this test's own copy.
need_guest() {
	local folder
	"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" || exit 99
	folder=$(mktemp -d "$work/guest.XXXXXX")
	cp --sparse=always "$HV_BUILD"/guest/{vmlinuz,initrd,root.img,data.img} "$folder/"
	guest_disk=$work/guest.img
	truncate -s 512M "$guest_disk"
	PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -d "$folder" "$guest_disk" || exit 99
	rm -rf "$folder"
}

# What the script prints goes to $out, what the emulated host and hv say to $work/err.
boot() {
	status=0
	# Time enough for an emulated machine on a busy one; a test that waits for a timeout says its own.
	"$source/tests/host/run" --keep "$work/run" --timeout 300 "$@" >"$out" 2>"$work/err" </dev/null || status=$?
	return 0
}

ok() { # PROMISE COMMAND...
	local promise=$1
	shift
	nr_tests=$((nr_tests + 1))
	if "$@"; then
		echo "ok $nr_tests - $promise"
	else
		echo "not ok $nr_tests - $promise"
		nr_failed=$((nr_failed + 1))
		echo "# failed: $*"
		echo "# status ${status:-none}; output and messages:"
		tail -n 20 "$out" "$work/err" 2>/dev/null | tr -d '\r' | sed 's/^/# /'
		[ ! -s "$work/run/hv.log" ] || { echo "# hv's log:"; tail -n 40 "$work/run/hv.log" | tr -d '\r' | sed 's/^/# /'; }
	fi
}

done_testing() { [ "$nr_failed" = 0 ] && [ "$nr_tests" = "$planned" ]; }
