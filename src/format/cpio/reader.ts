/**
 * Reads cpio archives of the kinds `newc` and `crc`, several one after another as the kernel does,
 * the last of them compressed if need be.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import type { NoticeListener } from "../../notice.ts";
import { countLinks, type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, Inode, kindOfMode } from "../../tree/inode.ts";
import type { ImageDescription, ImageProblem, ImageReader } from "../image_reader.ts";
import {
  ALIGNMENT,
  type CpioHeader,
  HEADER_SIZE,
  Magic,
  PATH_MAX,
  readCpioHeader,
  TRAILER_NAME,
} from "./header.ts";
import { ArchiveTree } from "./placement.ts";
import { compressionOf, decompressedSource, type SegmentCompression } from "./segments.ts";

const WINDOW_SIZE = 64 * 1024;

/** Where the bytes of a file are. */
export class CpioContent {
  /** What they are read from. */
  readonly source: ByteSource;
  /** First byte. */
  readonly position: number;
  /** How many. */
  readonly size: number;
  /** Sum of all bytes, modulo 2^32; `null` where the archive has none. */
  readonly checksum: number | null;

  /** Tells where bytes are. */
  constructor(source: ByteSource, position: number, size: number, checksum: number | null) {
    this.source = source;
    this.position = position;
    this.size = size;
    this.checksum = checksum;
  }
}

/** Opened archives. */
export class CpioReader implements ImageReader<CpioContent> {
  readonly #sources: ByteSource[];
  readonly #tree = new ArchiveTree<CpioContent>();
  readonly #onNotice: NoticeListener;
  readonly #window = new Uint8Array(WINDOW_SIZE);
  #windowSource: ByteSource | null = null;
  #windowStart = 0;
  #windowEnd = 0;
  /** Files with several names in the archive that is being read, by device and number. */
  #linked = new Map<string, Inode<CpioContent>>();
  #compression: SegmentCompression | null = null;
  #archiveCount = 0;
  #memberCount = 0;
  #inodeCount = 0;

  private constructor(source: ByteSource, onNotice: NoticeListener) {
    this.#sources = [source];
    this.#onNotice = onNotice;
  }

  /** Reads the members of all archives; see {@linkcode openCpio}. */
  static async open(source: ByteSource, onNotice: NoticeListener): Promise<CpioReader> {
    const reader = new CpioReader(source, onNotice);
    try {
      await reader.#readSegments();
      return reader;
    } catch (error) {
      // The first is the caller's where opening fails.
      for (const other of reader.#sources.slice(1)) other.close();
      throw error;
    }
  }

  get tree(): FileTree<CpioContent> {
    return { root: this.#tree.root };
  }

  get description(): ImageDescription {
    const imageSize = this.#sources[0].size;
    return {
      format: "cpio",
      label: null,
      uuid: null,
      createdSeconds: null,
      blockSize: null,
      imageSize,
      usedBytes: imageSize,
      inodeCount: this.#inodeCount,
      features: [],
      details: {
        compression: this.#compression ?? "none",
        archives: this.#archiveCount,
        members: this.#memberCount,
      },
    };
  }

  read(content: CpioContent, into: Uint8Array<ArrayBuffer>, position: number): number {
    const count = Math.max(0, Math.min(into.length, content.size - position));
    if (count === 0) return 0;
    const target = count === into.length ? into : into.subarray(0, count);
    const found = content.source.read(target, content.position + position);
    if (found !== count) throw endsEarly(content.position + position + found, count - found);
    return count;
  }

  seekData(_content: CpioContent, position: number): number {
    return position;
  }

  check(onProblem: (problem: ImageProblem) => void, signal?: AbortSignal): void {
    const buffer = new Uint8Array(256 * 1024);
    for (const { path, inode: { content } } of walk(this.tree)) {
      if (content === null || content.checksum === null) continue;
      signal?.throwIfAborted();
      let sum = 0;
      for (let at = 0; at < content.size;) {
        const count = this.read(content, buffer, at);
        for (let i = 0; i < count; i++) sum += buffer[i];
        at += count;
      }
      sum %= 2 ** 32;
      if (sum !== content.checksum) {
        onProblem({
          path,
          offset: content.position,
          message: `Checksum of the bytes is ${sum}, expected ${content.checksum}`,
        });
      }
    }
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }

  async #readSegments(): Promise<void> {
    let source = this.#sources[0];
    let position = 0;
    for (;;) {
      position = this.#skipZeros(source, position);
      if (position === source.size) break;
      const head = this.#bytes(source, position, Math.min(16, source.size - position));
      const compression = source === this.#sources[0] ? compressionOf(head) : null;
      if (compression === null) {
        position = this.#readArchive(source, position);
        continue;
      }
      this.#compression = compression;
      source = await decompressedSource(source, position, compression);
      this.#sources.push(source);
      position = 0;
    }
    if (this.#archiveCount === 0) {
      throw new ImageError("CORRUPT", "Cannot read cpio archive: it is empty, expected a member");
    }
    countLinks(this.tree);
  }

  /** Between archives there may be any number of NULs. */
  #skipZeros(source: ByteSource, start: number): number {
    let position = start;
    for (;;) {
      const bytes = this.#bytes(source, position, Math.min(WINDOW_SIZE, source.size - position));
      const at = bytes.findIndex((byte) => byte !== 0);
      if (at >= 0) return position + at;
      position += bytes.length;
      if (position >= source.size) return source.size;
    }
  }

  /** Reads one archive and answers where its end is. */
  #readArchive(source: ByteSource, start: number): number {
    this.#linked = new Map();
    this.#archiveCount++;
    let position = start;
    for (;;) {
      let name: ByteString | null = null;
      try {
        const header = readCpioHeader(this.#bytes(source, position, HEADER_SIZE), 0);
        name = this.#readName(source, position + HEADER_SIZE, header);
        const bodyAt = alignUp(position + HEADER_SIZE + header.nameSize - start, ALIGNMENT) + start;
        const end = bodyAt + header.fileSize;
        if (name === TRAILER_NAME) return Math.min(source.size, end);
        if (end > source.size) throw endsEarly(source.size, end - source.size);
        this.#place(name, header, source, bodyAt);
        position = alignUp(end - start, ALIGNMENT) + start;
      } catch (error) {
        if (error instanceof ImageError) {
          error.at({
            offset: position,
            path: name === null ? undefined : displayByteString(name),
          });
        }
        throw error;
      }
    }
  }

  #readName(source: ByteSource, at: number, { nameSize }: CpioHeader): ByteString {
    if (nameSize < 2 || nameSize > PATH_MAX) {
      throw corrupt(`its name has ${nameSize} bytes with its end`, `2 to ${PATH_MAX}`);
    }
    const bytes = this.#bytes(source, at, nameSize);
    const end = bytes.indexOf(0);
    if (end !== nameSize - 1) {
      throw corrupt(end < 0 ? "its name has no end" : "its name has a NUL", "one at its end");
    }
    return byteStringFrom(bytes, 0, end);
  }

  #place(name: ByteString, header: CpioHeader, source: ByteSource, bodyAt: number): void {
    const kind = kindOfMode(header.mode);
    if (kind === undefined || header.mode > 0xffff) {
      throw corrupt(`its mode is 0${header.mode.toString(8)}`, "a kind of file");
    }
    this.#memberCount++;
    const key = `${header.devMajor}:${header.devMinor}:${header.ino}:${kind}`;
    const isLinked = header.nlink > 1 && kind !== FileKind.directory;
    const known = isLinked ? this.#linked.get(key) : undefined;
    const inode = known ?? this.#newInode(kind, header);
    if (kind === FileKind.regular && (known === undefined || header.fileSize > 0)) {
      const { fileSize, check, magic } = header;
      const checksum = magic === Magic.crc ? check : null;
      inode.size = fileSize;
      inode.content = fileSize === 0 ? null : new CpioContent(source, bodyAt, fileSize, checksum);
    } else if (kind === FileKind.symlink) {
      this.#setTarget(inode, source, bodyAt, header.fileSize, known !== undefined);
    }
    if (isLinked) this.#linked.set(key, inode);
    if (this.#tree.place(name, inode)) return;
    this.#onNotice({
      code: "ENTRY_SKIPPED",
      message: `Member "${displayByteString(name)}" is left out: a directory with files is there`,
      where: { path: displayByteString(name) },
    });
  }

  #newInode(kind: FileKind, header: CpioHeader): Inode<CpioContent> {
    this.#inodeCount++;
    const inode = new Inode<CpioContent>(kind, header.mode % 0o10000);
    inode.uid = header.uid;
    inode.gid = header.gid;
    inode.mtimeSeconds = inode.atimeSeconds = header.mtimeSeconds;
    if (kind === FileKind.characterDevice || kind === FileKind.blockDevice) {
      inode.deviceMajor = header.rdevMajor;
      inode.deviceMinor = header.rdevMinor;
    }
    return inode;
  }

  #setTarget(
    inode: Inode<CpioContent>,
    source: ByteSource,
    at: number,
    size: number,
    isAgain: boolean,
  ): void {
    if (size === 0 || size >= PATH_MAX) {
      throw corrupt(`its target has ${size} bytes`, `1 to ${PATH_MAX - 1}`);
    }
    const target = byteStringFrom(this.#bytes(source, at, size));
    if (target.includes("\0")) throw corrupt("its target has a NUL", "none");
    if (isAgain && target !== inode.target) {
      throw corrupt("its target is not that of its other names", "the same");
    }
    inode.target = target;
    inode.size = size;
  }

  /** Bytes that must be there, at most a window; valid until the next call. */
  #bytes(source: ByteSource, position: number, size: number): Uint8Array {
    if (position + size > source.size) {
      throw endsEarly(source.size, position + size - source.size);
    }
    const isInside = source === this.#windowSource && position >= this.#windowStart &&
      position + size <= this.#windowEnd;
    if (!isInside) {
      this.#windowSource = source;
      this.#windowStart = position;
      this.#windowEnd = position + source.read(this.#window, position);
      if (position + size > this.#windowEnd) {
        throw endsEarly(this.#windowEnd, position + size - this.#windowEnd);
      }
    }
    const at = position - this.#windowStart;
    return this.#window.subarray(at, at + size);
  }
}

/**
 * Opens cpio archives and reads their members. Archives may stand one after another, with NULs
 * between them; what begins with the magic of gzip, zstd or xz is decompressed, to the end of the
 * image. Symbolic links with several names are one file, which the kernel does not restore.
 *
 * Throws `ImageError` `CORRUPT`, `UNSUPPORTED` (older kinds of cpio, other compressions),
 * `UNSAFE_PATH`, `LIMIT_EXCEEDED`, `IO`. The source is the caller's until this resolves, then the
 * reader's.
 */
export function openCpio(source: ByteSource, onNotice: NoticeListener): Promise<CpioReader> {
  return CpioReader.open(source, onNotice);
}

function corrupt(observed: string, expected: string): ImageError {
  return new ImageError("CORRUPT", `Cannot read cpio member: ${observed}, expected ${expected}`);
}

function endsEarly(end: number, missing: number): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read cpio archive: it ends at byte ${end}, expected ${missing} more`,
  );
}
