#!/bin/sh
# make_debian_input.sh BASE OUT: an image of ten layers, 2 GB uncompressed, as a series of package
# installations gives it: OUT/layout (gzip), OUT/zstd (zstd), both with the tag `image`, and the
# unpacked image OUT/tree. BASE is a Debian root filesystem. Needs root and network.
set -eu
export LC_ALL=C TZ=UTC
base=$1 out=$2
umoci init --layout "$out/layout"
umoci new --image "$out/layout:image"
umoci config --image "$out/layout:image" --os linux --architecture "$(dpkg --print-architecture)"
umoci insert --image "$out/layout:image" "$base" /
umoci unpack --image "$out/layout:image" "$out/bundle"
root=$out/bundle/rootfs

# Runs a command in the image and adds what it changed as a layer.
layer() {
  chroot "$root" env DEBIAN_FRONTEND=noninteractive sh -c "$1" > "$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
  rm -f "$root"/var/cache/apt/archives/*.deb
  umoci repack --refresh-bundle --image "$out/layout:image" "$out/bundle"
}

install='apt-get -q install -y --no-install-recommends'
cp /etc/resolv.conf "$root/etc/resolv.conf"
layer "apt-get -q update && $install ca-certificates git"
layer "$install python3 perl"
layer "$install golang-go"
layer "$install rustc"
layer "$install g++ make"
layer "$install llvm"
layer "$install vim"
layer 'rm -rf /usr/share/doc /usr/share/man /usr/share/locale /var/lib/apt/lists'
layer 'mkdir /app && cp -r /usr/lib/python3* /app && touch /usr/lib/git-core/*'

mv "$root" "$out/tree"
rm -rf "$out/bundle" "$out/log"
skopeo copy -q --dest-compress-format zstd "oci:$out/layout:image" "oci:$out/zstd:image"
