#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is kept of a domain: its history, and its console's log, for several viewers and later ones.
. "${srcdir:?}/tests/daemon/lib.sh"
start_hvd
entries() { hvctl history "$@" --json | grep -c '"what"'; }
has() { hvctl history "$1" | grep -qE "$2" || fail "the history of $1 lacks '$2': $(hvctl history "$1")"; }

# ---- History: who did what, for how long, with what outcome; and what the guest did.
vm one
expect 0 created hvctl create "$dir/one.xml"
expect 0 paused hvctl pause one
expect 1 'is paused, not running' hvctl pause 1 # by its id
expect 0 resumed hvctl resume one
expect 0 'Name|one' hvctl info one # looking is no history
printf 'reboot\n' | hvctl console --idle 1 one >/dev/null
wait_until grep -q '"restarted"' "$dir/history/one.log"
printf 'crash\n' | hvctl console --idle 1 one >/dev/null
wait_until gone one
has one "^20[0-9-]* [0-9:.]*  ($(id -un)|uid $(id -u)) +create +[0-9.]+ s  done$"
has one ' pause +[0-9.]+ s  done$'
has one ' pause +[0-9.]+ s  wrong_state: domain .one. is paused'
has one ' guest +reboot *$'
has one ' hvd +restarted *$'
has one ' guest +crash +it was told to crash$'
has one ' hvd +gone *$'
! hvctl history one | grep -q ' info ' || fail "who looks is in the history"
[ "$(entries one)" = 10 ] || fail "$(entries one) entries: $(hvctl history one)"
[ "$(entries one --max 3)" = 3 ] || fail "--max 3 gave $(entries one --max 3)"
expect 0 ' gone *$' hvctl history one --max 1
kernel=/nowhere vm bad
expect 1 'nowhere' hvctl create "$dir/bad.xml"
has bad ' create +[0-9.]+ s  kernel_not_found: kernel /nowhere'
expect 3 'is and was no domain' hvctl history nobody
expect 3 'no domain' hvctl destroy nobody
expect 3 'no domain' hvctl history ../hvd
[ "$(ls "$dir/history" | xargs)" = 'bad.log one.log' ] || fail "histories of $(ls "$dir/history" | xargs)"

# It outlives hvd, is renamed with its domain, and what is damaged in it is left out.
expect 0 defined hvctl define "$dir/one.xml"
kill "$hvd_pid"; wait "$hvd_pid"; start_hvd
echo 'half a li' >>"$dir/history/one.log"
expect 0 'new name' hvctl rename one uno
has uno ' pause +[0-9.]+ s  done$'
has uno ' rename +[0-9.]+ s  done$'
expect 3 'no domain' hvctl history one

# It does not grow without end.
for i in $(seq 700); do echo '{"op":"start","domain":"uno","paused":true}'; echo '{"op":"rename","domain":"uno","name":"uno"}'; done |
	"$build/tests/daemon/talk" "$dir/hvd.sock" >/dev/null
for f in "$dir/history/uno.log" "$dir/history/uno.log.1"; do
	[ -e "$f" ] && [ "$(stat -c %s "$f")" -le 65536 ] || fail "$f: $(ls -l "$dir/history")"
done
[ "$(entries uno --max 99999)" -gt 300 ] || fail "$(entries uno --max 99999) entries after a rotation"
expect 0 ended hvctl destroy uno

# ---- The console: two viewers see the same, and both may type; later ones get what was said before.
vm two
expect 0 created hvctl create "$dir/two.xml"
hvctl console two </dev/null >"$dir/first" &
hvctl console two </dev/null >"$dir/second" &
wait_until grep -q 'guest up' "$dir/first"
wait_until grep -q 'guest up' "$dir/second"
printf 'from the third\n' | hvctl console --idle 1 two >/dev/null
wait_until grep -q 'typed from the third' "$dir/first"
wait_until grep -q 'typed from the third' "$dir/second"
for i in $(seq 40); do echo "line $i"; done | hvctl console --idle 2 two >/dev/null
wait_until grep -q 'line 40' "$dir/console/two.log"
hvctl console --lines 3 --idle 1 two </dev/null >"$dir/out"
[ "$(tr -d '\r' <"$dir/out" | xargs)" = 'you typed line 38 you typed line 39 you typed line 40' ] || fail "--lines 3: $(cat "$dir/out")"
hvctl console --lines 0 --idle 1 two </dev/null >"$dir/out"
[ ! -s "$dir/out" ] || fail "--lines 0: $(cat "$dir/out")"

# The log, by hvd: from its beginning, its last lines, and as it grows; also over a rotation.
hvctl console-log two >"$dir/out"
[ "$(grep -c '' "$dir/out")" = "$(grep -c '' "$dir/console/two.log")" ] || fail "log: $(cat "$dir/out")"
expect 0 'line 40' hvctl console-log two --lines 1
[ "$(hvctl console-log two --lines 2 | grep -c '')" = 2 ] || fail "--lines 2: $(hvctl console-log two --lines 2)"
hvctl console-log --follow --lines 1 two >"$dir/followed" &
follower=$!
wait_until grep -q 'line 40' "$dir/followed"
printf 'before\n' | hvctl console --idle 1 two >/dev/null
wait_until grep -q 'typed before' "$dir/followed"
mv "$dir/console/two.log" "$dir/console/two.log.1"
printf 'after\n' | hvctl console --idle 1 two >/dev/null # still into what is .1 now
printf 'new file\n' >"$dir/console/two.log"
wait_until grep -q 'new file' "$dir/followed"
grep -q 'typed after' "$dir/followed" || fail "lost at a rotation: $(cat "$dir/followed")"
kill $follower
expect 0 ended hvctl destroy two
expect 0 'new file' hvctl console-log two # it outlives the domain
expect 3 'no log of one' hvctl console-log nobody
expect 3 'no domain' hvctl console-log ../two
printf '{"op":"console_log","domain":"two","from":"x"}\n' | "$build/tests/daemon/talk" "$dir/hvd.sock" >"$dir/out"
grep -q bad_request "$dir/out" || fail "a place that is none: $(cat "$dir/out")"
# Who may only look sees the history, and not what guests say.
expect 0 ' create ' "$build/tools/hvctl/hvctl" --socket "$dir/hvd-ro.sock" history two
expect 4 'you may look' "$build/tools/hvctl/hvctl" --socket "$dir/hvd-ro.sock" console-log two
finish
