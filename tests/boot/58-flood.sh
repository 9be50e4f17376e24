#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that floods hvd through its xenstore ring and its console slows itself, not its neighbours. The
# emulated host counts instructions, so the shares are the same on a busy machine and on an idle one.
# Without hvd's limits the neighbours lose a sixth (tests/bench/daemon prints that too).
. "$(dirname "$0")/lib.sh"
plan 5
boot --icount --mem 1536 --timeout 1500 --with "$HV_BUILD/stubdom/bench/flood/flood" \
	-- "$source/tests/bench/flood.sh" 2 'quiet flooded'
figure() { tr -d '\r' <"$out" | sed -n "s/^FIGURE $1 //p"; }
ok "the script ran to its end" [ $status = 0 ]
# Per cent of what it was beside a guest that only computes.
kept() { [ $(($(figure "flooded.$1") * 100)) -ge $(($(figure "quiet.$1") * $2)) ]; }
ok "a neighbour that computes keeps its processor" kept share_computes 92
ok "one that asks the xenstore has its answers" kept answers_per_s 85
ok "the control domain works a little more, not for the flood alone" \
	[ $(($(figure flooded.share_control) - $(figure quiet.share_control))) -le 60 ]
says() { grep -aq "$1" "$out" || grep -aq "$1" "$work/err"; }
ok "hvd names who floods, both ways" eval 'says "domain .* asks for more than" && says "domain .* says more than"'
done_testing
