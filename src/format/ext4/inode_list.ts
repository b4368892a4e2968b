/**
 * The inodes of an image in the order of their numbers: the root, `lost+found`, then every file
 * in walk order. All that a tree may hold and ext4 cannot is found here, with its path.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { NoticeCode, NoticeListener } from "../../notice.ts";
import { eachDirectory, type FileTree, sortedNames, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { type Ext4Content, Ext4InlineContent } from "./content.ts";
import { NAME_MAX } from "./dirent.ts";
import { inlineDirectoryValueSize } from "./inline_directory.ts";
import { inlineValueRoom } from "./inline_value.ts";
import { FIRST_INODE, INODE_BLOCK_SIZE, ROOT_INODE } from "./inode.ts";
import { MIN_SECONDS } from "./timestamp.ts";
import { type DiskXattr, layOutXattrs, type XattrLayout } from "./xattr_layout.ts";
import { type LargeValue, type SharedXattrBlock, XattrStore } from "./xattr_store.ts";

/** Name of the directory where `e2fsck` puts what it finds. */
export const LOST_AND_FOUND = "lost+found";
/** Most names that a file can have (`EXT4_LINK_MAX`); a directory above it counts 1. */
export const LINK_MAX = 65000;

/** Largest numbers of a device (`MINORBITS` of the kernel). */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xf_ffff;

/** What decides whether an inode fits. */
export interface InodeLimits {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes for attributes behind the inode's fields. */
  readonly xattrRoom: number;
  /** Bytes of a file or directory that an inode can hold instead of blocks, 0 for none. */
  readonly inlineMax: number;
  /** Whether large attribute values may have inodes of their own. */
  readonly hasEaInodes: boolean;
  /** Whether a directory may have more than 65,000 links. */
  readonly hasDirNlink: boolean;
  /** Whether regular files have fs-verity. */
  readonly hasVerity: boolean;
  /** Whether an inode holds fractions of seconds. */
  readonly hasNanoseconds: boolean;
  /** The last second that an inode can hold. */
  readonly maxSeconds: number;
}

/** A directory and the number of the one that holds it. */
export interface NumberedDirectory {
  /** The directory. */
  readonly inode: Inode<Ext4Content>;
  /** Its inode number. */
  readonly number: number;
  /** Inode number of its parent; the root's is its own. */
  readonly parentNumber: number;
}

/** Attributes of a file of which some stand outside of the inode. */
export interface OuterXattrs {
  /** Those in the inode. */
  readonly inInode: readonly DiskXattr[];
  /** The block with the others, `null` for none. */
  readonly shared: SharedXattrBlock | null;
  /** Blocks of the values that have inodes of their own: they count as the file's. */
  readonly largeBlocks: number;
}

/** One list for all files whose attributes are all in the block. */
const NO_DISK_XATTRS: readonly DiskXattr[] = [];

/** The inodes of an image with their numbers. */
export class InodeList {
  /** Every inode from number 11 on. */
  readonly inodes: Inode<Ext4Content>[] = [];
  /** Every directory, the root first, in order of their numbers. */
  readonly directories: NumberedDirectory[] = [];
  /** Names of each inode from number 11 on; of a directory 2 + its sub-directories. */
  readonly linkCounts: number[] = [];
  /** Attributes that do not all stand in the inode, by inode number. */
  readonly outerXattrs: Map<number, OuterXattrs> = new Map();
  /** Bytes in `system.data` of each inode that holds its own data, by inode number. */
  readonly inlineValueSizes: Map<number, number> = new Map();
  /** Values of attributes that have inodes of their own: the last inodes of the list. */
  readonly largeValues: readonly LargeValue[];
  readonly #store = new XattrStore();
  /** The root. */
  readonly root: Inode<Ext4Content>;
  /** Links of the root. */
  rootLinkCount = 2;
  /** The `lost+found` that the tree lacks, `null` where it has one. */
  readonly #addedLostAndFound: Inode<Ext4Content> | null;

  /**
   * Numbers the inodes of `tree`. A tree without `lost+found` gets one with mode 0700 and the time
   * `createdSeconds`. Throws `ImageError` with the path for names, links, devices, targets and
   * attributes that ext4 cannot hold.
   */
  constructor(
    tree: FileTree<Ext4Content>,
    createdSeconds: number,
    limits: InodeLimits,
    onNotice: NoticeListener,
  ) {
    this.root = tree.root;
    forgetNumbers(tree);
    tree.root.number = ROOT_INODE;
    const found = tree.root.children!.get(LOST_AND_FOUND);
    this.#addedLostAndFound = found === undefined ? makeLostAndFound(createdSeconds) : null;
    const first = found ?? this.#addedLostAndFound!;
    this.#add(first);
    this.directories.push({ inode: tree.root, number: ROOT_INODE, parentNumber: ROOT_INODE });
    if (first.kind === FileKind.directory) {
      this.directories.push({ inode: first, number: FIRST_INODE, parentNumber: ROOT_INODE });
      this.rootLinkCount++;
    }
    this.#visit(tree, limits, onNotice);
    this.largeValues = this.#store.largeValues();
    this.largeValues.forEach((large, i) => large.number = FIRST_INODE + this.inodes.length + i);
  }

  /** Number of the last inode. */
  get lastNumber(): number {
    return FIRST_INODE + this.inodes.length + this.largeValues.length - 1;
  }

  /** The number of an inode of the tree. */
  numberOf(inode: Inode<Ext4Content>): number {
    return inode.number;
  }

  /** The inode of a number: the root, or from 11 on. */
  inodeOf(number: number): Inode<Ext4Content> {
    return number === ROOT_INODE ? this.root : this.inodes[number - FIRST_INODE];
  }

  /** How many links an inode has. */
  linkCountOf(number: number): number {
    return number === ROOT_INODE ? this.rootLinkCount : this.linkCounts[number - FIRST_INODE];
  }

  /** The names of a directory in byte order. */
  namesOf(directory: Inode<Ext4Content>): ByteString[] {
    const names = sortedNames(directory);
    if (directory !== this.root || this.#addedLostAndFound === null) return names;
    names.push(LOST_AND_FOUND);
    return names.sort();
  }

  /** What a name of a directory stands for. */
  childOf(directory: Inode<Ext4Content>, name: ByteString): Inode<Ext4Content> {
    return directory.children!.get(name) ?? this.#addedLostAndFound!;
  }

  #add(inode: Inode<Ext4Content>): number {
    const number = FIRST_INODE + this.inodes.length;
    inode.number = number;
    this.inodes.push(inode);
    this.linkCounts.push(inode.kind === FileKind.directory ? 2 : 0);
    return number;
  }

  #visit(tree: FileTree<Ext4Content>, limits: InodeLimits, onNotice: NoticeListener): void {
    const clamped = new FileCount();
    const rounded = new FileCount();
    for (const { path, name, inode, parent } of walk(tree)) {
      const isFirst = inode.number === 0 || path === "" || path === LOST_AND_FOUND;
      const number = inode.number === 0 ? this.#add(inode) : inode.number;
      if (inode.kind === FileKind.directory) {
        if (!isFirst) throw new TypeError("Cannot write tree: a directory has two names");
        if (number > FIRST_INODE) {
          const links = this.#addDirectory(inode, number, parent);
          if (links > LINK_MAX && !limits.hasDirNlink) {
            throw tooManyLinks("directory: more than 64998 sub-directories", path);
          }
        }
      } else if (++this.linkCounts[number - FIRST_INODE] > LINK_MAX) {
        throw tooManyLinks(`file: more than ${LINK_MAX} names`, path);
      }
      if (inode !== tree.root) checkName(name, path);
      if (!isFirst) continue;
      try {
        this.#checkInode(inode, number, limits);
      } catch (error) {
        throw error instanceof ImageError ? error.at({ path: displayByteString(path) }) : error;
      }
      if (isClamped(inode, limits.maxSeconds)) clamped.add(path);
      if (!limits.hasNanoseconds && hasFraction(inode)) rounded.add(path);
    }
    clamped.report(
      onNotice,
      "CLAMPED",
      "times are outside what ext4 can hold and were moved to its first or last second",
    );
    rounded.report(onNotice, "LOSS", "fractions of seconds do not fit into inodes of 128 bytes");
  }

  /** Adds a directory; answers how many links its parent has now. */
  #addDirectory(
    inode: Inode<Ext4Content>,
    number: number,
    parent: Inode<Ext4Content>,
  ): number {
    const parentNumber = this.numberOf(parent);
    this.directories.push({ inode, number, parentNumber });
    if (parentNumber === ROOT_INODE) return ++this.rootLinkCount;
    return ++this.linkCounts[parentNumber - FIRST_INODE];
  }

  #addXattrs(inode: Inode, number: number, limits: InodeLimits): void {
    const { inInode, inBlock } = this.#layOutXattrs(inode, number, limits);
    let largeBlocks = 0;
    for (const { large } of [...inInode, ...inBlock]) {
      if (large !== null) largeBlocks += divideUp(large.value.length, limits.blockSize);
    }
    if (inBlock.length === 0 && largeBlocks === 0) return;
    for (const { large } of inInode) if (large !== null) large.references++;
    const shared = inBlock.length === 0 ? null : this.#store.block(number, inBlock);
    const kept = inInode.length === 0 ? NO_DISK_XATTRS : inInode;
    this.outerXattrs.set(number, { inInode: kept, shared, largeBlocks });
  }

  /** What an inode holds itself goes first; where attributes then find no place, it gives way. */
  #layOutXattrs(inode: Inode, number: number, limits: InodeLimits): XattrLayout {
    const valueSize = this.inlineValueSizes.get(number);
    if (valueSize === undefined) return this.#layOutAround(inode, 0, limits);
    try {
      return this.#layOutAround(inode, inlineValueRoom(valueSize), limits);
    } catch (error) {
      if (!(error instanceof ImageError) || error.code !== "LIMIT_EXCEEDED") throw error;
      this.inlineValueSizes.delete(number);
      return this.#layOutAround(inode, 0, limits);
    }
  }

  #layOutAround(inode: Inode, takenBytes: number, limits: InodeLimits): XattrLayout {
    const room = {
      inodeRoom: limits.xattrRoom - takenBytes,
      blockSize: limits.blockSize,
      store: limits.hasEaInodes ? this.#store : null,
    };
    const layout = layOutXattrs(inode.xattrs, room);
    // e2fsck takes a short symbolic link for one whose target has a block when it has blocks (of
    // values, here) and none of them is a block of attributes.
    const isFastSymlink = inode.kind === FileKind.symlink && inode.target.length < INODE_BLOCK_SIZE;
    const misleads = isFastSymlink && layout.inBlock.length === 0 &&
      layout.inInode.some(({ large }) => large !== null);
    return misleads ? layOutXattrs(inode.xattrs, { ...room, inodeRoom: 0 }) : layout;
  }

  /**
   * Marks what an inode can hold itself: small files, and small directories but `lost+found`, which
   * `e2fsck` fills, and the root, which the kernel refuses without blocks.
   */
  #chooseInline(inode: Inode<Ext4Content>, number: number, inlineMax: number): void {
    const room = inlineMax - INODE_BLOCK_SIZE;
    let valueSize: number | null = null;
    if (inode.content instanceof Ext4InlineContent) {
      valueSize = Math.max(0, inode.content.bytes.length - INODE_BLOCK_SIZE);
    } else if (inode.kind === FileKind.directory && number > FIRST_INODE) {
      // More names than bytes need no sorting.
      if (inode.children!.size > inlineMax) return;
      valueSize = inlineDirectoryValueSize(this.namesOf(inode), room);
    }
    if (valueSize !== null) this.inlineValueSizes.set(number, valueSize);
  }

  #checkInode(inode: Inode<Ext4Content>, number: number, limits: InodeLimits): void {
    if (limits.inlineMax > 0) this.#chooseInline(inode, number, limits.inlineMax);
    if (inode.xattrs.length > 0) this.#addXattrs(inode, number, limits);
    switch (inode.kind) {
      case FileKind.regular:
        if (inode.size > 0 && inode.content === null) {
          throw new TypeError(`Cannot write file: its ${inode.size} bytes were never placed`);
        }
        break;
      case FileKind.symlink:
        if (inode.target.length >= limits.blockSize || inode.target.length === 0) {
          throw new ImageError(
            inode.target.length === 0 ? "CORRUPT" : "LIMIT_EXCEEDED",
            `Cannot write symbolic link: target of ${inode.target.length} bytes, ` +
              `expected 1 to ${limits.blockSize - 1}`,
          );
        }
        break;
      case FileKind.characterDevice:
      case FileKind.blockDevice:
        if (inode.deviceMajor > MAX_MAJOR || inode.deviceMinor > MAX_MINOR) {
          throw new ImageError(
            "LIMIT_EXCEEDED",
            `Cannot write device: number is ${inode.deviceMajor}:${inode.deviceMinor}, ` +
              `expected at most ${MAX_MAJOR}:${MAX_MINOR}`,
          );
        }
    }
  }
}

/** Counts files of which there is one thing to say: one notice for all of them. */
class FileCount {
  #count = 0;
  #first: ByteString = "";

  add(path: ByteString): void {
    if (this.#count++ === 0) this.#first = path;
  }

  report(onNotice: NoticeListener, code: NoticeCode, what: string): void {
    if (this.#count === 0) return;
    onNotice({
      code,
      message: `Files: ${this.#count}; their ${what}`,
      where: { path: displayByteString(this.#first) },
    });
  }
}

/** A tree may have been written before. */
function forgetNumbers(tree: FileTree<Ext4Content>): void {
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) child.number = 0;
  });
}

function makeLostAndFound(createdSeconds: number): Inode<Ext4Content> {
  const inode = new Inode<Ext4Content>(FileKind.directory, 0o700);
  inode.mtimeSeconds = createdSeconds;
  inode.atimeSeconds = createdSeconds;
  return inode;
}

function hasFraction(inode: Inode): boolean {
  return inode.mtimeNanoseconds !== 0 || inode.atimeNanoseconds !== 0;
}

function isClamped(inode: Inode, maxSeconds: number): boolean {
  return inode.mtimeSeconds < MIN_SECONDS || inode.mtimeSeconds > maxSeconds ||
    inode.atimeSeconds < MIN_SECONDS || inode.atimeSeconds > maxSeconds;
}

function tooManyLinks(what: string, path: ByteString): ImageError {
  return new ImageError("LIMIT_EXCEEDED", `Cannot write ${what}, expected at most that many`, {
    where: { path: displayByteString(path) },
  });
}

function checkName(name: ByteString, path: ByteString): void {
  if (name.length > NAME_MAX) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot write name: ${name.length} bytes, expected at most ${NAME_MAX}`,
      { where: { path: displayByteString(path) } },
    );
  }
  // Such names would be another file, or none, once the image is mounted.
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    throw new ImageError(
      "UNSAFE_PATH",
      `Cannot write name "${displayByteString(name)}": expected neither dots alone, a slash, ` +
        "a NUL nor nothing",
      { where: { path: displayByteString(path) } },
    );
  }
}
