/**
 * Makes a directory: the bytes of files get files without a place, and when the tree is known, every
 * file its place, its names and its metadata.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { ROOT_NAME, type TreeMaker } from "../../io/tree_maker.ts";
import { type FileTree, sortedNames } from "../../tree/file_tree.ts";
import { FileKind, type Inode, modeOf } from "../../tree/inode.ts";
import type { FileWriter, ImageWriter, WriterContext, WriteReport } from "../image_format.ts";
import { LossLog } from "../loss.ts";
import { MetadataSetter } from "./metadata.ts";
import type { DirectoryFormatOptions } from "./options.ts";

/** A directory whose files are being made. */
interface Level {
  readonly name: ByteString;
  readonly path: ByteString;
  readonly inode: Inode<number>;
  readonly names: readonly ByteString[];
  next: number;
}

/** Makes one directory; a body's location is its number. */
export class DirectoryWriter implements ImageWriter<number> {
  readonly #maker: TreeMaker;
  readonly #context: WriterContext;
  readonly #losses: LossLog;
  readonly #metadata: MetadataSetter;
  /** Files with several names: their number, `null` where they could not be made. */
  readonly #kept = new Map<Inode, number | null>();
  #isBodyOpen = false;
  #dataBytes = 0;
  #totalBytes = 0;
  #fileCount = 0;

  /** Begins in a sink that takes a tree; throws `TypeError` for any other. */
  constructor(sink: ByteSink, context: WriterContext, options: DirectoryFormatOptions) {
    if (sink.tree === undefined) {
      throw new TypeError("Cannot write directory: its sink takes bytes, expected directorySink()");
    }
    this.#maker = sink.tree;
    this.#context = context;
    const onLoss = options.onLoss ?? (this.#maker.isAdministrator ? "error" : "report");
    this.#losses = new LossLog("directory", onLoss);
    this.#metadata = new MetadataSetter(
      this.#maker,
      this.#losses,
      options.rootlessXattrs ?? false,
    );
  }

  /** Begins a file of `size` bytes. */
  beginFile(size: number): FileWriter<number> {
    if (this.#isBodyOpen) throw new RangeError("Cannot begin file: another one is open");
    this.#isBodyOpen = true;
    const body = this.#maker.createBody();
    let position = 0;
    const advance = (byteCount: number) => {
      if (position + byteCount > size) {
        throw new RangeError(`Cannot write file: more bytes than its size of ${size}`);
      }
      position += byteCount;
    };
    return {
      write: (bytes) => {
        advance(bytes.length);
        body.write(bytes, position - bytes.length);
        this.#dataBytes += bytes.length;
      },
      skip: advance,
      end: () => {
        if (position !== size) {
          throw new RangeError(`Cannot end file: it has ${position} bytes, expected ${size}`);
        }
        this.#isBodyOpen = false;
        body.end(size);
        return body.id;
      },
    };
  }

  /** A body that gets no name is removed with the rest. */
  release(): void {}

  /** Makes everything; throws `ImageError` with the path for what cannot be made. */
  // deno-lint-ignore require-await -- an error must be a rejection
  async finish(tree: FileTree<number>): Promise<WriteReport> {
    const { onNotice } = this.#context;
    if (this.#maker.limits !== null) onNotice({ code: "LOSS", message: this.#maker.limits });
    this.#makeTree(tree);
    this.#losses.report(onNotice);
    return {
      format: "directory",
      imageSize: this.#totalBytes,
      writtenBytes: this.#dataBytes,
      details: { files: this.#fileCount, losses: this.#losses.count },
    };
  }

  /** Depth is limited neither by the stack nor by the number of open files. */
  #makeTree({ root }: FileTree<number>): void {
    const maker = this.#maker;
    const levels: Level[] = [];
    const enter = (name: ByteString, path: ByteString, inode: Inode<number>) => {
      at(path, () => {
        maker.makeDirectory(name);
        maker.enter(name);
      });
      this.#fileCount++;
      levels.push({ name, path, inode, names: sortedNames(inode), next: 0 });
    };
    enter(ROOT_NAME, "", root);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      if (level.next === level.names.length) {
        // Only now: making files in it changed its times.
        maker.leave();
        const { name, path, inode } = level;
        at(path, () => this.#metadata.set(name, path, inode));
        levels.pop();
        continue;
      }
      const name = level.names[level.next++];
      const path = level.path === "" ? name : `${level.path}/${name}`;
      checkName(name, path);
      const inode = level.inode.children!.get(name)!;
      if (inode.kind === FileKind.directory) enter(name, path, inode);
      else at(path, () => this.#makeFile(name, path, inode));
    }
  }

  #makeFile(name: ByteString, path: ByteString, inode: Inode<number>): void {
    const kept = this.#kept.get(inode);
    if (kept !== undefined) {
      if (kept !== null) this.#maker.link(kept, name);
      return;
    }
    const isMade = this.#make(name, path, inode);
    if (isMade) {
      this.#metadata.set(name, path, inode);
      this.#fileCount++;
      this.#totalBytes += inode.size;
    }
    if (inode.linkCount !== 1) this.#kept.set(inode, isMade ? this.#maker.keep(name) : null);
  }

  #make(name: ByteString, path: ByteString, inode: Inode<number>): boolean {
    const maker = this.#maker;
    if (inode.kind === FileKind.symlink) {
      maker.makeSymlink(name, inode.target);
      return true;
    }
    if (inode.content !== null) {
      maker.placeBody(inode.content, name);
      return true;
    }
    const kind = Math.floor(modeOf(inode) / 0o10000) * 0o10000;
    const { deviceMajor, deviceMinor } = inode;
    return this.#metadata.attempt(path, `file type (${KIND_NAMES[inode.kind]})`, () => {
      maker.makeNode(name, kind + 0o600, deviceMajor, deviceMinor);
    });
  }
}

/** Tells the path of the file that an error concerns. */
function at(path: ByteString, make: () => void): void {
  try {
    make();
  } catch (error) {
    throw error instanceof ImageError ? error.at({ path: displayByteString(path || "/") }) : error;
  }
}

/** Any other name could lead out of the directory. */
function checkName(name: ByteString, path: ByteString): void {
  if (name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name)) return;
  const shown = displayByteString(path);
  throw new ImageError(
    "UNSAFE_PATH",
    `Cannot make file "${shown}": its name is "${
      displayByteString(name)
    }", expected neither dots ` +
      "alone, a slash, a NUL nor nothing",
    { where: { path: shown } },
  );
}

const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  [FileKind.regular]: "file",
  [FileKind.directory]: "directory",
  [FileKind.characterDevice]: "character device",
  [FileKind.blockDevice]: "block device",
  [FileKind.fifo]: "fifo",
  [FileKind.socket]: "socket",
  [FileKind.symlink]: "symbolic link",
};
