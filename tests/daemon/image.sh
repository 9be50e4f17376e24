#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hvctl image: on files, and on a real Ceph cluster where this machine can have one.
. "${srcdir:?run me by make check}/tests/daemon/lib.sh"

mkdir -m 700 "$dir/secrets"
settings=(--image-program "$build/tools/hvd/image/hvd-image" --secrets-dir "$dir/secrets")
image() { hvctl image "$@"; }
json() { # KEY COMMAND...: a number or a string of its JSON
	local key=$1
	shift
	"$@" --json | sed -n "s/^ *\"$key\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" | head -n 1
}
equal() { [ "$1" = "$2" ] || fail "${3:-}: '$1' instead of '$2'"; }

# ---- files ----
start_hvd "${settings[@]}"
f=$dir/files
mkdir "$f"
expect 0 '^$' image create "$f/a.img" 64M
equal "$(stat -c %s "$f/a.img")" 67108864 "size of a new file"
equal "$(stat -c %b "$f/a.img")" 0 "blocks of a new file"
equal "$(stat -c %a "$f/a.img")" 600 "mode of a new file"
expect 1 "a.img exists: choose another name, or remove it" image create "$f/a.img" 64M
expect 1 "/no/a.img: its folder does not exist" image create /no/a.img 64M
expect 2 "'64X' is not a size like" image create "$f/b.img" 64X
expect 1 "not a multiple of 512" image create "$f/b.img" 1000
expect 0 'a.img +64 MiB +0 bytes' image list "$f"
expect 0 'Size +64 MiB' image info "$f/a.img"
expect 1 "there is no image $f/none" image info "$f/none"
expect 1 "files is not a regular file" image info "$f"
expect 1 "neither POOL.* nor a path" image info nothing
expect 2 "none of create, remove, rollback" image snap list "$f/a.img"
expect 1 "is a file: it has no snapshots" image snap create "$f/a.img"
expect 1 "nobody else can" image lock "$f/a.img"

# What is zero is left out, on the way in and out; the bytes are the same.
dd if=/dev/urandom of="$f/raw" bs=1M count=3 seek=10 status=none
dd if=/dev/zero of="$f/raw" bs=1M count=8 seek=20 conv=notrunc status=none
truncate -s 100M "$f/raw"
expect 0 '' image import "$f/raw" "$f/b.img"
cmp "$f/raw" "$f/b.img" || fail "an imported file differs"
[ "$(stat -c %b "$f/b.img")" -le $((3 * 2048 + 16)) ] || fail "zeroes were written: $(stat -c %b "$f/b.img") blocks"
(cd "$f" && expect 0 '' image export ./b.img c.img) || failures=$((failures + 1))
cmp "$f/raw" "$f/c.img" || fail "an exported file differs"
expect 0 '' image clone "$f/b.img" "$f/d.img"
cmp "$f/raw" "$f/d.img" || fail "a cloned file differs"
printf 'QFI\373 and so on' >"$f/qcow2"
expect 1 "is a qcow2 image: 'qemu-img convert -O raw'" image import "$f/qcow2" "$f/e.img"
[ ! -e "$f/e.img" ] || fail "a refused import left a file"

expect 0 '' image resize "$f/b.img" 128M
equal "$(stat -c %s "$f/b.img")" 134217728 "size after it has grown"
expect 1 "has 134217728 bytes: --shrink" image resize "$f/b.img" 1M
expect 0 '' image resize --shrink "$f/b.img" 64M
equal "$(stat -c %s "$f/b.img")" 67108864 "size after it has shrunk"
# A guest's lock, as hvd-blk holds it.
exec 7<>"$f/b.img"
flock -x 7
expect 0 'In use +yes' image info "$f/b.img"
expect 1 "b.img is in use" image remove "$f/b.img"
expect 1 "b.img is in use" image resize --shrink "$f/b.img" 1M
expect 0 '' image resize "$f/b.img" 65M
exec 7>&-
expect 0 '' image remove "$f/b.img"
[ ! -e "$f/b.img" ] || fail "a removed file is there"

# A client that goes takes its work with it, and nothing is left of it.
expect 1 "there is no secret 'hvd': put the user's keyring into $dir/secrets/hvd.keyring" image list rbd
touch "$dir/secrets/hvd.keyring"
chmod 644 "$dir/secrets/hvd.keyring"
expect 1 "is open to others than root: chmod 600" image list rbd
chmod 600 "$dir/secrets/hvd.keyring"
expect 1 "/none/ceph.conf, cannot be read" image list rbd --config /none/ceph.conf
expect 1 "the keyring holds no key of \[client.hvd\]" image list rbd --host 127.0.0.1:1
expect 1 "is no monitor's HOST" image list rbd --host 127.0.0.1,127.0.0.2

# ---- a cluster ----
cluster=$srcdir/tests/ceph/cluster
missing=$("$cluster" missing)
if [ -n "$missing" ] || [ "$(id -u)" != 0 ]; then
	echo "no cluster: ${missing:-not root}"
	finish
	exit
fi
ceph_end() {
	[ ! -d "$dir/ceph" ] || "$cluster" stop "$dir/ceph"
	cleanup
}
trap ceph_end EXIT
"$cluster" start "$dir/ceph" >"$dir/ceph.out" 2>&1 || { cat "$dir/ceph.out"; exit 99; }
rbd() { "$cluster" exec "$dir/ceph" rbd "$@"; }
kill "$hvd_pid"
wait "$hvd_pid"
hvd_wrapper=(nsenter "--net=/run/netns/$(cat "$dir/ceph/net")" --)
start_hvd "${settings[@]}"
cp "$dir/ceph/hvd.keyring" "$dir/secrets/"
chmod 600 "$dir/secrets/hvd.keyring"
at=(--host 10.78.0.1:16700)
image() { hvctl image "$@" "${at[@]}"; }

expect 0 '^$' image list rbd
expect 0 '^$' image create rbd/a 64M
expect 0 '^a$' image list rbd
expect 0 '^a +64 MiB' image list --details rbd
expect 1 "rbd/a exists" image create rbd/a 64M
expect 1 "there is no pool 'none'" image list none
expect 1 "there is no image rbd/none" image info rbd/none
expect 1 "there is no image rbd/a@none" image info rbd/a@none
equal "$(json size image info rbd/a)" 67108864 "size of a new image"

expect 0 '' image import "$f/raw" rbd/b
rbd export rbd/b - 2>/dev/null | cmp - "$f/raw" || fail "an imported image differs"
[ "$(json used image info --details rbd/b)" -le $((12 << 20)) ] || fail "zeroes were written into the image"
rm -f "$f/c.img"
expect 0 '' image export rbd/b "$f/c.img"
cmp "$f/raw" "$f/c.img" || fail "an exported image differs"
[ "$(stat -c %b "$f/c.img")" -le $((3 * 2048 + 16)) ] || fail "zeroes were written into the file"

expect 1 "a clone is made of a snapshot: 'hvctl image snap create rbd/b@NAME'" image clone rbd/b rbd/c
expect 0 '' image snap create rbd/b@one
expect 1 "rbd/b@one exists" image snap create rbd/b@one
expect 0 'Snapshot +one, 100 MiB' image info rbd/b
expect 0 '' image clone rbd/b@one rbd/c
expect 0 'Parent +rbd/b@one' image info rbd/c
rbd export rbd/c - 2>/dev/null | cmp - "$f/raw" || fail "a clone differs"
rm -f "$f/c.img"
expect 0 '' image export rbd/c "$f/c.img"
cmp "$f/raw" "$f/c.img" || fail "an exported clone lacks what is its parent's"
expect 0 '' image clone --flatten rbd/b@one rbd/d
! hvctl image info rbd/d "${at[@]}" | grep -q Parent || fail "a flattened clone has a parent"
rbd export rbd/d - 2>/dev/null | cmp - "$f/raw" || fail "a flattened clone differs"
expect 0 '' image flatten rbd/c
expect 1 'rbd/c has no parent' image flatten rbd/c
rbd bench --io-type write --io-size 4K --io-total 40K rbd/b >/dev/null 2>&1
rbd export rbd/b - 2>/dev/null | cmp -s - "$f/raw" && fail "rbd bench changed nothing"
expect 0 '' image snap rollback rbd/b@one
rbd export rbd/b - 2>/dev/null | cmp - "$f/raw" || fail "after the rollback it differs"
expect 1 "rbd/b has snapshots" image remove rbd/b
expect 0 '' image snap remove rbd/b@one
expect 0 '' image remove rbd/b
expect 1 "there is no image rbd/b" image info rbd/b

expect 0 '' image resize rbd/a 80M
equal "$(json size image info rbd/a)" 83886080 "size after it has grown"
expect 1 "has 83886080 bytes: --shrink" image resize rbd/a 16M
expect 0 '' image resize --shrink rbd/a 16M
equal "$(json size image info rbd/a)" 16777216 "size after it has shrunk"

# A lock by hand keeps others off, until it is taken away.
expect 1 "rbd/a is not locked" image unlock rbd/a
expect 0 '' image lock --note "being copied" rbd/a
expect 0 'Lock +manual, held by client.* at .*: hvctl being copied' image info rbd/a
expect 1 "rbd/a is in use: 'hvctl image info rbd/a' tells by whom" image lock rbd/a
expect 0 '' image unlock rbd/a

# Another client writes: it has the exclusive lock.
rbd bench --io-type write --io-size 4K --io-threads 1 --io-total 10G rbd/a >"$dir/bench.out" 2>&1 &
bench=$!
locked() { image info rbd/a | grep -q 'Lock *exclusive'; }
wait_until locked
expect 0 'Open at +10.78.0.1:0/' image info rbd/a
expect 1 "rbd/a is in use" image remove rbd/a
expect 1 "rbd/a is locked by client.* at 10.78.0.1:0/.*: --force takes the lock away" image unlock rbd/a
expect 0 '' image unlock --force rbd/a
wait "$bench" && fail "the other client did not notice that its lock was broken"
# The dead client's watch lasts for some seconds more.
removed() { image remove rbd/a; }
for _ in 1 2 3 4 5; do removed >/dev/null 2>&1 && break; sleep 1; done
wait_until eval '! image info rbd/a'

# A client that goes: the work ends, and what was begun is undone.
head -c 200M /dev/zero | tr '\0' 'x' >"$f/large"
"$build/tools/hvctl/hvctl" --socket "$dir/hvd.sock" image import "$f/large" rbd/large "${at[@]}" >/dev/null 2>"$dir/large.err" &
large=$!
begun() { rbd ls | grep -qx large; }
wait_until begun
"$cluster" pause "$dir/ceph" osd.0
kill "$large"
wait "$large" 2>/dev/null
"$cluster" continue "$dir/ceph" osd.0
undone() { ! rbd ls | grep -qx large; }
wait_until undone
wait_until eval '! pgrep -P "$(pgrep -P "$hvd_pid")" -x hvd-image'

# No lock is left on what fails: the wrong key, no answer.
ceph-authtool -C "$dir/secrets/wrong.keyring" -g -n client.hvd >/dev/null
chmod 600 "$dir/secrets/wrong.keyring"
expect 1 "the cluster does not accept the key of user 'hvd'" image list rbd --secret wrong
grep -q "$(sed -n 's/.*key = //p' "$dir/secrets/wrong.keyring")" "$dir/hvd.log" && fail "a key is in the log"
"$cluster" pause "$dir/ceph" mon.a
at=(--host 10.78.0.1:16700)
expect 1 "no monitor of the cluster answers within 10 s" image list rbd
"$cluster" continue "$dir/ceph" mon.a
expect 0 "^c$" image list rbd
finish
