/**
 * The last bytes of files, which stand behind their inodes: kept until the inodes are written.
 *
 * @module
 */
import { Spool } from "../spool.ts";

/** Bytes that are read back at once, and how many such pages are kept. */
const PAGE_SIZE = 64 * 1024;
const PAGES_MAX = 16;

/** Tails in the order in which they came; all but the last are in a temporary file. */
export class TailStore {
  readonly #spool: Spool;
  // Tails are wanted nearly in order, but for those that fill the rests of blocks: they are far ahead.
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0;

  /** Begins; a temporary file goes to `directory`, or where temporary files are. */
  constructor(directory?: string) {
    this.#spool = new Spool(directory);
  }

  /** Keeps the bytes of a tail, and answers their position. */
  add(bytes: Uint8Array): number {
    const file = this.#spool.beginFile(bytes.length);
    file.write(bytes);
    this.#size += bytes.length;
    return file.end().position;
  }

  /** Fills `into` with the tail at `position`; no tail may be added afterwards. */
  read(into: Uint8Array, position: number): void {
    for (let done = 0; done < into.length;) {
      const at = (position + done) % PAGE_SIZE;
      const page = this.#page((position + done - at) / PAGE_SIZE);
      const piece = page.subarray(at, Math.min(PAGE_SIZE, at + into.length - done));
      into.set(piece, done);
      done += piece.length;
    }
  }

  #page(index: number): Uint8Array {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    let page: Uint8Array;
    if (this.#pages.size < PAGES_MAX) page = new Uint8Array(PAGE_SIZE);
    else {
      const [oldest, bytes] = this.#pages.entries().next().value!;
      this.#pages.delete(oldest);
      page = bytes;
    }
    const start = index * PAGE_SIZE;
    this.#spool.read(page.subarray(0, Math.min(PAGE_SIZE, this.#size - start)), start);
    this.#pages.set(index, page);
    return page;
  }

  /** Deletes the temporary file. */
  close(): void {
    this.#spool.close();
  }
}
