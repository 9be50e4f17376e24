# SPDX-License-Identifier: GPL-2.0-or-later
# Compiler flags: what hosted programs (tools, tests) and freestanding ones (hv, stub domains) get.

# HV_ARG_WERROR: warnings are errors unless --disable-werror.
AC_DEFUN([HV_ARG_WERROR], [
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--disable-werror], [do not turn warnings into errors])],
	[], [enable_werror=yes])
])

# HV_ARG_SANITIZERS: ASan and UBSan for the tools. Unit tests have them always.
AC_DEFUN([HV_ARG_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers], [build the tools with ASan and UBSan])],
	[], [enable_sanitizers=no])
HV_SANITIZE_FLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
AC_SUBST([HV_SANITIZE_FLAGS])
SANITIZE_CFLAGS=
AS_IF([test "x$enable_sanitizers" = xyes], [SANITIZE_CFLAGS=$HV_SANITIZE_FLAGS])
AC_SUBST([SANITIZE_CFLAGS])
])

# HV_TRY_FLAGS(VARIABLE, FLAGS): appends those flags that the compiler knows.
AC_DEFUN([HV_TRY_FLAGS], [
for hv_flag in $2; do
	hv_save_CFLAGS=$CFLAGS
	# gcc accepts any unknown -Wno-foo silently; ask for the positive form.
	hv_try=`echo "$hv_flag" | sed 's/^-Wno-/-W/'`
	CFLAGS="$CFLAGS -Werror $hv_try"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([int hv_flag_test;])], [$1="$$1 $hv_flag"])
	CFLAGS=$hv_save_CFLAGS
done
])

AC_DEFUN([HV_WARNING_FLAGS], [
AC_MSG_CHECKING([for warning flags])
hv_warn=
HV_TRY_FLAGS([hv_warn], [-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wimplicit-fallthrough -Wpointer-arith -Wvla -Wwrite-strings \
	-Wconditional-uninitialized])
AS_IF([test "x$enable_werror" = xyes], [hv_warn="$hv_warn -Werror"])
HOSTED_WARN_CFLAGS=$hv_warn
AC_SUBST([HOSTED_WARN_CFLAGS])
AC_MSG_RESULT([$hv_warn])
])

# FREESTANDING_CFLAGS, FREESTANDING_ASFLAGS, FREESTANDING_LDFLAGS: kernel code without libc, red
# zone, SSE or anything position independent. Distributions switch hardening on by default or by
# CFLAGS; each of those is switched off here by name.
AC_DEFUN([HV_FREESTANDING_FLAGS], [
AC_MSG_CHECKING([for the compiler's own headers])
hv_cc_include=`$CC -print-file-name=include`
AS_IF([test -e "$hv_cc_include/stdint.h"], [],
	[AC_MSG_ERROR([$CC does not tell where its own stdint.h is])])
AC_MSG_RESULT([$hv_cc_include])
AC_MSG_CHECKING([for freestanding flags])
hv_free=
HV_TRY_FLAGS([hv_free], [-m64 -mno-red-zone -mgeneral-regs-only -fno-pic -fno-pie \
	-fno-stack-protector -fno-stack-clash-protection -fcf-protection=none \
	-fno-strict-aliasing -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fno-omit-frame-pointer -fno-common -fno-lto -fno-delete-null-pointer-checks \
	-fwrapv -mcmodel=small])
FREESTANDING_ASFLAGS="-nostdinc $hv_free"
FREESTANDING_CFLAGS="-std=gnu11 -ffreestanding -nostdinc -isystem $hv_cc_include $hv_free $hv_warn"
HV_TRY_FLAGS([FREESTANDING_CFLAGS], [-Wconversion])
FREESTANDING_LDFLAGS='-nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack'
AC_SUBST([FREESTANDING_ASFLAGS])
AC_SUBST([FREESTANDING_CFLAGS])
AC_SUBST([FREESTANDING_LDFLAGS])
AC_MSG_RESULT([$hv_free])
])

# HV_SPLIT_USER_FLAGS: Automake puts CFLAGS, CPPFLAGS and LDFLAGS last on every command line, so
# that '-fstack-protector-strong' or '-D_FORTIFY_SOURCE=2' from a packager would reach hv, which
# has no libc to back them. Only optimisation, debugging, warnings and file prefixes go to both;
# the rest becomes HOSTED_*, which AM_CFLAGS and friends pass to hosted programs.
AC_DEFUN([HV_SPLIT_USER_FLAGS], [
HOSTED_CFLAGS=
hv_both=
for hv_flag in $CFLAGS; do
	AS_CASE([$hv_flag],
		[-O*|-g*|-W*|-ffile-prefix-map=*|-fdebug-prefix-map=*|-fmacro-prefix-map=*],
		[AS_VAR_APPEND([hv_both], [" $hv_flag"])],
		[AS_VAR_APPEND([HOSTED_CFLAGS], [" $hv_flag"])])
done
CFLAGS=$hv_both
HOSTED_CPPFLAGS=$CPPFLAGS
CPPFLAGS=
HOSTED_LDFLAGS=$LDFLAGS
LDFLAGS=
AC_SUBST([HOSTED_CFLAGS])
AC_SUBST([HOSTED_CPPFLAGS])
AC_SUBST([HOSTED_LDFLAGS])
])
