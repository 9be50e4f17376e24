# SPDX-License-Identifier: GPL-2.0-or-later
# For scripts of boot tests in the control domain: guests made of the example guest's files, which
# the test attached as a disk. Sourced by sh.
#
#   guest NAME MEMORY-MIB VCPUS 'command line' [DISK]...   writes NAME.xml; a DISK is an image's path,
#                                                          or a whole <disk> element
#   wait_console NAME PATTERN SECONDS
#   wait_gone NAME SECONDS
. ./host-lib.sh
modprobe -qa ext4 bridge tun
mkdir -p /var/lib/hv
grep -q ' /var/lib/hv ' /proc/mounts || {
	wait_for 60 findfs LABEL=hv-files
	mount -t ext4 "$(findfs LABEL=hv-files)" /var/lib/hv
}
images=/var/lib/hv

make_bridge() {
	ip link add br0 type bridge
	ip addr add 10.77.0.1/24 dev br0
	ip link set br0 up
}
guest() {
	name=$1 memory=$2 vcpus=$3 cmdline=$4
	shift 4
	{
		echo "<domain type='xen'><name>$name</name><memory unit='MiB'>$memory</memory><vcpu>$vcpus</vcpu>"
		echo "<os><type arch='x86_64' machine='xenpvh'>xenpvh</type><kernel>${kernel:-$images/vmlinuz}</kernel>"
		[ -n "${no_initrd:-}" ] || echo "<initrd>$images/initrd</initrd>"
		echo "<cmdline>console=hvc0 $guest_args $cmdline</cmdline></os>"
		echo "<on_crash>${on_crash:-destroy}</on_crash>"
		echo "<devices>"
		letter=a
		for disk; do
			case $disk in '<disk '*) echo "$disk"; continue ;; esac
			echo "<disk type='file' device='disk'><driver name='file' type='raw'/><source file='$disk'/><target dev='xvd$letter' bus='xen'/></disk>"
			letter=$(echo $letter | tr a-y b-z)
		done
		[ -z "${bridge:-}" ] || echo "<interface type='bridge'><source bridge='$bridge'/></interface>"
		echo "<console type='pty'><target type='xen' port='0'/></console></devices></domain>"
	} >"$name.xml"
}
console_of() { echo "/var/log/hv/console/$1.log"; }
wait_console() {
	until=$(($(now) + $3 * patience))
	until grep -aqE "$2" "$(console_of "$1")" 2>/dev/null; do
		[ "$(now)" -lt $until ] || { echo "no '$2' from $1:"; tail -n 5 "$(console_of "$1")"; return 1; }
		pause
	done
}
wait_gone() {
	until=$(($(now) + $2 * patience))
	while hvctl info "$1" >/dev/null 2>&1; do
		[ "$(now)" -lt $until ] || { echo "$1 is still there"; return 1; }
		pause
	done
}
