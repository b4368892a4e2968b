#!/usr/bin/env bash
# Fetches the kernel that the tests of this folder boot: Debian's newest for virtual machines that
# this release has, backports included.
#
# The package is unpacked, not installed, and lists of packages have a place of their own: this
# machine stays as it is. Prints where the kernel is; does nothing more where it is there already.
set -euo pipefail

place="${XDG_CACHE_HOME:-$HOME/.cache}/oci2rootfs-tests/kernel"

if [[ ! -e $place/vmlinuz ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  cd "$work"
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Release: $codename" |
    sed -n 1p)
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  for suite in "$codename" "$codename-backports"; do
    echo "deb [signed-by=$keys] ${site:?no package list of this release: run apt-get update} $suite main"
  done >sources
  mkdir -p lists/partial cache/archives/partial
  own=(
    -o "Dir::Etc::sourcelist=$work/sources" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root
  )
  # Not every release has backports; without any list, there is no package below.
  apt-get "${own[@]}" update -q >&2 || true
  # Newest first.
  package=$(apt-cache "${own[@]}" show linux-image-cloud-amd64 |
    sed -nE 's/^Depends:.*(linux-image-[^ ,]+).*/\1/p' | sed -n 1p)
  apt-get "${own[@]}" download -q "$package" >&2
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
