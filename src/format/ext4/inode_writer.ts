/**
 * Turns the files of the tree into inodes: fields, start of the content, attributes; and writes
 * the blocks of metadata that belong to them.
 *
 * @module
 */
import { crc32c } from "../../bytes/crc32c.ts";
import { high32, low32 } from "../../bytes/u64.ts";
import { makeVerityDescriptor } from "../../fsverity/verity_descriptor.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { writeByteString } from "../../bytes/byte_string.ts";
import { FileKind, type Inode, modeOf } from "../../tree/inode.ts";
import { inodeSeed, xattrBlockChecksum } from "./checksum.ts";
import { Ext4Content, Ext4InlineContent } from "./content.ts";
import { DirectoryBlockWriter } from "./directory_block.ts";
import { writeExtentTree } from "./extent_tree.ts";
import type { Geometry } from "./geometry.ts";
import { BlockStage } from "./image_bytes.ts";
import {
  type DiskInode,
  INODE_BLOCK_OFFSET,
  INODE_BLOCK_SIZE,
  INODE_EA_INODE,
  INODE_EXTENTS,
  INODE_EXTRA_ISIZE,
  INODE_GOOD_OLD_SIZE,
  INODE_INDEX,
  INODE_INLINE_DATA,
  INODE_VERITY,
  JOURNAL_INODE,
  RESIZE_INODE,
  zeroInode,
} from "./inode.ts";
import { type InodeLimits, type InodeList, LINK_MAX, type OuterXattrs } from "./inode_list.ts";
import { writeInlineDirectory } from "./inline_directory.ts";
import { inlineValueRoom, inlineXattr } from "./inline_value.ts";
import { InodeTableWriter } from "./inode_table.ts";
import { writeEmptyJournal } from "./journal.ts";
import type { MetadataItem } from "./metadata_item.ts";
import type { Plan } from "./plan.ts";
import { resizeInodeBlocks, resizeInodeSize, writeResizeBlocks } from "./resize_inode.ts";
import { MIN_SECONDS, timestampExtra, timestampLow } from "./timestamp.ts";
import { VERITY_ALGORITHM, writeVerityDescriptorBlock } from "./verity_metadata.ts";
import { layOutXattrs, writeInodeXattrs, writeXattrBlock } from "./xattr_layout.ts";
import type { LargeValue, SharedXattrBlock } from "./xattr_store.ts";

const EMPTY_CONTENT = new Ext4Content(null);

/** Writes the inodes of a list, in order of their numbers. */
export class InodeWriter {
  readonly #blocks: BlockStage;
  readonly #records: BlockStage;
  readonly #table: InodeTableWriter;
  readonly #directories: DirectoryBlockWriter;
  readonly #geometry: Geometry;
  readonly #list: InodeList;
  readonly #limits: InodeLimits;
  readonly #seed: number;
  // One record for all: a million inodes need no million objects.
  readonly #record: DiskInode = { ...zeroInode(), extraIsize: INODE_EXTRA_ISIZE };

  /** Creates a writer; `seed` is the checksum seed of the filesystem. */
  constructor(
    sink: ByteSink,
    geometry: Geometry,
    list: InodeList,
    limits: InodeLimits,
    tables: readonly number[],
    inodesPerGroup: number,
    seed: number,
  ) {
    this.#blocks = new BlockStage(sink, geometry.blockSize);
    this.#records = new BlockStage(sink, geometry.blockSize);
    this.#table = new InodeTableWriter(this.#records, geometry, tables, inodesPerGroup);
    this.#directories = new DirectoryBlockWriter(this.#blocks, geometry);
    this.#geometry = geometry;
    this.#list = list;
    this.#limits = limits;
    this.#seed = seed;
    if (geometry.inodeSize === INODE_GOOD_OLD_SIZE) this.#record.extraIsize = 0;
  }

  /** Writes an inode of the tree; `item` has its blocks of metadata, where it has any. */
  write(number: number, inode: Inode<Ext4Content>, item: MetadataItem | null): void {
    const seed = inodeSeed(this.#seed, number, 0);
    const at = this.#table.open(number);
    const record = this.#record;
    const links = this.#list.linkCountOf(number);
    record.mode = modeOf(inode);
    record.uid = inode.uid;
    record.gid = inode.gid;
    // A directory with more links counts 1 (dir_nlink); other files cannot have more.
    record.linksCount = links > LINK_MAX ? 1 : links;
    record.size = inode.size;
    record.flags = 0;
    this.#setTimes(inode);
    const inlineValue = this.#writeInline(at, number, inode, item);
    const content = inlineValue === null
      ? this.#writeContent(at, number, inode, item, seed)
      : EMPTY_CONTENT;
    const xattrs = item === null ? null : item.xattrs;
    const shared = xattrs === null ? null : xattrs.shared;
    let blocks = blockCount(content) + (item === null ? 0 : item.treeBlocks.length);
    if (xattrs !== null) blocks += xattrs.largeBlocks + (shared === null ? 0 : 1);
    record.blocks = blocks * (this.#geometry.blockSize / 512);
    record.fileAcl = shared === null ? 0 : shared.block;
    if (inode.xattrs.length > 0 || inlineValue !== null) {
      this.#writeXattrs(at, inode, xattrs, inlineValue);
    }
    if (shared !== null && shared.owner === number) this.#writeXattrBlock(shared);
    this.#table.close(at, record, seed);
  }

  /** Writes the resize inode; `item` is its double indirect block. */
  writeResizeInode(plan: Plan, item: MetadataItem, createdSeconds: number): void {
    const { blockSize } = this.#geometry;
    const at = this.#table.open(RESIZE_INODE);
    const block = item.content!.startBlock;
    const { view } = this.#records;
    writeResizeBlocks(this.#geometry, plan, block, this.#blocks, view, at + INODE_BLOCK_OFFSET);
    this.#table.close(at, {
      ...this.#reservedInode(createdSeconds),
      size: resizeInodeSize(blockSize),
      blocks: resizeInodeBlocks(plan) * (blockSize / 512),
    }, inodeSeed(this.#seed, RESIZE_INODE, 0));
  }

  /** Writes the journal `item`, and answers the copy of its place for the superblock. */
  writeJournal(item: MetadataItem, uuid: Uint8Array, createdSeconds: number): Uint8Array {
    const { blockSize } = this.#geometry;
    const { view } = this.#records;
    const content = item.content!;
    const at = this.#table.open(JOURNAL_INODE);
    const iBlock = at + INODE_BLOCK_OFFSET;
    const seed = inodeSeed(this.#seed, JOURNAL_INODE, 0);
    const size = item.dataBlocks * blockSize;
    const journalAt = this.#blocks.open(content.startBlock);
    writeEmptyJournal(this.#blocks.view, journalAt, blockSize, item.dataBlocks, uuid);
    writeExtentTree(view, iBlock, content, item.treeBlocks, seed, this.#blocks, this.#geometry);
    this.#table.close(at, {
      ...this.#reservedInode(createdSeconds),
      size,
      blocks: (item.dataBlocks + item.treeBlocks.length) * (blockSize / 512),
      flags: INODE_EXTENTS,
    }, seed);
    const backup = new Uint8Array(INODE_BLOCK_SIZE + 8);
    backup.set(this.#records.bytes.subarray(iBlock, iBlock + INODE_BLOCK_SIZE));
    const sizes = new DataView(backup.buffer, INODE_BLOCK_SIZE);
    sizes.setUint32(0, high32(size), true);
    sizes.setUint32(4, low32(size), true);
    return backup;
  }

  /** A file of the filesystem itself. */
  #reservedInode(createdSeconds: number): DiskInode {
    const seconds = clamp(Math.floor(createdSeconds), this.#limits.maxSeconds);
    const time = timestampLow(seconds);
    const timeExtra = timestampExtra(seconds, 0);
    return {
      ...zeroInode(),
      mode: 0o100600,
      linksCount: 1,
      atime: time,
      ctime: time,
      mtime: time,
      crtime: time,
      extraIsize: this.#record.extraIsize,
      atimeExtra: timeExtra,
      ctimeExtra: timeExtra,
      mtimeExtra: timeExtra,
      crtimeExtra: timeExtra,
    };
  }

  /**
   * Writes the inode of a large attribute value. Its times are no times: they hold the checksum of
   * the value (atime) and the number of its references (ctime and version).
   */
  writeLargeValue(large: LargeValue, item: MetadataItem): void {
    const { blockSize } = this.#geometry;
    const seed = inodeSeed(this.#seed, large.number, 0);
    const at = this.#table.open(large.number);
    const content = item.content!;
    const { bytes } = this.#blocks;
    let done = 0;
    for (const block of blocksOf(content)) {
      const blockAt = this.#blocks.open(block);
      bytes.set(large.value.subarray(done, done + blockSize), blockAt);
      done += blockSize;
    }
    const { view } = this.#records;
    const iBlock = at + INODE_BLOCK_OFFSET;
    writeExtentTree(view, iBlock, content, item.treeBlocks, seed, this.#blocks, this.#geometry);
    this.#table.close(at, {
      ...zeroInode(),
      mode: 0o100600,
      size: large.value.length,
      linksCount: 1,
      blocks: blockCount(content) * (blockSize / 512),
      flags: INODE_EXTENTS | INODE_EA_INODE,
      atime: crc32c(this.#seed, large.value),
      version: large.references % 2 ** 32,
      ctime: Math.floor(large.references / 2 ** 32),
      extraIsize: this.#record.extraIsize,
    }, seed);
  }

  /** Writes what is staged. */
  flush(): void {
    this.#blocks.flush();
    this.#records.flush();
  }

  #setTimes(inode: Inode): void {
    const record = this.#record;
    const { maxSeconds } = this.#limits;
    const mtime = clamp(inode.mtimeSeconds, maxSeconds);
    const atime = clamp(inode.atimeSeconds, maxSeconds);
    // A time that was moved to a limit has no nanoseconds, as in the kernel.
    const mtimeNanoseconds = mtime === inode.mtimeSeconds ? inode.mtimeNanoseconds : 0;
    const atimeNanoseconds = atime === inode.atimeSeconds ? inode.atimeNanoseconds : 0;
    const mtimeExtra = timestampExtra(mtime, mtimeNanoseconds);
    record.mtime = record.ctime = record.crtime = timestampLow(mtime);
    record.mtimeExtra = record.ctimeExtra = record.crtimeExtra = mtimeExtra;
    record.atime = timestampLow(atime);
    record.atimeExtra = timestampExtra(atime, atimeNanoseconds);
  }

  /**
   * Writes `i_block` of an inode that holds its own data, and answers the value of `system.data`;
   * `null` for any other inode.
   */
  #writeInline(
    at: number,
    number: number,
    inode: Inode<Ext4Content>,
    item: MetadataItem | null,
  ): Uint8Array | null {
    const list = this.#list;
    const valueSize = list.inlineValueSizes.get(number);
    if (valueSize === undefined) return null;
    const { bytes, view } = this.#records;
    const iBlock = at + INODE_BLOCK_OFFSET;
    this.#record.flags = INODE_INLINE_DATA;
    if (inode.content instanceof Ext4InlineContent) {
      const file = inode.content.bytes;
      bytes.set(file.subarray(0, INODE_BLOCK_SIZE), iBlock);
      return file.subarray(INODE_BLOCK_SIZE);
    }
    const { parentNumber } = item!.directory!;
    this.#record.size = INODE_BLOCK_SIZE + valueSize;
    return writeInlineDirectory(bytes, view, iBlock, parentNumber, item!.names, (name) => {
      const child = list.childOf(inode, name);
      return { number: list.numberOf(child), kind: child.kind };
    });
  }

  /** Writes `i_block` and the blocks of the content that are metadata; answers the content. */
  #writeContent(
    at: number,
    number: number,
    inode: Inode<Ext4Content>,
    item: MetadataItem | null,
    seed: number,
  ): Ext4Content {
    const { bytes, view } = this.#records;
    const iBlock = at + INODE_BLOCK_OFFSET;
    const { blockSize } = this.#geometry;
    let content = inode.content ?? EMPTY_CONTENT;
    let flags = INODE_EXTENTS;
    switch (inode.kind) {
      case FileKind.directory:
        content = item!.content!;
        this.#record.size = item!.dataBlocks * blockSize;
        this.#writeDirectory(number, item!, seed);
        break;
      case FileKind.symlink: {
        this.#record.size = inode.target.length;
        if (inode.target.length < INODE_BLOCK_SIZE) {
          writeByteString(bytes, iBlock, inode.target);
          return EMPTY_CONTENT;
        }
        content = item!.content!;
        const block = this.#blocks.open(content.startBlock);
        writeByteString(this.#blocks.bytes, block, inode.target);
        break;
      }
      case FileKind.characterDevice:
      case FileKind.blockDevice:
        this.#record.size = 0;
        writeDeviceNumber(view, iBlock, inode.deviceMajor, inode.deviceMinor);
        return EMPTY_CONTENT;
      case FileKind.fifo:
      case FileKind.socket:
        this.#record.size = 0;
        return EMPTY_CONTENT;
      case FileKind.regular:
        if (content instanceof Ext4InlineContent) {
          const { bytes } = content;
          content = item!.content!;
          this.#blocks.bytes.set(bytes, this.#blocks.open(content.startBlock));
        }
        if (!this.#limits.hasVerity) break;
        flags |= INODE_VERITY;
        if (inode.size > 0) break;
        content = item!.content!;
        this.#writeEmptyDescriptor(content.startBlock);
    }
    if (item !== null && item.index !== null) flags |= INODE_INDEX;
    this.#record.flags = flags;
    const treeBlocks = item === null ? [] : item.treeBlocks;
    writeExtentTree(view, iBlock, content, treeBlocks, seed, this.#blocks, this.#geometry);
    return content;
  }

  /** The fs-verity descriptor of an empty file: no tree, and a root of zeros. */
  #writeEmptyDescriptor(block: number): void {
    const at = this.#blocks.open(block);
    const descriptor = makeVerityDescriptor(VERITY_ALGORITHM, 0, new Uint8Array(0));
    writeVerityDescriptorBlock(this.#blocks.view, at, descriptor);
  }

  #writeDirectory(number: number, item: MetadataItem, seed: number): void {
    const { inode: directory, parentNumber } = item.directory!;
    const list = this.#list;
    this.#directories.write({
      number,
      parentNumber,
      names: item.names,
      index: item.index,
      seed,
      childOf: (name) => list.childOf(directory, name),
      numberOf: (inode) => list.numberOf(inode),
    }, blocksOf(item.content!));
  }

  #writeXattrs(
    at: number,
    inode: Inode,
    outer: OuterXattrs | null,
    inlineValue: Uint8Array | null,
  ): void {
    const { blockSize, inodeSize } = this.#geometry;
    const room = this.#limits.xattrRoom;
    const inodeRoom = room - (inlineValue === null ? 0 : inlineValueRoom(inlineValue.length));
    let inInode = outer !== null
      ? outer.inInode
      : layOutXattrs(inode.xattrs, { inodeRoom, blockSize, store: null }).inInode;
    if (inlineValue !== null) inInode = [inlineXattr(inlineValue), ...inInode];
    if (inInode.length === 0) return;
    const { bytes, view } = this.#records;
    writeInodeXattrs(bytes, view, at + inodeSize - room, room, inInode, this.#seed);
  }

  #writeXattrBlock({ block, xattrs, references }: SharedXattrBlock): void {
    const { bytes, view } = this.#blocks;
    const { blockSize } = this.#geometry;
    const at = this.#blocks.open(block);
    writeXattrBlock(bytes, view, at, blockSize, xattrs, references, this.#seed);
    if (!this.#geometry.hasMetadataCsum) return;
    const checksum = xattrBlockChecksum(this.#seed, block, bytes, at, blockSize);
    view.setUint32(at + 0x10, checksum, true); // h_checksum
  }
}

/** `i_block` of a device: the old form where both numbers fit in a byte, else the new one. */
function writeDeviceNumber(view: DataView, at: number, major: number, minor: number): void {
  if (major < 256 && minor < 256) {
    view.setUint32(at, major << 8 | minor, true);
    return;
  }
  const low = minor & 0xff;
  view.setUint32(at + 4, (low | major << 8 | (minor - low) << 12) >>> 0, true);
}

function* blocksOf(content: Ext4Content): Generator<number> {
  for (const { startBlock, blockCount } of content.runs()) {
    for (let i = 0; i < blockCount; i++) yield startBlock + i;
  }
}

function blockCount(content: Ext4Content): number {
  let count = content.blockCount;
  if (content.more !== null) { for (const run of content.more) count += run.blockCount; }
  return count;
}

function clamp(seconds: number, maxSeconds: number): number {
  return Math.min(maxSeconds, Math.max(MIN_SECONDS, seconds));
}
