/**
 * The last bytes of files, which stand behind their inodes: kept until the inodes are written.
 *
 * @module
 */
import { ScratchFile } from "../../io/scratch_file.ts";

/** Bytes that are written to the temporary file and read back at once. */
const PAGE_SIZE = 256 * 1024;
/** Pages that are kept once they were read. */
const PAGES_MAX = 4;

/** Tails one behind the other; all but the last page of them are in a temporary file. */
export class TailStore {
  readonly #directory: string | undefined;
  /** Bytes of all tails. */
  size = 0;
  #file: ScratchFile | null = null;
  /** The page that is being filled. */
  #last = new Uint8Array(PAGE_SIZE);
  // Tails are wanted nearly in order, but for those that fill the rests of blocks: they are far ahead.
  readonly #pages = new Map<number, Uint8Array>();

  /** Begins; a temporary file goes to `directory`, or where temporary files are. */
  constructor(directory?: string) {
    this.#directory = directory;
  }

  /** Keeps the bytes of a tail, and answers their position. */
  add(bytes: Uint8Array): number {
    const position = this.size;
    for (let done = 0; done < bytes.length;) {
      const at = this.size % PAGE_SIZE;
      if (at === 0 && this.size > 0) {
        this.#file ??= ScratchFile.open(this.#directory);
        this.#file.write(this.#last, this.size - PAGE_SIZE);
      }
      const count = Math.min(bytes.length - done, PAGE_SIZE - at);
      this.#last.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), at);
      this.size += count;
      done += count;
    }
    return position;
  }

  /** Copies `size` bytes from `position` on to `at` of `into`; nothing may be added afterwards. */
  read(into: Uint8Array, at: number, size: number, position: number): void {
    const end = position + size;
    while (position < end) {
      const from = position % PAGE_SIZE;
      const count = Math.min(end - position, PAGE_SIZE - from);
      into.set(this.#page((position - from) / PAGE_SIZE).subarray(from, from + count), at);
      at += count;
      position += count;
    }
  }

  /** Deletes the temporary file. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #page(index: number): Uint8Array {
    const start = index * PAGE_SIZE;
    if (start + PAGE_SIZE >= this.size) return this.#last;
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    let page: Uint8Array;
    if (this.#pages.size < PAGES_MAX) page = new Uint8Array(PAGE_SIZE);
    else {
      const [oldest, bytes] = this.#pages.entries().next().value!;
      this.#pages.delete(oldest);
      page = bytes;
    }
    if (this.#file!.read(page, start) < PAGE_SIZE) {
      throw new Error("Temporary file is shorter than what was written to it");
    }
    this.#pages.set(index, page);
    return page;
  }
}
