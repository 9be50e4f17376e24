#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Domains that are defined: their files, their life, autostart, and what is wrong in a folder.
. "${srcdir:?}/tests/daemon/lib.sh"
defs=$dir/domains
start_hvd
uuid_of() { hvctl info "$1" --json | sed -n 's/.*"uuid": "\(.*\)".*/\1/p'; }
all() { hvctl list --all 2>&1; }

# ---- Define, look, start, stop, undefine.
vm one 64 '' '<!-- a remark -->'
expect 0 'Domain one defined' hvctl define "$dir/one.xml"
[ "$(stat -c %a "$defs/one.xml")" = 600 ] || fail "mode $(stat -c %a "$defs/one.xml")"
grep -q 'a remark' "$defs/one.xml" || fail "a remark was lost"
[ "$(wc -l <"$defs/one.xml")" = "$(wc -l <"$dir/one.xml")" ] || fail "the lines have moved: $(cat "$defs/one.xml")"
expect 0 '^one +- +64 +2 shut off' hvctl list --all
[ "$(hvctl list | grep -c one)" = 0 ] || fail "list without --all shows a domain that is shut off"
expect 0 'State +shut off' hvctl info one
expect 0 'Defined +yes$' hvctl info one
expect 0 '"state": "shutoff"' hvctl info one --json
expect 1 "domain 'one' is shut off" hvctl pause one
expect 1 "domain 'one' is shut off" hvctl destroy one
expect 3 "no domain 'two'" hvctl start two
uuid=$(uuid_of one)
expect 0 "<uuid>$uuid</uuid>" hvctl dumpxml one
expect 0 'Domain one started \(id 1\)' hvctl start one
expect 0 '^one +1 .* running' hvctl list --all
[ "$(uuid_of one)" = "$uuid" ] || fail "it runs with another UUID"
expect 0 '"persistent": true' hvctl info one --json
expect 1 'is running, not shut off' hvctl start one
expect 1 'is not shut off' hvctl rename one two
expect 0 'ended' hvctl destroy one
expect 0 'guest up' hvctl start --console one </dev/null &
attached=$!
wait_until is one running
expect 0 'ended' hvctl destroy one
wait $attached
expect 0 '^one +- .*shut off' hvctl list --all

# Anew under the same name: the UUID stays. Another UUID is another domain.
vm one 32
expect 0 defined hvctl define "$dir/one.xml"
[ "$(uuid_of one)" = "$uuid" ] || fail "a second define changed the UUID"
expect 0 '^one +- +32 ' hvctl list --all
vm one 32 '' '<uuid>6f2d3a70-1111-4222-8333-123456789abc</uuid>'
expect 1 "'one' is defined with another UUID" hvctl define "$dir/one.xml"
expect 1 "'one' is defined with another UUID" hvctl create "$dir/one.xml"
vm other 32 '' "<uuid>$uuid</uuid>"
expect 1 "'one' is defined with the same UUID" hvctl define "$dir/other.xml"
expect 1 "'one' is defined with the same UUID" hvctl create "$dir/other.xml"
expect 5 'line 1' hvctl define - # nothing at all

# create of a defined name runs it as that domain; what is created only is not defined.
vm one 64
expect 0 created hvctl create "$dir/one.xml"
[ "$(uuid_of one)" = "$uuid" ] || fail "create took another UUID than the definition's"
expect 0 ended hvctl destroy one
vm guest
expect 0 created hvctl create "$dir/guest.xml"
expect 0 '"persistent": false' hvctl info guest --json
expect 1 "'guest' is not defined" hvctl undefine guest
expect 1 "'guest' is not defined" hvctl autostart guest
# Defining what runs keeps its UUID; undefining lets it run on.
uuid=$(uuid_of guest)
expect 0 defined hvctl define "$dir/guest.xml"
expect 0 "<uuid>$uuid" hvctl dumpxml guest
expect 0 'no longer defined' hvctl undefine guest
is guest running || fail "undefine ended a domain"
expect 0 ended hvctl destroy guest
expect 3 'no domain' hvctl info guest

# ---- Rename.
expect 0 'starts with the host' hvctl autostart one
expect 1 'cannot be a domain' hvctl rename one ../one
expect 1 'cannot be a domain' hvctl rename one 17
expect 0 'uno is the new name' hvctl rename one uno
[ "$(ls "$defs" "$defs/autostart" | xargs)" = "$defs: autostart uno.xml $defs/autostart: uno.xml" ] ||
	fail "after a rename: $(ls -A "$defs" "$defs/autostart")"
expect 0 '<name>uno</name>' hvctl dumpxml uno
expect 0 'Defined +yes, starts with the host' hvctl info uno
expect 3 'no domain' hvctl info one

# ---- What happens after a stop is in the definition; a restart is as it was started.
vm again 64 pretend=reboot
expect 0 defined hvctl define "$dir/again.xml"
expect 0 started hvctl start --paused again
sed -i 's/pretend=reboot//; s/<vcpu>2/<vcpu>1/' "$defs/again.xml"
expect 0 resumed hvctl resume again
restarted() { [ "$(hvctl info again --json | sed -n 's/.*"restarts": \([0-9]*\).*/\1/p')" -ge 2 ]; }
wait_until restarted # it goes on rebooting: it runs as it was started
expect 0 '"vcpus": 2' hvctl info again --json
expect 0 ended hvctl destroy again
expect 0 started hvctl start again
wait_until is again running
expect 0 '"vcpus": 1' hvctl info again --json
expect 0 ended hvctl destroy again
vm kept 64 pretend=crash '<on_crash>preserve</on_crash><on_poweroff>preserve</on_poweroff>'
expect 0 defined hvctl define "$dir/kept.xml"
expect 0 started hvctl start kept
wait_until is kept crashed
expect 1 'is crashed, not shut off' hvctl start kept
expect 0 ended hvctl destroy kept
vm off 64 pretend=poweroff
expect 0 defined hvctl define "$dir/off.xml"
expect 0 started hvctl start off
wait_until is off shutoff
expect 0 'Domain off has ended|off' hvctl info off

# ---- A folder with mistakes: each is told with its line, and the others do not suffer.
echo '<domain><name>cut</name>' >"$defs/cut.xml"
sed 's/<vcpu>2/<vcpu>many/; s/>uno</>wrong</' "$defs/uno.xml" >"$defs/wrong.xml"
cp "$dir/guest.xml" "$defs/misnamed.xml"
sed 's/>uno</>twin</' "$defs/uno.xml" >"$defs/twin.xml"
cp "$dir/guest.xml" "$defs/not a name.xml"
mkfifo "$defs/pipe.xml"
echo 'half a file' >"$defs/.late.xml.new"
cp "$dir/guest.xml" "$defs/guest.xml" # by hand, without a UUID
kill -HUP $hvd_pid
wait_until grep -q 'cut.xml: line 2' "$dir/hvd.log"
all >"$dir/out"
for pattern in 'cut.xml: line [12]: not well-formed' "wrong.xml: line 4: <vcpu>" "misnamed.xml: <name>: 'guest'" \
	"(uno.xml|twin).*same UUID" 'not a name.xml: this cannot be' 'pipe.xml: Invalid' '^guest +- ' '^off +- ' '^kept +- '; do
	grep -qE "$pattern" "$dir/out" || fail "list --all lacks '$pattern': $(cat "$dir/out")"
done
grep -qE 'error: .*wrong.xml: line 4: <vcpu>' "$dir/hvd.log" || fail "the log lacks a mistake"
[ "$(grep -c 'not a definition' "$dir/out")" = 6 ] || fail "mistakes: $(cat "$dir/out")"
grep -q '<uuid>' "$defs/guest.xml" || fail "a file without a UUID got none"
expect 0 started hvctl start guest
expect 0 ended hvctl destroy guest
# One that breaks later is told when it is used.
sed -i 's/<memory/<memory nonsense="1"/' "$defs/guest.xml"
expect 5 "guest.xml: line 3: <memory>" hvctl start guest
rm "$defs"/{cut,wrong,misnamed,twin,pipe,guest,"not a name"}.xml

# ---- Autostart: once for each start of the host, whatever hvd does.
expect 0 'starts with the host' hvctl autostart kept # crashes, and stays
kernel=/nowhere/kernel vm broken
expect 0 defined hvctl define "$dir/broken.xml"
expect 0 'starts with the host' hvctl autostart broken
expect 0 'does not start' hvctl autostart --disable off
restart_hvd() {
	kill "$hvd_pid"
	wait "$hvd_pid" || fail "hvd ended with $?"
	start_hvd
}
restart_hvd
expect 0 '^uno +- ' hvctl list --all # not the host's start
rm "$dir/run/autostarted"
restart_hvd
wait_until is uno running
wait_until is kept crashed
grep -q "error: domain 'broken' .*/nowhere" "$dir/hvd.log" || fail "one that cannot be started was not told"
wait_until test -e "$dir/run/autostarted"
expect 0 '^off +- ' hvctl list --all
expect 0 ended hvctl destroy uno
expect 0 ended hvctl destroy kept

# A rename that the end of the host cut off is finished.
sed 's/>uno</>dos</' "$defs/uno.xml" >"$defs/dos.xml"
echo 'uno dos 1' >"$defs/.rename"
restart_hvd
expect 0 'starts with the host' hvctl info dos
[ ! -e "$defs/uno.xml" ] && [ ! -e "$defs/.rename" ] && [ ! -e "$defs/autostart/uno.xml" ] && [ -L "$defs/autostart/dos.xml" ] ||
	fail "a rename was not finished: $(ls -AR "$defs")"
finish
