/**
 * Reads inodes.
 *
 * @module
 */
import { byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { NO_BLOCKS, SquashfsContent } from "./content.ts";
import {
  decodeDevice,
  DIRECTORY_INODE_SIZE,
  type DirectoryInode,
  EXTENDED,
  EXTENDED_DIRECTORY_INODE_SIZE,
  EXTENDED_REGULAR_INODE_SIZE,
  INODE_HEAD_SIZE,
  type InodeHead,
  InodeType,
  NONE,
  readDirectoryInode,
  readExtendedDirectoryInode,
  readExtendedRegularInode,
  readInodeHead,
  readRegularInode,
  REGULAR_INODE_SIZE,
} from "./inode.ts";
import { metadataCapacity, MetadataCursor } from "./metadata_cursor.ts";
import type { SquashfsTables } from "./reader_tables.ts";
import type { SquashfsVolume } from "./reader_volume.ts";
import type { SquashfsXattrs } from "./reader_xattrs.ts";

/** Entries of a block list that are read at once. */
const LIST_PIECE = 16_384;
/** Blocks that may always be listed, 64 MiB of lists: a small image can have many equal files. */
const LEAST_BLOCKS = 2 ** 24;
/** Longest target of a symbolic link. */
const TARGET_MAX = 65535;

/** An inode that was read. */
export interface FoundInode {
  /** The file, without what is in a directory. */
  readonly inode: Inode<SquashfsContent>;
  /** Its number. */
  readonly number: number;
  /** Type of its short form. */
  readonly type: number;
  /** Where the list of a directory is, `null` for other files. */
  readonly list: DirectoryInode | null;
}

/** What inodes are by the types of their short forms. */
export const KIND_OF_TYPE: Readonly<Record<number, FileKind>> = {
  [InodeType.directory]: FileKind.directory,
  [InodeType.regular]: FileKind.regular,
  [InodeType.symlink]: FileKind.symlink,
  [InodeType.blockDevice]: FileKind.blockDevice,
  [InodeType.characterDevice]: FileKind.characterDevice,
  [InodeType.fifo]: FileKind.fifo,
  [InodeType.socket]: FileKind.socket,
};

/** Reads inodes by their references. */
export class SquashfsInodes {
  readonly #volume: SquashfsVolume;
  readonly #tables: SquashfsTables;
  readonly #xattrs: SquashfsXattrs;
  /** Bytes of inodes that can still be read: they do not overlap. */
  #rest: number;
  /** Blocks that lists may have in all. Files may share blocks, but not without measure. */
  readonly #blocksMax: number;
  #restBlocks: number;

  /** Reads from these tables. */
  constructor(volume: SquashfsVolume, tables: SquashfsTables, xattrs: SquashfsXattrs) {
    this.#volume = volume;
    this.#tables = tables;
    this.#xattrs = xattrs;
    this.#rest = metadataCapacity(volume, tables.inodes);
    this.#restBlocks = this.#blocksMax = Math.max(LEAST_BLOCKS, volume.superblock.bytesUsed);
  }

  /** The inode of a reference. Every reference may be read once. */
  read(reference: number): FoundInode {
    const startBlock = Math.floor(reference / 65536);
    const offset = reference % 65536;
    const cursor = new MetadataCursor(this.#volume, this.#tables.inodes, startBlock, offset);
    this.#spend(INODE_HEAD_SIZE, cursor);
    const head = readInodeHead(cursor.take(INODE_HEAD_SIZE), 0);
    const isExtended = head.type > EXTENDED;
    const type = isExtended ? head.type - EXTENDED : head.type;
    const kind = KIND_OF_TYPE[type];
    if (kind === undefined) throw this.#corrupt(head, `type is ${head.type}`, "1 to 14", cursor);
    const { inodeCount } = this.#volume.superblock;
    if (head.number === 0 || head.number > inodeCount) {
      throw this.#corrupt(head, "its number is out of range", `1 to ${inodeCount}`, cursor);
    }
    if (head.permissions > 0o7777) {
      const mode = head.permissions.toString(8);
      throw this.#corrupt(head, `mode is 0${mode}`, "at most 07777", cursor);
    }
    const inode = new Inode<SquashfsContent>(kind, head.permissions);
    inode.uid = this.#tables.id(head.uidIndex);
    inode.gid = this.#tables.id(head.gidIndex);
    inode.mtimeSeconds = inode.atimeSeconds = head.mtimeSeconds;
    let list: DirectoryInode | null = null;
    if (kind === FileKind.directory) list = this.#readDirectory(cursor, inode, isExtended);
    else if (kind === FileKind.regular) this.#readRegular(cursor, inode, head, isExtended);
    else this.#readOther(cursor, inode, head, isExtended);
    return { inode, number: head.number, type, list };
  }

  #readDirectory(cursor: MetadataCursor, inode: Inode, isExtended: boolean): DirectoryInode {
    const size = isExtended ? EXTENDED_DIRECTORY_INODE_SIZE : DIRECTORY_INODE_SIZE;
    const view = this.#rest16(cursor, size);
    if (!isExtended) {
      const fields = readDirectoryInode(view, -INODE_HEAD_SIZE);
      inode.linkCount = fields.linkCount;
      return fields;
    }
    // The index only helps to find a name: all of the list is read.
    const fields = readExtendedDirectoryInode(view, -INODE_HEAD_SIZE);
    inode.linkCount = fields.linkCount;
    inode.xattrs = this.#xattrs.read(fields.xattr);
    return fields;
  }

  #readRegular(
    cursor: MetadataCursor,
    inode: Inode<SquashfsContent>,
    head: InodeHead,
    isExtended: boolean,
  ): void {
    const view = this.#rest16(
      cursor,
      isExtended ? EXTENDED_REGULAR_INODE_SIZE : REGULAR_INODE_SIZE,
    );
    const fields = isExtended
      ? readExtendedRegularInode(view, -INODE_HEAD_SIZE)
      : { ...readRegularInode(view, -INODE_HEAD_SIZE), linkCount: 1, xattr: NONE, sparse: 0 };
    inode.linkCount = fields.linkCount;
    inode.xattrs = this.#xattrs.read(fields.xattr);
    inode.size = fields.size;
    const { blockSize } = this.#volume.superblock;
    const hasFragment = fields.fragment !== NONE;
    const blockCount = hasFragment
      ? Math.floor(fields.size / blockSize)
      : Math.ceil(fields.size / blockSize);
    this.#spend(4 * blockCount, cursor);
    const content = new SquashfsContent(fields.size);
    content.start = fields.start;
    content.blockSizes = this.#readBlockSizes(cursor, head, blockCount);
    const tail = fields.size % blockSize;
    if (hasFragment && tail > 0) {
      content.fragment = fields.fragment;
      content.offset = fields.offset;
      if (fields.fragment >= this.#tables.fragmentCount || fields.offset + tail > blockSize) {
        const observed = `its end is in fragment ${fields.fragment} at ${fields.offset}`;
        throw this.#corrupt(head, observed, `below ${this.#tables.fragmentCount}`, cursor);
      }
    }
    inode.content = fields.size === 0 ? null : content;
  }

  #readBlockSizes(
    cursor: MetadataCursor,
    head: InodeHead,
    blockCount: number,
  ): Uint32Array<ArrayBuffer> {
    if (blockCount === 0) return NO_BLOCKS;
    const sizes = new Uint32Array(blockCount);
    for (let first = 0; first < blockCount; first += LIST_PIECE) {
      const count = Math.min(LIST_PIECE, blockCount - first);
      const piece = cursor.take(4 * count);
      for (let i = 0; i < count; i++) {
        const size = piece.getUint32(4 * i, true);
        // Memory that stays zero is none: lists of holes are large in files of terabytes.
        if (size === 0) continue;
        sizes[first + i] = size;
        this.#restBlocks--;
      }
      if (this.#restBlocks < 0) {
        const message =
          `Cannot read squashfs inode ${head.number}: the lists of blocks have more ` +
          `entries than ${this.#blocksMax}, expected at most one for each byte of the image`;
        throw new ImageError("LIMIT_EXCEEDED", message, {
          where: { source: this.#volume.source.name, offset: cursor.position },
        });
      }
    }
    return sizes;
  }

  #readOther(
    cursor: MetadataCursor,
    inode: Inode,
    head: InodeHead,
    isExtended: boolean,
  ): void {
    this.#spend(4, cursor);
    inode.linkCount = cursor.take(4).getUint32(0, true);
    if (inode.kind === FileKind.symlink) {
      const size = cursor.take(4).getUint32(0, true);
      if (size > TARGET_MAX) {
        throw this.#corrupt(head, `target has ${size} bytes`, `at most ${TARGET_MAX}`, cursor);
      }
      this.#spend(size, cursor);
      inode.target = byteStringFrom(cursor.bytes(size));
      inode.size = size;
      if (inode.target.includes("\0")) {
        throw this.#corrupt(head, "target has a NUL", "none", cursor);
      }
    } else if (inode.kind === FileKind.blockDevice || inode.kind === FileKind.characterDevice) {
      const { major, minor } = decodeDevice(cursor.take(4).getUint32(0, true));
      inode.deviceMajor = major;
      inode.deviceMinor = minor;
    }
    if (isExtended) inode.xattrs = this.#xattrs.read(cursor.take(4).getUint32(0, true));
  }

  /** A view of what follows the head; its offset 0 is offset 16 of the inode. */
  #rest16(cursor: MetadataCursor, size: number): DataView {
    this.#spend(size - INODE_HEAD_SIZE, cursor);
    return cursor.take(size - INODE_HEAD_SIZE);
  }

  /** A small image cannot have many inodes: nothing is read twice. */
  #spend(byteCount: number, cursor: MetadataCursor): void {
    this.#rest -= byteCount;
    if (this.#rest >= 0) return;
    throw this.#volume.corrupt(
      "inode table",
      "inodes need more room than it has",
      "room for all of them",
      cursor.position,
    );
  }

  #corrupt(
    head: InodeHead,
    observed: string,
    expected: string,
    cursor: MetadataCursor,
  ): ImageError {
    return this.#volume.corrupt(`inode ${head.number}`, observed, expected, cursor.position);
  }
}
