/**
 * Puts the tar of a layer together again, byte for byte: what stood around files comes from a record
 * (tar-split), the bytes of files from the directory that it was unpacked to.
 *
 * @module
 */
import { displayByteString } from "../../bytes/byte_string.ts";
import { Crc64 } from "../../bytes/crc64.ts";
import { ImageError } from "../../image_error.ts";
import type { HostFile } from "../../io/host_files.ts";
import type { Decompressor } from "../decompress/decompressor.ts";
import { BodyFiles } from "./body_files.ts";
import { parseRecordLine, type TarPart } from "./record_line.ts";
import { RecordLines } from "./record_lines.ts";

/** Bytes of one read. */
const PIECE_SIZE = 256 * 1024;

/** Lines one after the other that may give no bytes: each entry of a tar has a header. */
const MOST_IDLE_LINES = 1000;

/** What a record says of a file. */
type FilePart = Extract<TarPart, { kind: "file" }>;

/** A file whose bytes are being given. */
interface OpenBody {
  readonly part: FilePart;
  readonly file: HostFile;
  readonly crc: Crc64;
  done: number;
}

/** Hears of the files that parts of a tar are made of. */
export interface BodyTaker {
  /**
   * The `size` bytes at `offset` of the tar are those of `file`. Answers `file`, or another
   * to read in its place, and then closes `file`.
   */
  take(file: HostFile, offset: number, size: number): HostFile;
}

/** Gives a tar. */
export class TarAssembler implements Decompressor {
  readonly #record: Decompressor;
  readonly #lines: RecordLines;
  readonly #name: string;
  readonly #files: BodyFiles;
  readonly #piece = new Uint8Array(PIECE_SIZE);
  // What is left of the last bytes that stand in the record itself.
  #bytes: Uint8Array = new Uint8Array(0);
  #body: OpenBody | null = null;
  readonly #taker: BodyTaker | null;
  // Bytes that were given.
  #offset = 0;
  // Lines since the last of them.
  #idleLines = 0;

  /**
   * Reads the lines that `record` gives, and files below the directory `directory`; `name` is that
   * of the record, for messages; `taker` hears of the files. Throws `ImageError` `NOT_FOUND`,
   * `PERMISSION` or `IO`.
   */
  constructor(
    record: Decompressor,
    name: string,
    directory: string,
    taker: BodyTaker | null = null,
  ) {
    this.#files = new BodyFiles(directory);
    this.#record = record;
    this.#lines = new RecordLines(record, name);
    this.#name = name;
    this.#taker = taker;
  }

  /** See {@linkcode Decompressor.pull}. */
  pull(into: Uint8Array): number | Promise<number> {
    try {
      for (;;) {
        const count = this.#body === null
          ? this.#giveBytes(into)
          : this.#giveBody(this.#body, into);
        if (count > 0) return this.#gave(count);
        const line = this.#lines.next();
        if (line instanceof Promise) return this.#pullLater(line, into);
        if (!this.#take(line)) return 0;
      }
    } catch (error) {
      throw this.#located(error);
    }
  }

  /** See {@linkcode Decompressor.close}. */
  close(): void {
    this.#body?.file.close();
    this.#body = null;
    this.#files.close();
    this.#record.close();
  }

  #giveBytes(into: Uint8Array): number {
    const count = Math.min(this.#bytes.length, into.length);
    into.set(this.#bytes.subarray(0, count));
    this.#bytes = this.#bytes.subarray(count);
    return count;
  }

  /** Gives bytes of a file; with the last of them it is compared and closed. */
  #giveBody(body: OpenBody, into: Uint8Array): number {
    const { part, file, crc } = body;
    const count = Math.min(part.size - body.done, into.length, PIECE_SIZE);
    const bytes = this.#piece.subarray(0, count);
    const read = file.read(bytes, body.done);
    if (read < count) {
      throw mismatch(part, `it ends after ${body.done + read} bytes`, `${part.size}`);
    }
    crc.update(bytes);
    into.set(bytes);
    body.done += count;
    if (body.done < part.size) return count;
    const observed = crc.digest().toHex();
    const expected = part.checksum.toHex();
    if (observed !== expected) throw mismatch(part, `its CRC-64 is ${observed}`, expected);
    file.close();
    this.#body = null;
    return count;
  }

  async #pullLater(line: Promise<Uint8Array | null>, into: Uint8Array): Promise<number> {
    try {
      if (!this.#take(await line)) return 0;
    } catch (error) {
      throw this.#located(error);
    }
    return await this.pull(into);
  }

  #gave(count: number): number {
    this.#offset += count;
    this.#idleLines = 0;
    return count;
  }

  /** Takes the next line; answers `false` behind the last. */
  #take(line: Uint8Array | null): boolean {
    if (line === null) return false;
    if (++this.#idleLines > MOST_IDLE_LINES) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read record of a tar "${this.#name}": up to line ${this.#lines.count} there are ` +
          `${MOST_IDLE_LINES} lines without bytes, expected the header of an entry`,
      );
    }
    const part = parseRecordLine(line);
    if (part === null) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read record of a tar "${this.#name}": line ${this.#lines.count} is malformed, ` +
          "expected bytes or a file",
      );
    }
    if (part.kind === "bytes") this.#bytes = part.bytes;
    else if (part.size > 0) {
      this.#body = { part, file: this.#open(part), crc: new Crc64(), done: 0 };
    }
    return true;
  }

  #open({ name, size }: FilePart): HostFile {
    const file = this.#files.open(name, size);
    try {
      return this.#taker?.take(file, this.#offset, size) ?? file;
    } catch (error) {
      file.close();
      throw error instanceof ImageError ? error.at({ path: displayByteString(name) }) : error;
    }
  }

  #located(error: unknown): unknown {
    return error instanceof ImageError ? error.at({ source: this.#name }) : error;
  }
}

function mismatch({ name }: FilePart, observed: string, expected: string): ImageError {
  const path = displayByteString(name);
  return new ImageError(
    "DIGEST_MISMATCH",
    `Cannot accept file "${path}" of an unpacked layer: ${observed}, expected ${expected}`,
    { where: { path } },
  );
}
