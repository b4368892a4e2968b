/**
 * An image in memory.
 *
 * @module
 */
import type { ImageSink, OpenSink } from "./byte_sink.ts";

/** A sink that keeps what was written. */
export interface MemorySink extends ImageSink {
  /** The image; empty before `commit`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A destination in memory, for small images and tests. */
export function memorySink(): MemorySink {
  let committed = new Uint8Array(0);
  return {
    name: "memory",
    seekable: true,
    get bytes() {
      return committed;
    },
    open(): OpenSink {
      let buffer = new Uint8Array(0);
      let size = 0;
      const reserve = (wanted: number) => {
        if (wanted <= buffer.length) return;
        const larger = new Uint8Array(Math.max(wanted, 2 * buffer.length, 4096));
        larger.set(buffer.subarray(0, size));
        buffer = larger;
      };
      return {
        write(bytes, position) {
          reserve(position + bytes.length);
          buffer.set(bytes, position);
          size = Math.max(size, position + bytes.length);
        },
        truncate(wanted) {
          reserve(wanted);
          // What is cut off must read as zeros should the image grow again.
          if (wanted < size) buffer.fill(0, wanted, size);
          size = wanted;
        },
        read(into, position) {
          const there = buffer.subarray(Math.min(position, size), size).subarray(0, into.length);
          into.set(there);
          into.fill(0, there.length);
        },
        commit() {
          committed = buffer.subarray(0, size);
        },
        abort() {},
      };
    },
  };
}
