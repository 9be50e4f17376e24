#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# From installed kernels to a boot menu: hv-kernel and the script of update-grub, in a folder that
# plays /boot. The extractor is a stand-in here; it has tests of its own.
set -u
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
boot=$work/boot
mkdir -p "$boot" "$work/sbin" "$work/lib" "$work/default/grub.d"
# Only what grub-mkconfig knows arrives in the environment; the rest is in files, the later ones win.
printf 'GRUB_CMDLINE_HV="dom0_mem=512M"\nGRUB_DISTRIBUTOR=Debian\n' >"$work/default/grub"
sed 's/^GRUB_CMDLINE_HV=.*/GRUB_CMDLINE_HV="dom0_mem=1024M"/; s/^\(GRUB_CMDLINE_LINUX_HV=\).*/\1"mine"/' \
	"${srcdir:?}/dom0/grub.d/hv.cfg" >"$work/default/grub.d/hv.cfg"
for script in kernel/hv-kernel grub.d/20_linux_hv; do
	sed -e "s|@sbindir@|$work/sbin|g" -e "s|@bootdir@|$boot|g" \
		-e "s|@grubdefaultdir@|$work/default/grub.d|g" "${srcdir:?}/dom0/$script.in" >"$work/sbin/${script##*/}"
	chmod +x "$work/sbin/${script##*/}"
done
cat >"$work/sbin/hv-extract-kernel" <<'END'
#!/bin/sh
grep -q broken "$2" && { echo "cannot use $2" >&2; exit 1; }
cp "$2" "$3"
END
chmod +x "$work/sbin/hv-extract-kernel"
cat >"$work/lib/grub-mkconfig_lib" <<'END'
make_system_path_relative_to_its_root() { echo /relative; }
prepare_grub_to_access_device() { echo "search --fs-uuid --set=root 1234"; }
END
kernel() { # VERSION DOM0 CONTENT
	echo "$3" >"$boot/vmlinuz-$1"
	echo "CONFIG_XEN_DOM0=$2" >"$boot/config-$1"
	echo initrd >"$boot/initrd.img-$1"
}
export HV_BOOT="$boot"
hv_kernel=$work/sbin/hv-kernel
menu() {
	pkgdatadir=$work/lib grub_probe=true GRUB_DISTRIBUTOR=Debian GRUB_DEVICE=/dev/sda1 GRUB_DEVICE_UUID=abcd \
		GRUB_CMDLINE_LINUX='quiet' \
		"$work/sbin/20_linux_hv" >"$work/menu" 2>"$work/err" || fail "20_linux_hv: $(cat "$work/err")"
}

menu
[ ! -s "$work/menu" ] || fail "a menu without hv"

echo hv >"$boot/hv"
kernel 6.1.0-9-amd64 y good
kernel 6.1.0-10-amd64 y good
kernel 6.1.0-10-cloud-amd64 n good
kernel 6.1.0-11-amd64 y broken
menu
[ "$(grep -c '^menuentry' "$work/menu")" = 2 ] || fail "not two entries: $(cat "$work/menu")"
[ "$(sed -n 's/.*module2 .*hv-linux-\([^ ]*\) .*/\1/p' "$work/menu" | head -n 1)" = 6.1.0-10-amd64 ] || fail "the newest is not first"
grep -q '	multiboot2 /relative/hv dom0_mem=1024M$' "$work/menu" || fail "hv's line"
grep -q '	module2 /relative/hv-linux-6.1.0-9-amd64 root=UUID=abcd ro quiet mine$' "$work/menu" || fail "the kernel's line"
grep -q '	module2 /relative/initrd.img-6.1.0-9-amd64$' "$work/menu" || fail "the initrd's line"
grep -q "^menuentry 'Debian GNU/Linux on hv, with Linux 6.1.0-10-amd64' .*option 'hv' {" "$work/menu" || fail "the newest kernel's name"
grep -q "^menuentry 'Debian GNU/Linux on hv, with Linux 6.1.0-9-amd64' .*option 'hv-6.1.0-9-amd64' {" "$work/menu" || fail "an older kernel's name"
grep -q 'hv-kernel: 6.1.0-11-amd64 gets no entry' "$work/err" || fail "nothing said about a bad kernel"
if command -v grub-script-check >/dev/null; then
	grub-script-check "$work/menu" || fail "GRUB does not understand the menu"
fi

"$hv_kernel" remove 6.1.0-9-amd64
rm "$boot/vmlinuz-6.1.0-9-amd64"
[ "$("$hv_kernel" list)" = 6.1.0-10-amd64 ] || fail "a removed kernel is still listed"
rm "$boot/vmlinuz-6.1.0-10-amd64"
"$hv_kernel" update 2>/dev/null
[ -z "$("$hv_kernel" list)" ] || fail "an image without its kernel stays"
kernel 6.1.0-12-amd64 y good
"$hv_kernel" install 6.1.0-12-amd64
[ "$("$hv_kernel" list)" = 6.1.0-12-amd64 ] || fail "a new kernel is not listed"
"$hv_kernel" nonsense 2>/dev/null && fail "nonsense was accepted"
exit 0
