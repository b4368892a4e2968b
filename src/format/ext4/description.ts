/**
 * What an ext4 image is, in the words of every format.
 *
 * @module
 */
import { byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import type { ImageDescription } from "../image_reader.ts";
import { CompatFeature, featureNames, IncompatFeature, RoCompatFeature } from "./features.ts";
import { formatUuid } from "./identity.ts";
import { groupCountOf } from "./reader_geometry.ts";
import { STATE_CLEAN, STATE_ERROR, type Superblock } from "./superblock.ts";

/** What ext3 knows beside a journal; ext2 the same. */
const EXT3_INCOMPAT = IncompatFeature.filetype | IncompatFeature.recover | IncompatFeature.metaBg;
const EXT3_RO_COMPAT = RoCompatFeature.sparseSuper | RoCompatFeature.largeFile;

/**
 * Describes the filesystem of a superblock. `isReplayed`: it was not unmounted, and its journal was
 * replayed in memory.
 */
export function describeExt4(superblock: Superblock, isReplayed: boolean): ImageDescription {
  const blockSize = 1024 * 2 ** superblock.logBlockSize;
  const lastMounted = textOf(superblock.lastMounted);
  return {
    format: "ext4",
    label: textOf(superblock.volumeName),
    uuid: formatUuid(superblock.uuid),
    createdSeconds: superblock.mkfsTimeHigh * 2 ** 32 + superblock.mkfsTime || null,
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
      kind: kindOf(superblock),
      state: stateOf(superblock, isReplayed),
      journal: journalOf(superblock),
      blocks: superblock.blocksCount,
      ...(superblock.logClusterSize === superblock.logBlockSize
        ? {}
        : { clusterSize: 1024 * 2 ** superblock.logClusterSize }),
      groups: groupCountOf(superblock),
      freeBytes: superblock.freeBlocksCount * blockSize,
      reservedBytes: superblock.reservedBlocksCount * blockSize,
      inodes: superblock.inodesCount,
      freeInodes: superblock.freeInodesCount,
      inodeSize: superblock.inodeSize,
      ...(lastMounted === null ? {} : { lastMounted: displayByteString(lastMounted) }),
    },
  };
}

/** The oldest of the three filesystems that has all features. */
function kindOf({ featureCompat, featureIncompat, featureRoCompat }: Superblock): string {
  const isOld = (featureIncompat & ~EXT3_INCOMPAT) === 0 &&
    (featureRoCompat & ~EXT3_RO_COMPAT) === 0;
  if (!isOld) return "ext4";
  return (featureCompat & CompatFeature.hasJournal) === 0 ? "ext2" : "ext3";
}

function stateOf({ state }: Superblock, isReplayed: boolean): string {
  if ((state & STATE_ERROR) !== 0) return "with errors";
  if (isReplayed) return "not unmounted, journal replayed in memory";
  return (state & STATE_CLEAN) === 0 ? "not unmounted" : "clean";
}

function journalOf({ featureCompat, journalInode }: Superblock): string {
  if ((featureCompat & CompatFeature.hasJournal) === 0) return "none";
  return journalInode === 0 ? "on another device" : "internal";
}

function textOf(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0);
  const text = byteStringFrom(end < 0 ? bytes : bytes.subarray(0, end));
  return text === "" ? null : text;
}
