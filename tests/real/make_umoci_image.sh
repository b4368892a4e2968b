#!/bin/sh
# make_umoci_image.sh BASE OUT: an image with eight layers in the new image layout OUT (tag `full`;
# tag `base` is its first layer alone). BASE is a Debian root filesystem. Needs root and network.
set -eu
umask 022
export LC_ALL=C TZ=UTC
base=$1 out=$2
work=$(mktemp -d "$(dirname "$out")/make_umoci_image.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A layer as GNU tar writes it: nanoseconds and attributes in PAX records, holes as sparse maps.
archive() {
  directory=$1 file=$2
  shift 2
  tar --format=posix --pax-option=delete=ctime,exthdr.name=%d/PaxHeaders/%f --numeric-owner --sparse \
    --xattrs --xattrs-include='*' -C "$directory" -cf "$file" "$@"
}

umoci init --layout "$out"
umoci new --image "$out:base"
umoci config --image "$out:base" --os linux --architecture "$(dpkg --print-architecture)" \
  --config.cmd /bin/bash --config.env PATH=/usr/sbin:/usr/bin:/sbin:/bin

# --- 0: the base, root directory included ---------------------------------------------------
archive "$base" "$work/base.tar" .
umoci raw add-layer --image "$out:base" "$work/base.tar"
rm "$work/base.tar"

# --- 1: what a package manager and a careful person do ---------------------------------------
umoci unpack --image "$out:base" "$work/bundle"
root=$work/bundle/rootfs
cp /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" apt-get -q update > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
  less iputils-ping ncurses-term > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
rm -rf "$root"/usr/share/doc/* "$root/usr/share/man/de"
# A directory becomes a symbolic link, and the reverse.
mv "$root/usr/share/bash-completion" "$root/usr/lib/bash-completion"
ln -s ../lib/bash-completion "$root/usr/share/bash-completion"
rm "$root/var/run"
mkdir -m 0711 "$root/var/run"
echo running > "$root/var/run/state"
# A directory becomes a file, and the reverse.
rm -r "$root/srv"
echo 'not a directory any more' > "$root/srv"
rm "$root/etc/issue.net"
mkdir "$root/etc/issue.net"
echo inside > "$root/etc/issue.net/file"
# Attributes as umoci packs them.
setcap cap_net_bind_service+ep "$root/usr/bin/less"
setfacl -m u:1000:rwx,g:2000:r-x,d:u:1000:rw "$root/var/local"
setfattr -n user.note -v "$(printf 'two\nlines')" "$root/etc/hostname"
setfattr -n trusted.note -v root-only "$root/etc/hostname"
chown 1234567:7654321 "$root/var/opt"
chmod 3775 "$root/var/opt"
ln "$root/etc/debian_version" "$root/etc/debian_version.linked"
umoci repack --image "$out:full" "$work/bundle"
rm -rf "$work/bundle"

# --- 2: everything that a file can be ---------------------------------------------------------
odd=$work/odd
mkdir -p "$odd/odd/many" "$odd/odd/acl" "$odd/odd/deep"
awk -v dir="$odd/odd/many" 'BEGIN {
  for (i = 0; i < 30000; i++) { name = sprintf("%s/entry-%05d", dir, i); printf "" > name; close(name) }
}'
seq 1 700 | while read -r i; do mkdir "$odd/odd/deep/directory-$i"; done
long=$(printf '%0200d' 0)
mkdir -p "$odd/odd/$long/$long"
echo long > "$odd/odd/$long/$long/$long"
ln -s "$long/$long/$long/$long/target" "$odd/odd/long-link"
ln "$odd/odd/$long/$long/$long" "$odd/odd/$long/linked"
printf 'x' > "$odd/odd/$(printf 'latin1-\351\377')"
printf 'x' > "$odd/odd/$(printf 'control-\001\n\177')"
printf 'x' > "$odd/odd/ lead and trail "
printf 'x' > "$odd/odd/$(printf '%0255d' 1)"
mknod "$odd/odd/char" c 300 70000
mknod "$odd/odd/block" b 8 1
mkfifo -m 0622 "$odd/odd/fifo"
ln "$odd/odd/fifo" "$odd/odd/fifo-linked"
ln -s nowhere "$odd/odd/dangling"
ln -P "$odd/odd/dangling" "$odd/odd/dangling-linked"
truncate -s 500M "$odd/odd/sparse"
printf 'in the middle' | dd of="$odd/odd/sparse" bs=1 seek=250000001 conv=notrunc status=none
printf 'at the end' | dd of="$odd/odd/sparse" bs=1 seek=524287900 conv=notrunc status=none
truncate -s 100M "$odd/odd/only-a-hole"
head -c 3000000 /dev/zero > "$odd/odd/zeros"
seq 1 200000 > "$odd/odd/text"
echo caps > "$odd/odd/caps"
chown 1000:1000 "$odd/odd/caps"
setcap cap_net_raw,cap_sys_admin+eip "$odd/odd/caps"
setfacl -m u:1000:rwx,u:4000000000:r,g:2000:r-x,d:u:1000:rw,d:g:3000:x "$odd/odd/acl"
echo acl > "$odd/odd/acl/file"
setfacl -m u:1000:rw "$odd/odd/acl/file"
for i in 1 2 3 4 5 6 7 8; do
  setfattr -n "user.attribute-$i" -v "value $i $long" "$odd/odd/caps"
  setfattr -n "trusted.attribute-$i" -v "value $i" "$odd/odd/caps"
done
setfattr -n user.binary -v 0x000102fffe00 "$odd/odd/text"
setfattr -h -n trusted.on-a-link -v yes "$odd/odd/dangling"
setfattr -n user.directory -v yes "$odd/odd/deep"
touch -d '1969-12-31T23:59:58.5Z' "$odd/odd/zeros"
touch -d '1901-12-14T00:00:00Z' "$odd/odd/char"
touch -d '2038-01-19T03:14:08.999999999Z' "$odd/odd/text"
touch -d '2262-01-01T00:00:00.000000001Z' "$odd/odd/caps"
touch -h -d '2001-09-09T01:46:40.123456789Z' "$odd/odd/dangling"
touch -d '2001-09-09T01:46:40.987654321Z' "$odd/odd/deep" "$odd/odd/many" "$odd/odd"
archive "$odd" "$work/odd.tar" odd
umoci raw add-layer --image "$out:full" "$work/odd.tar"
rm "$work/odd.tar"

# --- 3: links to what older layers hold, and parents that are symbolic links there -----------
cross=$work/cross
mkdir -p "$cross/odd" "$cross/usr/bin" "$cross/lib" "$cross/bin" "$cross/sbin"
echo x > "$cross/odd/text"
ln -s nowhere "$cross/odd/dangling"
echo x > "$cross/usr/bin/less"
for name in text dangling; do ln -P "$cross/odd/$name" "$cross/odd/$name-from-above"; done
ln "$cross/usr/bin/less" "$cross/usr/bin/more-or-less"
echo 'in usr/lib' > "$cross/lib/through-a-link"
echo 'in usr/bin' > "$cross/bin/through-a-link"
ln "$cross/bin/through-a-link" "$cross/sbin/linked-through-links"
archive "$cross" "$work/cross.tar" --no-recursion \
  odd/text odd/dangling usr/bin/less odd/text-from-above odd/dangling-from-above \
  usr/bin/more-or-less lib/through-a-link bin/through-a-link sbin/linked-through-links
# Without the first names, the links lead into older layers.
tar --delete -f "$work/cross.tar" odd/text odd/dangling usr/bin/less
umoci raw add-layer --image "$out:full" "$work/cross.tar"

# --- 4: a directory whose older content is gone ------------------------------------------------
mkdir -p "$work/opaque/Etc"
echo 'the only zone' > "$work/opaque/Etc/UTC"
umoci insert --image "$out:full" --opaque "$work/opaque" /usr/share/zoneinfo

# --- 5: deletions, one of them of many files ----------------------------------------------------
umoci insert --image "$out:full" --whiteout /odd/deep/directory-7
umoci insert --image "$out:full" --whiteout /usr/share/terminfo

# --- 7: in the old format of GNU tar ------------------------------------------------------------
gnu=$work/gnu
mkdir -p "$gnu/gnu/$long/$long"
echo long > "$gnu/gnu/$long/$long/$long"
ln -s "$long/$long/$long" "$gnu/gnu/link"
ln "$gnu/gnu/$long/$long/$long" "$gnu/gnu/$long/$long/linked"
tar --format=gnu --numeric-owner --owner=3000000 --group=4294967294 -C "$gnu" -cf "$work/gnu.tar" gnu
umoci raw add-layer --image "$out:full" "$work/gnu.tar"
