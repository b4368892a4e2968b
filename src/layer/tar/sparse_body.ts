/**
 * The body of a sparse file: data pieces from the archive, holes from its map.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { ImageError } from "../../image_error.ts";
import type { LayerVisitor } from "../layer_entry.ts";
import { addSparseEntries, SparseMap, SparseMapReader } from "./sparse_map.ts";
import type { TarBody } from "./tar_body.ts";
import { BLOCK_SIZE } from "./tar_header.ts";

// Places in an old GNU header and in its extension blocks.
const HEADER_ENTRIES_AT = 386;
const HEADER_ENTRY_COUNT = 4;
const HEADER_IS_EXTENDED_AT = 482;
const EXTENSION_ENTRY_COUNT = 21;
const EXTENSION_IS_EXTENDED_AT = 504;

/** Turns the stored bytes of one sparse file into the visitor's writes and holes. */
export class SparseBody implements TarBody {
  readonly #realSize: number;
  readonly #storedSize: number;
  readonly #visitor: LayerVisitor | null;
  #map: SparseMap;
  // Format 1.0: the map stands in front of the data, padded to a block.
  #mapReader: SparseMapReader | null = null;
  #mapSize = 0;
  #mapPadding = 0;

  #index = 0;
  #position = 0;
  #pieceLeft = 0;

  /**
   * Begins a file of `realSize` bytes, of which the archive holds `storedSize`. Without a
   * `visitor` the bytes are only checked.
   */
  constructor(
    realSize: number,
    storedSize: number,
    visitor: LayerVisitor | null,
    map: SparseMap = new SparseMap(),
  ) {
    this.#realSize = realSize;
    this.#storedSize = storedSize;
    this.#visitor = visitor;
    this.#map = map;
  }

  /** Reads what an old GNU header says of the map; `true` when an extension block follows. */
  readHeader(bytes: Uint8Array, at: number): boolean {
    addSparseEntries(this.#map, bytes, at + HEADER_ENTRIES_AT, HEADER_ENTRY_COUNT);
    return bytes[at + HEADER_IS_EXTENDED_AT] !== 0;
  }

  /** Reads an extension block; `true` when another one follows. */
  readExtension(bytes: Uint8Array, at: number): boolean {
    addSparseEntries(this.#map, bytes, at, EXTENSION_ENTRY_COUNT);
    return bytes[at + EXTENSION_IS_EXTENDED_AT] !== 0;
  }

  /** The map comes as text at the start of the body (format 1.0). */
  expectMapText(): void {
    this.#mapReader = new SparseMapReader();
    this.#map = this.#mapReader.map;
  }

  /** The map is known: throws `ImageError` `CORRUPT` where file and archive contradict it. */
  checkMap(): void {
    this.#map.check(this.#realSize, this.#storedSize - this.#mapSize);
  }

  /** Takes the next stored bytes, `[start, end)` of `bytes`. */
  write(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    if (this.#mapReader !== null) at = this.#readMap(this.#mapReader, bytes, at, end);
    const padding = Math.min(this.#mapPadding, end - at);
    this.#mapPadding -= padding;
    at += padding;
    while (at < end) {
      while (this.#pieceLeft === 0) this.#beginPiece();
      const count = Math.min(this.#pieceLeft, end - at);
      this.#visitor?.write(bytes.subarray(at, at + count));
      at += count;
      this.#position += count;
      this.#pieceLeft -= count;
    }
  }

  /** All stored bytes were written: the rest of the file is a hole. */
  end(): void {
    if (this.#mapReader !== null || this.#mapPadding > 0) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read sparse map: it does not end in the ${this.#storedSize} bytes of its entry, ` +
          "expected it before the data",
      );
    }
    this.#skipTo(this.#realSize);
    this.#visitor?.end();
  }

  #readMap(reader: SparseMapReader, bytes: Uint8Array, start: number, end: number): number {
    const at = reader.read(bytes, start, end);
    this.#mapSize += at - start;
    if (reader.isComplete) {
      const padded = alignUp(this.#mapSize, BLOCK_SIZE);
      this.#mapPadding = padded - this.#mapSize;
      this.#mapSize = padded;
      this.#mapReader = null;
      this.checkMap();
    }
    return at;
  }

  #beginPiece(): void {
    this.#pieceLeft = this.#map.size(this.#index);
    if (this.#pieceLeft > 0) this.#skipTo(this.#map.offset(this.#index));
    this.#index++;
  }

  #skipTo(position: number): void {
    if (position > this.#position) this.#visitor?.skip(position - this.#position);
    this.#position = position;
  }
}
