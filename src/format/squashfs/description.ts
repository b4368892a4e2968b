/**
 * What a squashfs image is, in the words of every format.
 *
 * @module
 */
import type { ImageDescription } from "../image_reader.ts";
import type { SquashfsVolume } from "./reader_volume.ts";
import { NO_TABLE, SuperblockFlag } from "./superblock.ts";

/** What `unsquashfs -s` says of the flags, in short. */
const FEATURES: readonly (readonly [flag: number, name: string])[] = [
  [SuperblockFlag.uncompressedInodes, "uncompressed-inodes"],
  [SuperblockFlag.uncompressedData, "uncompressed-data"],
  [SuperblockFlag.uncompressedFragments, "uncompressed-fragments"],
  [SuperblockFlag.noFragments, "no-fragments"],
  [SuperblockFlag.alwaysFragments, "always-use-fragments"],
  [SuperblockFlag.deduplicated, "duplicates-removed"],
  [SuperblockFlag.exportable, "exportable"],
  [SuperblockFlag.uncompressedXattrs, "uncompressed-xattrs"],
  [SuperblockFlag.noXattrs, "no-xattrs"],
  [SuperblockFlag.compressorOptions, "compressor-options"],
  [SuperblockFlag.uncompressedIds, "uncompressed-ids"],
];

/** Describes the image of a volume. */
export function describeSquashfs({ superblock, compression }: SquashfsVolume): ImageDescription {
  const { flags } = superblock;
  return {
    format: "squashfs",
    label: null,
    uuid: null,
    createdSeconds: superblock.createdSeconds,
    blockSize: superblock.blockSize,
    imageSize: superblock.bytesUsed,
    usedBytes: superblock.bytesUsed,
    inodeCount: superblock.inodeCount,
    features: FEATURES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name),
    details: {
      compression,
      fragments: superblock.fragmentCount,
      ids: superblock.idCount,
      hasXattrs: superblock.xattrTableStart !== NO_TABLE,
    },
  };
}
