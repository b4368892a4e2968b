/**
 * An image file for judges: written in place, not synced, removed by its owner.
 *
 * @module
 */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { ImageSink } from "../../src/io/byte_sink.ts";

/** A sink that writes straight to a new file. */
export function plainSink(path: string): ImageSink {
  return {
    name: path,
    seekable: true,
    open() {
      let file = openSync(path, "w+");
      const close = () => {
        if (file >= 0) closeSync(file);
        file = -1;
      };
      return {
        write(bytes, position) {
          let done = 0;
          while (done < bytes.length) {
            done += writeSync(file, bytes, done, bytes.length - done, position + done);
          }
        },
        read(into, position) {
          let done = 0;
          while (done < into.length) {
            const count = readSync(file, into, done, into.length - done, position + done);
            if (count === 0) break;
            done += count;
          }
          into.fill(0, done);
        },
        truncate: (size) => ftruncateSync(file, size),
        commit: close,
        abort: close,
      };
    },
  };
}

/** Calls `use` with the path of an image that is removed afterwards. */
export async function withImageFile<T>(use: (path: string) => T | Promise<T>): Promise<T> {
  const directory = Deno.makeTempDirSync({ prefix: "conformance_" });
  try {
    return await use(`${directory}/image`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
