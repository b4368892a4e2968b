/**
 * Writes a cpio archive: bodies wait in a spool, then all members follow in the order of the tree.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { type ByteString, displayByteString, writeByteString } from "../../bytes/byte_string.ts";
import { bytesOf } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { type FileTree, walk } from "../../tree/file_tree.ts";
import { FileKind, type Inode, modeOf } from "../../tree/inode.ts";
import type { FileWriter, ImageWriter, WriterContext, WriteReport } from "../image_format.ts";
import { LossLog, type OnLoss } from "../loss.ts";
import { OrderedOutput } from "../ordered_output.ts";
import { piecesOf, Spool, type SpooledContent } from "../spool.ts";
import type { StreamCompression } from "../stream_compression.ts";
import {
  ALIGNMENT,
  type CpioHeader,
  HEADER_SIZE,
  Magic,
  MAX_FIELD,
  PATH_MAX,
  TRAILER_NAME,
  writeCpioHeader,
} from "./header.ts";

/** Archives are padded to this, as tools do. */
const ARCHIVE_ALIGNMENT = 512;

/** A file with several names. */
interface LinkedFile {
  /** How many there are in the tree. */
  count: number;
  /** How many were written. */
  written: number;
  /** Its number in the archive, 0 before it has one. */
  number: number;
}

/** Writes one archive. */
export class CpioWriter implements ImageWriter<SpooledContent> {
  readonly #context: WriterContext;
  readonly #compression: StreamCompression;
  readonly #spool: Spool;
  readonly #output: OrderedOutput;
  readonly #losses: LossLog;
  readonly #linked = new Map<Inode, LinkedFile>();
  #inodeCount = 0;
  #memberCount = 0;

  /** Begins an archive in `sink`. */
  constructor(
    sink: ByteSink,
    context: WriterContext,
    compression: StreamCompression,
    onLoss: OnLoss,
  ) {
    this.#context = context;
    this.#compression = compression;
    this.#spool = new Spool(context.scratchDirectory);
    this.#output = new OrderedOutput(sink, compression);
    this.#losses = new LossLog("cpio", onLoss);
  }

  /** Begins a file of `size` bytes. */
  beginFile(size: number): FileWriter<SpooledContent> {
    return this.#spool.beginFile(size);
  }

  /** A body that nobody names is not copied. */
  release(): void {}

  /** Writes all members. Throws `ImageError` with the path for what a cpio cannot hold. */
  async finish(tree: FileTree<SpooledContent>): Promise<WriteReport> {
    const output = this.#output;
    this.#countNames(tree);
    for (const { path, inode } of walk(tree)) {
      await this.#writeMember(path, inode);
      if (output.isFull) await output.drain();
    }
    this.#put(TRAILER_NAME, { ...EMPTY_HEADER, nlink: 1 });
    output.pad(ARCHIVE_ALIGNMENT);
    const imageSize = await output.end();
    this.#losses.report(this.#context.onNotice);
    return {
      format: "cpio",
      imageSize,
      writtenBytes: output.writtenBytes,
      details: {
        compression: this.#compression.name,
        uncompressedSize: output.position,
        members: this.#memberCount,
      },
    };
  }

  /** Gives the spool and the compressor back. */
  close(): void {
    this.#output.close();
    this.#spool.close();
  }

  #countNames(tree: FileTree<SpooledContent>): void {
    for (const { inode } of walk(tree)) {
      if (inode.kind === FileKind.directory || inode.linkCount === 1) continue;
      const known = this.#linked.get(inode);
      if (known === undefined) this.#linked.set(inode, { count: 1, written: 0, number: 0 });
      else known.count++;
    }
  }

  async #writeMember(path: ByteString, inode: Inode<SpooledContent>): Promise<void> {
    checkPath(path);
    const linked = this.#linked.get(inode);
    if (linked === undefined || linked.written === 0) this.#noteLosses(path, inode);
    const number = linked === undefined || linked.number === 0 ? this.#nextNumber() : linked.number;
    if (linked !== undefined) {
      linked.number = number;
      linked.written++;
    }
    // The kernel and all tools take the bytes of a file from the last of its names.
    const hasBody = inode.kind === FileKind.regular &&
      (linked === undefined || linked.written === linked.count);
    const target = inode.kind === FileKind.symlink ? checkedTarget(path, inode) : "";
    const fileSize = hasBody ? inode.size : target.length;
    if (fileSize > MAX_FIELD) throw tooLarge(path, `${fileSize} bytes`, `${MAX_FIELD} bytes`);
    const { uid, gid, deviceMajor, deviceMinor } = inode;
    this.#put(path === "" ? "." : path, {
      ...EMPTY_HEADER,
      ino: number,
      mode: modeOf(inode),
      uid,
      gid,
      nlink: inode.kind === FileKind.directory ? Math.max(2, inode.linkCount) : linked?.count ?? 1,
      mtimeSeconds: clampedSeconds(inode),
      fileSize,
      rdevMajor: deviceMajor,
      rdevMinor: deviceMinor,
    });
    if (hasBody) await this.#output.copy(this.#spool, piecesOf(inode.content, inode.size));
    else this.#output.write(bytesOf(target));
    this.#output.pad(ALIGNMENT);
  }

  #nextNumber(): number {
    return ++this.#inodeCount;
  }

  #noteLosses(path: ByteString, inode: Inode): void {
    if (inode.xattrs.length > 0) {
      this.#losses.add(path, "extended attributes", "the format has none");
    }
    if (inode.mtimeSeconds !== clampedSeconds(inode)) {
      this.#losses.add(path, "modification time", "the format has 1970 to 2106");
    }
  }

  #put(name: ByteString, header: CpioHeader): void {
    this.#memberCount++;
    const bytes = new Uint8Array(alignUp(HEADER_SIZE + name.length + 1, ALIGNMENT));
    writeCpioHeader(bytes, 0, { ...header, nameSize: name.length + 1 });
    writeByteString(bytes, HEADER_SIZE, name);
    this.#output.write(bytes);
  }
}

const EMPTY_HEADER: CpioHeader = Object.freeze({
  magic: Magic.newc,
  ino: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  nlink: 0,
  mtimeSeconds: 0,
  fileSize: 0,
  devMajor: 0,
  devMinor: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  nameSize: 0,
  check: 0,
});

function checkPath(path: ByteString): void {
  if (path.length >= PATH_MAX) {
    throw tooLarge(path, `a path of ${path.length} bytes`, `${PATH_MAX - 1} bytes`);
  }
  if (path === TRAILER_NAME) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot write "${path}" to cpio: its name means the end of the archive, expected another`,
      { where: { path } },
    );
  }
}

function checkedTarget(path: ByteString, { target }: Inode): ByteString {
  if (target.length < PATH_MAX) return target;
  throw tooLarge(path, `a target of ${target.length} bytes`, `${PATH_MAX - 1} bytes`);
}

function clampedSeconds({ mtimeSeconds }: Inode): number {
  return Math.min(MAX_FIELD, Math.max(0, mtimeSeconds));
}

function tooLarge(path: ByteString, observed: string, limit: string): ImageError {
  const shown = displayByteString(path);
  return new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot write "${shown}" to cpio: it has ${observed}, expected at most ${limit}`,
    { where: { path: shown } },
  );
}
