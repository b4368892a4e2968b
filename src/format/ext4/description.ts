/**
 * What an ext4 image is, in the words of every format.
 *
 * @module
 */
import { byteStringFrom } from "../../bytes/byte_string.ts";
import type { ImageDescription } from "../image_reader.ts";
import { featureNames } from "./features.ts";
import type { Superblock } from "./superblock.ts";
import { formatUuid } from "./identity.ts";

/** Describes the filesystem of a superblock. */
export function describeExt4(superblock: Superblock): ImageDescription {
  const blockSize = 1024 * 2 ** superblock.logBlockSize;
  return {
    format: "ext4",
    label: labelOf(superblock.volumeName),
    uuid: formatUuid(superblock.uuid),
    createdSeconds: superblock.mkfsTimeHigh * 2 ** 32 + superblock.mkfsTime,
    blockSize,
    imageSize: superblock.blocksCount * blockSize,
    usedBytes: (superblock.blocksCount - superblock.freeBlocksCount) * blockSize,
    inodeCount: superblock.inodesCount - superblock.freeInodesCount,
    features: featureNames({
      compat: superblock.featureCompat,
      incompat: superblock.featureIncompat,
      roCompat: superblock.featureRoCompat,
    }),
    details: {
      inodeSize: superblock.inodeSize,
      inodes: superblock.inodesCount,
      reservedBytes: superblock.reservedBlocksCount * blockSize,
    },
  };
}

function labelOf(name: Uint8Array): string | null {
  const end = name.indexOf(0);
  const text = byteStringFrom(end < 0 ? name : name.subarray(0, end));
  return text === "" ? null : text;
}
