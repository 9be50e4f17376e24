# SPDX-License-Identifier: GPL-2.0-or-later
# For boot tests with the freestanding guests of stubdom/tests: each prints TAP on its console, which
# comes out as one, under the guests' names. Sourced by bash, after lib.sh.
#
#   stubdom_prepare          what they need: $stubdom_files for boot, stubdom_script for its script
#   stubdom_check            what came of it, into the results

# What the control domain does: one guest after the other, their consoles, and what became of them.
stubdom_script() {
	cat <<'END'
cd /run.d/files
. ./host-lib.sh
vm() { # NAME KERNEL VCPUS MIB CMDLINE ON_CRASH
	cat >$1.xml <<XML
<domain type='xen'><name>$1</name><memory unit='MiB'>$4</memory><vcpu>$3</vcpu>
<os><type>xenpvh</type><kernel>$PWD/$2</kernel><cmdline>$5</cmdline></os><on_crash>$6</on_crash></domain>
XML
	hvctl create $1.xml 2>&1 | sed "s/^/create $1: /"
}
over() { gone $1 || hvctl info $1 | grep -qE '^State +(crashed|shutdown)'; }
# A first guest has the tables made that hv keeps for good.
vm first killed 1 32 triple destroy
wait_for 100 gone first
start=$(free)
while read -r name vcpus mib cmdline; do
	vm $name $name $vcpus $mib "$cmdline" preserve
	wait_for 100 over $name || echo "hangs $name: $(hvctl vcpus $name | tr '\n' ';')"
	sed "s/^/$name: /" /var/log/hv/console/$name.log
	wait_for 20 gone $name || echo "left $name: $(hvctl info $name | grep -E '^(State|Reason)' | tr '\n' ' ')"
	hvctl destroy $name >/dev/null 2>&1
done <programs
# Two that meet in the store; one outlives the other.
ids=
for name in lends borrows; do
	vm pair-$name pair 1 32 $name preserve
	ids="$(xenstore-list /local/domain | sort -n | tail -n 1) $ids"
done
set -- $ids
xenstore-write /local/domain/$1/data/peer $2 /local/domain/$2/data/peer $1
# It cannot be gone while its page is mapped.
wait_for 100 is pair-lends dying || echo "hangs pair-lends: $(hvctl vcpus pair-lends | tr '\n' ';')"
xenstore-write /local/domain/$1/data/alone yes
wait_for 100 over pair-borrows || echo "hangs pair-borrows: $(hvctl vcpus pair-borrows | tr '\n' ';')"
for name in pair-lends pair-borrows; do
	sed "s/^/$name: /" /var/log/hv/console/$name.log
	wait_for 20 gone $name || echo "left $name: $(hvctl info $name | grep -E '^(State|Reason)' | tr '\n' ' ')"
	hvctl destroy $name >/dev/null 2>&1
done
for how in $(cat kinds); do
	vm dies-$how killed 1 32 $how preserve
	wait_for 60 over dies-$how
	echo "dies $how: $(hvctl info dies-$how --json | sed -n 's/.*"crash_reason": "\(.*\)".*/\1/p')"
	hvctl destroy dies-$how >/dev/null 2>&1
done
# One for each processor has its interrupts off, and never leaves by itself. The host goes on, and ends them.
processors=$(grep -c ^processor /proc/cpuinfo)
for i in $(seq $processors); do vm spins$i killed 1 32 spin preserve; done
for i in $(seq $processors); do wait_for 60 logged spins$i spins || echo "hangs spins$i"; done
echo "spinning: $(hvctl list | grep -c '^spins.* running')"
for i in $(seq $processors); do hvctl destroy spins$i; done
wait_for 20 sh -c "[ \$(hvctl list | grep -c .) = 2 ]"
echo "memory: $(($(free) - start))"
hvctl dmesg | tail -n 5 >&2
END
}

has() { grep -aqE -- "$1" "$out"; }
lacks() { ! has "$1"; }

# Results of one guest, from its console.
stubdom_results() { # NAME
	local line planned done=0 lines
	lines=$(tr -d '\r' <"$out" | sed -n "s/^$1: //p")
	planned=$(sed -n 's/^1\.\.//p' <<<"$lines")
	while IFS= read -r line; do
		case $line in
		'ok '* | 'not ok '*)
			nr_tests=$((nr_tests + 1))
			done=$((done + 1))
			echo "$(sed -E "s/^((not )?ok) [0-9]+ - /\1 $nr_tests - $1: /" <<<"$line")"
			case $line in not*) nr_failed=$((nr_failed + 1)) ;; esac
			;;
		*) echo "# $line" ;;
		esac
	done <<<"$lines"
	ok "$1: ran to its end" [ "$done" = "${planned:-none}" ]
	ok "$1: and ended by itself" lacks "^left $1: |^hangs $1: "
}

dies() { # KIND WHAT REASON
	ok "$2 ends a guest, and is told as the reason" has "^dies $1: $3\$"
}

# hv takes the CPU from guests whose interrupts are off.
spins_are_over() {
	ok "guests whose interrupts are off take no processor for good" has '^spinning: [1-9]'
}

stubdom_prepare() {
	local name
	cat >"$work/programs" <<-'END'
		exits 1 32
		xstate 2 32
		apic 2 32
		timers 2 32
		evtchn 2 32
		grants 1 64
		memory 2 64
		nmi 2 32
		posted 2 32
		store 1 32
	END
	printf '%s\n' triple read write exec walk given-up exec-shared >"$work/kinds"
	stubdom_files=(--with "$work/programs" --with "$work/kinds")
	for name in $(cut -d' ' -f1 "$work/programs") pair killed; do
		stubdom_files+=(--with "$HV_BUILD/stubdom/tests/$name/$name")
	done
}

stubdom_check() {
	local name
	for name in $(cut -d' ' -f1 "$work/programs") pair-lends pair-borrows; do
		stubdom_results "$name"
	done
	dies triple "a triple fault" "vCPU 0: triple fault, rip 0x[0-9a-f]+ cr2 0x[0-9a-f]+"
	dies read "a read of nothing" "vCPU 0 read guest-physical address 0x40000000, where it has no memory, rip 0x[0-9a-f]+"
	dies write "a write" "vCPU 0 wrote to guest-physical address 0x40000000, where it has no memory, .*"
	dies exec "code there" "vCPU 0 executed at guest-physical address 0x40000000, where it has no memory, .*"
	dies walk "page tables there" "vCPU 0 .* guest-physical address 0x40000[0-9a-f]*, where it has no memory, .*"
	dies given-up "a page that was given up" "vCPU 0 wrote to guest-physical address .*, where it has no memory, .*"
	dies exec-shared "code in the shared page" "vCPU 0 executed at guest-physical address .* with that right, .*"
	spins_are_over
	ok "no frame is lost" has '^memory: 0$'
}
