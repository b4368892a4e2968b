/**
 * Reads a splitstream of either form. Streams may be anybody's: every range, number and count is
 * checked before it is used.
 *
 * @module
 */
import { byteStringFrom } from "../../bytes/byte_string.ts";
import {
  VERITY_ALGORITHM_NUMBERS,
  VERITY_DIGEST_SIZES,
  VERITY_LOG_BLOCK_SIZE,
  type VerityAlgorithm,
} from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { type LayerBytes, openLayerBytes } from "../../layer/layer_bytes.ts";
import { quote } from "../../oci/quote.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import { ChunkParser, type ChunkVisitor } from "./chunk_parser.ts";
import {
  headerForm,
  readOldSplitstreamHeader,
  readSplitstreamHeader,
  readSplitstreamInfo,
  SPLITSTREAM_HEADER_SIZE,
  SPLITSTREAM_INFO_SIZE,
  type SplitstreamInfo,
} from "./splitstream_header.ts";

/** Most bytes of all named references; manifests cannot name more. */
const MOST_NAMES_BYTES = 64 * 1024 * 1024;
const READ_SIZE = 64 * 1024;

/** An opened stream. */
export class Splitstream {
  /** What it holds, in eight characters. */
  readonly contentType: string;
  /** Bytes of what it holds, objects included. */
  readonly sizeBytes: number;
  /** Streams and images by the names that it has for them. */
  readonly namedRefs: ReadonlyMap<string, ObjectId>;
  readonly #path: string;
  readonly #info: SplitstreamInfo;
  readonly #digestSize: number;
  readonly #objectRefs: Uint8Array;
  readonly #streamRefs: Uint8Array;

  private constructor(
    path: string,
    info: SplitstreamInfo,
    algorithm: VerityAlgorithm,
    refs: { readonly objects: Uint8Array; readonly streams: Uint8Array },
    names: Uint8Array,
  ) {
    this.#path = path;
    this.#info = info;
    this.#digestSize = VERITY_DIGEST_SIZES[algorithm];
    this.#objectRefs = refs.objects;
    this.#streamRefs = refs.streams;
    this.contentType = byteStringFrom(info.contentType);
    this.sizeBytes = info.sizeBytes;
    this.namedRefs = this.#parseNames(names);
  }

  /**
   * Opens the stream that is the object `id`. Its bytes are compared with the name first, since the
   * kernel does that in repositories with fs-verity only.
   *
   * Rejects with `ImageError` `NOT_FOUND`, `DIGEST_MISMATCH`, `CORRUPT`, `LIMIT_EXCEEDED` or `IO`.
   */
  static async open(store: ObjectStore, id: ObjectId): Promise<Splitstream> {
    const observed = store.measure(id);
    const path = store.pathOf(id);
    if (observed !== id) {
      throw new ImageError(
        "DIGEST_MISMATCH",
        `Cannot read stream "${id}": its digest is ${observed}, expected its name`,
        { where: { source: path } },
      );
    }
    const source = store.open(id);
    try {
      return await Splitstream.#read(source, path, store.algorithm);
    } catch (error) {
      throw error instanceof ImageError ? error.at({ source: path }) : error;
    } finally {
      source.close();
    }
  }

  static async #read(
    source: ByteSource,
    path: string,
    algorithm: VerityAlgorithm,
  ): Promise<Splitstream> {
    const info = readInfo(source, algorithm);
    const digestSize = VERITY_DIGEST_SIZES[algorithm];
    const refs = {
      objects: readRefs(source, "object", info.objectRefsStart, info.objectRefsEnd, digestSize),
      streams: readRefs(source, "stream", info.streamRefsStart, info.streamRefsEnd, digestSize),
    };
    const names = await readFrame(path, info.namedRefsStart, info.namedRefsEnd);
    return new Splitstream(path, info, algorithm, refs, names);
  }

  /** How many different objects the stream holds. */
  get objectCount(): number {
    return this.#objectRefs.length / this.#digestSize;
  }

  /** Its objects, each once. */
  *objects(): Generator<ObjectId> {
    for (let i = 0; i < this.objectCount; i++) yield this.#objectRef(i);
  }

  /** The streams and images that it names, each once. */
  *references(): Generator<ObjectId> {
    for (let at = 0; at < this.#streamRefs.length; at += this.#digestSize) {
      yield this.#streamRefs.subarray(at, at + this.#digestSize).toHex();
    }
  }

  /**
   * Gives `visitor` all chunks in order. Rejects with `ImageError` `CORRUPT` where the stream is
   * malformed, or with what the visitor throws.
   */
  async read(visitor: ChunkVisitor): Promise<void> {
    const { streamStart, streamEnd } = this.#info;
    const bytes = await openFrame(this.#path, streamStart, streamEnd);
    const parser = new ChunkParser(
      this.objectCount,
      this.sizeBytes,
      visitor,
      (index) => this.#objectRef(index),
    );
    try {
      const piece = new Uint8Array(READ_SIZE);
      for (;;) {
        const answer = bytes.read(piece);
        const count = typeof answer === "number" ? answer : await answer;
        const pending = parser.push(piece.subarray(0, count));
        if (pending !== undefined) await pending;
        if (count < piece.length) break;
      }
      parser.finish();
    } catch (error) {
      throw error instanceof ImageError ? error.at({ source: this.#path }) : error;
    } finally {
      bytes.close();
    }
  }

  #objectRef(index: number): ObjectId {
    const at = index * this.#digestSize;
    return this.#objectRefs.subarray(at, at + this.#digestSize).toHex();
  }

  #parseNames(text: Uint8Array): Map<string, ObjectId> {
    const names = new Map<string, ObjectId>();
    const count = this.#streamRefs.length / this.#digestSize;
    let decoded: string;
    try {
      decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
    } catch (cause) {
      throw new ImageError("CORRUPT", "Cannot read stream names: they are no UTF-8", { cause });
    }
    if (decoded === "") return names;
    for (const record of decoded.split("\0").slice(0, -1)) {
      const match = /^([0-9]{1,15}):([^]*)$/.exec(record);
      const index = Number(match?.[1] ?? NaN);
      if (match === null || !(index < count)) {
        throw new ImageError(
          "CORRUPT",
          `Cannot read stream name ${quote(record)}: it is malformed, expected a number below ` +
            `${count}, a colon and a name`,
        );
      }
      const at = index * this.#digestSize;
      names.set(match[2], this.#streamRefs.subarray(at, at + this.#digestSize).toHex());
    }
    if (!decoded.endsWith("\0")) {
      throw new ImageError("CORRUPT", "Cannot read stream names: the last has no end");
    }
    return names;
  }
}

function readInfo(source: ByteSource, algorithm: VerityAlgorithm): SplitstreamInfo {
  const head = readRange(source, "header", 0, SPLITSTREAM_HEADER_SIZE);
  const view = new DataView(head.buffer);
  const form = headerForm(head, 0);
  if (form === null) {
    throw new ImageError(
      "CORRUPT",
      "Cannot read stream header: it has no magic number, expected SplitStream",
    );
  }
  const header = form === "new"
    ? readSplitstreamHeader(view, 0)
    : readOldSplitstreamHeader(view, 0);
  const expected = VERITY_ALGORITHM_NUMBERS[algorithm];
  if (header.version !== 0) throw badHeader("version", header.version, 0);
  if (header.algorithm !== expected) throw badHeader("algorithm", header.algorithm, expected);
  if (header.logBlockSize !== VERITY_LOG_BLOCK_SIZE) {
    throw badHeader("block size", header.logBlockSize, VERITY_LOG_BLOCK_SIZE);
  }
  const { infoStart, infoEnd } = header;
  if (infoEnd - infoStart < SPLITSTREAM_INFO_SIZE || infoEnd > source.size) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read stream header: its info section is from ${infoStart} to ${infoEnd}, expected ` +
        `${SPLITSTREAM_INFO_SIZE} bytes or more of the ${source.size} of the file`,
    );
  }
  const info = readRange(source, "info section", infoStart, infoStart + SPLITSTREAM_INFO_SIZE);
  return readSplitstreamInfo(new DataView(info.buffer), 0);
}

function readRefs(
  source: ByteSource,
  what: string,
  start: number,
  end: number,
  digestSize: number,
): Uint8Array {
  if ((end - start) % digestSize !== 0) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${what} references: they have ${end - start} bytes, expected a multiple of ` +
        `${digestSize}`,
    );
  }
  return readRange(source, `${what} references`, start, end);
}

function readRange(
  source: ByteSource,
  what: string,
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  checkRange(source.size, what, start, end);
  const bytes = new Uint8Array(end - start);
  if (source.read(bytes, start) === bytes.length) return bytes;
  throw new ImageError("CORRUPT", `Cannot read stream ${what}: the file ended, expected ${end}`);
}

function checkRange(size: number, what: string, start: number, end: number): void {
  if (start <= end && end <= size) return;
  throw new ImageError(
    "CORRUPT",
    `Cannot read stream ${what}: it is from ${start} to ${end}, expected a range of the ${size} ` +
      "bytes of the file",
  );
}

/** All bytes of a small compressed section. */
async function readFrame(path: string, start: number, end: number): Promise<Uint8Array> {
  const bytes = await openFrame(path, start, end);
  try {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const piece = new Uint8Array(READ_SIZE);
      const count = await bytes.read(piece);
      pieces.push(piece.subarray(0, count));
      size += count;
      if (size > MOST_NAMES_BYTES) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read stream names: they have more than ${MOST_NAMES_BYTES} bytes, expected fewer`,
        );
      }
      if (count < piece.length) break;
    }
    const all = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  } finally {
    bytes.close();
  }
}

async function openFrame(path: string, start: number, end: number): Promise<LayerBytes> {
  if (end <= start) {
    throw new ImageError("CORRUPT", "Cannot read stream section: it is empty, expected zstd");
  }
  const bytes = await openLayerBytes({
    kind: "tar",
    location: { kind: "file", path, offset: start },
    size: end - start,
    declaredCompression: "zstd",
    digest: null,
    diffId: null,
  });
  if (bytes.compression === "zstd") return bytes;
  bytes.close();
  throw new ImageError(
    "CORRUPT",
    `Cannot read stream section: its compression is ${bytes.compression}, expected zstd`,
  );
}

function badHeader(what: string, observed: number, expected: number): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read stream header: its ${what} is ${observed}, expected ${expected}`,
  );
}
