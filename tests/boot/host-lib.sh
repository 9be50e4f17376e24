# SPDX-License-Identifier: GPL-2.0-or-later
# For scripts of boot tests in the control domain; boot() puts it beside each. Sourced by sh.
#
#   say FACT VALUE             a fact, its value on one line
#   wait_for SECONDS COMMAND   until the command succeeds; the time is a fast machine's
#   free, state NAME, is NAME STATE, gone NAME, logged NAME PATTERN
#   $machine                   svm, vmx or svm-bochs
#   $guest_args                what spares a guest's kernel needless work on this machine
machine=svm patience=1 guest_args=
[ ! -e ./machine ] || . ./machine

say() { echo "$1: $(echo $2)"; }
now() { cut -d. -f1 /proc/uptime; }
# A look costs as much as a guest does in half a second of Bochs' time.
pause() { if [ $machine = svm ]; then usleep 100000; else usleep 1000000; fi; }
wait_for() { # SECONDS COMMAND...
	until=$(($(now) + $1 * patience))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $(now) -lt $until ] || return 1
		pause
	done
}
free() { hvctl capabilities --json | sed -n 's/.*"free_memory_kib": \([0-9]*\).*/\1/p'; }
state() { hvctl info $1 --json | sed -n 's/.*"state": "\([a-z]*\)".*/\1/p'; }
is() { [ "$(state $1)" = $2 ]; }
gone() { ! hvctl info $1; }
logged() { grep -aq "$2" /var/log/hv/console/$1.log; }
