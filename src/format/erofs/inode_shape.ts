/**
 * How an inode stands in the image: its version, its data layout, and what follows it.
 *
 * @module
 */
import { alignUp, divideUp } from "../../bytes/align.ts";
import type { ByteString } from "../../bytes/byte_string.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { BLOCK_MAP_ENTRY_SIZE, CHUNK_INDEX_SIZE } from "./chunk.ts";
import { CompressedContent, type ErofsContent, FlatContent } from "./content.ts";
import { directoryBlocks, directoryTailSize } from "./directory_block.ts";
import { DataLayout, INODE_COMPACT_SIZE, INODE_EXTENDED_SIZE } from "./inode.ts";
import type { DirectoryPlace } from "./inode_list.ts";
import { FULL_INDEX_OFFSET, LCLUSTER_INDEX_SIZE } from "./lcluster.ts";
import type { Epoch } from "./most_frequent_time.ts";
import type { XattrTable } from "./xattr_table.ts";

/** What shapes depend on. */
export interface ShapeInput {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Time of compact inodes. */
  readonly epoch: Epoch;
  /** All directories. */
  readonly directories: ReadonlyMap<Inode<ErofsContent>, DirectoryPlace>;
  /** All attributes. */
  readonly xattrs: XattrTable;
  /** Whether blocks have numbers of 48 bits. */
  readonly is48bit: boolean;
}

/** An inode as it stands in the image. */
export interface InodeShape {
  /** Whether it takes 64 bytes instead of 32. */
  isExtended: boolean;
  /** How its data is found. */
  layout: DataLayout;
  /** `i_size`. */
  size: number;
  /** Bytes to what follows inode and attributes. */
  headSize: number;
  /** Bytes of a map behind that, with the bytes that align it. */
  mapSize: number;
  /** Bytes of data behind that, which must stand in one block. */
  tailSize: number;
  /** Blocks of a directory or symbolic link, apart from the tail. */
  outerBlocks: number;
}

/** The shape of an inode; throws `ImageError` `LIMIT_EXCEEDED` for too many attributes. */
export function shapeOf(inode: Inode<ErofsContent>, input: ShapeInput): InodeShape {
  const isExtended = needsExtended(inode, input);
  const inodeSize = isExtended ? INODE_EXTENDED_SIZE : INODE_COMPACT_SIZE;
  const shape: InodeShape = {
    isExtended,
    layout: DataLayout.flatPlain,
    size: 0,
    headSize: inodeSize + input.xattrs.sizeOf(inode.xattrs),
    mapSize: 0,
    tailSize: 0,
    outerBlocks: 0,
  };
  if (inode.kind === FileKind.directory) {
    shapeDirectory(shape, input.directories.get(inode)!.names, input.blockSize);
  } else if (inode.kind === FileKind.symlink) {
    shapeSymlink(shape, inode.target.length, input.blockSize);
  } else if (inode.kind === FileKind.regular && inode.content !== null) {
    shape.size = inode.size;
    shapeContent(shape, inode.content, input);
  }
  return shape;
}

function needsExtended(inode: Inode, { epoch, is48bit }: ShapeInput): boolean {
  return is48bit || inode.mtimeSeconds !== epoch.seconds ||
    inode.mtimeNanoseconds !== epoch.nanoseconds || inode.uid > 0xffff || inode.gid > 0xffff ||
    inode.linkCount > 0xffff || inode.size > 0xffff_ffff;
}

function shapeSymlink(shape: InodeShape, size: number, blockSize: number): void {
  shape.size = size;
  // Kernels before 6.12 read a target only from the block of its inode.
  if (shape.headSize + size <= blockSize) {
    shape.layout = DataLayout.flatInline;
    shape.tailSize = size;
  } else {
    shape.outerBlocks = divideUp(size, blockSize);
  }
}

function shapeContent(
  shape: InodeShape,
  content: ErofsContent,
  { blockSize, is48bit }: ShapeInput,
): void {
  const { size, headSize } = shape;
  if (content instanceof FlatContent) {
    if (content.tail < 0) return;
    shape.layout = DataLayout.flatInline;
    shape.tailSize = size - content.blockCount * blockSize;
  } else if (content instanceof CompressedContent) {
    if (!content.isSmaller) return;
    const indexes = divideUp(size, blockSize) * LCLUSTER_INDEX_SIZE;
    shape.layout = DataLayout.compressedFull;
    shape.mapSize = alignUp(headSize, 8) - headSize + FULL_INDEX_OFFSET + indexes;
  } else {
    const entrySize = is48bit ? CHUNK_INDEX_SIZE : BLOCK_MAP_ENTRY_SIZE;
    const entries = divideUp(size, blockSize * 2 ** content.chunkBits);
    shape.layout = DataLayout.chunkBased;
    shape.mapSize = alignUp(headSize, entrySize) - headSize + entries * entrySize;
  }
}

function shapeDirectory(shape: InodeShape, names: readonly ByteString[], blockSize: number): void {
  let blocks = 0;
  let last = 0;
  for (const { size } of directoryBlocks(names, blockSize)) {
    blocks++;
    last = size;
  }
  shape.tailSize = directoryTailSize(last, blockSize);
  if (shape.tailSize > 0) {
    shape.layout = DataLayout.flatInline;
    blocks--;
  }
  shape.outerBlocks = blocks;
  shape.size = blocks * blockSize + shape.tailSize;
}
