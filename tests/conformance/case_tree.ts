/**
 * Builds the trees of the conformance cases.
 *
 * @module
 */
import { bytesOf, type ByteString } from "../../src/bytes/byte_string.ts";
import { countLinks, emptyTree, type FileTree } from "../../src/tree/file_tree.ts";
import { canonicalXattrs, FileKind, Inode } from "../../src/tree/inode.ts";
import type { GeneratedContent } from "./generated_content.ts";

/** Fields that a case sets; the rest stays at what `Inode` begins with. */
export interface NodeFields {
  readonly permissions?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds, or seconds and nanoseconds. */
  readonly mtime?: number | readonly [seconds: number, nanoseconds: number];
  /** Full name and value, as text of bytes or as bytes. */
  readonly xattrs?: Readonly<Record<ByteString, ByteString | Uint8Array>>;
}

/** Fields of a regular file. */
export interface FileFields extends NodeFields {
  /** Bytes; the end of the data when absent. */
  readonly size?: number;
  /** Ranges that hold data; all of the file when absent. */
  readonly data?: GeneratedContent["data"];
  /** Whether the rest is written as zeros instead of holes. */
  readonly writesZeros?: boolean;
}

/** A tree under construction. Parents must be made before what is in them. */
export class CaseTree {
  /** The tree so far. */
  readonly tree: FileTree<GeneratedContent> = emptyTree();
  #fileCount = 0;

  /** The root directory. */
  get root(): Inode<GeneratedContent> {
    return this.tree.root;
  }

  /** The file of a path. */
  at(path: ByteString): Inode<GeneratedContent> {
    let inode = this.tree.root;
    for (const name of path === "" ? [] : path.split("/")) {
      const child = inode.children?.get(name);
      if (child === undefined) throw new RangeError(`Cannot find "${path}" in the case's tree`);
      inode = child;
    }
    return inode;
  }

  /** Makes a regular file. */
  file(path: ByteString, fields: FileFields = {}): this {
    const inode = new Inode<GeneratedContent>(FileKind.regular, 0o644);
    const size = fields.size ?? fields.data?.at(-1)?.[1] ?? 0;
    inode.size = size;
    const seed = Math.imul(++this.#fileCount, 0x01000193);
    if (size > 0) {
      const data = fields.data ?? [[0, size]];
      inode.content = { seed, data, writesZeros: fields.writesZeros ?? false };
    }
    return this.#add(path, inode, fields);
  }

  /** Makes a directory. */
  directory(path: ByteString, fields: NodeFields = {}): this {
    return this.#add(path, new Inode(FileKind.directory, 0o755), fields);
  }

  /** Makes a symbolic link. */
  symlink(path: ByteString, target: ByteString, fields: NodeFields = {}): this {
    const inode = new Inode<GeneratedContent>(FileKind.symlink, 0o777);
    inode.target = target;
    inode.size = target.length;
    return this.#add(path, inode, fields);
  }

  /** Makes a character or block device. */
  device(
    path: ByteString,
    kind: "characterDevice" | "blockDevice",
    major: number,
    minor: number,
    fields: NodeFields = {},
  ): this {
    const inode = new Inode<GeneratedContent>(FileKind[kind], 0o600);
    inode.deviceMajor = major;
    inode.deviceMinor = minor;
    return this.#add(path, inode, fields);
  }

  /** Makes a named pipe or a socket. */
  special(path: ByteString, kind: "fifo" | "socket", fields: NodeFields = {}): this {
    return this.#add(path, new Inode(FileKind[kind], 0o640), fields);
  }

  /** Gives the file at `target` a further name. */
  link(path: ByteString, target: ByteString): this {
    this.#place(path, this.at(target));
    return this;
  }

  /** The finished tree, with its links counted. */
  finish(): FileTree<GeneratedContent> {
    countLinks(this.tree);
    return this.tree;
  }

  #add(path: ByteString, inode: Inode<GeneratedContent>, fields: NodeFields): this {
    inode.permissions = fields.permissions ?? inode.permissions;
    inode.uid = fields.uid ?? 0;
    inode.gid = fields.gid ?? 0;
    const [seconds, nanoseconds] = typeof fields.mtime === "object"
      ? fields.mtime
      : [fields.mtime ?? 1_600_000_000, 0];
    inode.mtimeSeconds = inode.atimeSeconds = seconds;
    inode.mtimeNanoseconds = inode.atimeNanoseconds = nanoseconds;
    inode.xattrs = canonicalXattrs(
      Object.entries(fields.xattrs ?? {}).map(([name, value]) => ({
        name,
        value: typeof value === "string" ? bytesOf(value) : value,
      })),
    );
    this.#place(path, inode);
    return this;
  }

  #place(path: ByteString, inode: Inode<GeneratedContent>): void {
    const cut = path.lastIndexOf("/");
    const parent = this.at(cut < 0 ? "" : path.slice(0, cut));
    parent.children!.set(path.slice(cut + 1), inode);
  }
}
