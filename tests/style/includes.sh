#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may include whom. The -I lists of each folder's local.mk keep most of it; this finds what a
# compiler cannot see, and says it in words.
set -u
cd "${srcdir:?}" || exit 99
status=0
# forbid WHY PATTERN FOLDER...: no line of the sources in these folders may match
forbid() {
	local why=$1 pattern=$2 found
	shift 2
	[ $# -gt 0 ] || return
	found=$(grep -rnE --include='*.[chS]' "$pattern" "$@" 2>/dev/null)
	[ -z "$found" ] && return
	echo "$why:"
	echo "$found" | head -n 10
	status=1
}
include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
forbid "hv/ has never heard of Xen" "$include<(xen|hvabi)/" hv
# hv/arch/fake lives in a test process.
forbid "hv/ and xen/ have no libc" "$include<(stdio|stdlib|string|unistd|errno|assert|sys/.*|linux/.*)\.?h?>" \
	$(find hv -path hv/arch/fake -prune -o -type f -print) xen
forbid "xen/ includes <arch/..> only in xen/arch" "$include<arch/" $(find xen -maxdepth 1 -name '*.[ch]')
forbid "tools/ and stubdom/ do not know hv's inside" "$include[<\"](hv|arch)/" tools stubdom dom0
forbid "svm and vmx do not know each other" "$include.*vmx/" hv/arch/x86/svm
[ ! -d hv/arch/x86/vmx ] || forbid "svm and vmx do not know each other" "$include.*svm/" hv/arch/x86/vmx

# What the vendors call their control blocks are words of their folders, in whatever kind of file;
# who asks for them elsewhere has bent an interface. (The guests of stubdom/tests try the instructions.)
vendor=$({
	grep -rniIE --exclude-dir=.git --exclude-dir='autom4te.cache' 'vmc[bs]' CONTRIBUTING.md README.md docs dom0 hv stubdom tests tools xen
	grep -rniE --include='*.[chS]' '\b(vmrun|vmlaunch|vmresume)\b' hv xen tools dom0 stubdom
} | grep -vE '^hv/arch/x86/(svm|vmx)/|^stubdom/tests/exits/')
if [ -n "$vendor" ]; then
	echo "words of a vendor outside of hv/arch/x86/svm and vmx:"
	echo "$vendor" | head -n 10
	status=1
fi
forbid "architecture #ifs belong into arch/" '^[[:space:]]*#[[:space:]]*if.*(__x86_64__|__i386__|__aarch64__|__riscv)' \
	$(find hv -path hv/arch -prune -o -name '*.[ch]' -print) $(find xen -path xen/arch -prune -o -name '*.[ch]' -print)
exit $status
