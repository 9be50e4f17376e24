# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests/host/run knows of Bochs' machine (--machine vmx). Sourced by it, and uses its variables:
# bochs_check says what the machine has not, bochs_disk and bochs_net take the options, bochs_command
# is the emulator's command line for 'relay'.

bochs_disks=() # MODEL:FILE, the one that is booted from aside
bochs_net=none

bochs_check() {
	[ "$firmware" = bios ] || die "--machine vmx: Bochs has no UEFI firmware"
	[ -z "$gdb" ] || die "--machine vmx: --gdb is QEMU's"
	[ -z "$qemu_args" ] || die "--machine vmx: --qemu-args are QEMU's"
	[ "$mem" -le 8192 ] || die "--machine vmx: Bochs gives a machine 8192 MiB at most, not $mem"
	[ ${#nets[@]} -le 1 ] || die "--machine vmx: Bochs has one network card"
}

# Bochs reckons in cylinders of 16 heads and 63 sectors, and does not show what is beyond the last.
whole_cylinders() { truncate -s "%$((16 * 63 * 512))" "$1"; }

bochs_add_disk() { # MODEL FILE
	[ ${#bochs_disks[@]} -lt 3 ] || die "--machine vmx: Bochs has room for 3 disks besides the one it boots from"
	bochs_disks+=("$1:$(realpath "$2")")
}

# It has no disk that cannot be written: one that must stay as it is, is a copy, and goes with the run.
bochs_copy=0
bochs_add_copy() { # MODEL FILE
	local copy
	bochs_copy=$((bochs_copy + 1))
	copy=$run/copy$bochs_copy.img
	cp --reflink=auto --sparse=always "$2" "$copy"
	whole_cylinders "$copy"
	bochs_add_disk "$1" "$copy"
}

bochs_disk() { # FILE BUS on|off
	[ "$2" = ata ] || die "--disk $1: the vmx machine has ata disks only"
	if [ "$3" = on ]; then
		bochs_add_copy hv-disk "$1"
		return
	fi
	whole_cylinders "$1"
	bochs_add_disk hv-disk "$1"
}

bochs_net() { # user|tap:IF MODEL
	case $1 in
	user | tap:?*) bochs_net=$1 ;;
	*) die "--net is user or tap:IF" ;;
	esac
	[ "$2" = e1000 ] || die "--net $1: the vmx machine's card is e1000"
}

bochs_command() { # BOOT-DISK: emulator=(...)
	# The rate of the TSC. A low one makes kernels' waits short; at one instruction a nanosecond, as QEMU's --icount has
	# it, hv's log loses bytes: its serial line is too slow for so fast a processor.
	local ips=20000000
	case $icount,$installed,$bochs_net in
	1,*) ips=1000000000 ;;
	,?*,* | ,,tap:*) ips=50000000 ;;
	esac
	whole_cylinders "$1"
	emulator=("$source/tests/host/bochs" "$build/bochs/bochs" "$run" "${cpu:-corei7_haswell_4770}" "$cpus" "$mem"
		"$ips" "$run/com2" "$bochs_net" "${installed:+reboots}" "hv-boot:$1" "${bochs_disks[@]}")
}
