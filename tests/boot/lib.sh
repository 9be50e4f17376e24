# SPDX-License-Identifier: GPL-2.0-or-later
# For boot tests: boots a host and says what was found out, in TAP. Sourced by bash.
#
#   plan 2
#   boot --cpus 2 --command 'nproc'         fills $out (file) and $status
#   ok "both processors are there" grep -qx 2 "$out"
#   ok "the script's status comes back" [ $status = 0 ]
#
# HV_MACHINE=vmx: on Bochs' Intel processor instead of QEMU's AMD one; svm-bochs: on Bochs' AMD one. A
# script that waits sources host-lib.sh, which is always there, and knows which it is.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
mkdir -p "${HV_BUILD:?HV_BUILD is not set}/boot-tests"
work=$(mktemp -d "$HV_BUILD/boot-tests/XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
out=$work/out
nr_tests=0 nr_failed=0 planned=
machine=${HV_MACHINE:-svm}
case $machine in
# For a test that is not about several processors, and merely faster with two: Bochs gives idle ones as much time as busy ones.
svm) few_cpus=2 ;;
vmx | svm-bochs) few_cpus=${HV_CPUS:-1} ;;
*) echo "HV_MACHINE is svm, vmx or svm-bochs" >&2; exit 99 ;;
esac

plan() { echo "1..$1"; planned=$1; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
# A test of what only QEMU's machine has.
need_svm() { [ $machine = svm ] || skip_all "the $machine machine has no $*"; }
need_bochs() {
	command -v Xvfb >/dev/null || skip_all "missing Xvfb: apt-get install xvfb"
}
[ $machine = svm ] || need_bochs

# A disk with the example guest's files: $guest_disk, this test's own copy.
need_guest() {
	local folder
	"$source/dom0/image/build-guest" "$HV_BUILD" "$HV_BUILD/guest" || exit 99
	folder=$(mktemp -d "$work/guest.XXXXXX")
	cp --sparse=always "$HV_BUILD"/guest/{vmlinuz,initrd,root.img,data.img} "$folder/"
	guest_disk=$work/guest.img
	truncate -s 512M "$guest_disk"
	PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -L hv-files -d "$folder" "$guest_disk" || exit 99
	rm -rf "$folder"
}

# What host-lib.sh is told about the machine; 'patience' makes the times of a fast one those of a slow one.
machine_facts() {
	echo machine=$machine
	case $machine in
	svm) echo "patience=5 guest_args=" ;;
	# Its seconds are 20 million instructions. The arguments spare a kernel that many.
	vmx | svm-bochs) echo "patience=10 guest_args='mitigations=off cryptomgr.notests'" ;;
	esac
}

# The same options for Bochs: $options.
bochs_options() { # OPTION...
	# One processor, unless the test is about several.
	options=(--machine $machine --cpus "$few_cpus")
	[ -z "${HV_CPU:-}" ] || options+=(--cpu "$HV_CPU") # by hand; a test that names its own has its way
	# rodata=off spares a walk of all page tables; the watchdog knows no processor of 20 MHz.
	local dom0_args='quiet mitigations=off rodata=off nowatchdog'
	while [ $# -gt 0 ]; do
		case $1 in
		--timeout) options+=(--timeout $(($2 > 500 ? 5000 : $2 * 10))); shift ;;
		--dom0-args) dom0_args+=" $2"; shift ;;
		--)
			options+=(--dom0-args "$dom0_args" "$@")
			return
			;;
		*) options+=("$1") ;;
		esac
		shift
	done
	options+=(--dom0-args "$dom0_args")
}

# The command that boots a host, for a test that wants more than boot does: $host_command.
make_host_command() { # OPTION...
	local options
	machine_facts >"$work/machine"
	# Time enough for an emulated machine on a busy one; a test that waits for a timeout says its own.
	set -- --timeout 300 --with "$work/machine" --with "$here/host-lib.sh" "$@"
	options=("$@")
	[ $machine = svm ] || bochs_options "$@"
	host_command=("$source/tests/host/run" --keep "$work/run" "${options[@]}")
}

# What the script prints goes to $out, what the emulated host and hv say to $work/err.
boot() {
	status=0
	make_host_command "$@"
	"${host_command[@]}" >"$out" 2>"$work/err" </dev/null || status=$?
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

# A promise that this machine cannot keep.
skip() { # PROMISE REASON
	nr_tests=$((nr_tests + 1))
	echo "ok $nr_tests - $1 # SKIP $2"
}

done_testing() { [ "$nr_failed" = 0 ] && [ "$nr_tests" = "$planned" ]; }
