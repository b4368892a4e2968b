/**
 * Reads EROFS images: the tree at once, the bytes of files when asked for.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { NameCount } from "../../tree/name_count.ts";
import type { ImageDescription, ImageProblem, ImageReader } from "../image_reader.ts";
import { takeSteps, takeTurns } from "../turns.ts";
import {
  BLOCK_MAP_ENTRY_SIZE,
  CHUNK_BITS_MASK,
  CHUNK_FORMAT_ALL,
  CHUNK_INDEX_SIZE,
  CHUNK_INDEXES,
} from "./chunk.ts";
import { checkErofs } from "./check.ts";
import { describeErofs } from "./description.ts";
import { DataLayout, NULL_BLOCK } from "./inode.ts";
import { FoundChunks, FoundFlat, readChunks, readFlat, seekChunks } from "./reader_content.ts";
import { CompressedReader } from "./reader_compressed.ts";
import { type FoundName, readDirectoryBlock } from "./reader_directory.ts";
import { FoundCompressed } from "./reader_index.ts";
import { type FoundInode, readInode } from "./reader_inodes.ts";
import { ErofsVolume } from "./reader_volume.ts";
import { ErofsXattrs } from "./reader_xattrs.ts";

/** Where the bytes of a file are in an image that is read. */
export type FoundContent = FoundFlat | FoundChunks | FoundCompressed;

/** Longest target of a symbolic link. */
const TARGET_MAX = 4096;
/** Number with which the images of composefs begin. */
const COMPOSEFS_MAGIC = 0xd078_629a;

/** A directory whose entries are to be read. */
interface PendingDirectory {
  readonly found: FoundInode;
  readonly inode: Inode<FoundContent>;
  readonly parentNid: number;
  readonly path: ByteString;
}

/** An opened image. */
export class ErofsReader implements ImageReader<FoundContent> {
  /** All files. `linkCount` is what the inodes say. */
  readonly tree: FileTree<FoundContent>;
  readonly #volume: ErofsVolume;
  readonly #xattrs: ErofsXattrs;
  readonly #compressed: CompressedReader;
  // Files that have several names, by inode number; directories have one.
  readonly #linked = new Map<number, Inode<FoundContent>>();
  readonly #seen = new Set<number>();
  readonly #names = new NameCount();

  /** Reads the tree; see {@linkcode openErofs}. */
  constructor(source: ByteSource) {
    this.#volume = new ErofsVolume(source);
    this.#xattrs = new ErofsXattrs(this.#volume);
    this.#compressed = new CompressedReader(this.#volume);
    this.tree = this.#readTree();
    this.#linked.clear();
    this.#seen.clear();
    this.#xattrs.clear();
  }

  /**
   * Fills `into` with the bytes of a file from `position` and answers how many they are: fewer
   * only at its end.
   */
  read(content: FoundContent, into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, content.size - position));
    const piece = into.subarray(0, count);
    if (content instanceof FoundFlat) readFlat(this.#volume, content, piece, position);
    else if (content instanceof FoundChunks) readChunks(this.#volume, content, piece, position);
    else this.#compressed.read(content, piece, position);
    return count;
  }

  /** The first position from `position` on that is in no hole, `Infinity` where none follows. */
  seekData(content: FoundContent, position: number): number {
    if (content instanceof FoundChunks) return seekChunks(this.#volume, content, position);
    return position < content.size ? position : Infinity;
  }

  /** What it is. */
  get description(): ImageDescription {
    return describeErofs(this.#volume.superblock, this.#volume.size);
  }

  /**
   * Checks counts and name filters, and reads every byte of every file. With a `signal` it works by
   * turns.
   */
  check(
    onProblem: (problem: ImageProblem) => void,
    signal?: AbortSignal,
  ): void | Promise<void> {
    this.#xattrs.problems.forEach(onProblem);
    const steps = checkErofs(this, this.#volume.superblock, onProblem);
    return signal === undefined ? takeSteps(steps) : takeTurns(steps, signal);
  }

  /** Gives the image back. */
  close(): void {
    this.#volume.source.close();
  }

  #readTree(): FileTree<FoundContent> {
    const volume = this.#volume;
    const found = readInode(volume, volume.rootNid);
    if (found.kind !== FileKind.directory) {
      throw volume.corrupt("root", `mode is 0${found.mode.toString(8)}`, "a directory");
    }
    this.#seen.add(found.nid);
    const root = this.#readInode(found);
    const pending: PendingDirectory[] = [
      { found, inode: root, parentNid: found.nid, path: "" },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      this.#readEntries(next, pending);
    }
    return { root };
  }

  #readEntries(directory: PendingDirectory, pending: PendingDirectory[]): void {
    const volume = this.#volume;
    const { found, parentNid } = directory;
    const thing = `directory inode ${found.nid}`;
    const dots = new Map<ByteString, number>();
    let previous: ByteString = "";
    let path = directory.path;
    try {
      for (const entry of this.#entriesOf(found, thing)) {
        path = directory.path === "" ? entry.name : `${directory.path}/${entry.name}`;
        if (entry.name <= previous) {
          throw volume.corrupt(
            thing,
            `"${displayByteString(entry.name)}" comes behind "${displayByteString(previous)}"`,
            "names in ascending order",
          );
        }
        previous = entry.name;
        if (entry.name === "." || entry.name === "..") dots.set(entry.name, entry.nid);
        else this.#readEntry(directory, entry, path, pending);
      }
      path = directory.path;
      const self = dots.get(".") ?? (found.hasNoDot ? found.nid : undefined);
      if (self !== found.nid || dots.get("..") !== parentNid) {
        throw volume.corrupt(
          thing,
          `. and .. are inodes ${dots.get(".")} and ${dots.get("..")}`,
          `${found.nid} and ${parentNid}`,
        );
      }
    } catch (error) {
      throw error instanceof ImageError ? error.at({ path: displayByteString(path) }) : error;
    }
  }

  /** Yields all entries of a directory. */
  *#entriesOf(found: FoundInode, thing: string): Generator<FoundName> {
    const volume = this.#volume;
    const content = this.#contentOf(found);
    if (!(content instanceof FoundFlat)) {
      throw volume.unsupported(thing, "its entries are in chunks or compressed", "in blocks");
    }
    const { blockSize } = volume;
    volume.claim(found.size, thing);
    for (let position = 0; position < found.size; position += blockSize) {
      const size = Math.min(blockSize, found.size - position);
      const start = position < content.blocksSize
        ? content.blocksPosition + position
        : content.tailPosition + position - content.blocksSize;
      const { bytes, view, at } = volume.metadata(start, size, thing);
      // All of them at once: the bytes are not good for as long as it takes to read the files.
      yield* [...readDirectoryBlock(volume, bytes, view, at, size, thing)];
    }
  }

  #readEntry(
    directory: PendingDirectory,
    { name, nid, fileType }: FoundName,
    path: ByteString,
    pending: PendingDirectory[],
  ): void {
    const volume = this.#volume;
    this.#names.add();
    const isAgain = this.#seen.has(nid);
    let inode = this.#linked.get(nid);
    if (isAgain && inode === undefined) {
      throw volume.corrupt(`inode ${nid}`, "it has another name", "one link");
    }
    if (inode === undefined) {
      this.#seen.add(nid);
      const found = readInode(volume, nid);
      inode = this.#readInode(found);
      if (found.kind === FileKind.directory) {
        pending.push({ found, inode, parentNid: directory.found.nid, path });
      } else if (found.links > 1) {
        this.#linked.set(nid, inode);
      }
    }
    if (fileType !== 0 && fileType !== inode.kind) {
      throw volume.corrupt(
        `directory inode ${directory.found.nid}`,
        `file type is ${fileType}`,
        `${inode.kind} for inode ${nid}`,
      );
    }
    directory.inode.children!.set(name, inode);
  }

  #readInode(found: FoundInode): Inode<FoundContent> {
    const inode = new Inode<FoundContent>(found.kind, found.mode & 0o7777);
    inode.linkCount = found.links;
    inode.uid = found.uid;
    inode.gid = found.gid;
    inode.mtimeSeconds = inode.atimeSeconds = found.mtimeSeconds;
    inode.mtimeNanoseconds = inode.atimeNanoseconds = found.mtimeNanoseconds;
    inode.xattrs = this.#xattrs.read(found);
    if (found.kind === FileKind.regular) {
      inode.size = found.size;
      inode.content = found.size === 0 ? null : this.#contentOf(found);
    } else if (found.kind === FileKind.symlink) {
      inode.size = found.size;
      inode.target = this.#readTarget(found);
    } else if (found.kind === FileKind.characterDevice || found.kind === FileKind.blockDevice) {
      inode.deviceMajor = found.union >>> 8 & 0xfff;
      inode.deviceMinor = (found.union & 0xff) + (found.union >>> 12 & 0xfff00);
    }
    return inode;
  }

  #readTarget(found: FoundInode): ByteString {
    if (found.size === 0 || found.size > TARGET_MAX) {
      throw this.#volume.corrupt(
        `inode ${found.nid}`,
        `target has ${found.size} bytes`,
        `1 to ${TARGET_MAX}`,
      );
    }
    this.#volume.claim(found.size, `inode ${found.nid}`);
    const bytes = new Uint8Array(found.size);
    this.read(this.#contentOf(found), bytes, 0);
    if (bytes.includes(0)) {
      throw this.#volume.corrupt(`inode ${found.nid}`, "target has a NUL", "none");
    }
    return byteStringFrom(bytes);
  }

  #contentOf(found: FoundInode): FoundContent {
    const volume = this.#volume;
    const { layout, size } = found;
    const end = found.position + found.inodeSize + found.xattrSize;
    switch (layout) {
      case DataLayout.flatPlain:
      case DataLayout.flatInline:
        return this.#flatContent(found, end);
      case DataLayout.chunkBased: {
        const format = found.union & 0xffff;
        if (format > CHUNK_FORMAT_ALL) {
          throw volume.unsupported(
            `inode ${found.nid}`,
            `chunk format is 0x${format.toString(16)}`,
            "a known one",
          );
        }
        const hasIndexes = (format & CHUNK_INDEXES) !== 0;
        const entrySize = hasIndexes ? CHUNK_INDEX_SIZE : BLOCK_MAP_ENTRY_SIZE;
        const chunkSize = volume.blockSize * 2 ** (format & CHUNK_BITS_MASK);
        const start = alignUp(end, entrySize);
        const mapSize = Math.ceil(size / chunkSize) * entrySize;
        volume.checkRange(start, mapSize, "chunk map");
        volume.claim(mapSize, `inode ${found.nid}`);
        return new FoundChunks(size, chunkSize, start, format);
      }
      default:
        return new FoundCompressed(volume, found);
    }
  }

  #flatContent(found: FoundInode, end: number): FoundContent {
    const volume = this.#volume;
    const { blockSize } = volume;
    const { size, union, blockHigh } = found;
    const isInline = found.layout === DataLayout.flatInline;
    // In 48 bits the number without its high half is one of a block.
    const isHole = !isInline && union === NULL_BLOCK &&
      (blockHigh === 0xffff || (blockHigh === 0 && volume.size <= NULL_BLOCK * blockSize));
    if (isHole && size > 0) return new FoundChunks(size, blockSize, -1, 0);
    const blocksSize = isInline ? (Math.ceil(size / blockSize) - 1) * blockSize : size;
    const start = (blockHigh * 2 ** 32 + union) * blockSize;
    if (blocksSize > 0) volume.checkRange(start, blocksSize, `inode ${found.nid}`);
    if (isInline && size > 0) {
      const tailSize = size - blocksSize;
      volume.checkRange(end, tailSize, `inode ${found.nid}`);
      if (end % blockSize + tailSize > blockSize) {
        throw volume.corrupt(`inode ${found.nid}`, "its data crosses a block", "one block", end);
      }
    }
    return new FoundFlat(size, start, Math.max(0, blocksSize), end);
  }
}

/**
 * Opens an EROFS image and reads its tree. The superblock, inodes, attributes and directories are
 * verified; what the contents of files point to is when they are read.
 *
 * Throws `ImageError` `CORRUPT` for whatever is not as it must be, `UNSUPPORTED` for features
 * that are not known, by name. The source is the caller's until this returns, then the reader's.
 */
export function openErofs(source: ByteSource): ErofsReader {
  refuseComposefs(source);
  return new ErofsReader(source);
}

/** An image of composefs is EROFS too, but the bytes of its files are elsewhere: here they are holes. */
function refuseComposefs(source: ByteSource): void {
  const head = new DataView(new ArrayBuffer(4));
  source.read(new Uint8Array(head.buffer), 0);
  if (head.getUint32(0, true) !== COMPOSEFS_MAGIC) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot read EROFS image "${source.name}": it is one of composefs, whose files are objects ` +
      "elsewhere, expected one with its files (the commands of oci2rootfs composefs read it)",
    { where: { source: source.name } },
  );
}
