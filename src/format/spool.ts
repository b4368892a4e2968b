/**
 * Keeps the bytes of files until their order in the image is known, in a temporary file without a
 * name. For formats whose files stand in the order of the tree, which is known only at the end.
 *
 * @module
 */
import { ScratchFile } from "../io/scratch_file.ts";
import type { FileWriter } from "./image_format.ts";

/** Bytes that are written to the temporary file at once. */
const BUFFER_SIZE = 256 * 1024;

/** Where the bytes of one file are. */
export class SpooledContent {
  /** First byte in the spool; the data stands there without its holes. */
  readonly position: number;
  /**
   * Start and size of each piece of data in the file, in turns and ascending; `null` where all of
   * the file is data.
   */
  readonly pieces: readonly number[] | null;

  /** Tells where bytes are. */
  constructor(position: number, pieces: readonly number[] | null) {
    this.position = position;
    this.pieces = pieces;
  }
}

/** One piece of a file: data of the spool, or a hole. */
export interface SpooledPiece {
  /** Where in the spool; `null` for a hole. */
  readonly position: number | null;
  /** Bytes of it. */
  readonly size: number;
}

/** Bytes of files in the order in which they came. */
export class Spool {
  readonly #directory: string | undefined;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #file: ScratchFile | null = null;
  /** Bytes that are in the file; what follows is in the buffer. */
  #writtenBytes = 0;
  #bufferedBytes = 0;
  #isOpen = false;

  /** Begins an empty spool; its file will be in `directory`, or where temporary files are. */
  constructor(directory?: string) {
    this.#directory = directory;
  }

  /** Begins a file of `size` bytes. */
  beginFile(size: number): FileWriter<SpooledContent> {
    if (this.#isOpen) throw new RangeError("Cannot begin file: another one is open");
    this.#isOpen = true;
    const start = this.#writtenBytes + this.#bufferedBytes;
    let position = 0;
    // The last piece is [pieces.at(-2), pieces.at(-1)].
    const pieces: number[] = [];
    const advance = (byteCount: number) => {
      if (position + byteCount > size) {
        throw new RangeError(`Cannot write file: more bytes than its size of ${size}`);
      }
      position += byteCount;
    };
    return {
      write: (bytes) => {
        const end = pieces.length === 0
          ? -1
          : pieces[pieces.length - 2] + pieces[pieces.length - 1];
        if (end === position) pieces[pieces.length - 1] += bytes.length;
        else if (bytes.length > 0) pieces.push(position, bytes.length);
        advance(bytes.length);
        this.#append(bytes);
      },
      skip: advance,
      end: () => {
        if (position !== size) {
          throw new RangeError(`Cannot end file: it has ${position} bytes, expected ${size}`);
        }
        this.#isOpen = false;
        return new SpooledContent(start, pieces[1] === size ? null : pieces);
      },
    };
  }

  /** Fills `into` from `position` of the spool; the bytes must be there. */
  read(into: Uint8Array, position: number): void {
    const fromFile = Math.min(into.length, Math.max(0, this.#writtenBytes - position));
    if (fromFile > 0 && this.#file!.read(into.subarray(0, fromFile), position) !== fromFile) {
      throw new Error("Temporary file is shorter than what was written to it");
    }
    if (fromFile === into.length) return;
    const at = position + fromFile - this.#writtenBytes;
    into.set(this.#buffer.subarray(at, at + into.length - fromFile), fromFile);
  }

  /** Gives the temporary file back. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      if (this.#bufferedBytes === 0 && bytes.length - done >= BUFFER_SIZE) {
        this.#writeOut(bytes.subarray(done));
        return;
      }
      const count = Math.min(bytes.length - done, BUFFER_SIZE - this.#bufferedBytes);
      this.#buffer.set(bytes.subarray(done, done + count), this.#bufferedBytes);
      this.#bufferedBytes += count;
      done += count;
      if (this.#bufferedBytes === BUFFER_SIZE) {
        this.#writeOut(this.#buffer);
        this.#bufferedBytes = 0;
      }
    }
  }

  #writeOut(bytes: Uint8Array): void {
    this.#file ??= ScratchFile.open(this.#directory);
    this.#file.write(bytes, this.#writtenBytes);
    this.#writtenBytes += bytes.length;
  }
}

/** The pieces of a file of `size` bytes, holes included, from its start to its end. */
export function* piecesOf(content: SpooledContent | null, size: number): Generator<SpooledPiece> {
  if (content === null) {
    if (size > 0) yield { position: null, size };
    return;
  }
  if (content.pieces === null) {
    yield { position: content.position, size };
    return;
  }
  let at = 0;
  let { position } = content;
  for (let i = 0; i < content.pieces.length; i += 2) {
    const [start, byteCount] = content.pieces.slice(i, i + 2);
    if (start > at) yield { position: null, size: start - at };
    yield { position, size: byteCount };
    position += byteCount;
    at = start + byteCount;
  }
  if (size > at) yield { position: null, size: size - at };
}
