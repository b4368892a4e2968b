/**
 * A mounted directory as a `FileTree`: exactly what the kernel shows.
 *
 * Names are raw bytes, times have nanoseconds, every extended attribute is read (trusted ones as
 * root), hard links share one inode, and `linkCount` is the kernel's `st_nlink`, not a count of
 * the names that were seen.
 *
 * @module
 */
import { bytesOf, type ByteString, byteStringFrom } from "../src/bytes/byte_string.ts";
import type { ContentReader } from "../src/tree/content_reader.ts";
import type { FileTree } from "../src/tree/file_tree.ts";
import {
  canonicalXattrs,
  FileKind,
  Inode,
  kindOfMode,
  NO_XATTRS,
  type Xattr,
} from "../src/tree/inode.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  cString,
  errno,
  type Libc,
  mustSucceed,
  openLibc,
  openPath,
  readNames,
} from "./libc.ts";

/** Where a mounted file's bytes are: its path below the directory that was read. */
export type MountedContent = ByteString;

const SEEK_DATA = 3;
const ENXIO = 6;
const EOPNOTSUPP = 95;
const STATX_BASIC_STATS = 0x7ff;
const STATX_SIZE = 256;

/** A directory that was read. The contents of files are read when asked for, until it is closed. */
export class MountedTree implements ContentReader<MountedContent>, Disposable {
  /** What was found. */
  readonly tree: FileTree<MountedContent>;
  readonly #libc: Libc;
  readonly #root: number;
  readonly #statx = new Uint8Array(STATX_SIZE);
  readonly #view = new DataView(this.#statx.buffer);
  readonly #buffer = new Uint8Array(128 * 1024);
  readonly #linked = new Map<string, Inode<MountedContent>>();
  #openedPath: ByteString | null = null;
  #openedFile = -1;

  /** Reads everything below `directory` but the contents of files. */
  constructor(directory: string) {
    this.#libc = openLibc();
    this.#root = openPath(this.#libc, AT_FDCWD, directory);
    try {
      this.tree = this.#readTree();
    } catch (error) {
      // What stays open keeps the filesystem mounted.
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Fills `into` from `position` of the file and answers how many bytes were there. */
  read(content: MountedContent, into: Uint8Array<ArrayBuffer>, position: number): number {
    const file = this.#open(content);
    let done = 0;
    while (done < into.length) {
      const byteCount = mustSucceed(
        this.#libc,
        "read",
        content,
        this.#libc.symbols.pread64(
          file,
          into.subarray(done),
          BigInt(into.length - done),
          BigInt(position + done),
        ),
      );
      if (byteCount === 0) break;
      done += byteCount;
    }
    return done;
  }

  /** The first position from `position` that is in no hole, `Infinity` where only a hole follows. */
  seekData(content: MountedContent, position: number): number {
    const found = this.#libc.symbols.lseek64(this.#open(content), BigInt(position), SEEK_DATA);
    if (found < 0n && errno(this.#libc) === ENXIO) return Infinity;
    return mustSucceed(this.#libc, "seek in", content, found);
  }

  /** Closes what is open. */
  [Symbol.dispose](): void {
    if (this.#openedFile >= 0) this.#libc.symbols.close(this.#openedFile);
    this.#libc.symbols.close(this.#root);
    this.#libc.close();
  }

  #readTree(): FileTree<MountedContent> {
    const root = this.#readInode(this.#root, ".", "");
    const pending: { path: ByteString; inode: Inode<MountedContent> }[] = [{
      path: "",
      inode: root,
    }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { path, inode } = next;
      const opened = openPath(this.#libc, this.#root, path);
      try {
        for (const name of readNames(this.#libc, opened, path)) {
          const childPath = path === "" ? name : `${path}/${name}`;
          const child = this.#readInode(opened, name, childPath);
          inode.children!.set(name, child);
          if (child.kind === FileKind.directory) pending.push({ path: childPath, inode: child });
        }
      } finally {
        this.#libc.symbols.close(opened);
      }
    }
    return { root };
  }

  #open(path: ByteString): number {
    if (path !== this.#openedPath) {
      if (this.#openedFile >= 0) this.#libc.symbols.close(this.#openedFile);
      this.#openedPath = null;
      this.#openedFile = -1;
      this.#openedFile = openPath(this.#libc, this.#root, path);
      this.#openedPath = path;
    }
    return this.#openedFile;
  }

  #readInode(directory: number, name: ByteString, path: ByteString): Inode<MountedContent> {
    const { symbols } = this.#libc;
    const view = this.#view;
    mustSucceed(
      this.#libc,
      "stat",
      path,
      symbols.statx(
        directory,
        cString(name),
        AT_SYMLINK_NOFOLLOW,
        STATX_BASIC_STATS,
        this.#statx,
      ),
    );
    const mode = view.getUint16(28, true);
    const kind = kindOfMode(mode);
    if (kind === undefined) throw new Error(`Cannot stat "${path}": mode is 0${mode.toString(8)}`);
    const linkCount = view.getUint32(16, true);
    const identity = [136, 140, 32, 36].map((at) => view.getUint32(at, true)).join(" ");
    if (kind !== FileKind.directory) {
      const known = this.#linked.get(identity);
      if (known !== undefined) return known;
    }
    const inode = new Inode<MountedContent>(kind, mode & 0o7777);
    inode.linkCount = linkCount;
    inode.uid = view.getUint32(20, true);
    inode.gid = view.getUint32(24, true);
    inode.atimeSeconds = Number(view.getBigInt64(64, true));
    inode.atimeNanoseconds = view.getUint32(72, true);
    inode.mtimeSeconds = Number(view.getBigInt64(112, true));
    inode.mtimeNanoseconds = view.getUint32(120, true);
    if (kind === FileKind.regular) {
      inode.size = Number(view.getBigUint64(40, true));
      inode.content = path;
    } else if (kind === FileKind.symlink) {
      inode.size = Number(view.getBigUint64(40, true));
      inode.target = this.#readTarget(directory, name, path);
    } else if (kind === FileKind.characterDevice || kind === FileKind.blockDevice) {
      inode.deviceMajor = view.getUint32(128, true);
      inode.deviceMinor = view.getUint32(132, true);
    }
    inode.xattrs = this.#readXattrs(directory, name, path);
    if (kind !== FileKind.directory) this.#linked.set(identity, inode);
    return inode;
  }

  #readTarget(directory: number, name: ByteString, path: ByteString): ByteString {
    const size = this.#libc.symbols.readlinkat(
      directory,
      cString(name),
      this.#buffer,
      BigInt(this.#buffer.length),
    );
    return byteStringFrom(this.#buffer, 0, mustSucceed(this.#libc, "read link", path, size));
  }

  #readXattrs(directory: number, name: ByteString, path: ByteString): readonly Xattr[] {
    const { symbols } = this.#libc;
    // There is no "at" form of these calls; the directory's entry in /proc serves as its path.
    const place = cString(`/proc/self/fd/${directory}/${name}`);
    const buffer = this.#buffer;
    const listed = symbols.llistxattr(place, buffer, BigInt(buffer.length));
    if (listed < 0n && errno(this.#libc) === EOPNOTSUPP) return NO_XATTRS;
    const listSize = mustSucceed(this.#libc, "list attributes of", path, listed);
    if (listSize === 0) return NO_XATTRS;
    const names = byteStringFrom(buffer, 0, listSize - 1).split("\0");
    return canonicalXattrs(names.map((xattrName) => {
      const size = mustSucceed(
        this.#libc,
        `read attribute ${xattrName} of`,
        path,
        symbols.lgetxattr(place, bytesOf(`${xattrName}\0`), buffer, BigInt(buffer.length)),
      );
      return { name: xattrName, value: buffer.slice(0, size) };
    }));
  }
}
