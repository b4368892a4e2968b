#!/bin/sh
# make_buildah_image.sh BASE OUT: an image with four layers in the new image layout OUT, once with
# gzip (tag `gzip`) and once with zstd (tag `zstd`). BASE is a Debian root filesystem. Needs root;
# the commands of the image are run in a chroot.
set -eu
umask 022
export LC_ALL=C TZ=UTC
base=$1 out=$2
work=$(mktemp -d "$(dirname "$out")/make_buildah_image.XXXXXX")
storage="--root $work/storage --runroot $work/run --storage-driver ${DRIVER:-overlay}"

cleanup() {
  # What is still mounted below must not be deleted through.
  awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | while read -r place; do
    umount "$place" || umount --lazy "$place"
  done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# Begins a container of the image $1 and mounts it at $root.
begin() {
  container=$(buildah $storage from --pull=never "$1")
  root=$(buildah $storage mount "$container")
}

# Makes the container's changes the top layer of the new image $1.
commit() {
  buildah $storage umount "$container" > /dev/null
  buildah $storage commit -q --rm "$container" "$1" > /dev/null
}

run() {
  buildah $storage run --isolation chroot "$container" -- "$@"
}

begin scratch
cp -a "$base/." "$root"
buildah $storage config --os linux --arch "$(dpkg --print-architecture)" --cmd /bin/bash \
  --env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$container"
commit first

# Changes and deletions by the image's own programs.
begin first
run rm -rf /usr/share/doc /usr/share/man /etc/issue.net
run mkdir -p /usr/share/doc/new /srv/data/a/b/c
run sh -c 'echo changed >> /etc/motd; echo data > /srv/data/a/b/c/file; ln /srv/data/a/b/c/file /srv/data/linked'
run sh -c 'mv /usr/share/zoneinfo /usr/share/zones; ln -s zones /usr/share/zoneinfo'
run sh -c 'chmod 4711 /usr/bin/nice; chown 5:6 /usr/bin/tail; chmod 0700 /etc'
run sh -c 'cp -a /etc/passwd /etc/passwd.copy; ln /usr/bin/head /usr/bin/head-linked; touch -d 2001-02-03T04:05:06Z /etc/passwd'
run sh -c 'i=0; while [ $i -lt 2000 ]; do : > /srv/data/entry-$i; i=$((i+1)); done'
commit second

# What only the tools outside can make.
begin second
setcap cap_net_admin+ep "$root/usr/bin/tail"
setfacl -m u:1000:rw,g:7:r "$root/etc/passwd"
setfacl -d -m u:1000:rwx "$root/srv/data"
setfattr -n user.colour -v blue "$root/srv/data/linked"
mknod "$root/srv/device" b 259 1048575
mkfifo "$root/srv/fifo"
printf 'x' > "$root/srv/$(printf 'latin1-\351')"
truncate -s 50M "$root/srv/sparse"
printf 'end' >> "$root/srv/sparse"
# The whole directory goes and comes back: the layer marks it opaque.
rm -rf "$root/srv/data/a"
mkdir -p "$root/srv/data/a"
echo again > "$root/srv/data/a/again"
commit third

# Deletions of what the layers before brought, and the reverse of a type change.
begin third
rm -rf "$root/usr/share/zoneinfo" "$root/srv/sparse" "$root/usr/bin/head"
mkdir "$root/usr/share/zoneinfo"
echo UTC > "$root/usr/share/zoneinfo/UTC"
for i in 0 1 2 3 4 5 6 7 8 9; do rm "$root"/srv/data/entry-1"$i"*; done
rm -rf "$root/srv/data/linked"
ln -s data "$root/srv/linked-directory"
commit fourth

buildah $storage push -q --compression-format gzip fourth "oci:$out:gzip" > /dev/null
buildah $storage push -q --compression-format zstd fourth "oci:$out:zstd" > /dev/null
