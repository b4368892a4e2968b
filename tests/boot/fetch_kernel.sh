#!/usr/bin/env bash
# Fetches the kernel that the tests of this folder boot: Debian's for virtual machines.
#
# The package is unpacked, not installed: what starts this machine stays as it is. Prints where the
# kernel is; does nothing more where it is there already.
set -euo pipefail

place="${XDG_CACHE_HOME:-$HOME/.cache}/oci2rootfs-tests/kernel"

download() {
  local package
  package=$(apt-cache depends --important linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
  [[ -n $package ]] && apt-get download -q "$package" >&2
}

if [[ ! -e $place/vmlinuz ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # Downloads are made by a user of their own.
  chmod 755 "$work"
  cd "$work"
  if ! download; then
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get update -q >&2
    download
  fi
  dpkg-deb -x ./*.deb unpacked
  mkdir kernel
  mv unpacked/boot/vmlinuz-* kernel/vmlinuz
  mv -T "$(find unpacked -path '*/lib/modules/*' -prune)" kernel/modules
  find kernel/modules -name '*.ko.xz' -exec unxz {} +
  mkdir -p "${place%/*}"
  # A rename at the end, so that there is never half a kernel.
  cp -r kernel "$place.$$"
  mv -T "$place.$$" "$place"
fi
echo "$place"
