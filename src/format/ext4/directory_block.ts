/**
 * Directories as a list of entries: `.`, `..`, then the names in byte order, packed into blocks
 * that each end with a checksum.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { type ByteString, writeByteString } from "../../bytes/byte_string.ts";
import { FileKind } from "../../tree/inode.ts";
import { blockChecksum } from "./checksum.ts";
import { DIRENT_TAIL_SIZE, direntSize, writeDirent, writeDirentTail } from "./dirent.ts";
import type { BlockStage } from "./image_bytes.ts";

/** Bytes that `.` and `..` take. */
const DOTS_SIZE = 24;

/** An entry to be written. */
export interface DirectoryEntry {
  /** Name. */
  readonly name: ByteString;
  /** Inode number. */
  readonly inode: number;
  /** Kind of the file. */
  readonly kind: FileKind;
}

/** How many blocks a list of these names takes. */
export function linearDirectoryBlocks(names: readonly ByteString[], blockSize: number): number {
  const room = blockSize - DIRENT_TAIL_SIZE;
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

/** Writes one directory after the other. */
export class DirectoryBlockWriter {
  readonly #stage: BlockStage;
  readonly #blockSize: number;
  #at = 0;
  #used = 0;
  #lastSize = 0;
  #seed = 0;

  /** Creates a writer in front of `stage`. */
  constructor(stage: BlockStage, blockSize: number) {
    this.#stage = stage;
    this.#blockSize = blockSize;
  }

  /**
   * Writes the directory `number` to `blocks` (blocks of the image, as many as
   * `linearDirectoryBlocks` says or more: those are left without entries). `seed` is its
   * `inodeSeed`.
   */
  write(
    number: number,
    parentNumber: number,
    entries: Iterable<DirectoryEntry>,
    blocks: Iterator<number>,
    seed: number,
  ): void {
    this.#seed = seed;
    this.#open(blocks.next().value);
    this.#add(".", number, FileKind.directory);
    this.#add("..", parentNumber, FileKind.directory);
    const room = this.#blockSize - DIRENT_TAIL_SIZE;
    for (const { name, inode, kind } of entries) {
      if (this.#used + direntSize(name.length) > room) {
        this.#close();
        this.#open(blocks.next().value);
      }
      this.#add(name, inode, kind);
    }
    this.#close();
    for (let next = blocks.next(); !next.done; next = blocks.next()) {
      this.#open(next.value);
      this.#close();
    }
  }

  #open(block: number): void {
    this.#at = this.#stage.open(block);
    this.#used = 0;
    this.#lastSize = 0;
  }

  #add(name: ByteString, inode: number, fileType: FileKind): void {
    const at = this.#at + this.#used;
    const size = direntSize(name.length);
    writeDirent(this.#stage.view, at, {
      inode,
      recordLength: size,
      nameLength: name.length,
      fileType,
    });
    writeByteString(this.#stage.bytes, at + 8, name);
    this.#used += size;
    this.#lastSize = size;
  }

  /** Lets the last entry reach to the tail, and writes the tail. */
  #close(): void {
    const { bytes, view } = this.#stage;
    const room = this.#blockSize - DIRENT_TAIL_SIZE;
    const last = this.#at + this.#used - this.#lastSize;
    const recordLength = room - this.#used + this.#lastSize;
    view.setUint16(last + 4, recordLength, true);
    const checksum = blockChecksum(this.#seed, bytes, this.#at, room);
    writeDirentTail(view, this.#at + room, { checksum });
  }
}

/** Blocks that `lost+found` has at least, so that `e2fsck` finds room without allocating. */
export function lostAndFoundBlocks(blockSize: number): number {
  return alignUp(16384, blockSize) / blockSize;
}
