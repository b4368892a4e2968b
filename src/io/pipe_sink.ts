/**
 * A pipe as destination: standard output, say. It takes bytes in order only.
 *
 * @module
 */
import type { ImageSink } from "./byte_sink.ts";
import { systemError } from "./system_error.ts";

/** Zeros that are written at once. */
const ZEROS_SIZE = 64 * 1024;

/** What a pipe needs to offer; `Deno.stdout` is one. */
export interface PipeWriter {
  /** Writes some of `bytes` and answers how many. */
  writeSync(bytes: Uint8Array): number;
}

/**
 * A pipe; `name` is for messages. Places that are left out are written as zeros. What was written
 * before an error stays written: whoever reads the pipe must heed how the program ends.
 *
 * Writing throws `ImageError` `IO` where the reader has gone, `RangeError` for a place that has
 * passed.
 */
export function pipeSink(name: string, pipe: PipeWriter): ImageSink {
  return {
    name,
    seekable: false,
    open() {
      let position = 0;
      const put = (bytes: Uint8Array) => {
        try {
          for (let done = 0; done < bytes.length;) {
            done += pipe.writeSync(done === 0 ? bytes : bytes.subarray(done));
          }
        } catch (error) {
          throw systemError(error, "write output", name);
        }
        position += bytes.length;
      };
      const advance = (to: number) => {
        if (to < position) {
          throw new RangeError(`Cannot write ${name} at ${to}: ${position} bytes were written`);
        }
        const zeros = new Uint8Array(Math.min(ZEROS_SIZE, to - position));
        while (position < to) put(zeros.subarray(0, Math.min(zeros.length, to - position)));
      };
      return {
        capacity: null,
        write(bytes, at) {
          advance(at);
          put(bytes);
        },
        truncate: advance,
        commit() {},
        abort() {},
      };
    },
  };
}
