#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every header compiles alone, with the include path of its folder and no other: so it names what
# it needs, and the rules of who may include whom hold.
# CC, FREESTANDING_CFLAGS, HV_INCLUDES, XEN_INCLUDES, TOOLS_CFLAGS: from the Makefile.
set -u
cd "${srcdir:?}" || exit 99
status=0
try() { # HEADER FLAGS...
	local header=$1 messages
	shift
	messages=$(echo "#include \"$PWD/$header\"" | $CC "$@" -fsyntax-only -x c - 2>&1) && return
	echo "$header does not compile alone:"
	echo "$messages" | head -n 8
	status=1
}
# Absolute, because we stand in the source tree and the build tree may be elsewhere.
for header in $(find hv xen tools stubdom tests/unit dom0 -name '*.h' ! -name config.h | sort); do
	case $header in
	hv/arch/x86/include/arch/offsets.h) ;; # made by the build; for assembly
	hv/*) try "$header" $FREESTANDING_CFLAGS $HV_INCLUDES ;;
	xen/abi/*) try "$header" $FREESTANDING_CFLAGS ;;
	xen/* | tests/unit/abi_*) try "$header" $FREESTANDING_CFLAGS $XEN_INCLUDES ;;
	tools/* | tests/unit/*.h | dom0/*) try "$header" $TOOLS_CFLAGS ;;
	esac
done
exit $status
