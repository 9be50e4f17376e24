#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest of 2.5 GiB on a host whose nested paging has pages of 1 GiB: it gets such, they are broken up
# where a page is given up, and all of it comes back. On a host without, the same by pages of 2 MiB.
. "$(dirname "$0")/lib.sh"
case $machine in
svm) with=qemu64,+svm,+npt,+pdpe1gb without=qemu64,+svm,+npt,-pdpe1gb ;;
vmx) with=corei7_haswell_4770 without=corei5_arrandale_m520 ;;
*) skip_all "this is about other processors" ;;
esac
. "$here/stubdom-lib.sh"

cat >"$work/script" <<'END'
. ./host-lib.sh
vm() { # NAME KERNEL MIB CMDLINE ON_CRASH [OPTION]
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>$3</memory><vcpu>1</vcpu>
<os><type>xenpvh</type><kernel>$PWD/$2</kernel><cmdline>$4</cmdline></os><on_crash>$5</on_crash></domain>
XML
	hvctl create $6 $1.xml 2>&1 | sed "s/^/create $1: /"
}
leaves() { # SIZE
	wget -q -O - http://127.0.0.1:9177/metrics | sed -n "s/^hv_domain_memory_mappings{domain=\"large\",size=\"$1\"} //p"
}
all_leaves() { echo $(leaves 1GiB) $(leaves 2MiB) $(leaves 4KiB); }
vm first killed 32 triple destroy
wait_for 100 gone first
start=$(free)
vm large large 2560 '' preserve --paused
say built "$(all_leaves)"
hvctl resume large
wait_for 300 is large crashed || hvctl vcpus large
sed "s/^/large: /" /var/log/hv/console/large.log
say after "$(all_leaves)"
hvctl destroy large
wait_for 100 gone large
wait_for 100 sh -c "[ \$(hvctl list | grep -c .) = 2 ]"
say memory $(($(free) - start))
# One that never ran, and one that is taken away while it is built.
vm large large 2560 '' preserve --paused
hvctl destroy large
wait_for 100 gone large
vm large large 2560 '' preserve --paused >/dev/null &
creating=$!
wait_for 20 hvctl info large
hvctl destroy large >/dev/null 2>&1
wait $creating
hvctl destroy large >/dev/null 2>&1
wait_for 100 gone large
wait_for 100 sh -c "[ \$(hvctl list | grep -c .) = 2 ]"
say memory-again $(($(free) - start))
END
run() { # CPU
	boot --cpus 1 --mem 4096 --cpu "$1" --with "$HV_BUILD/stubdom/tests/killed/killed" \
		--with "$HV_BUILD/stubdom/tests/large/large" -- "$work/script"
	echo "# $(grep -aE '^(built|after): ' "$out" | tr -d '\r' | tr '\n' ' ')(leaves of 1 GiB, 2 MiB, 4 KiB)"
	ok "$1: the control domain's script ran to its end" [ $status = 0 ]
	stubdom_results large
	ok "$1: no frame is lost" has '^memory: 0$'
	ok "$1: nor by one that did not run, nor by one that was not finished" has '^memory-again: 0$'
}
# Memory from all of these leaves, with the special pages: 2.5 GiB.
run $with
ok "a whole GiB is one leaf" has '^built: [12] '
ok "the one in which a page was given up is not" has '^after: [01] '
ok "it became smaller ones" [ "$(sed -n 's/^after: [0-9]* \([0-9]*\).*/\1/p' "$out")" -gt "$(sed -n 's/^built: [0-9]* \([0-9]*\).*/\1/p' "$out")" ]
run $without
ok "without pages of 1 GiB there is none" has '^built: 0 1[0-9]* '
plan $nr_tests
done_testing
