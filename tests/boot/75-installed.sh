#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian that is installed as anybody would, with our packages, as a host: boot menu, kernel hook,
# systemd, a guest, an upgrade under that guest, a reboot, and the packages removed again.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip_all "must be root to install a Debian into an image"
command -v mmdebstrap >/dev/null || skip_all "missing mmdebstrap: apt-get install mmdebstrap"
command -v dh >/dev/null || skip_all "missing debhelper: apt-get install debhelper dpkg-dev"
need_guest

# ---- The machine, with what our programs link; and at the same time the packages.
libraries() {
	local programs
	programs=$(find "$HV_BUILD"/tools/hv* "$HV_BUILD/dom0/kernel" -type f -perm -100)
	# shellcheck disable=SC2086
	ldd $programs 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1 \/usr\1/p' | sort -u | xargs dpkg -S 2>/dev/null | sed 's/:.*//' | sort -u
}
# shellcheck disable=SC2046
"$source/dom0/image/build-installed" "$HV_BUILD" "$HV_BUILD/installed" kmod $(libraries) &
building=$!
out=$work/packages.log
made=0
make -C "$HV_BUILD" --no-print-directory deb >"$out" 2>&1 || made=$?
wait $building || exit 99
[ $made = 0 ] || { tail -n 50 "$out"; exit 99; }
for part in img vmlinuz initrd uuid; do
	cp --sparse=always "$HV_BUILD/installed/installed.$part" "$work/debian.$part" || exit 99
done

# The packages, and an upgrade of them.
deb=$HV_BUILD/deb
packages=("$deb"/hv_*.deb "$deb"/hvd_*.deb "$deb"/hvctl_*.deb)
newer() { # NAME: the same package with a higher version
	local root=$work/newer/$1
	mkdir -p "$work/newer" "$work/new"
	dpkg-deb -R "$deb/$1"_*_amd64.deb "$root"
	sed -i -E 's/^Version: .*/&+upgrade/; s/(hvctl|hvd|hv) \(= ([^)]*)\)/\1 (= \2+upgrade)/g' "$root/DEBIAN/control"
	dpkg-deb -b --root-owner-group "$root" "$work/new/$1_upgrade_amd64.deb" >>"$out"
}
for package in hv hvd hvctl; do newer $package || exit 99; done

plan 57
lintian_is_content() {
	command -v lintian >/dev/null || { echo "# no lintian here"; return 0; }
	# There is no address to write to yet.
	lintian --allow-root --fail-on error,warning \
		--suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "${packages[@]}" "$deb"/hv-doc_*.deb >"$out" 2>&1
}
ok "lintian finds nothing in the packages" lintian_is_content
# On Bochs what GRUB says after the reboot is on that line, too, and its lines end with \n\r.
is_done() { grep -qx "DONE $1" < <(tr -d '\r' <"$out"); }
done_all() { # what the lines "NAME  promise" of our input promise
	local name promise
	while read -r name promise; do ok "$promise" is_done "$name"; done
}

withs=(--with "$here/installed-lib.sh")
for package in "${packages[@]}"; do withs+=(--with "$package"); done
# Without hv, and so on the machine that is faster.
machine=svm boot --installed "$work/debian" --bare --timeout 900 "${withs[@]}" -- "$here/installed-setup.sh"
ok "the setup ends" [ $status = 0 ]
done_all <<'END'
booted          a Debian that was just installed starts
boot-loader     it gets its boot loader
install         apt installs the packages
user            the user of the back ends is there
enabled         the units are enabled
idle            without a hypervisor they are idle, and none has failed
image           the installed kernel has its ELF image
menu            the boot menu has hv
reinstall       a kernel is installed again
hook            its hook makes the image
syntax          GRUB understands the menu
default         hv is the entry that starts by itself
END
entry=$work/entry
tr -d '\r' <"$out" | sed -n '/^menuentry .*on hv/,/^}/p' >"$entry"
kernel=$(sed -n "s/^menuentry .*with Linux \([^']*\)'.*option 'hv'.*/\1/p" "$entry")
ok "the entry has hv and what it is told" grep -qx '	multiboot2 /boot/hv dom0_mem=1024M console=com1 com1=115200,8n1' "$entry"
ok "and the kernel, its root and what it is told" \
	grep -qx "	module2 /boot/hv-linux-$kernel root=UUID=$(cat "$work/debian.uuid") ro no_timer_check console=hvc0" "$entry"
ok "and the initrd" grep -qx "	module2 /boot/initrd.img-$kernel" "$entry"

withs=(--with "$here/installed-lib.sh" --with "$here/guest-lib.sh")
for package in hv hvd hvctl; do withs+=(--with "$work/new/${package}_upgrade_amd64.deb:new/${package}_upgrade_amd64.deb"); done
boot --installed "$work/debian" --mem 2048 --timeout 1500 --disk "$guest_disk" "${withs[@]}" -- "$here/installed-host.sh"
ok "the machine starts through its menu, reboots, and its script ends" [ $status = 0 ]
done_all <<'END'
booted          under hv the same Debian starts, nothing has failed
hypervisor      it is the control domain
services        hvd, its socket and the others run
operator        a member of group hvd may use hvctl
stranger        others may not
create          hvctl creates a guest
guest-up        the guest comes up
disk            its disk works
talks           its console works
bad-reload      systemctl reload fails for a mistake in hvd.conf
bad-reload-told and the journal has file, line and reason
bad-reload-runs and hvd goes on
reload          without the mistake it works
reload-told     and what may change has changed
priorities      lines in the journal have their priorities
busy            it has work to do with its disk
upgrade         apt upgrades the packages while the guest runs
upgraded        the new version is installed
restarted       a new hvd runs
same-guest      the guest is the same
still-talks     its console works
still-writes    and what it was doing with its disk goes on
no-failures     no unit has failed
autostart       a guest is defined that starts with the host, and again when it is off
auto-runs       it runs
2-booted        the host comes up again after a reboot
2-hypervisor    under hv
2-services      with its services
2-powered-off   the guest was powered off before
2-no-guests     and is not there now
2-auto-ended    the other one was powered off, and not left to start again
2-auto-started  it is there without anybody's doing
2-auto-up       and comes up
2-auto-once     it was started once
2-auto-again    which a killed hvd's successor does not do again
2-remove        apt removes the packages
2-images-gone   nothing of them stays in /boot
2-menu-clean    nor in the menu
2-stopped       nor running
END
done_testing
