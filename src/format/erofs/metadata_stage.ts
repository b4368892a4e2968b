/**
 * Metadata on its way out: pieces in ascending order leave in few large writes.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";

/** Bytes of a write; a larger piece has one of its own. */
const STAGE_SIZE = 256 * 1024;

/** Room for pieces; what is between them stays zero. */
export class MetadataStage {
  /** The room; valid from `open` to the next `open` or `flush`. */
  bytes: Uint8Array<ArrayBuffer>;
  /** View of the same bytes. */
  view: DataView;
  readonly #sink: ByteSink;
  #start = 0;
  #fill = 0;

  /** Creates a stage in front of `sink`. */
  constructor(sink: ByteSink) {
    this.#sink = sink;
    this.bytes = new Uint8Array(STAGE_SIZE);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room, zeroed, for `size` bytes at `position` of the image; answers its place in `bytes`. */
  open(position: number, size: number): number {
    let at = position - this.#start;
    if (this.#fill === 0 || at + size > this.bytes.length) {
      this.flush();
      if (size > this.bytes.length) {
        this.bytes = new Uint8Array(size);
        this.view = new DataView(this.bytes.buffer);
      }
      this.#start = position;
      at = 0;
    }
    this.#fill = at + size;
    return at;
  }

  /** Writes what is staged. */
  flush(): void {
    if (this.#fill === 0) return;
    this.#sink.write(this.bytes.subarray(0, this.#fill), this.#start);
    if (this.bytes.length > STAGE_SIZE) {
      this.bytes = new Uint8Array(STAGE_SIZE);
      this.view = new DataView(this.bytes.buffer);
    } else {
      this.bytes.fill(0, 0, this.#fill);
    }
    this.#fill = 0;
  }
}
