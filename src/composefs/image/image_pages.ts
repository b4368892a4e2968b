/**
 * The bytes of an image by pages, of which some are kept: an image may have a gigabyte, and what is
 * read at a time stands close together.
 *
 * @module
 */
import type { ByteSource } from "../../io/byte_source.ts";
import { corrupt } from "./corrupt_image.ts";

const PAGE_SIZE = 64 * 1024;
/** Pages that are kept. */
const PAGES_MAX = 128;

/** Bytes and the view on them. */
interface Viewed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

/** Bytes of an image, among others. They are good until the next are loaded. */
export interface LoadedBytes extends Viewed {
  /** Where they begin. */
  readonly at: number;
}

/** Reads the first `size` bytes of a source. */
export class ImagePages {
  /** Bytes of the image. */
  readonly size: number;
  readonly #source: ByteSource;
  // The first is the one that was asked for least recently.
  readonly #pages = new Map<number, Viewed>();
  #lastIndex = -1;
  #last: Viewed = viewed(0);
  /** Room for what does not stand in one page. */
  #joined: Viewed = viewed(0);

  /** Reads nothing yet. */
  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.size = size;
  }

  /**
   * Loads the bytes `[start, end)`, which `thing` is made of. Throws `ImageError` `CORRUPT` where they
   * are not all there.
   */
  load(start: number, end: number, thing: string): LoadedBytes {
    this.#checkEnd(start, end, thing);
    const index = Math.floor(start / PAGE_SIZE);
    const pageStart = index * PAGE_SIZE;
    if (end <= pageStart + PAGE_SIZE) {
      const { bytes, view } = this.#page(index);
      return { bytes, view, at: start - pageStart };
    }
    if (this.#joined.bytes.length < end - start) this.#joined = viewed(end - start);
    const { bytes, view } = this.#joined;
    for (let at = start; at < end;) {
      const page = this.#page(Math.floor(at / PAGE_SIZE)).bytes;
      const from = at % PAGE_SIZE;
      const count = Math.min(PAGE_SIZE - from, end - at);
      bytes.set(page.subarray(from, from + count), at - start);
      at += count;
    }
    return { bytes, view, at: 0 };
  }

  /** Fills `into` with the bytes from `start` on, which `thing` is made of. Throws like `load`. */
  copy(into: Uint8Array, start: number, thing: string): void {
    const end = start + into.length;
    if (into.length > PAGE_SIZE) {
      this.#checkEnd(start, end, thing);
      this.#read(into, start);
    } else if (into.length > 0) {
      const { bytes, at } = this.load(start, end, thing);
      into.set(bytes.subarray(at, at + into.length));
    }
  }

  #checkEnd(start: number, end: number, thing: string): void {
    if (end > this.size) throw corrupt(thing, `it ends at ${end}`, `at most ${this.size}`, start);
  }

  #page(index: number): Viewed {
    if (index === this.#lastIndex) return this.#last;
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = this.#freePage();
      const start = index * PAGE_SIZE;
      this.#read(page.bytes.subarray(0, Math.min(PAGE_SIZE, this.size - start)), start);
    } else {
      this.#pages.delete(index);
    }
    this.#pages.set(index, page);
    this.#lastIndex = index;
    this.#last = page;
    return page;
  }

  /** Room for a page: that of the page that was asked for least recently where there are many. */
  #freePage(): Viewed {
    if (this.#pages.size < PAGES_MAX) return viewed(PAGE_SIZE);
    const [index, page] = this.#pages.entries().next().value!;
    this.#pages.delete(index);
    return page;
  }

  #read(into: Uint8Array, start: number): void {
    const count = this.#source.read(into, start);
    if (count === into.length) return;
    const end = start + count;
    throw corrupt("composefs image", `it ends at ${end}`, `${this.size} bytes`, end);
  }
}

function viewed(size: number): Viewed {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}
