/**
 * How an inode stands in the image: its version, its data layout, and what follows it.
 *
 * @module
 */
import { alignUp, divideUp } from "../../bytes/align.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { BLOCK_MAP_ENTRY_SIZE, CHUNK_INDEX_SIZE } from "./chunk.ts";
import { CompressedContent, type ErofsContent, FlatContent } from "./content.ts";
import { directoryBlocks, directoryTailSize, namesWithDots } from "./directory_block.ts";
import { DataLayout, INODE_COMPACT_SIZE, INODE_EXTENDED_SIZE } from "./inode.ts";
import type { Epoch } from "./inode_list.ts";
import { FULL_INDEX_OFFSET, LCLUSTER_INDEX_SIZE } from "./lcluster.ts";
import type { XattrTable } from "./xattr_table.ts";

/** What shapes depend on. */
export interface ShapeInput {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Time of compact inodes. */
  readonly epoch: Epoch;
  /** All attributes. */
  readonly xattrs: XattrTable;
  /** Whether blocks have numbers of 48 bits. */
  readonly is48bit: boolean;
}

/** An inode as it stands in the image. */
export interface InodeShape {
  /** Whether it takes 64 bytes instead of 32. */
  readonly isExtended: boolean;
  /** How its data is found. */
  readonly layout: DataLayout;
  /** `i_size`. */
  readonly size: number;
  /** Bytes to what follows inode and attributes. */
  readonly headSize: number;
  /** Bytes of a map behind that, with the bytes that align it. */
  readonly mapSize: number;
  /** Bytes of data behind that, which must stand in one block. */
  readonly tailSize: number;
  /** Blocks of a directory or symbolic link, apart from the tail. */
  readonly outerBlocks: number;
}

/** What the data of a file makes of its inode. */
interface DataShape {
  layout: DataLayout;
  size: number;
  mapSize: number;
  tailSize: number;
  outerBlocks: number;
}

/** The shape of an inode; throws `ImageError` `LIMIT_EXCEEDED` for too many attributes. */
export function shapeOf(inode: Inode<ErofsContent>, input: ShapeInput): InodeShape {
  const xattrSize = input.xattrs.sizeOf(inode.xattrs);
  const isExtended = needsExtended(inode, input);
  const headSize = (isExtended ? INODE_EXTENDED_SIZE : INODE_COMPACT_SIZE) + xattrSize;
  const data = dataShape(inode, headSize, input);
  return { isExtended, headSize, ...data };
}

function needsExtended(inode: Inode, { epoch, is48bit }: ShapeInput): boolean {
  return is48bit || inode.mtimeSeconds !== epoch.seconds ||
    inode.mtimeNanoseconds !== epoch.nanoseconds || inode.uid > 0xffff || inode.gid > 0xffff ||
    inode.linkCount > 0xffff || inode.size > 0xffff_ffff;
}

function dataShape(inode: Inode<ErofsContent>, headSize: number, input: ShapeInput): DataShape {
  const { blockSize } = input;
  switch (inode.kind) {
    case FileKind.directory:
      return directoryShape(inode, blockSize);
    case FileKind.symlink: {
      const size = inode.target.length;
      // Kernels before 6.12 read a target only from the block of its inode.
      return headSize + size <= blockSize
        ? { ...PLAIN, layout: DataLayout.flatInline, size, tailSize: size }
        : { ...PLAIN, size, outerBlocks: divideUp(size, blockSize) };
    }
    case FileKind.regular:
      return inode.content === null
        ? PLAIN
        : contentShape(inode.content, inode.size, headSize, input);
    default:
      return PLAIN;
  }
}

const PLAIN: DataShape = {
  layout: DataLayout.flatPlain,
  size: 0,
  mapSize: 0,
  tailSize: 0,
  outerBlocks: 0,
};

function contentShape(
  content: ErofsContent,
  size: number,
  headSize: number,
  { blockSize, is48bit }: ShapeInput,
): DataShape {
  if (content instanceof FlatContent) {
    if (content.tailPosition < 0) return { ...PLAIN, size };
    const tailSize = size - content.blockCount * blockSize;
    return { ...PLAIN, layout: DataLayout.flatInline, size, tailSize };
  }
  if (content instanceof CompressedContent) {
    if (!content.isSmaller) return { ...PLAIN, size };
    const indexes = divideUp(size, blockSize) * LCLUSTER_INDEX_SIZE;
    const mapSize = alignUp(headSize, 8) - headSize + FULL_INDEX_OFFSET + indexes;
    return { ...PLAIN, layout: DataLayout.compressedFull, size, mapSize };
  }
  const entrySize = is48bit ? CHUNK_INDEX_SIZE : BLOCK_MAP_ENTRY_SIZE;
  const entries = divideUp(size, blockSize * 2 ** content.chunkBits);
  const mapSize = alignUp(headSize, entrySize) - headSize + entries * entrySize;
  return { ...PLAIN, layout: DataLayout.chunkBased, size, mapSize };
}

function directoryShape(directory: Inode, blockSize: number): DataShape {
  let outerBlocks = 0;
  let last = 0;
  for (const { size } of directoryBlocks(namesWithDots(directory), blockSize)) {
    outerBlocks++;
    last = size;
  }
  const tailSize = directoryTailSize(last, blockSize);
  if (tailSize === 0) return { ...PLAIN, size: outerBlocks * blockSize, outerBlocks };
  outerBlocks--;
  const size = outerBlocks * blockSize + tailSize;
  return { ...PLAIN, layout: DataLayout.flatInline, size, tailSize, outerBlocks };
}
