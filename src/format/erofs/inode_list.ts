/**
 * The inodes of an image in walk order. All that a tree may hold and EROFS cannot is found here,
 * with its path.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { countLinks, eachDirectory, type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { type ErofsContent, FlatContent } from "./content.ts";
import { NAME_MAX } from "./dirent.ts";
import type { XattrTable } from "./xattr_table.ts";

/** Longest target of a symbolic link (`PATH_MAX` without its NUL). */
const TARGET_MAX = 4095;
/** Largest numbers of a device (`MINORBITS` of the kernel). */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xf_ffff;
/** Different times that are counted to find the most frequent one. */
const TIMES_MAX = 4096;

/** A directory and the one that holds it. */
export interface DirectoryPlace {
  /** The directory. */
  readonly inode: Inode<ErofsContent>;
  /** Its parent; the root's is itself. */
  readonly parent: Inode<ErofsContent>;
}

/** A time. */
export interface Epoch {
  /** Seconds since 1970, not negative. */
  readonly seconds: number;
  /** Nanoseconds that are added. */
  readonly nanoseconds: number;
}

/** The inodes of an image. */
export class InodeList {
  /**
   * Every inode: the root first, in walk order; behind the others those of files with a tail, in the
   * order of the tails, so that these are read back in order.
   */
  readonly inodes: Inode<ErofsContent>[] = [];
  /** Every directory, the root first, in the same order. */
  readonly directories: DirectoryPlace[] = [];
  /** The time that most inodes have: those can be compact. */
  readonly epoch: Epoch;
  readonly #times = new Map<string, { epoch: Epoch; count: number }>();

  /**
   * Lists the inodes of `tree`, counts their links, and their attributes in `xattrs`. `number` of
   * all is -1 afterwards. Throws `ImageError` with the path for what EROFS cannot hold.
   */
  constructor(tree: FileTree<ErofsContent>, xattrs: XattrTable) {
    countLinks(tree);
    forgetNumbers(tree);
    for (const { path, name, inode, parent } of walk(tree)) {
      if (inode !== tree.root) checkName(name, path);
      if (inode.number === -1) {
        if (inode.kind === FileKind.directory) {
          throw new TypeError("Cannot write tree: a directory has two names");
        }
        continue;
      }
      inode.number = -1;
      try {
        checkInode(inode);
        xattrs.count(inode.xattrs);
      } catch (error) {
        throw error instanceof ImageError ? error.at({ path: displayByteString(path) }) : error;
      }
      this.inodes.push(inode);
      if (inode.kind === FileKind.directory) this.directories.push({ inode, parent });
      this.#countTime(inode);
    }
    let best: { epoch: Epoch; count: number } = { epoch: { seconds: 0, nanoseconds: 0 }, count: 0 };
    for (const time of this.#times.values()) if (time.count > best.count) best = time;
    this.epoch = best.epoch;
    this.#times.clear();
    this.inodes.sort((a, b) => tailOf(a) - tailOf(b));
  }

  #countTime({ mtimeSeconds: seconds, mtimeNanoseconds: nanoseconds }: Inode): void {
    if (seconds < 0) return;
    const key = `${seconds}.${nanoseconds}`;
    const known = this.#times.get(key);
    if (known !== undefined) known.count++;
    else if (this.#times.size < TIMES_MAX) {
      this.#times.set(key, { epoch: { seconds, nanoseconds }, count: 1 });
    }
  }
}

function tailOf({ content }: Inode<ErofsContent>): number {
  return content instanceof FlatContent ? content.tailPosition : -1;
}

function forgetNumbers(tree: FileTree): void {
  tree.root.number = 0;
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) child.number = 0;
  });
}

function checkName(name: ByteString, path: ByteString): void {
  const isName = name !== "" && name !== "." && name !== ".." && !/[\0/]/.test(name);
  if (isName && name.length <= NAME_MAX) return;
  const shown = displayByteString(path);
  throw new ImageError(
    isName ? "LIMIT_EXCEEDED" : "UNSAFE_PATH",
    isName
      ? `Cannot write name "${displayByteString(name)}": ${name.length} bytes, expected at most ` +
        `${NAME_MAX}`
      : `Cannot write name "${displayByteString(name)}": it is no file name`,
    { where: { path: shown } },
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
