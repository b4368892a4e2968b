/**
 * Writes the blocks of directories: a list of entries in byte order while one block is enough,
 * else an index over leaves. With `metadata_csum`, every block ends
 * with a checksum.
 *
 * @module
 */
import { type ByteString, writeByteString } from "../../bytes/byte_string.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { blockChecksum, htreeChecksum } from "./checksum.ts";
import type { Ext4Content } from "./content.ts";
import { type DirectoryIndex, firstChild } from "./directory_index.ts";
import { direntSize, writeDirent, writeDirentTail } from "./dirent.ts";
import {
  HTREE_ENTRY_SIZE,
  HTREE_INFO_LENGTH,
  HTREE_NODE_ENTRIES_OFFSET,
  HTREE_ROOT_ENTRIES_OFFSET,
  HTREE_ROOT_INFO_OFFSET,
  htreeLimit,
  writeHtreeCountLimit,
  writeHtreeEntry,
  writeHtreeInfo,
} from "./htree.ts";
import type { Geometry } from "./geometry.ts";
import type { BlockStage } from "./image_bytes.ts";
import { HASH_HALF_MD4 } from "./superblock.ts";

/** Bytes that `.` and `..` take. */
const DOTS_SIZE = 24;
/** Bytes that `.` takes. */
const DOT_SIZE = 12;

/** How many blocks, each with `room` bytes for entries, a list of these names takes. */
export function linearDirectoryBlocks(names: readonly ByteString[], room: number): number {
  let blocks = 1;
  let used = DOTS_SIZE;
  for (const name of names) {
    const size = direntSize(name.length);
    if (used + size > room) {
      blocks++;
      used = 0;
    }
    used += size;
  }
  return blocks;
}

/** A directory to be written. */
export interface DirectoryInput {
  /** Its inode number. */
  readonly number: number;
  /** The inode number of its parent. */
  readonly parentNumber: number;
  /** Names in byte order. */
  readonly names: readonly ByteString[];
  /** The index, `null` for a list. */
  readonly index: DirectoryIndex | null;
  /** `inodeSeed` of the directory. */
  readonly seed: number;
  /** The file that a name stands for. */
  readonly childOf: (name: ByteString) => Inode<Ext4Content>;
  /** The inode number of a file. */
  readonly numberOf: (inode: Inode<Ext4Content>) => number;
}

/** Writes one directory after the other. */
export class DirectoryBlockWriter {
  readonly #stage: BlockStage;
  readonly #blockSize: number;
  readonly #hasChecksums: boolean;
  readonly #room: number;
  #at = 0;
  #used = 0;
  #lastSize = 0;
  #seed = 0;

  /** Creates a writer in front of `stage`. */
  constructor(stage: BlockStage, geometry: Geometry) {
    this.#stage = stage;
    this.#blockSize = geometry.blockSize;
    this.#hasChecksums = geometry.hasMetadataCsum;
    this.#room = geometry.directoryRoom;
  }

  /**
   * Writes a directory to `blocks` (blocks of the image). A list may have more blocks than it
   * needs: those are left without entries.
   */
  write(input: DirectoryInput, blocks: Iterator<number>): void {
    this.#seed = input.seed;
    if (input.index === null) this.#writeList(input, blocks);
    else this.#writeIndexed(input, input.index, blocks);
  }

  #writeList(input: DirectoryInput, blocks: Iterator<number>): void {
    this.#open(blocks);
    this.#add(".", input.number, FileKind.directory);
    this.#add("..", input.parentNumber, FileKind.directory);
    for (const name of input.names) {
      if (this.#used + direntSize(name.length) > this.#room) {
        this.#close();
        this.#open(blocks);
      }
      this.#addChild(input, name);
    }
    this.#close();
    for (let next = blocks.next(); !next.done; next = blocks.next()) {
      this.#at = this.#stage.open(next.value);
      this.#used = this.#lastSize = 0;
      this.#close();
    }
  }

  /** Root in block 0, interior nodes behind it, then the leaves. */
  #writeIndexed(input: DirectoryInput, index: DirectoryIndex, blocks: Iterator<number>): void {
    const { levelCounts, leafStarts, order } = index;
    this.#open(blocks);
    this.#writeRoot(input, index);
    let firstBlock = 1;
    for (let level = levelCounts.length - 1; level > 0; level--) {
      const count = levelCounts[level];
      firstBlock += count;
      for (let node = 0; node < count; node++) {
        this.#open(blocks);
        this.#writeNode(index, level, node, firstBlock);
      }
    }
    for (let leaf = 0; leaf < levelCounts[0]; leaf++) {
      this.#open(blocks);
      for (let i = leafStarts[leaf]; i < leafStarts[leaf + 1]; i++) {
        this.#addChild(input, input.names[order[i]]);
      }
      this.#close();
    }
  }

  #writeRoot(input: DirectoryInput, index: DirectoryIndex): void {
    const { view } = this.#stage;
    const levels = index.levelCounts.length;
    this.#add(".", input.number, FileKind.directory);
    this.#add("..", input.parentNumber, FileKind.directory);
    // Seen as a list, the block has no other entry: the second reaches to its end.
    view.setUint16(this.#at + DOT_SIZE + 4, this.#blockSize - DOT_SIZE, true);
    writeHtreeInfo(view, this.#at + HTREE_ROOT_INFO_OFFSET, {
      hashVersion: HASH_HALF_MD4,
      infoLength: HTREE_INFO_LENGTH,
      indirectLevels: levels - 1,
      unusedFlags: 0,
    });
    const count = index.levelCounts[levels - 1];
    this.#writeChildren(HTREE_ROOT_ENTRIES_OFFSET, index, levels - 1, 0, count, 1);
  }

  #writeNode(index: DirectoryIndex, level: number, node: number, firstBlock: number): void {
    writeDirent(this.#stage.view, this.#at, {
      inode: 0,
      recordLength: this.#blockSize,
      nameLength: 0,
      fileType: 0,
    });
    const children = index.levelCounts[level - 1];
    const nodes = index.levelCounts[level];
    const first = firstChild(node, nodes, children);
    const count = firstChild(node + 1, nodes, children) - first;
    this.#writeChildren(HTREE_NODE_ENTRIES_OFFSET, index, level - 1, first, count, firstBlock);
  }

  /** Writes the pairs for units `first` and on of `level`, whose unit 0 stands in `firstBlock`. */
  #writeChildren(
    offset: number,
    index: DirectoryIndex,
    level: number,
    first: number,
    count: number,
    firstBlock: number,
  ): void {
    const { bytes, view } = this.#stage;
    const at = this.#at + offset;
    const limit = htreeLimit(this.#blockSize, offset, this.#hasChecksums);
    writeHtreeCountLimit(view, at, { limit, count, block: firstBlock + first });
    for (let i = 1; i < count; i++) {
      const hash = index.leafHashes[firstLeaf(index, level, first + i)];
      writeHtreeEntry(view, at + HTREE_ENTRY_SIZE * i, { hash, block: firstBlock + first + i });
    }
    if (!this.#hasChecksums) return;
    const usedBytes = offset + HTREE_ENTRY_SIZE * count;
    const checksum = htreeChecksum(this.#seed, bytes, this.#at, usedBytes, 0);
    view.setUint32(at + HTREE_ENTRY_SIZE * limit + 4, checksum, true); // dt_checksum
  }

  #open(blocks: Iterator<number>): void {
    this.#at = this.#stage.open(blocks.next().value);
    this.#used = 0;
    this.#lastSize = 0;
  }

  #addChild(input: DirectoryInput, name: ByteString): void {
    const child = input.childOf(name);
    this.#add(name, input.numberOf(child), child.kind);
  }

  #add(name: ByteString, inode: number, fileType: FileKind): void {
    const { bytes, view } = this.#stage;
    const at = this.#at + this.#used;
    const recordLength = direntSize(name.length);
    writeDirent(view, at, { inode, recordLength, nameLength: name.length, fileType });
    writeByteString(bytes, at + 8, name);
    this.#used += recordLength;
    this.#lastSize = recordLength;
  }

  /** Lets the last entry reach to the tail, and writes the tail. */
  #close(): void {
    const { bytes, view } = this.#stage;
    const last = this.#at + this.#used - this.#lastSize;
    view.setUint16(last + 4, this.#room - this.#used + this.#lastSize, true); // rec_len
    if (!this.#hasChecksums) return;
    const checksum = blockChecksum(this.#seed, bytes, this.#at, this.#room);
    writeDirentTail(view, this.#at + this.#room, { checksum });
  }
}

/** The first leaf below unit `unit` of `level`. */
function firstLeaf(index: DirectoryIndex, level: number, unit: number): number {
  let leaf = unit;
  for (let below = level; below > 0; below--) {
    leaf = firstChild(leaf, index.levelCounts[below], index.levelCounts[below - 1]);
  }
  return leaf;
}
