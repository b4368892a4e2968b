/**
 * The inodes of an image in walk order. All that a tree may hold and EROFS cannot is found here,
 * with its path.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { countLinks, type FileTree, sortedNames } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { type ErofsContent, FlatContent } from "./content.ts";
import { NAME_MAX } from "./dirent.ts";
import { type Epoch, TimeCounts } from "./most_frequent_time.ts";
import { inPlaceOrder } from "./place_order.ts";
import type { XattrTable } from "./xattr_table.ts";

/** Longest target of a symbolic link (`PATH_MAX` without its NUL). */
const TARGET_MAX = 4095;
/** Largest numbers of a device (`MINORBITS` of the kernel). */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xf_ffff;

/** What is known of a directory. */
export interface DirectoryPlace {
  /** Its names in byte order, the dots among them. */
  readonly names: readonly ByteString[];
  /** The inode of each name. */
  readonly inodes: readonly Inode<ErofsContent>[];
}

/** A directory while its names are listed. */
interface Level extends DirectoryPlace {
  readonly directory: Inode<ErofsContent>;
  readonly parent: Inode<ErofsContent>;
  readonly names: ByteString[];
  readonly inodes: Inode<ErofsContent>[];
  /** The name that comes next. */
  next: number;
}

/** The inodes of an image. */
export class InodeList {
  /**
   * Every inode: the root first, in walk order; behind the others those of files with a tail, in the
   * order of the tails, so that these are read back in order.
   */
  readonly inodes: readonly Inode<ErofsContent>[];
  /** Every directory, the root first, in the same order. */
  readonly directories = new Map<Inode<ErofsContent>, DirectoryPlace>();
  /** The time that most inodes have: those can be compact. */
  readonly epoch: Epoch;

  /** Those with several names that were listed. */
  readonly #linked = new Set<Inode<ErofsContent>>();
  readonly #withoutTail: Inode<ErofsContent>[] = [];
  readonly #withTail: Inode<ErofsContent>[] = [];
  /** The position of each tail. */
  readonly #tails: number[] = [];
  readonly #times = new TimeCounts();
  readonly #xattrs: XattrTable;

  /**
   * Lists the inodes of `tree`, counts their links, and their attributes in `xattrs`; there are
   * `tailsSize` bytes of tails. Throws `ImageError` with the path for what EROFS cannot hold.
   */
  constructor(tree: FileTree<ErofsContent>, xattrs: XattrTable, tailsSize: number) {
    this.#xattrs = xattrs;
    countLinks(tree);
    this.#walk(tree.root);
    this.inodes = this.#withoutTail.concat(inPlaceOrder(this.#withTail, this.#tails, tailsSize));
    this.#withoutTail.length = 0;
    this.#withTail.length = 0;
    this.#tails.length = 0;
    this.#linked.clear();
    this.epoch = this.#times.mostFrequent();
  }

  /** Lists all names: what `walk` does, but nearly nobody asks for a path. */
  #walk(root: Inode<ErofsContent>): void {
    const levels: Level[] = [];
    const list = (inode: Inode<ErofsContent>, parent: Inode<ErofsContent>) => {
      if (!this.#list(inode)) return;
      const level = { directory: inode, parent, names: sortedNames(inode), inodes: [], next: 0 };
      this.directories.set(inode, level);
      levels.push(level);
    };
    try {
      list(root, root);
      for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
        const { directory, names, inodes } = level;
        if (level.next === names.length) {
          insertName(level, ".", directory);
          insertName(level, "..", level.parent);
          levels.pop();
          continue;
        }
        const name = names[level.next++];
        checkName(name);
        const inode = directory.children!.get(name)!;
        inodes.push(inode);
        list(inode, directory);
      }
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const path = levels.map(({ names, next }) => names[next - 1]).join("/");
      throw error.at({ path: displayByteString(path) });
    }
  }

  /** Lists an inode if it is new, and answers whether it is a directory. */
  #list(inode: Inode<ErofsContent>): boolean {
    const isDirectory = inode.kind === FileKind.directory;
    if (isDirectory) {
      if (this.directories.has(inode)) {
        throw new TypeError("Cannot write tree: a directory has two names");
      }
    } else if (inode.linkCount > 1) {
      if (this.#linked.has(inode)) return false;
      this.#linked.add(inode);
    }
    checkInode(inode);
    this.#xattrs.count(inode.xattrs);
    this.#times.add(inode.mtimeSeconds, inode.mtimeNanoseconds);
    const { content } = inode;
    if (content instanceof FlatContent && content.tail >= 0) {
      this.#withTail.push(inode);
      this.#tails.push(content.tail);
    } else {
      this.#withoutTail.push(inode);
    }
    return isDirectory;
  }
}

/** Most names are behind the dots: their place is looked for from the front. */
function insertName({ names, inodes }: Level, name: ByteString, inode: Inode<ErofsContent>): void {
  const found = names.findIndex((other) => other > name);
  const at = found < 0 ? names.length : found;
  names.splice(at, 0, name);
  inodes.splice(at, 0, inode);
}

function checkName(name: ByteString): void {
  const isName = name !== "" && name !== "." && name !== ".." && !/[\0/]/.test(name);
  if (isName && name.length <= NAME_MAX) return;
  throw new ImageError(
    isName ? "LIMIT_EXCEEDED" : "UNSAFE_PATH",
    isName
      ? `Cannot write name "${displayByteString(name)}": ${name.length} bytes, expected at most ` +
        `${NAME_MAX}`
      : `Cannot write name "${displayByteString(name)}": it is no file name`,
  );
}

function checkInode(inode: Inode<ErofsContent>): void {
  switch (inode.kind) {
    case FileKind.regular:
      if (inode.size > 0 && inode.content === null) {
        throw new TypeError(`Cannot write file: its ${inode.size} bytes were never placed`);
      }
      break;
    case FileKind.symlink:
      if (inode.target.length === 0 || inode.target.length > TARGET_MAX) {
        throw new ImageError(
          inode.target.length === 0 ? "CORRUPT" : "LIMIT_EXCEEDED",
          `Cannot write symbolic link: target of ${inode.target.length} bytes, ` +
            `expected 1 to ${TARGET_MAX}`,
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
