/**
 * Reads squashfs images: the tree at once, the bytes of files when asked for.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { NameCount } from "../../tree/name_count.ts";
import type { ImageDescription, ImageProblem, ImageReader } from "../image_reader.ts";
import { takeSteps, takeTurns } from "../turns.ts";
import type { SquashfsContent } from "./content.ts";
import { describeSquashfs } from "./description.ts";
import type { DirectoryInode } from "./inode.ts";
import { InodeReferences } from "./inode_references.ts";
import { SquashfsContents } from "./reader_content.ts";
import { type FoundName, SquashfsDirectories } from "./reader_directory.ts";
import { KIND_OF_TYPE, SquashfsInodes } from "./reader_inodes.ts";
import { SquashfsTables } from "./reader_tables.ts";
import { SquashfsVolume } from "./reader_volume.ts";
import { SquashfsXattrs } from "./reader_xattrs.ts";

const PIECE_SIZE = 1024 * 1024;

/** A directory whose list is to be read. */
interface PendingDirectory {
  readonly inode: Inode<SquashfsContent>;
  readonly list: DirectoryInode;
  readonly path: ByteString;
}

/** A file that a name leads to. */
interface FoundFile {
  readonly inode: Inode<SquashfsContent>;
  /** The list of a directory that was not read yet. */
  readonly list: DirectoryInode | null;
}

/** An opened image. */
export class SquashfsReader implements ImageReader<SquashfsContent> {
  /** All files. `linkCount` is what the inodes say. */
  readonly tree: FileTree<SquashfsContent>;
  readonly #volume: SquashfsVolume;
  readonly #tables: SquashfsTables;
  readonly #contents: SquashfsContents;
  readonly #names = new NameCount();
  readonly #references = new InodeReferences<Inode<SquashfsContent>>();

  /** Reads the tree; see {@linkcode openSquashfs}. */
  constructor(source: ByteSource) {
    this.#volume = new SquashfsVolume(source);
    this.#tables = new SquashfsTables(this.#volume);
    this.#contents = new SquashfsContents(this.#volume, this.#tables);
    this.tree = this.#readTree();
  }

  /** Fills `into` with the bytes of a file from `position` and answers how many there were. */
  read(content: SquashfsContent, into: Uint8Array, position: number): number {
    return this.#contents.read(content, into, position);
  }

  /** The first position from `position` on that is in no hole, `Infinity` where none follows. */
  seekData(content: SquashfsContent, position: number): number {
    return this.#contents.seekData(content, position);
  }

  /** What it is. */
  get description(): ImageDescription {
    return describeSquashfs(this.#volume);
  }

  /**
   * Decompresses every byte of every file, and compares the export table with the inodes. With a
   * `signal` it works by turns.
   */
  check(
    onProblem: (problem: ImageProblem) => void,
    signal?: AbortSignal,
  ): void | Promise<void> {
    const steps = this.#checkSteps(onProblem);
    return signal === undefined ? takeSteps(steps) : takeTurns(steps, signal);
  }

  *#checkSteps(onProblem: (problem: ImageProblem) => void): Generator<void> {
    const buffer = new Uint8Array(PIECE_SIZE);
    const seen = new Set<SquashfsContent>();
    for (const { path, inode } of walk(this.tree)) {
      if (inode.content === null || seen.has(inode.content)) continue;
      if (inode.linkCount > 1) seen.add(inode.content);
      try {
        yield* this.#readAll(inode.content, inode.size, buffer);
      } catch (error) {
        report(onProblem, path, error);
      }
    }
    for (const [number, reference] of this.#references.entries()) {
      try {
        const exported = this.#tables.exported(number);
        if (exported === null || exported === reference) continue;
        const observed = `inode ${number} is at ${exported}`;
        throw this.#volume.corrupt("export table", observed, `${reference}`);
      } catch (error) {
        report(onProblem, undefined, error);
      }
    }
  }

  *#readAll(content: SquashfsContent, size: number, buffer: Uint8Array): Generator<void> {
    for (let at = 0; at < size; at += buffer.length) {
      // Whole pieces: blocks divide them.
      const data = this.seekData(content, at);
      if (data >= size) return;
      at = Math.floor(data / buffer.length) * buffer.length;
      this.read(content, buffer, at);
      yield;
    }
  }

  /** Gives the image back. */
  close(): void {
    this.#volume.source.close();
  }

  #readTree(): FileTree<SquashfsContent> {
    const volume = this.#volume;
    const xattrs = new SquashfsXattrs(volume);
    const inodes = new SquashfsInodes(volume, this.#tables, xattrs);
    const directories = new SquashfsDirectories(volume, this.#tables);
    const rootReference = volume.superblock.rootInode;
    const root = inodes.read(rootReference);
    if (root.list === null) {
      throw volume.corrupt("root", `its type is ${root.type}`, "a directory", 0x20);
    }
    this.#references.set(root.number, rootReference, root.inode);
    const pending: PendingDirectory[] = [{ inode: root.inode, list: root.list, path: "" }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      this.#readDirectory(next, inodes, directories, pending);
    }
    this.#references.forgetInodes();
    return { root: root.inode };
  }

  #readDirectory(
    directory: PendingDirectory,
    inodes: SquashfsInodes,
    directories: SquashfsDirectories,
    pending: PendingDirectory[],
  ): void {
    const { path } = directory;
    let shown = path;
    try {
      for (const entry of directories.read(directory.list)) {
        shown = path === "" ? entry.name : `${path}/${entry.name}`;
        this.#names.add();
        const { inode, list } = this.#readEntry(entry, inodes);
        directory.inode.children!.set(entry.name, inode);
        if (list !== null) pending.push({ inode, list, path: shown });
      }
    } catch (error) {
      throw error instanceof ImageError ? error.at({ path: displayByteString(shown) }) : error;
    }
  }

  #readEntry(entry: FoundName, inodes: SquashfsInodes): FoundFile {
    const reference = this.#references.reference(entry.number);
    if (reference === entry.reference) {
      const inode = this.#references.inode(entry.number);
      if (inode.kind === FileKind.directory) {
        throw this.#corrupt(entry.number, "the directory has another name", "one");
      }
      if (KIND_OF_TYPE[entry.type] !== inode.kind) {
        const observed = `its entry says type ${entry.type}`;
        throw this.#corrupt(entry.number, observed, "that of its inode");
      }
      return { inode, list: null };
    }
    const { inode, type, number, list } = inodes.read(entry.reference);
    if (type !== entry.type || number !== entry.number) {
      throw this.#corrupt(
        number,
        `its entry says type ${entry.type} and number ${entry.number}`,
        `type ${type} and number ${number}`,
      );
    }
    if (reference !== null) {
      throw this.#corrupt(number, "another inode has its number", "a number of its own");
    }
    this.#references.set(number, entry.reference, inode);
    return { inode, list };
  }

  #corrupt(number: number, observed: string, expected: string): ImageError {
    return this.#volume.corrupt(`inode ${number}`, observed, expected);
  }
}

/** Hands an error of the image on; throws any other. */
function report(
  onProblem: (problem: ImageProblem) => void,
  path: ByteString | undefined,
  error: unknown,
): void {
  if (!(error instanceof ImageError)) throw error;
  onProblem({ path, message: error.message, offset: error.where.offset });
}

/**
 * Opens a squashfs 4.0 image of any maker and reads its tree. Compressions: gzip, xz, lzma, lz4
 * and zstd.
 *
 * Throws `ImageError` `CORRUPT` for whatever is not as it must be, `UNSUPPORTED` for other
 * versions and for lzo. The source is the caller's until this returns, then the reader's.
 */
export function openSquashfs(source: ByteSource): SquashfsReader {
  return new SquashfsReader(source);
}
