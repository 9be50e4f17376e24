# SPDX-License-Identifier: GPL-2.0-or-later
# For scripts of boot tests with Ceph in the control domain: puts the host where the cluster is, as an
# operator would. Needs no guest's disk; what guest-lib.sh has is sourced by those who have one.
#
#   rbd_disk TARGET POOL/IMAGE [MORE]    an RBD disk for 'guest', MORE stands in its <disk>
#   storage_disk TARGET                  the disk with fio, for a guest with storage=/dev/TARGET
#
# Sourced by sh.
monitor=10.78.0.1 monitor_port=16700
tries=0
until [ -e /sys/class/net/eth0 ] || [ $tries -ge 500 ]; do tries=$((tries + 1)); usleep 20000; done
ip addr add 10.78.0.2/24 dev eth0
ip link set eth0 up
mkdir -p /etc/ceph /etc/hvd/secrets
chmod 700 /etc/hvd/secrets
cp ceph.conf /etc/ceph/ceph.conf
cp hvd.keyring /etc/hvd/secrets/hvd.keyring
chmod 600 /etc/hvd/secrets/hvd.keyring
# Programs that are no part of hv look for the key here: rbd, fio.
cp hvd.keyring /etc/ceph/ceph.client.hvd.keyring

rbd_disk() {
	echo "<disk type='network' device='disk'><driver name='qemu' type='raw' ${rbd_driver:-}/>
<source protocol='rbd' name='$2'><host name='$monitor' port='$monitor_port'/>
<auth username='hvd'><secret type='ceph' usage='hvd'/></auth></source>
<target dev='$1' bus='xen'/>${3:-}</disk>"
}
storage_disk() {
	storage=$(sed -n 's/ \/usr\/lib ext4 .*//p' /proc/mounts)
	echo "<disk type='block' device='disk'><source dev='$storage'/><target dev='$1' bus='xen'/><readonly/></disk>"
}
