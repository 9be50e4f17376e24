# SPDX-License-Identifier: GPL-2.0-or-later
# For scripts of 75-installed.sh on the installed Debian. Sourced by bash.
#
#   check NAME COMMAND...   prints "DONE NAME", or "FAILED NAME" after what the command said;
#                           from the second boot on "2-NAME"
#   until_true SECONDS COMMAND...   the time is a fast machine's
. ./machine # see lib.sh
export DEBIAN_FRONTEND=noninteractive
check() {
	local name=$1 out status=0
	[ "$BOOT" = 1 ] || name=$BOOT-$name
	shift
	out=$("$@" 2>&1 </dev/null) || status=$?
	if [ $status = 0 ]; then
		echo "DONE $name"
	else
		echo "$out"
		echo "FAILED $name (status $status): $*"
	fi
}
boots_fully() {
	systemctl is-system-running --wait >/dev/null
	check booted test "$(systemctl is-system-running)" = running
	systemctl --failed --no-legend
	systemd-analyze time | head -n 1
}
until_true() { # SECONDS COMMAND...
	local until=$((SECONDS + $1 * patience))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { echo "never: $*"; return 1; }
		sleep 0.5
	done
}
