# SPDX-License-Identifier: GPL-2.0-or-later
# For the tests in this folder: an hvd over a pretended hypervisor, with all its files in one place.
#
#   start_hvd [SETTING...]   waits until it listens; $hvd_pid
#   hvctl ...                speaks to it
#   vm NAME [MIB] [CMDLINE] [MORE-XML]   writes $dir/NAME.xml
#   expect STATUS PATTERN COMMAND...     runs it; its status and output must fit
#   wait_until COMMAND...    tries for a minute: a busy machine may need more than a few seconds
set -u
build=$PWD
srcdir=${srcdir:?run me by make check}
dir=$(mktemp -d)
chmod 755 "$dir" # hvd's engine passes it as another user
failures=0
hvd_pid=

cleanup() {
	[ -z "$hvd_pid" ] || kill "$hvd_pid" 2>/dev/null
	wait
	rm -rf "$dir"
}
trap cleanup EXIT

[ -x "$build/tests/daemon/hvd-pretended" ] || { echo "hvd-pretended is not built"; exit 99; }

start_hvd() {
	${hvd_wrapper[@]+"${hvd_wrapper[@]}"} "$build/tests/daemon/hvd-pretended" --config /dev/null --socket "$dir/hvd.sock" \
		--run-dir "$dir/run" --xenstore-socket "$dir/xs.sock" --console-dir "$dir/console" \
		--domains-dir "$dir/domains" --history-dir "$dir/history" \
		--metrics-listen off --log-level debug "$@" 2>>"$dir/hvd.log" &
	hvd_pid=$!
	wait_until test -S "$dir/hvd.sock"
}

hvctl() { "$build/tools/hvctl/hvctl" --socket "$dir/hvd.sock" "$@"; }

wait_until() {
	local tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ $tries -gt 1200 ]; then
			fail "never happened: $*"
			return 1
		fi
		sleep 0.05
	done
}

fail() {
	echo "FAILED: $*"
	failures=$((failures + 1))
}

expect() {
	local wanted=$1 pattern=$2 out status
	shift 2
	out=$("$@" 2>&1 </dev/null)
	status=$?
	[ $status = "$wanted" ] || fail "'$*' ended with $status instead of $wanted: $out"
	printf '%s\n' "$out" | grep -qE -- "$pattern" || fail "'$*' said '$out', not '$pattern'"
}

kernel=$build/tests/daemon/kernel
vm() {
	cat >"$dir/$1.xml" <<EOF
<domain type='xen'>
  <name>$1</name>
  <memory unit='MiB'>${2:-64}</memory>
  <vcpu>2</vcpu>
  <os>
    <type>xenpvh</type>
    <kernel>$kernel</kernel>
    <cmdline>${3:-}</cmdline>
  </os>
  ${4:-}
</domain>
EOF
}

free_kib() { hvctl capabilities --json | sed -n 's/.*"free_memory_kib": \([0-9]*\).*/\1/p'; }
state() { hvctl info "$1" --json | sed -n 's/.*"state": "\([a-z]*\)".*/\1/p'; }
is() { [ "$(state "$1")" = "$2" ]; }
gone() { ! hvctl info "$1" >/dev/null 2>&1; }

finish() {
	# A clean end also lets a sanitizer speak, in a build that has one.
	kill "$hvd_pid" || fail "hvd has died"
	wait "$hvd_pid" || fail "hvd ended with $?"
	hvd_pid=
	! grep -qE 'Sanitizer|runtime error' "$dir/hvd.log" || fail "a sanitizer complains"
	if [ $failures != 0 ]; then
		echo "--- hvd's log"
		cat "$dir/hvd.log"
		exit 1
	fi
}
