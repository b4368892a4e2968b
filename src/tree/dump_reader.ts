/**
 * A tree from a composefs dump file (`composefs-dump(5)`), which is given piece by piece. Memory is
 * that of the tree and of the longest line.
 *
 * @module
 */
import {
  type ByteString,
  byteStringFrom,
  displayByteString,
  ownByteString,
} from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { DumpedContent } from "./dump.ts";
import { dumpError, parseDumpLine } from "./dump_line.ts";
import { countLinks, eachDirectory, type FileTree } from "./file_tree.ts";
import { FileKind, Inode, type Xattr } from "./inode.ts";
import { NameCount } from "./name_count.ts";

/** How a dump file is to be read. */
export interface DumpReaderOptions {
  /**
   * Refuses what is beyond the limits of the format's newer tools or would be ignored, and counts
   * links by names; else takes what the C tools take, which believe `NLINK`. Off when absent.
   */
  readonly isStrict?: boolean;
}

/** Longest line: all that the limits of a line allow, every byte of it escaped. */
const LINE_MAX = 2 ** 20;
const NAME_MAX = 255;
const LINE_BREAK = 10;

/** A name whose file is not known yet. */
interface OpenLink {
  readonly lineNumber: number;
  readonly directory: Inode<DumpedContent>;
  readonly name: ByteString;
  readonly target: ByteString;
}

/** Takes the bytes of a dump file by `write` and answers the tree by `end`. */
export class DumpReader {
  readonly #isStrict: boolean;
  readonly #names = new NameCount();
  // The beginning of a line whose end has not come.
  #rest = "";
  #lineNumber = 0;
  #root: Inode<DumpedContent> | null = null;
  // The directory of the line before: mostly that of the next one.
  #lastPath: ByteString | null = null;
  #lastDirectory: Inode<DumpedContent> | null = null;
  readonly #xattrLists = new Map<string, readonly Xattr[]>();
  // What stands for a file that is named by a link but comes later.
  readonly #openLinks = new Map<Inode<DumpedContent>, OpenLink>();

  /** Begins a file. */
  constructor(options: DumpReaderOptions = {}) {
    this.#isStrict = options.isStrict ?? false;
  }

  /** The next bytes. Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED` that names the line. */
  write(bytes: Uint8Array): void {
    let start = 0;
    for (let end = bytes.indexOf(LINE_BREAK); end >= 0; end = bytes.indexOf(LINE_BREAK, start)) {
      const piece = byteStringFrom(bytes, start, end);
      start = end + 1;
      const line = this.#rest === "" ? piece : this.#rest + piece;
      this.#rest = "";
      this.#addLine(line);
    }
    if (start < bytes.length) this.#rest += byteStringFrom(bytes, start);
    if (this.#rest.length > LINE_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read line ${this.#lineNumber + 1} of dump file: it has more than ${LINE_MAX} ` +
          "bytes, expected fewer",
      );
    }
  }

  /** The file is complete: answers its tree. Throws `ImageError` `CORRUPT`. */
  end(): FileTree<DumpedContent> {
    if (this.#rest !== "") {
      if (this.#isStrict) {
        throw dumpError(this.#lineNumber + 1, "the file ends in it", "a line break");
      }
      this.#addLine(this.#rest);
    }
    if (this.#root === null) throw dumpError(1, "there is none", "the root directory");
    for (const standIn of this.#openLinks.keys()) this.#resolve(standIn);
    const tree = { root: this.#root };
    if (this.#isStrict) countLinks(tree);
    else countSubdirectories(tree);
    return tree;
  }

  #addLine(line: ByteString): void {
    const lineNumber = ++this.#lineNumber;
    const parsed = parseDumpLine(line, {
      lineNumber,
      isStrict: this.#isStrict,
      xattrLists: this.#xattrLists,
    });
    const { path } = parsed;
    if (path === "/") {
      if (this.#root !== null) throw dumpError(lineNumber, "it is a second root", "one");
      if (parsed.kind !== "file" || parsed.inode.kind !== FileKind.directory) {
        throw dumpError(lineNumber, "the root is no directory", "a directory");
      }
      this.#root = parsed.inode;
      return;
    }
    const slash = path.lastIndexOf("/");
    const name = ownByteString(path.slice(slash + 1));
    this.#checkName(name, path);
    const directory = this.#directoryAt(path.slice(0, slash + 1), path);
    if (directory.children!.has(name)) {
      throw dumpError(lineNumber, `"${displayByteString(path)}" stands twice`, "each path once");
    }
    this.#names.add();
    if (parsed.kind === "file") {
      directory.children!.set(name, parsed.inode);
      return;
    }
    const { target } = parsed;
    const found = this.#find(target);
    if (found !== null && !this.#openLinks.has(found)) {
      directory.children!.set(name, this.#checkTarget(found, target, lineNumber));
      return;
    }
    if (this.#isStrict) throw this.#missingTarget(target, lineNumber);
    const standIn = new Inode<DumpedContent>(FileKind.regular, 0);
    directory.children!.set(name, standIn);
    this.#openLinks.set(standIn, { lineNumber, directory, name, target });
  }

  #checkName(name: ByteString, path: ByteString): void {
    if (name === "" || name === "." || name === ".." || name.length > NAME_MAX) {
      throw dumpError(
        this.#lineNumber,
        `the last part of "${displayByteString(path)}" has ${name.length} bytes`,
        `a name of 1 to ${NAME_MAX} bytes that is not "." or ".."`,
      );
    }
  }

  /** The directory of a path that ends with a slash. */
  #directoryAt(prefix: ByteString, path: ByteString): Inode<DumpedContent> {
    if (prefix === this.#lastPath) return this.#lastDirectory!;
    if (this.#isStrict && (!prefix.startsWith("/") || prefix.includes("//"))) {
      throw dumpError(
        this.#lineNumber,
        `PATH is "${displayByteString(path)}"`,
        "it to begin with / and to have no part that is empty",
      );
    }
    const directory = this.#find(prefix);
    if (directory === null || directory.kind !== FileKind.directory) {
      throw dumpError(
        this.#lineNumber,
        `"${displayByteString(path)}" is in no directory of a line before`,
        "directories before what is in them",
      );
    }
    this.#lastPath = prefix;
    this.#lastDirectory = directory;
    return directory;
  }

  /** What is at a path, `null` for nothing. Parts that are empty do not count. */
  #find(path: ByteString): Inode<DumpedContent> | null {
    let inode: Inode<DumpedContent> | null = this.#root;
    for (const name of path.split("/")) {
      if (name === "") continue;
      inode = inode?.children?.get(name) ?? null;
    }
    return inode;
  }

  /** Puts the file of a link in place of what stands for it, and of all links on the way to it. */
  #resolve(standIn: Inode<DumpedContent>): void {
    const way = new Map<Inode<DumpedContent>, OpenLink>();
    let found: Inode<DumpedContent> = standIn;
    for (let link = this.#openLinks.get(found); link; link = this.#openLinks.get(found)) {
      // A link that was resolved before is no longer in the tree.
      way.set(found, link);
      const next = this.#find(link.target);
      if (next === null || way.has(next)) throw this.#missingTarget(link.target, link.lineNumber);
      found = this.#checkTarget(next, link.target, link.lineNumber);
    }
    for (const { directory, name } of way.values()) directory.children!.set(name, found);
  }

  #checkTarget(
    inode: Inode<DumpedContent>,
    target: ByteString,
    lineNumber: number,
  ): Inode<DumpedContent> {
    const isWhiteout = inode.kind === FileKind.characterDevice && inode.deviceMajor === 0 &&
      inode.deviceMinor === 0;
    if (inode.kind === FileKind.directory || (isWhiteout && this.#isStrict)) {
      throw dumpError(
        lineNumber,
        `the link names "${displayByteString(target)}"`,
        `no ${isWhiteout ? "whiteout" : "directory"}`,
      );
    }
    return inode;
  }

  #missingTarget(target: ByteString, lineNumber: number): ImageError {
    return dumpError(
      lineNumber,
      `the link names "${displayByteString(target)}", which is not there`,
      this.#isStrict ? "a file of a line before" : "a file",
    );
  }
}

/** Link counts of directories are what the tree says; those of files were read. */
function countSubdirectories(tree: FileTree): void {
  tree.root.linkCount = 2;
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) {
      if (child.kind !== FileKind.directory) continue;
      child.linkCount = 2;
      directory.linkCount++;
    }
  });
}
