/**
 * What takes the bytes that follow a tar header.
 *
 * @module
 */
import type { LayerVisitor } from "../layer_entry.ts";

/** Takes one body at a time, without its padding. */
export interface TarBody {
  /** The next bytes, `[start, end)` of `bytes`; the memory is reused after the call. */
  write(bytes: Uint8Array, start: number, end: number): void;
  /** The body is complete. */
  end(): void;
}

/** The body of an ordinary file: every byte is for the visitor. */
export class FileBody implements TarBody {
  readonly #visitor: LayerVisitor;

  /** Creates a body that can be used for one file after another. */
  constructor(visitor: LayerVisitor) {
    this.#visitor = visitor;
  }

  /** Hands bytes on without a copy. */
  write(bytes: Uint8Array, start: number, end: number): void {
    this.#visitor.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  /** Ends the file. */
  end(): void {
    this.#visitor.end();
  }
}
