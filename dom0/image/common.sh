# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the image builders of this folder; sourced by bash.
#
# Debian packages are downloaded with apt-get and unpacked into a cache: nothing is installed on
# the machine that builds, and no maintainer script runs.
#
#   HV_CACHE   the cache (packages and what was unpacked from them); default: cache/ in the build tree

die() { echo "${0##*/}: $*" >&2; exit 1; }

need_tool() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null 2>&1 || PATH=$PATH:/sbin:/usr/sbin command -v "$1" >/dev/null 2>&1 ||
		die "missing $1: apt-get install $2"
}

# Prints the package behind a meta package, linux-image-amd64 for example, as apt knows it now.
kernel_package() { # amd64 | cloud-amd64
	local package
	package=$(apt-cache depends "linux-image-$1" 2>/dev/null |
		sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | grep -v -- -unsigned | head -n 1)
	[ -n "$package" ] || die "apt knows no linux-image-$1: run apt-get update"
	echo "$package"
}

# Unpacks the newest PACKAGE into $HV_CACHE/PACKAGE (once), and prints that folder.
package_root() { # PACKAGE
	local root=$HV_CACHE/$1 work
	if [ ! -e "$root" ]; then
		need_tool apt-get apt
		need_tool dpkg-deb dpkg
		mkdir -p "$HV_CACHE"
		work=$(mktemp -d "$HV_CACHE/fetch.XXXXXX") || exit 1
		echo "fetching $1" >&2
		# As root apt drops its privileges to write here, and warns where it cannot: harmless.
		(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$1" >fetch.log 2>&1) || {
			cat "$work/fetch.log" >&2
			rm -rf "$work"
			die "cannot download the Debian package $1"
		}
		dpkg-deb -x "$work"/*.deb "$work/root" || die "cannot unpack $1"
		mv -T "$work/root" "$root" 2>/dev/null || [ -e "$root" ] || die "cannot write $root"
		rm -rf "$work"
	fi
	echo "$root"
}

# The folder of an unpacked kernel; what was used once stays until the cache is removed.
kernel_root() { # amd64 | cloud-amd64
	local stamp=$HV_CACHE/kernel-$1
	[ -e "$stamp" ] || { mkdir -p "$HV_CACHE" && kernel_package "$1" >"$stamp.$$" && mv "$stamp.$$" "$stamp"; } || exit 1
	package_root "$(cat "$stamp")"
}

# Copies modules with all that they depend on. A name that the kernel does not have as a module is
# skipped: it is built in, or the caller asks for more than one kernel's list.
copy_modules() { # KERNEL_ROOT DESTINATION NAME...
	local root=$1 to=$2 version name tree
	shift 2
	version=$(ls "$root/lib/modules")
	tree=$root/lib/modules/$version
	# Names and files, these without the folder: the cache may move, or be a link that others know by another name.
	[ -e "$tree/hv-modules" ] || { (cd "$tree" && find . -name '*.ko*') | sed 's/^\.\///; s/.*\/\(.*\)\.ko.*/\1 &/' |
		awk '{ gsub("-", "_", $1); print }' >"$tree/hv-modules.$$" && mv "$tree/hv-modules.$$" "$tree/hv-modules"; } || exit 1
	for name; do copy_module "$tree" "$to/lib/modules/$version" "$name"; done
	# The kernel's own lists; depmod complains without them.
	cp "$tree/modules.builtin" "$tree/modules.builtin.modinfo" "$tree/modules.order" "$to/lib/modules/$version/"
	PATH=$PATH:/sbin:/usr/sbin depmod -b "$to" "$version"
	# The binary indexes are for kmod; busybox reads the text.
	rm -f "$to/lib/modules/$version"/modules.*.bin "$to/lib/modules/$version"/modules.{symbols,devname,softdep,builtin.modinfo,builtin.alias}
}
copy_module() { # TREE DESTINATION NAME
	local file dependency
	file=$(awk -v name="${3//-/_}" '$1 == name { print $2; exit }' "$1/hv-modules")
	[ -n "$file" ] && [ ! -e "$2/$file" ] || return 0
	mkdir -p "$2/$(dirname "$file")"
	cp "$1/$file" "$2/$file"
	for dependency in $(tr '\0' '\n' <"$1/$file" | sed -n 's/^depends=//p' | tr ',' ' '); do
		copy_module "$1" "$2" "$dependency"
	done
}

# Copies the shared libraries that programs need, and the dynamic linker.
copy_libraries() { # DESTINATION PROGRAM...
	local to=$1 library
	shift
	mkdir -p "$to/lib/x86_64-linux-gnu" "$to/lib64"
	ldd "$@" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
		while read -r library; do
			[ -e "$to/lib/x86_64-linux-gnu/${library##*/}" ] ||
				cp -L "$library" "$to/lib/x86_64-linux-gnu/"
		done
	cp -L /lib64/ld-linux-x86-64.so.2 "$to/lib64/"
}

# A newc archive of a folder, everything owned by root, names in order: the same input gives the
# same names in the same order.
make_cpio() { # FOLDER
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc --quiet --owner=0:0 --reproducible)
}
