/**
 * The tar reader: takes an archive in pieces of any size and calls a visitor for its entries.
 *
 * It pushes: one `push` handles all entries that its bytes hold, without a promise or a copy.
 * Reads old v7, ustar, GNU and PAX archives, as `tar_header.ts`, `pax_records.ts` and
 * `sparse_map.ts` describe them.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { NoticeListener } from "../../notice.ts";
import { FileKind } from "../../tree/inode.ts";
import {
  hardlinkEntry,
  type LayerEntry,
  type LayerVisitor,
  nodeEntry,
  opaqueEntry,
  whiteoutEntry,
} from "../layer_entry.ts";
import { parseDeletion } from "../whiteout.ts";
import { cleanPath, shorten } from "./entry_path.ts";
import { MetaHeaders } from "./meta_headers.ts";
import { SkipNotices } from "./skip_notices.ts";
import { SparseBody } from "./sparse_body.ts";
import { FileBody, type TarBody } from "./tar_body.ts";
import {
  BLOCK_SIZE,
  HeaderField,
  headerSum,
  isTarHeader,
  isZeroBlock,
  readHeaderName,
  readTarText,
} from "./tar_header.ts";
import { kindOfTypeFlag, readTarInode } from "./tar_inode.ts";
import { readTarNumber } from "./tar_number.ts";

/** What the next bytes are. */
const Expect = { header: 0, sparseExtension: 1, body: 2, skipped: 3, nothing: 4 } as const;
type Expect = typeof Expect[keyof typeof Expect];

const TYPE_OLD_REGULAR = 0x00;
const TYPE_HARDLINK = 0x31;
const TYPE_DUMP_DIRECTORY = 0x44;
const TYPE_GNU_SPARSE = 0x53;

// Bytes of a sparse file with its holes, in an old GNU header.
const REAL_SIZE_AT = 483;
const REAL_SIZE_WIDTH = 12;

/** How an archive is read. */
export interface TarParserOptions {
  /**
   * Takes names that stand for whiteouts in layers as the names of files.
   *
   * @default {false}
   */
  readonly hasPlainNames?: boolean;
}

/** Reads one archive. */
export class TarParser {
  readonly #visitor: LayerVisitor;
  readonly #notices: SkipNotices;
  readonly #meta = new MetaHeaders();
  readonly #fileBody: FileBody;
  readonly #hasPlainNames: boolean;

  #expect: Expect = Expect.header;
  // A block that came in pieces is put together here.
  readonly #block = new Uint8Array(BLOCK_SIZE);
  #blockFill = 0;
  // The body that is being read or skipped, its bytes to come, and the padding behind them.
  #body: TarBody;
  #left = 0;
  #padding = 0;
  #sparse: SparseBody | null = null;
  // Bytes of a body that may or may not follow the last header; see #readBlock.
  #doubtfulSize = 0;
  #sawZeroBlock = false;

  #offset = 0;
  #entryOffset = 0;
  #path: ByteString | null = null;
  #entryCount = 0;

  /** Creates a reader that calls `visitor`; what it leaves out is reported to `onNotice`. */
  constructor(
    visitor: LayerVisitor,
    onNotice: NoticeListener = () => {},
    options: TarParserOptions = {},
  ) {
    this.#visitor = visitor;
    this.#notices = new SkipNotices(onNotice);
    this.#fileBody = new FileBody(visitor);
    this.#body = this.#fileBody;
    this.#hasPlainNames = options.hasPlainNames ?? false;
  }

  /** How many entries the visitor got. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** Bytes of the archive that were pushed. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Takes the next bytes and answers how many: all, but from `stopAt` bytes of the archive on only
   * to where no file's body is under way; the rest is for a later call. Throws `ImageError` for what is malformed, unsafe, unsupported or above
   * a limit, with path and offset; the parser cannot be used any more then.
   */
  push(chunk: Uint8Array, stopAt = Infinity): number {
    try {
      let at = 0;
      while (at < chunk.length) {
        if (this.#offset >= stopAt && this.#expect === Expect.header) break;
        const next = this.#take(chunk, at);
        this.#offset += next - at;
        at = next;
      }
      return at;
    } catch (error) {
      throw this.#placed(error);
    }
  }

  /**
   * Ends the archive; the two blocks of zeros at its end and the padding of its last body may be
   * missing. Throws `ImageError` `CORRUPT` where it ended inside an entry.
   */
  finish(): void {
    let isComplete = true;
    if (this.#expect === Expect.header) {
      const rest = this.#block.subarray(0, this.#blockFill);
      isComplete = !this.#meta.isPending && rest.every((byte) => byte === 0);
    } else if (this.#expect !== Expect.nothing) {
      isComplete = this.#expect === Expect.skipped && this.#left <= this.#padding &&
        !this.#meta.isPending;
    }
    if (!isComplete) {
      throw this.#placed(
        new ImageError(
          "CORRUPT",
          `Cannot read tar entry: the archive ends at byte ${this.#offset}, ` +
            "expected the rest of the entry",
          { where: { offset: this.#offset } },
        ),
      );
    }
    this.#notices.finish();
  }

  #placed(error: unknown): unknown {
    if (!(error instanceof ImageError)) return error;
    const path = this.#path === null ? undefined : displayByteString(this.#path);
    return error.at({ offset: this.#entryOffset, path });
  }

  /** Handles bytes from `at` and answers where it stopped. */
  #take(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    switch (this.#expect) {
      case Expect.header:
      case Expect.sparseExtension:
        return this.#takeBlock(chunk, at);
      case Expect.body:
        this.#body.write(chunk, at, end);
        this.#left -= end - at;
        if (this.#left === 0) this.#endBody();
        return end;
      case Expect.skipped:
        this.#left -= end - at;
        if (this.#left === 0) this.#expect = Expect.header;
        return end;
      default:
        return this.#takeTrailing(chunk, at);
    }
  }

  #takeBlock(chunk: Uint8Array, at: number): number {
    if (this.#blockFill === 0 && chunk.length - at >= BLOCK_SIZE) {
      this.#readBlock(chunk, at, this.#offset);
      return at + BLOCK_SIZE;
    }
    const count = Math.min(BLOCK_SIZE - this.#blockFill, chunk.length - at);
    this.#block.set(chunk.subarray(at, at + count), this.#blockFill);
    this.#blockFill += count;
    if (this.#blockFill === BLOCK_SIZE) {
      this.#blockFill = 0;
      this.#readBlock(this.#block, 0, this.#offset + count - BLOCK_SIZE);
    }
    return at + count;
  }

  #readBlock(bytes: Uint8Array, at: number, offset: number): void {
    if (this.#expect === Expect.sparseExtension) {
      const sparse = this.#sparse!;
      if (!sparse.readExtension(bytes, at)) this.#expectSparseBody(sparse);
      return;
    }
    const doubtfulSize = this.#doubtfulSize;
    this.#doubtfulSize = 0;
    if (!this.#meta.isPending) {
      this.#entryOffset = offset;
      this.#path = null;
    }
    if (bytes[at] === 0 && isZeroBlock(bytes, at)) return this.#readZeroBlock();
    if (!isTarHeader(bytes, at)) {
      // Links and directories with a size: some writers let a body follow, others do not. What
      // follows tells: a block that is no header can only be the body.
      if (doubtfulSize > 0) {
        const padded = alignUp(doubtfulSize, BLOCK_SIZE);
        return this.#expectSkipped(padded - BLOCK_SIZE, padded - doubtfulSize);
      }
      throw badHeader(bytes, at);
    }
    if (this.#sawZeroBlock) {
      throw new ImageError(
        "CORRUPT",
        "Cannot read tar header: a single block of zeros stands before it, expected two at the end",
      );
    }
    const typeFlag = bytes[at + HeaderField.typeFlag[0]];
    if (MetaHeaders.isMetaType(typeFlag)) {
      const size = this.#readSize(bytes, at, null);
      this.#meta.begin(typeFlag, size);
      this.#expectBody(this.#meta, size);
    } else {
      this.#readEntry(bytes, at, typeFlag, offset);
      this.#meta.clear();
    }
  }

  #readZeroBlock(): void {
    if (this.#meta.isPending) {
      throw new ImageError(
        "CORRUPT",
        "Cannot read tar entry: the archive ends after an extended header, expected its entry",
      );
    }
    if (this.#sawZeroBlock) this.#expect = Expect.nothing;
    this.#sawZeroBlock = true;
  }

  #readEntry(bytes: Uint8Array, at: number, typeFlag: number, offset: number): void {
    const rawName = this.#meta.name ?? readHeaderName(bytes, at);
    this.#path = rawName;
    const size = this.#readSize(bytes, at, this.#meta.records?.size ?? null);
    const path = cleanPath(rawName, "path");
    this.#path = path;

    // Old tars have no type for directories: a slash at the end marks them.
    const isOldDirectory = typeFlag === TYPE_OLD_REGULAR && rawName.endsWith("/");
    const kind = isOldDirectory ? FileKind.directory : kindOfTypeFlag(typeFlag);
    if (kind === undefined && typeFlag !== TYPE_HARDLINK) {
      this.#notices.skipped(typeFlag, path, offset);
      return this.#expectSkipped(alignUp(size, BLOCK_SIZE), alignUp(size, BLOCK_SIZE) - size);
    }
    const deletion = this.#hasPlainNames ? null : parseDeletion(path);
    if (kind === FileKind.regular) {
      const realSize = this.#realSize(bytes, at, typeFlag, size);
      let isWanted = false;
      if (deletion === null) {
        checkNotRoot(path);
        const inode = readTarInode(bytes, at, kind, realSize, "", this.#meta.records);
        isWanted = this.#deliver(nodeEntry(path, offset, inode)) && realSize > 0;
      }
      this.#beginFile(bytes, at, typeFlag, size, realSize, isWanted);
    } else if (isOldDirectory || typeFlag === TYPE_DUMP_DIRECTORY) {
      this.#expectSkipped(alignUp(size, BLOCK_SIZE), alignUp(size, BLOCK_SIZE) - size);
    } else {
      this.#doubtfulSize = size;
    }
    if (deletion !== null) {
      if (deletion.kind === "opaque") this.#deliver(opaqueEntry(deletion.path, offset));
      else if (deletion.kind === "whiteout") this.#deliver(whiteoutEntry(deletion.path, offset));
      // An aufs name that holds data is worth a remark; its empty bookkeeping is not.
      else if (size > 0) this.#notices.skipped(typeFlag, path, offset);
    } else if (kind === undefined) {
      checkNotRoot(path);
      const target = cleanPath(this.#linkTarget(bytes, at), "hard link target");
      checkNotRoot(target);
      this.#deliver(hardlinkEntry(path, offset, target));
    } else if (kind !== FileKind.regular) {
      if (kind !== FileKind.directory) checkNotRoot(path);
      const target = kind === FileKind.symlink ? this.#linkTarget(bytes, at) : "";
      const inode = readTarInode(bytes, at, kind, 0, target, this.#meta.records);
      this.#deliver(nodeEntry(path, offset, inode));
    }
  }

  #deliver(entry: LayerEntry): boolean {
    this.#entryCount++;
    if (this.#meta.records?.hasUnreadableAcl) this.#notices.aclLost(entry.path, entry.offset);
    return this.#visitor.entry(entry);
  }

  /** Bytes of a regular file with its holes. */
  #realSize(bytes: Uint8Array, at: number, typeFlag: number, storedSize: number): number {
    const records = this.#meta.records;
    let realSize = storedSize;
    if (typeFlag === TYPE_GNU_SPARSE) {
      realSize = readTarNumber(bytes, at + REAL_SIZE_AT, REAL_SIZE_WIDTH, "realsize");
    } else if (records !== null && records.isSparse) {
      realSize = records.sparseRealSize ?? -1;
    }
    if (realSize >= 0) return realSize;
    throw new ImageError(
      "CORRUPT",
      `Cannot read sparse file: its size is ${realSize}, expected a number from 0`,
    );
  }

  #beginFile(
    bytes: Uint8Array,
    at: number,
    typeFlag: number,
    storedSize: number,
    realSize: number,
    isWanted: boolean,
  ): void {
    const records = this.#meta.records;
    const isGnuSparse = typeFlag === TYPE_GNU_SPARSE;
    if (!isGnuSparse && (records === null || !records.isSparse)) {
      if (isWanted) return this.#expectBody(this.#fileBody, storedSize);
      const padded = alignUp(storedSize, BLOCK_SIZE);
      return this.#expectSkipped(padded, padded - storedSize);
    }
    const visitor = isWanted ? this.#visitor : null;
    const map = isGnuSparse ? null : records!.sparseMap;
    const sparse = new SparseBody(realSize, storedSize, visitor, map ?? undefined);
    this.#left = storedSize;
    this.#sparse = sparse;
    if (isGnuSparse && sparse.readHeader(bytes, at)) {
      this.#expect = Expect.sparseExtension;
    } else if (!isGnuSparse && records!.hasSparseMapInBody) {
      sparse.expectMapText();
      this.#expectBody(sparse, storedSize);
    } else {
      this.#expectSparseBody(sparse);
    }
  }

  #expectSparseBody(sparse: SparseBody): void {
    sparse.checkMap();
    this.#sparse = null;
    this.#expectBody(sparse, this.#left);
  }

  #expectBody(body: TarBody, size: number): void {
    this.#body = body;
    this.#left = size;
    this.#padding = alignUp(size, BLOCK_SIZE) - size;
    this.#expect = Expect.body;
    if (size === 0) this.#endBody();
  }

  #endBody(): void {
    this.#body.end();
    this.#expectSkipped(this.#padding, this.#padding);
  }

  /** `size` bytes are passed over, of which the last `padding` may be missing at the end. */
  #expectSkipped(size: number, padding: number): void {
    this.#left = size;
    this.#padding = padding;
    this.#expect = size === 0 ? Expect.header : Expect.skipped;
  }

  #takeTrailing(chunk: Uint8Array, at: number): number {
    for (let i = at; i < chunk.length; i++) {
      if (chunk[i] === 0) continue;
      this.#notices.trailing(this.#offset + i - at);
      break;
    }
    return chunk.length;
  }

  #linkTarget(bytes: Uint8Array, at: number): ByteString {
    const field = HeaderField.linkName;
    return this.#meta.linkTarget ?? readTarText(bytes, at + field[0], field[1]);
  }

  #readSize(bytes: Uint8Array, at: number, paxSize: number | null): number {
    const field = HeaderField.size;
    const size = paxSize ?? readTarNumber(bytes, at + field[0], field[1], "size");
    if (size >= 0) return size;
    throw new ImageError(
      "CORRUPT",
      `Cannot read tar field "size": ${size}, expected a number from 0`,
    );
  }
}

function checkNotRoot(path: ByteString): void {
  if (path !== "") return;
  throw new ImageError(
    "CORRUPT",
    'Cannot accept path "": it names the root, expected the name of a file (only a directory ' +
      "can be the root)",
  );
}

function badHeader(bytes: Uint8Array, at: number): ImageError {
  const field = HeaderField.checksum;
  const stated = shorten(readTarText(bytes, at + field[0], field[1]));
  const sum = headerSum(bytes, at, false).toString(8).padStart(6, "0");
  return new ImageError(
    "CORRUPT",
    `Cannot read tar header: its checksum is "${stated}", expected octal ${sum}`,
  );
}
