# SPDX-License-Identifier: GPL-2.0-or-later
# Libraries that the build needs: each missing one is remembered with the Debian package that has
# it, and one message at the end names them all, so that one apt-get is enough.

AC_DEFUN([HV_NEED_INIT], [
hv_missing=
hv_packages=
])

# hv_note_missing WHAT PACKAGE
AC_DEFUN([HV_NOTE_MISSING], [
hv_missing="$hv_missing
  $1 (Debian package $2)"
AS_CASE([" $hv_packages "], [*" $2 "*], [], [hv_packages="$hv_packages $2"])
])

# HV_NEED_PROG(VARIABLE, PROGRAM, PACKAGE)
AC_DEFUN([HV_NEED_PROG], [
AC_PATH_PROG([$1], [$2])
AS_IF([test -z "$$1"], [HV_NOTE_MISSING([$2], [$3])])
])

# HV_FIND_LIB(PREFIX, MODULE): sets PREFIX_CFLAGS and PREFIX_LIBS, PREFIX_FOUND=yes|no. Values that
# the user gives in these variables are taken as they are. (pkg-config is called directly: its own
# macros would make autoreconf fail, with an unhelpful message, where it is not installed.)
AC_DEFUN([HV_FIND_LIB], [
AC_ARG_VAR([$1][_CFLAGS], [C compiler flags for $2, overriding pkg-config])
AC_ARG_VAR([$1][_LIBS], [linker flags for $2, overriding pkg-config])
AC_MSG_CHECKING([for $2])
AS_IF([test -n "$$1_LIBS"], [$1_FOUND=yes],
	[test -n "$PKG_CONFIG" && $PKG_CONFIG --exists "$2" 2>/dev/null],
	[$1_FOUND=yes
	$1_CFLAGS=`$PKG_CONFIG --cflags "$2"`
	$1_LIBS=`$PKG_CONFIG --libs "$2"`],
	[$1_FOUND=no])
AC_MSG_RESULT([$$1_FOUND])
])

# HV_NEED_LIB(PREFIX, MODULE, PACKAGE)
AC_DEFUN([HV_NEED_LIB], [
HV_FIND_LIB([$1], [$2])
AS_IF([test $$1_FOUND = no], [HV_NOTE_MISSING([$2], [$3])])
])

# HV_NEED_PLAIN_LIB(PREFIX, LIBRARY, FUNCTION, HEADER, PACKAGE): one without a pkg-config file.
AC_DEFUN([HV_NEED_PLAIN_LIB], [
AC_ARG_VAR([$1][_CFLAGS], [C compiler flags for $2])
AC_ARG_VAR([$1][_LIBS], [linker flags for $2, instead of looking for it])
AS_IF([test -z "$$1_LIBS"],
	[AC_CHECK_LIB([$2], [$3], [AC_CHECK_HEADER([$4], [$1_LIBS="-l$2"])])
	AS_IF([test -z "$$1_LIBS"], [HV_NOTE_MISSING([lib$2], [$5])])])
])

# HV_NEED_XEN_HEADERS(PACKAGE): hv_xen_dir = the system's folder of <xen/..>
AC_DEFUN([HV_NEED_XEN_HEADERS], [
AC_ARG_WITH([xen-headers], [AS_HELP_STRING([--with-xen-headers=DIR],
	[the folder 'xen' of the public headers @<:@/usr/include/xen@:>@])],
	[hv_xen_dir=$withval], [hv_xen_dir=/usr/include/xen])
AC_MSG_CHECKING([for Xen's public headers])
AS_IF([test -e "$hv_xen_dir/arch-x86/hvm/start_info.h"], [AC_MSG_RESULT([$hv_xen_dir])],
	[AC_MSG_RESULT([no])
	HV_NOTE_MISSING([$hv_xen_dir/arch-x86/hvm/start_info.h], [$1])])
])

AC_DEFUN([HV_NEED_REPORT], [
AS_IF([test -n "$hv_missing"], [AC_MSG_ERROR([missing:$hv_missing
Install them with: apt-get install$hv_packages])])
])
