/**
 * The table of members of a tar archive: headers are read one after another, bodies are stepped
 * over.
 *
 * @module
 */
import { alignUp } from "../bytes/align.ts";
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { MetaHeaders } from "../layer/tar/meta_headers.ts";
import {
  BLOCK_SIZE,
  HeaderField,
  isTarHeader,
  isZeroBlock,
  readHeaderName,
  readTarText,
} from "../layer/tar/tar_header.ts";
import { readTarNumber } from "../layer/tar/tar_number.ts";

/** One member of an archive. */
export type ArchiveMember =
  | {
    /** A regular file, whose bytes are a range of the archive. */
    readonly kind: "file";
    /** First byte of the body in the archive. */
    readonly offset: number;
    /** Bytes of the body. */
    readonly size: number;
  }
  | {
    /** A symbolic link (relative to its own directory) or a hard link (to the whole archive). */
    readonly kind: "symlink" | "hardlink";
    /** What it names. */
    readonly target: ByteString;
  }
  | {
    /** A directory, a device, a sparse file…: nothing that an image is made of. */
    readonly kind: "other";
  };

/** Members by their clean path: no `.` or empty component, no slash at either end. */
export type ArchiveIndex = ReadonlyMap<ByteString, ArchiveMember>;

/** Most members; an image archive has a few for each layer. */
const MOST_MEMBERS = 1_000_000;
/** Longest member path kept, in bytes. */
const LONGEST_PATH = 4096;
/** Bytes read at once: a header, what extends it, and with luck the next header. */
const WINDOW_BYTES = 16 * 1024;

const TYPE_OLD_REGULAR = 0x00;
const TYPE_REGULAR = 0x30;
const TYPE_HARDLINK = 0x31;
const TYPE_SYMLINK = 0x32;
const TYPE_OTHERS_WITHOUT_BODY: ReadonlySet<number> = new Set([0x33, 0x34, 0x35, 0x36]);
const TYPE_CONTIGUOUS = 0x37;

/** Whether `source` begins with a tar header. */
export function isTarArchive(source: ByteSource): boolean {
  const block = new Uint8Array(BLOCK_SIZE);
  return source.read(block, 0) === BLOCK_SIZE && !isZeroBlock(block, 0) && isTarHeader(block, 0);
}

/**
 * Reads the table of members; of several members with one path the last counts. Between members
 * `checkCancelled` may throw.
 *
 * Throws `ImageError` `CORRUPT` when the archive is malformed or ends inside a member,
 * `LIMIT_EXCEEDED` when it has too many members.
 */
export function readArchiveIndex(source: ByteSource, checkCancelled: () => void): ArchiveIndex {
  return new ArchiveScan(source, checkCancelled).run();
}

class ArchiveScan {
  readonly #source: ByteSource;
  readonly #checkCancelled: () => void;
  readonly #members = new Map<ByteString, ArchiveMember>();
  readonly #meta = new MetaHeaders();
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #windowStart = 0;
  #windowEnd = 0;
  #memberCount = 0;

  constructor(source: ByteSource, checkCancelled: () => void) {
    this.#source = source;
    this.#checkCancelled = checkCancelled;
  }

  run(): ArchiveIndex {
    let position = 0;
    try {
      // The two blocks of zeros at the end may be missing.
      while (position < this.#source.size) {
        const at = this.#load(position);
        if (isZeroBlock(this.#window, at)) break;
        position = this.#readMember(position, at);
      }
      if (this.#meta.isPending) {
        throw new ImageError(
          "CORRUPT",
          "Cannot read archive: it ends after an extended header, expected its member",
        );
      }
    } catch (error) {
      throw error instanceof ImageError ? error.at({ offset: position }) : error;
    }
    return this.#members;
  }

  /** Handles the header at `position` and answers where the next one is. */
  #readMember(position: number, at: number): number {
    this.#checkCancelled();
    const header = this.#window;
    if (!isTarHeader(header, at)) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read archive: there is no tar header at byte ${position}, expected one`,
      );
    }
    const typeFlag = header[at + HeaderField.typeFlag[0]];
    const bodyAt = position + BLOCK_SIZE;
    if (MetaHeaders.isMetaType(typeFlag)) {
      const size = this.#bodySize(header, at, null, bodyAt);
      this.#readMeta(typeFlag, bodyAt, size);
      return bodyAt + alignUp(size, BLOCK_SIZE);
    }
    const name = this.#meta.name ?? readHeaderName(header, at);
    const link = this.#meta.linkTarget ??
      readTarText(header, at + HeaderField.linkName[0], HeaderField.linkName[1]);
    const isSparse = this.#meta.records?.isSparse === true;
    const recordSize = this.#meta.records?.size ?? null;
    this.#meta.clear();
    if (TYPE_OTHERS_WITHOUT_BODY.has(typeFlag)) {
      this.#add(name, { kind: "other" });
      return bodyAt;
    }
    if (typeFlag === TYPE_SYMLINK || typeFlag === TYPE_HARDLINK) {
      this.#add(name, {
        kind: typeFlag === TYPE_SYMLINK ? "symlink" : "hardlink",
        target: link,
      });
      return bodyAt;
    }
    const size = this.#bodySize(header, at, recordSize, bodyAt);
    const isOldDirectory = typeFlag === TYPE_OLD_REGULAR && name.endsWith("/");
    const isFile = typeFlag === TYPE_REGULAR || typeFlag === TYPE_OLD_REGULAR ||
      typeFlag === TYPE_CONTIGUOUS;
    this.#add(
      name,
      isFile && !isSparse && !isOldDirectory
        ? { kind: "file", offset: bodyAt, size }
        : { kind: "other" },
    );
    return bodyAt + alignUp(size, BLOCK_SIZE);
  }

  #readMeta(typeFlag: number, bodyAt: number, size: number): void {
    this.#meta.begin(typeFlag, size);
    for (let done = 0; done < size;) {
      const at = this.#load(bodyAt + done);
      const end = Math.min(this.#windowEnd - this.#windowStart, at + size - done);
      this.#meta.write(this.#window, at, end);
      done += end - at;
    }
    this.#meta.end();
  }

  #bodySize(header: Uint8Array, at: number, recordSize: number | null, bodyAt: number): number {
    const size = recordSize ??
      readTarNumber(header, at + HeaderField.size[0], HeaderField.size[1], "size");
    if (size < 0 || size > this.#source.size - bodyAt) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read archive: it ends at byte ${this.#source.size}, expected ${size} bytes of ` +
          `${memberText(readHeaderName(header, at))} from byte ${bodyAt}`,
      );
    }
    return size;
  }

  #add(name: ByteString, member: ArchiveMember): void {
    if (++this.#memberCount > MOST_MEMBERS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read archive: it has more than ${MOST_MEMBERS} members, expected at most that`,
      );
    }
    const path = cleanMemberPath(name);
    if (path !== null) this.#members.set(path, member);
  }

  /** Makes a whole block from `position` stand in the window and answers where it does. */
  #load(position: number): number {
    if (position < this.#windowStart || position + BLOCK_SIZE > this.#windowEnd) {
      this.#windowStart = position;
      this.#windowEnd = position + this.#source.read(this.#window, position);
      // A last piece of a block is allowed where it is padding only.
      const pieceSize = this.#windowEnd - position;
      if (pieceSize === 0) {
        throw new ImageError(
          "CORRUPT",
          `Cannot read archive: it ends at byte ${position}, expected more`,
        );
      }
      if (pieceSize < BLOCK_SIZE) this.#window.fill(0, pieceSize, BLOCK_SIZE);
    }
    return position - this.#windowStart;
  }
}

/** The path by which a member is looked up; `null` when no lookup could name it. */
export function cleanMemberPath(name: ByteString): ByteString | null {
  if (name.length > LONGEST_PATH || name.includes("\0")) return null;
  const components = name.split("/").filter((part) => part !== "" && part !== ".");
  return components.length === 0 || components.includes("..") ? null : components.join("/");
}

function memberText(name: ByteString): string {
  return `"${displayByteString(name.slice(0, 120))}"`;
}
