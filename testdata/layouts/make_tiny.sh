#!/bin/sh
# Makes testdata/layouts/tiny and testdata/archives/* with public tools. Run as root on Debian with
# the packages umoci, skopeo, buildah, jq, attr, acl and libcap2-bin. README.md says what is in it.
set -eu
umask 022
export LC_ALL=C TZ=UTC

here=$(cd "$(dirname "$0")" && pwd)
archives=$(cd "$here/../archives" && pwd)
work=$(mktemp -d /tmp/make_tiny.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"

created=2026-01-02T03:04:05Z
stamp=1767323045 # the same moment in seconds

# Gives every file below $1 the modification time $2 (umoci keeps whole seconds only).
settle() {
  find "$1" -exec touch -h -d "$2" {} +
}

# Adds the directory $1 as a layer of image:tiny, at the path $2; the rest are options of umoci.
insert() {
  source=$1 target=$2
  shift 2
  umoci insert --image image:tiny --history.created "$created" --history.created_by "umoci insert $target" \
    "$@" "$source" "$target"
}

# --- layer 0: a small root filesystem ---------------------------------------------------------
mkdir -p base/usr/bin base/usr/lib base/usr/share/doc/tiny base/etc/tiny.d base/var/cache/tiny \
  base/var/lib/tiny base/var/spool/tiny base/dev base/opt/old base/tmp base/home/user
ln -s usr/bin base/bin
ln -s usr/lib base/lib
cat > base/usr/bin/hello <<'SCRIPT'
#!/bin/sh
echo "hello from the base layer"
SCRIPT
chmod 4755 base/usr/bin/hello
ln base/usr/bin/hello base/usr/bin/hello-again
ln -s ../../bin/hello base/usr/share/doc/tiny/example
echo 'A library, so to speak' > base/usr/lib/libtiny.so.1
ln -s libtiny.so.1 base/usr/lib/libtiny.so
echo 'Read me first' > base/usr/share/doc/tiny/README
echo 'Permission is granted' > base/usr/share/doc/tiny/copyright
printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' > base/etc/passwd
echo 'NAME=tiny' > base/etc/os-release
echo 'first=1' > base/etc/tiny.d/first.conf
echo 'second=2' > base/etc/tiny.d/second.conf
for name in a b c; do echo "cached $name" > base/var/cache/tiny/$name; done
echo 'state 1' > base/var/lib/tiny/state
echo 'to be shadowed by a file' > base/opt/old/content
: > base/var/lib/tiny/empty
# More than one block, so that it does not fit where a small file may hide.
seq -f 'line %05g of a file that has several blocks' 1 300 > base/usr/share/doc/tiny/changelog
mkfifo base/var/spool/tiny/queue
mknod base/dev/null c 1 3
mknod base/dev/loop0 b 7 0
chmod 666 base/dev/null
chmod 660 base/dev/loop0
chown 0:6 base/dev/loop0
chmod 1777 base/tmp
chmod 2775 base/var/spool/tiny
chown 0:100 base/var/spool/tiny
echo 'notes' > "base/home/user/caf$(printf '\303\251').txt"
echo 'not UTF-8' > "base/home/user/latin$(printf '\351').txt"
chown -R 1000:1000 base/home/user
setfattr -n user.origin -v 'layer 0' base/etc/os-release
setfacl -m u:1000:rw,g:100:r base/var/lib/tiny/state
setcap cap_net_raw+ep base/usr/lib/libtiny.so.1
settle base "@$stamp"

umoci init --layout image
umoci new --image image:tiny
umoci config --image image:tiny --no-history --os linux --architecture amd64 --created "$created" \
  --config.entrypoint /bin/hello --config.env PATH=/usr/bin --config.workingdir / --config.user root \
  --config.label org.example.tiny=yes --author 'the project'
insert base /

# --- layer 1: what a package update does (unpack, change, repack) ------------------------------
umoci unpack --image image:tiny bundle
rootfs=bundle/rootfs
echo 'NAME=tiny VERSION=2' > $rootfs/etc/os-release
setfattr -x user.origin $rootfs/etc/os-release
rm $rootfs/etc/tiny.d/second.conf
rm -r $rootfs/opt/old
echo 'a file in the place of a directory' > $rootfs/opt/old
rm $rootfs/bin
mkdir $rootfs/bin
echo 'in the place of a symbolic link' > $rootfs/bin/tool
rm $rootfs/usr/bin/hello-again
chmod 0750 $rootfs/home/user
settle $rootfs/etc/os-release "@$((stamp + 100))"
settle $rootfs/etc/tiny.d "@$((stamp + 100))"
settle $rootfs/opt "@$((stamp + 100))"
settle $rootfs/bin "@$((stamp + 100))"
settle $rootfs/usr/bin "@$((stamp + 100))"
touch -d "@$((stamp + 100))" $rootfs $rootfs/home/user
umoci repack --image image:tiny --history.created "$created" --history.created_by 'umoci repack' bundle

# Layers 0 and 1 become zstd, what comes later stays gzip.
skopeo copy -q --dest-compress-format zstd oci:image:tiny oci:zstd:tiny
rm -r image
mv zstd image

# --- layer 2: an opaque directory ---------------------------------------------------------------
mkdir opaque
echo 'cached d' > opaque/d
settle opaque "@$((stamp + 200))"
insert opaque /var/cache/tiny --opaque

# --- layer 3: entries that only a hand-made tar has, and what differs between processors --------
for arch in amd64 arm64; do
  cp -r image image-$arch
  mkdir $arch
  mkdir -p $arch/usr/bin $arch/usr/share/doc/tiny $arch/lib $arch/etc
  echo "ARCH=$arch" > $arch/etc/tiny-arch
  echo 'landed in usr/lib' > $arch/lib/plugin.so
  cp -p base/usr/bin/hello $arch/usr/bin/hello
  ln $arch/usr/bin/hello $arch/usr/bin/hello-linked
  : > $arch/usr/share/doc/tiny/.wh.copyright
  settle $arch "@$((stamp + 300)).123456789"
  # A hard link to a file of layer 0 (`--delete` takes away the copy that tar stored), and
  # `lib/plugin.so` without an entry for `lib`, which layer 0 has as a symbolic link.
  tar --format=pax --pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f \
    --numeric-owner --no-recursion -C $arch -cf $arch.tar ./usr/bin/hello ./usr/bin/hello-linked \
    ./lib/plugin.so ./etc/tiny-arch ./usr/share/doc/tiny/.wh.copyright
  tar --delete -f $arch.tar ./usr/bin/hello
  umoci config --image image-$arch:tiny --no-history --architecture $arch --created "$created"
  umoci raw add-layer --image image-$arch:tiny --history.created "$created" \
    --history.created_by 'umoci raw add-layer' $arch.tar
  umoci config --image image-$arch:tiny --no-history --created "$created"
  umoci gc --layout image-$arch
done

# --- one index for both processors --------------------------------------------------------------
storage="--root $work/storage --runroot $work/run --storage-driver vfs"
buildah $storage manifest create tiny > /dev/null
buildah $storage manifest add --os linux --arch amd64 tiny oci:image-amd64:tiny > /dev/null
buildah $storage manifest add --os linux --arch arm64 tiny oci:image-arm64:tiny > /dev/null
rm -rf "$here/tiny"
buildah $storage manifest push -q --all --format oci tiny "oci:$here/tiny:tiny"

# --- archives -----------------------------------------------------------------------------------
rm -f "$archives"/*.tar
skopeo copy -q --all "oci:$here/tiny:tiny" "oci-archive:$archives/tiny.oci.tar:tiny"
# The docker transport of skopeo wants gzip and writes uncompressed layers.
skopeo copy -q --override-arch amd64 --dest-compress-format gzip "oci:$here/tiny:tiny" oci:gzip:tiny
skopeo copy -q oci:gzip:tiny "docker-archive:$archives/tiny.skopeo.docker.tar:example.org/tiny:1"

# What `docker save` wrote before version 25: a directory for each layer, the configuration and
# manifest.json. Its layer.tar files are the ones skopeo has under their diff_id.
mkdir skopeo old new
tar -C skopeo -xf "$archives/tiny.skopeo.docker.tar"
config=$(jq -r '.[0].Config' skopeo/manifest.json)
cp "skopeo/$config" "old/$config"
parent=
layers=
for layer in $(jq -r '.[0].Layers[]' skopeo/manifest.json); do
  # Docker named the directory by a digest over the chain of layers; any 64 digits will do.
  id=$(printf '%s %s' "$parent" "$layer" | sha256sum | cut -d' ' -f1)
  mkdir "old/$id"
  cp "skopeo/$layer" "old/$id/layer.tar"
  printf 1.0 > "old/$id/VERSION"
  jq -cn --arg id "$id" --arg parent "$parent" --arg created "$created" \
    '{id: $id, created: $created, os: "linux"} + if $parent == "" then {} else {parent: $parent} end' > "old/$id/json"
  layers="$layers $id/layer.tar"
  parent=$id
done
jq -cn --arg config "$config" '[{Config: $config, RepoTags: ["example.org/tiny:1"], Layers: $ARGS.positional}]' \
  --args $layers > old/manifest.json
jq -cn --arg id "$parent" '{"example.org/tiny": {"1": $id}}' > old/repositories

# What `docker save` writes since version 25: an image layout with uncompressed layers, and
# manifest.json whose paths lead into blobs/.
skopeo copy -q --dest-oci-accept-uncompressed-layers docker-archive:"$archives/tiny.skopeo.docker.tar" \
  oci:new:example.org/tiny:1
manifest=$(jq -r '.manifests[0].digest' new/index.json | tr : /)
jq -c --slurpfile old old/manifest.json '[$old[0][0] + {
    Config: ("blobs/" + (.config.digest | sub(":"; "/"))),
    Layers: [.layers[].digest | "blobs/" + sub(":"; "/")],
    LayerSources: (.layers | map({(.digest): {mediaType, size, digest}}) | add)
  }]' "new/blobs/$manifest" > new/manifest.json
jq -c '.manifests[0].annotations = {
    "io.containerd.image.name": "example.org/tiny:1", "org.opencontainers.image.ref.name": "1"}' \
  new/index.json > new/index.json.tmp
mv new/index.json.tmp new/index.json
cp old/repositories new/repositories

# Archives in the order and with the headers that docker writes: sorted, numeric owners, fixed times.
for form in old new; do
  tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$stamp" \
    -C $form -cf "$archives/tiny.docker_$form.tar" $(ls $form)
done
