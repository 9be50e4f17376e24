#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How many pages a guest writes, of which that is known: counted by dirty bits (AMD, and an Intel
# processor without a log of them) and by the log (a later Intel one). By hand: MODELS for other processors.
. "$(dirname "$0")/lib.sh"
cat >"$work/script" <<'END'
cd /run.d/files
. ./host-lib.sh
vm() { # NAME CMDLINE
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>64</memory><vcpu>2</vcpu>
<os><type>xenpvh</type><kernel>$PWD/dirty</kernel><cmdline>$2</cmdline></os></domain>
XML
	hvctl create $1.xml 2>&1
}
pages() { hvctl dirtyrate --json "$@" 2>&1 | tr -d '\n' | sed -n 's/.*"pages": \([0-9]*\).*/\1/p'; }
# A first guest has the tables made that hv keeps for good.
vm first idle
wait_for 60 logged first idle
hvctl destroy first
start=$(free)
vm writes writes
vm idle idle
wait_for 60 logged writes writing
wait_for 60 logged idle idle
running=$(free)
say once $(pages --period 4 writes)
say again $(pages --period 4 writes)
say idle $(pages idle)
say tables $(($(free) - running))
hvctl dirtyrate writes
# The client goes in between; so does hvd, and the guest.
hvctl dirtyrate --period 10 writes >left 2>&1 &
client=$!
busy() { hvctl dirtyrate --period 0 writes 2>&1 | grep -q 'being measured already'; } # measures nothing
wait_for 20 busy
kill $client
wait_for 20 hvctl dirtyrate writes && say free-again yes
# A new hvd takes minutes of the vmx machine, beside a guest that never rests.
if [ $machine = svm ]; then
	hvctl dirtyrate --period 60 writes >left 2>&1 &
	wait_for 20 busy
	kill -9 $(for p in $(pidof hvd); do [ "$(cat /proc/$p/comm)" = hvd ] && echo $p; done)
	wait_for 20 sh -c '! pidof hvd'
	hvd </dev/null >>/var/log/hvd/hvd.out 2>&1 &
	wait_for 60 hvctl list
	say next-hvd $(pages --period 4 writes)
fi
hvctl dirtyrate --period 60 writes >ended 2>&1 &
client=$!
wait_for 20 busy
hvctl destroy writes
wait $client
say ended "$(cat ended)"
hvctl destroy idle
say memory $(($(free) - start))
hvctl capabilities --json | tr -d '\n' | sed 's/.*"features": \[\([^]]*\)\].*/used: \1\n/'
END
fact() { tr -d '\r' <"$out" | sed -n "s/^$1: //p"; }
# The pages it means to write, and some of its stack, its page tables, its console.
about_1000() { [ "$(fact "$1")" -ge 1000 ] && [ "$(fact "$1")" -le 1024 ]; }

check() { # NAME LOG
	sed 's/^/# /' "$out"
	ok "$1: the control domain's script ran to its end" [ $status = 0 ]
	ok "$1: 1000 pages are written, $(fact once) counted" about_1000 once
	ok "$1: the second time as well: $(fact again)" about_1000 again
	ok "$1: who sleeps writes nothing: $(fact idle)" [ "$(fact idle)" -le 4 ]
	ok "$1: hv has the memory back that it took for small pages" [ "$(fact tables)" = 0 ]
	ok "$1: a measurement ends without its client" [ "$(fact free-again)" = yes ]
	[ $machine != svm ] || ok "$1: a new hvd ends what the one before began: $(fact next-hvd)" about_1000 next-hvd
	ok "$1: the guest's end is told" grep -q "^ended: .*domain 'writes' has ended" "$out"
	ok "$1: no frame is lost" [ "$(fact memory)" = 0 ]
	ok "$1: dirty bits are told as used" grep -q '^used: .*"nested-dirty' "$out"
	ok "$1: a log of them: $2" [ "$(grep -c '^used: .*"page-modification-log' "$out")" = "$2" ]
	ok "$1: no message of trouble in hv's log" bash -c '! grep -qE "PANIC|ASSERT|WARN" "$1"' - "$work/run/hv.log"
}

if [ $machine = svm ]; then
	boot --cpus 2 --with "$HV_BUILD/stubdom/tests/dirty/dirty" -- "$work/script"
	check amd 0
else
	for model in ${MODELS:-corei7_skylake_x corei7_haswell_4770}; do
		boot --cpu $model --mem 1024 --with "$HV_BUILD/stubdom/tests/dirty/dirty" -- "$work/script"
		check $model "$([ $model = corei7_haswell_4770 ] && echo 0 || echo 1)"
	done
fi
plan $nr_tests
done_testing
