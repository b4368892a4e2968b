#!/bin/sh
# make_debian_base.sh OUT: a small Debian root filesystem in the directory OUT (as root, with network).
set -eu
out=$1
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
debootstrap --variant=minbase "$suite" "$out"
# The packages themselves are most of the bytes and nothing that an image would hold.
rm -f "$out"/var/cache/apt/archives/*.deb
