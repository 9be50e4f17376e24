# SPDX-License-Identifier: GPL-2.0-or-later
# For boot tests with Ceph, after lib.sh: a cluster of the test's own, and a host that reaches it.
#
#   need_ceph [OPTION]...        starts it (options of tests/ceph/cluster start); skips where it cannot
#   ceph COMMAND...              rbd, rados, ceph in its network: ceph rbd ls
#   cluster osd-kill 0           see tests/ceph/cluster; the folder is put in
#   ceph_boot [OPTION]... -- SCRIPT    like boot; the script begins with '. ./ceph-guest.sh'. A line
#                                "please osd-kill 0" of its has that done to the cluster meanwhile: see 'wish'
#
# Sourced by bash.
ceph_dir=

ceph_end() {
	[ -z "$ceph_dir" ] || "$source/tests/ceph/cluster" stop "$ceph_dir" || true
	ceph_dir=
}

need_ceph() {
	local missing
	missing=$("$source/tests/ceph/cluster" missing)
	[ -z "$missing" ] || skip_all "no Ceph here: apt-get install $missing"
	[ "$(id -u)" = 0 ] || skip_all "a network namespace wants root"
	ceph_dir=$work/ceph
	trap 'ceph_end; rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	if ! "$source/tests/ceph/cluster" start "$ceph_dir" "$@" >"$work/ceph.out" 2>&1; then
		sed 's/^/# /' "$work/ceph.out"
		exit 99
	fi
}

cluster() { # COMMAND ARGUMENT...
	local command=$1
	shift
	"$source/tests/ceph/cluster" "$command" "$ceph_dir" "$@"
}
ceph() { cluster exec "$@"; }

# What the control domain asks for, outside of it; a test may know more than 'cluster' does.
wish() { cluster "$@"; } # COMMAND ARGUMENT...
grant_wishes() {
	local granted=0 line
	while sleep 0.2; do
		line=$(grep -a '^please ' "$out" | sed -n "$((granted + 1))s/^please //p" | tr -d '\r')
		[ -n "$line" ] || continue
		granted=$((granted + 1))
		# shellcheck disable=SC2086
		wish $line
	done
}

ceph_boot() {
	local wishes
	status=0
	: >"$out"
	grant_wishes >"$work/wishes.out" 2>&1 &
	wishes=$!
	make_host_command --timeout 600 --storage --net tap:tap0 \
		--with "$ceph_dir/host.conf:ceph.conf" --with "$ceph_dir/hvd.keyring" \
		--with "$here/guest-lib.sh" --with "$here/ceph-guest.sh" "$@"
	cluster exec "${host_command[@]}" >"$out" 2>"$work/err" </dev/null || status=$?
	kill $wishes
	wait $wishes 2>/dev/null
	return 0
}
