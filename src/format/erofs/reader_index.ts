/**
 * The index of a compressed file, full or compact: what is known of each logical cluster.
 *
 * @module
 */
import { alignDown, alignUp, divideUp } from "../../bytes/align.ts";
import { DataLayout } from "./inode.ts";
import {
  Advise,
  FULL_INDEX_OFFSET,
  LCLUSTER_BLOCK_COUNT,
  LCLUSTER_INDEX_SIZE,
  LCLUSTER_PARTIAL,
  LCLUSTER_TYPE_MASK,
  LclusterType,
  MAP_HEADER_SIZE,
  readLclusterIndex,
  readMapHeader,
} from "./lcluster.ts";
import type { FoundInode } from "./reader_inodes.ts";
import type { ErofsVolume } from "./reader_volume.ts";

/** Bit of `clusterBits`: all of the file is in another one. */
const WHOLE_FRAGMENT = 0x80;
/** Bits of `delta[0]` that tell which of the two meanings it has, and the value. */
const LOW_BITS = 12;

/** Where the bytes of a compressed file are. */
export class FoundCompressed {
  /** Bytes of the file. */
  readonly size: number;
  /** Where the map header is. */
  readonly headerPosition: number;
  /** Whether the index is compact. */
  readonly isCompact: boolean;
  /** Bits of `Advise`. */
  readonly advise: number;
  /** Numbers of the two algorithms. */
  readonly algorithms: number;
  /** Base 2 logarithm of the bytes of a logical cluster. */
  readonly clusterBits: number;
  /** Bytes of the last piece where it stands behind the index. */
  readonly inlineSize: number;

  /** Reads the map header; throws `ImageError` `UNSUPPORTED` for what is not known. */
  constructor(volume: ErofsVolume, inode: FoundInode) {
    const thing = `inode ${inode.nid}`;
    const end = inode.position + inode.inodeSize + inode.xattrSize;
    this.size = inode.size;
    this.headerPosition = alignUp(end, 8);
    this.isCompact = inode.layout === DataLayout.compressedCompact;
    const { view, at } = volume.metadata(this.headerPosition, MAP_HEADER_SIZE, thing);
    const header = readMapHeader(view, at);
    this.advise = header.advise;
    this.algorithms = header.algorithms;
    this.clusterBits = volume.superblock.blockSizeBits + (header.clusterBits & 0xf);
    this.inlineSize = (header.advise & Advise.inlinePcluster) === 0
      ? 0
      : Math.floor(header.fragmentOffset / 0x1_0000);
    const isFragment = (header.advise & Advise.fragmentPcluster) !== 0;
    if (isFragment || header.clusterBits >= WHOLE_FRAGMENT) {
      throw volume.unsupported(thing, "its data is in a fragment", "data of its own");
    }
    if (!this.isCompact && (header.advise & Advise.extents) !== 0) {
      throw volume.unsupported(thing, "its index is of extents", "one of clusters");
    }
    if (this.clusterBits > (this.isCompact ? 14 : 16)) {
      throw volume.unsupported(
        thing,
        `clusters have 2^${this.clusterBits} bytes`,
        "at most 2^16, or 2^14 in a compact index",
      );
    }
    // A packed index has at least 2 bytes for each cluster.
    const entrySize = this.isCompact ? 2 : LCLUSTER_INDEX_SIZE;
    volume.claim(divideUp(this.size, 2 ** this.clusterBits) * entrySize, thing);
  }
}

/** What is known of a logical cluster. */
export interface Cluster {
  /** A value of `LclusterType`. */
  readonly type: number;
  /** Where in the cluster a piece starts; bytes. */
  readonly offset: number;
  /** Clusters back to the one where its piece starts. */
  readonly back: number;
  /** Clusters on to where the next piece starts, 0 where that is not known. */
  readonly forward: number;
  /** Blocks of compressed data of its piece, 0 where that is not said here. */
  readonly blockCount: number;
  /** First block of the piece that starts here. */
  readonly startBlock: number;
  /** Whether the piece is only a part of what its compressed data gives. */
  readonly isPartial: boolean;
  /** Where the index goes on behind it, or behind its pack. */
  readonly nextPosition: number;
}

/** Reads the entry of a cluster; throws `ImageError` `CORRUPT`. */
export function readCluster(volume: ErofsVolume, file: FoundCompressed, number: number): Cluster {
  const cluster = file.isCompact
    ? readCompact(volume, file, number)
    : readFull(volume, file, number);
  const isBig = (file.advise & (Advise.bigPcluster1 | Advise.bigPcluster2)) !== 0;
  const isOutside = cluster.type !== LclusterType.nonHead &&
    cluster.offset >= 2 ** file.clusterBits;
  if ((cluster.blockCount > 0 && !isBig) || isOutside) {
    throw volume.corrupt(
      "cluster index",
      `a piece starts at ${cluster.offset} with ${cluster.blockCount} blocks`,
      "one inside its cluster",
      cluster.nextPosition,
    );
  }
  return cluster;
}

function readFull(volume: ErofsVolume, file: FoundCompressed, number: number): Cluster {
  const position = file.headerPosition + FULL_INDEX_OFFSET + number * LCLUSTER_INDEX_SIZE;
  const { view, at } = volume.metadata(position, LCLUSTER_INDEX_SIZE, "cluster index");
  const { advise, clusterOffset, union } = readLclusterIndex(view, at);
  const nextPosition = position + LCLUSTER_INDEX_SIZE;
  const type = advise & LCLUSTER_TYPE_MASK;
  if (type !== LclusterType.nonHead) {
    const isPartial = (advise & LCLUSTER_PARTIAL) !== 0;
    return {
      type,
      offset: clusterOffset,
      back: 0,
      forward: 0,
      blockCount: 0,
      startBlock: union,
      isPartial,
      nextPosition,
    };
  }
  return { ...nonHead(union & 0xffff), forward: Math.floor(union / 0x1_0000), nextPosition };
}

/** A cluster in which no piece starts, by its distance or by the count of blocks. */
function nonHead(distance: number): Omit<Cluster, "nextPosition"> {
  const hasCount = (distance & LCLUSTER_BLOCK_COUNT) !== 0;
  return {
    type: LclusterType.nonHead,
    offset: 0,
    back: hasCount ? 1 : distance,
    forward: 0,
    blockCount: hasCount ? distance & (LCLUSTER_BLOCK_COUNT - 1) : 0,
    startBlock: 0,
    isPartial: false,
  };
}

/** Some entries of a compact index, and a block number behind them. */
interface Pack {
  readonly view: DataView;
  readonly at: number;
  /** Bytes of it. */
  readonly size: number;
  /** Entries. */
  readonly count: number;
  /** Bits of an entry. */
  readonly entryBits: number;
  /** Where it is in the image. */
  readonly position: number;
}

function readCompact(volume: ErofsVolume, file: FoundCompressed, number: number): Cluster {
  const { pack, index } = packOf(volume, file, number);
  const nextPosition = pack.position + pack.size;
  const { type, low } = entryOf(file, pack, index);
  if (type === LclusterType.nonHead) {
    const isLast = index + 1 === pack.count;
    const cluster = nonHead(low);
    if (cluster.blockCount > 0 || !isLast) return { ...cluster, nextPosition };
    // The last one of a pack has the distance to the end: the one before it has the other.
    const before = index === 0 ? null : entryOf(file, pack, index - 1);
    let back = 1;
    if (before?.type === LclusterType.nonHead) back += nonHead(before.low).back;
    return { ...cluster, back, forward: low, nextPosition };
  }
  const startBlock = pack.view.getUint32(pack.at + pack.size - 4, true) +
    blocksBefore(volume, file, pack, index);
  return {
    type,
    offset: low,
    back: 0,
    forward: 0,
    blockCount: 0,
    startBlock,
    isPartial: false,
    nextPosition,
  };
}

/** The pack of a cluster: first some of 4 bytes an entry, then of 2, then of 4 again. */
function packOf(
  volume: ErofsVolume,
  file: FoundCompressed,
  number: number,
): { pack: Pack; index: number } {
  const start = file.headerPosition + MAP_HEADER_SIZE;
  const total = divideUp(file.size, 2 ** file.clusterBits);
  // Packs of 2 bytes an entry take 32: up to there they have 4.
  const initial = (32 - start % 32) / 4 % 8;
  const hasSmall = (file.advise & Advise.compacted2b) !== 0 && initial < total;
  const small = hasSmall ? alignDown(total - initial, 16) : 0;
  let position = start;
  let left = number;
  let entrySize = 4;
  if (left >= initial) {
    position += initial * 4;
    left -= initial;
    if (left < small) entrySize = 2;
    else {
      position += small * 2;
      left -= small;
    }
  }
  position += left * entrySize;
  const count = entrySize === 2 ? 16 : 2;
  const size = entrySize * count;
  if (entrySize === 2 && file.clusterBits > LOW_BITS) {
    throw volume.unsupported("cluster index", "entries of 2 bytes for large clusters", "4 bytes");
  }
  const packPosition = alignDown(position, size);
  const { view, at } = volume.metadata(packPosition, size, "cluster index");
  return {
    pack: { view, at, size, count, entryBits: (size - 4) * 8 / count, position: packPosition },
    index: (position - packPosition) / entrySize,
  };
}

/** The bits of an entry: its type above its offset or distance. */
function entryOf(
  file: FoundCompressed,
  pack: Pack,
  index: number,
): { type: number; low: number } {
  const bit = index * pack.entryBits;
  const value = pack.view.getUint32(pack.at + (bit >>> 3), true) >>> (bit & 7);
  const lowBits = Math.max(file.clusterBits, LOW_BITS);
  return { type: value >>> lowBits & 3, low: value & (2 ** lowBits - 1) };
}

/** Blocks of all pieces of a pack that start before an entry; the pack counts from 1 without. */
function blocksBefore(
  volume: ErofsVolume,
  file: FoundCompressed,
  pack: Pack,
  index: number,
): number {
  const isBig = (file.advise & Advise.bigPcluster1) !== 0;
  let blocks = isBig ? 0 : 1;
  for (let i = index - 1; i >= 0; i--) {
    const { type, low } = entryOf(file, pack, i);
    if (type !== LclusterType.nonHead) {
      blocks++;
      continue;
    }
    if (!isBig) {
      i -= low;
      if (i >= 0) blocks++;
    } else if ((low & LCLUSTER_BLOCK_COUNT) !== 0) {
      i--;
      blocks += low & (LCLUSTER_BLOCK_COUNT - 1);
    } else {
      if (low <= 1) throw volume.corrupt("cluster index", `a distance is ${low}`, "2 or more");
      i -= low - 2;
    }
  }
  return blocks;
}
