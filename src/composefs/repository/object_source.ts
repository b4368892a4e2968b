/**
 * An object that is open for reading, with its holes where it has some.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { utf8ByteString } from "../../bytes/byte_string.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { VerityDigester } from "../../fsverity/verity_digest.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { fileSource } from "../../io/file_source.ts";
import { type HostFile, openHostFiles } from "../../io/host_files.ts";
import { systemError } from "../../io/system_error.ts";
import type { ObjectId } from "./object_id.ts";

/** Bytes of one read. */
const READ_SIZE = 256 * 1024;
/** Bytes of holes for which it is worth to look where they are. */
const WORTH_LOOKING = 1024 * 1024;
const BLOCK_SIZE = 512;

/** An open file that may know its holes. */
export interface ObjectSource extends ByteSource {
  /**
   * The first position from `position` on that is in no known hole, `Infinity` where nothing but a
   * hole follows. Throws `ImageError` `IO`.
   */
  seekData(position: number): number;
}

/** Opens the file at `path`. Throws `ImageError` `NOT_FOUND`, `PERMISSION`, `UNSUPPORTED` or `IO`. */
export function objectSource(path: string): ObjectSource {
  const source = fileSource(path);
  try {
    return holeBytes(path) < WORTH_LOOKING
      ? new WholeSource(source)
      : new SparseSource(source, path);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The fs-verity digest of all bytes of a source; holes that are known are not read. */
export function digestOfSource(
  source: ByteSource & Partial<ObjectSource>,
  algorithm: VerityAlgorithm,
): ObjectId {
  const digester = new VerityDigester(algorithm);
  const piece = new Uint8Array(READ_SIZE);
  for (let position = 0;;) {
    const data = Math.min(source.size, source.seekData?.(position) ?? position);
    if (data > position) {
      digester.skip(data - position);
      position = data;
    }
    const count = source.read(piece, position);
    digester.write(piece.subarray(0, count));
    position += count;
    if (count < piece.length) return digester.end().toHex();
  }
}

/** Bytes of a file that take no room. */
function holeBytes(path: string): number {
  try {
    const { size, blocks } = Deno.lstatSync(path);
    return blocks === null ? 0 : size - blocks * BLOCK_SIZE;
  } catch (error) {
    throw systemError(error, "read object", path);
  }
}

class WholeSource implements ObjectSource {
  readonly name: string;
  readonly size: number;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.size = source.size;
    this.#source = source;
  }

  read(into: Uint8Array, position: number): number {
    return this.#source.read(into, position);
  }

  seekData(position: number): number {
    return position;
  }

  close(): void {
    this.#source.close();
  }
}

/** Asks the system where data is, as far as it tells. */
class SparseSource extends WholeSource {
  readonly #file: HostFile;
  readonly #closeAll: () => void;
  // Where the data that was found last begins and ends.
  #dataStart = 0;
  #dataEnd = 0;

  constructor(source: ByteSource, path: string) {
    super(source);
    const files = openHostFiles();
    const directory = files.open(dirname(path));
    this.#file = directory.file(utf8ByteString(basename(path)));
    this.#closeAll = () => {
      this.#file.close();
      directory.close();
      files.close();
    };
  }

  override seekData(position: number): number {
    if (position < this.#dataStart || position >= this.#dataEnd) {
      const data = this.#file.seekData(position);
      if (data === null) return Infinity;
      this.#dataStart = data;
      this.#dataEnd = this.#file.seekHole(data);
    }
    return Math.max(position, this.#dataStart);
  }

  override close(): void {
    this.#closeAll();
    super.close();
  }
}
