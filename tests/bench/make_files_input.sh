#!/bin/sh
# make_files_input.sh KIND OUT: one directory OUT/tree and its tar OUT/layer.tar. KIND is one of
# small (60,000 files of up to 6 KiB), random (4 GiB that do not compress), sparse (3 GiB, nearly
# all hole), directory (40,000 files in one directory), empty (1,000,000 empty files).
set -eu
export LC_ALL=C
kind=$1 out=$2
tree=$out/tree
mkdir -p "$tree/data"

# Makes files: `directories` directories with `files` files each, `bytes` at most in a file.
fill() {
  awk -v tree="$tree/data" -v directories="$1" -v files="$2" -v bytes="$3" 'BEGIN {
    srand(1)
    line = "The quick brown fox jumps over the lazy dog, number "
    for (d = 0; d < directories; d++) {
      directory = sprintf("%s/d%04d", tree, d)
      system("mkdir " directory)
      for (f = 0; f < files; f++) {
        name = sprintf("%s/file-%06d", directory, f)
        if (bytes == 0) printf "" > name
        else for (size = rand() * bytes; size > 0; size -= 60) printf "%s%08d\n", line, rand() * 1e8 > name
        close(name)
      }
    }
  }'
}

case $kind in
  small) fill 600 100 6000 ;;
  random) head -c 4294967296 /dev/urandom > "$tree/data/random" ;;
  sparse)
    truncate -s 3G "$tree/data/sparse"
    for i in 1 2 3 4 5 6 7 8 9; do
      printf 'block %d' "$i" | dd of="$tree/data/sparse" bs=1 seek=$((i * 300000001)) conv=notrunc status=none
    done
    ;;
  directory) fill 1 40000 2000 ;;
  empty) fill 1000 1000 0 ;;
esac
tar --format=posix --numeric-owner --sparse -C "$tree" -cf "$out/layer.tar" .
