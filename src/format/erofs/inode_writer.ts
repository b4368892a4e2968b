/**
 * Writes inodes with all that stands behind them: attributes, maps, and the ends of contents.
 *
 * @module
 */
import { alignUp, divideUp } from "../../bytes/align.ts";
import { writeByteString } from "../../bytes/byte_string.ts";
import { high32, low32 } from "../../bytes/u64.ts";
import { FileKind, type Inode, modeOf } from "../../tree/inode.ts";
import { CHUNK_48BIT, CHUNK_INDEXES, writeBlockMapEntry, writeChunkIndex } from "./chunk.ts";
import { writeCompressedIndex } from "./compressed_index.ts";
import { ChunkedContent, CompressedContent, type ErofsContent, FlatContent } from "./content.ts";
import {
  DataLayout,
  INODE_COMPACT_SIZE,
  INODE_EXTENDED_SIZE,
  inodeFormat,
  NULL_BLOCK,
  writeCompactInode,
  writeExtendedInode,
} from "./inode.ts";
import { type InodeShape, type ShapeInput, shapeOf } from "./inode_shape.ts";
import type { MetadataStage } from "./metadata_stage.ts";
import type { TailStore } from "./tail_store.ts";
import { xattrCount } from "./xattr.ts";

/** What inodes are written from. */
export interface InodeWriterInput extends ShapeInput {
  /** Where they go. */
  readonly stage: MetadataStage;
  /** The ends of files. */
  readonly tails: TailStore;
  /** Algorithm of compressed files, as `h_algorithmtype` has it. */
  readonly algorithm: number;
  /** First block of a directory or symbolic link that has blocks. */
  readonly outerBlockOf: (inode: Inode<ErofsContent>) => number;
  /** Writes the last block of a directory. */
  readonly writeDirectoryTail: (
    directory: Inode<ErofsContent>,
    bytes: Uint8Array,
    view: DataView,
    at: number,
  ) => void;
}

/** Writes one inode after the other. */
export class InodeWriter {
  readonly #input: InodeWriterInput;

  /** Begins. */
  constructor(input: InodeWriterInput) {
    this.#input = input;
  }

  /** Writes an inode at `position` of the image; `ino` is its number for 32-bit `stat`. */
  write(inode: Inode<ErofsContent>, position: number, ino: number): void {
    const { stage, xattrs } = this.#input;
    const shape = shapeOf(inode, this.#input);
    const at = stage.open(position, shape.headSize + shape.mapSize + shape.tailSize);
    const { bytes, view } = stage;
    const startBlock = this.#startBlock(inode, shape);
    const inodeSize = shape.isExtended ? INODE_EXTENDED_SIZE : INODE_COMPACT_SIZE;
    const fields = {
      format: inodeFormat(shape.layout, shape.isExtended),
      xattrCount: xattrCount(shape.headSize - inodeSize),
      mode: modeOf(inode),
      blockHigh: high32(startBlock),
      linksOrHigh: inode.linkCount,
      size: shape.size,
      union: low32(startBlock),
      ino,
      uid: inode.uid,
      gid: inode.gid,
      mtimeOffset: 0,
      mtimeSeconds: inode.mtimeSeconds,
      mtimeNanoseconds: inode.mtimeNanoseconds,
      links: inode.linkCount,
    };
    if (shape.isExtended) writeExtendedInode(view, at, fields);
    else writeCompactInode(view, at, fields);
    xattrs.write(bytes, view, at + inodeSize, inode.xattrs);
    if (shape.mapSize > 0) this.#writeMap(inode, shape, view, at + shape.headSize);
    if (shape.tailSize > 0) this.#writeTail(inode, shape, bytes, view, at + shape.headSize);
  }

  /** `i_u`: where data starts, or what stands for it. */
  #startBlock(inode: Inode<ErofsContent>, shape: InodeShape): number {
    switch (inode.kind) {
      case FileKind.characterDevice:
      case FileKind.blockDevice:
        return deviceNumber(inode);
      case FileKind.directory:
      case FileKind.symlink:
        return shape.outerBlocks > 0 ? this.#input.outerBlockOf(inode) : 0;
      case FileKind.regular:
        break;
      default:
        return 0;
    }
    const { content } = inode;
    if (content instanceof ChunkedContent) {
      return content.chunkBits + (this.#input.is48bit ? CHUNK_INDEXES + CHUNK_48BIT : 0);
    }
    if (content instanceof CompressedContent) {
      return content.isSmaller ? content.blockCount : content.startBlock;
    }
    return content === null || content.blockCount === 0 ? 0 : content.startBlock;
  }

  #writeMap(inode: Inode<ErofsContent>, shape: InodeShape, view: DataView, at: number): void {
    const { blockSize, is48bit, algorithm } = this.#input;
    const { content } = inode;
    if (content instanceof CompressedContent) {
      const padding = alignUp(shape.headSize, 8) - shape.headSize;
      writeCompressedIndex(view, at + padding, content, inode.size, blockSize, algorithm);
    } else if (content instanceof ChunkedContent) {
      const padding = is48bit ? alignUp(shape.headSize, 8) - shape.headSize : 0;
      const count = divideUp(inode.size, blockSize * 2 ** content.chunkBits);
      writeChunkMap(view, at + padding, content, count, is48bit);
    }
  }

  #writeTail(
    inode: Inode<ErofsContent>,
    shape: InodeShape,
    bytes: Uint8Array,
    view: DataView,
    at: number,
  ): void {
    if (inode.kind === FileKind.symlink) writeByteString(bytes, at, inode.target);
    else if (inode.kind === FileKind.directory) {
      this.#input.writeDirectoryTail(inode, bytes, view, at);
    } else if (inode.content instanceof FlatContent && shape.layout === DataLayout.flatInline) {
      this.#input.tails.read(bytes, at, shape.tailSize, inode.content.tail);
    }
  }
}

/** Writes the place of each of `count` chunks. */
function writeChunkMap(
  view: DataView,
  at: number,
  { runs, chunkBits }: ChunkedContent,
  count: number,
  is48bit: boolean,
): void {
  const chunkBlocks = 2 ** chunkBits;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const logical = i * chunkBlocks;
    while (next < runs.length && runs[next].logicalBlock + runs[next].blockCount <= logical) next++;
    const run = next < runs.length && runs[next].logicalBlock <= logical ? runs[next] : null;
    const block = run === null ? null : run.startBlock + logical - run.logicalBlock;
    if (is48bit) {
      writeChunkIndex(view, at + 8 * i, {
        startBlockHigh: block === null ? 0xffff : high32(block),
        deviceId: 0,
        startBlock: block === null ? NULL_BLOCK : low32(block),
      });
    } else {
      writeBlockMapEntry(view, at + 4 * i, block ?? NULL_BLOCK);
    }
  }
}

/** A device number as `new_encode_dev` of the kernel has it: 12 and 20 bits. */
function deviceNumber({ deviceMajor, deviceMinor }: Inode): number {
  return (deviceMinor & 0xff) + deviceMajor * 0x100 + Math.floor(deviceMinor / 0x100) * 0x10_0000;
}
