/**
 * Standard output as the place of an archive or an image.
 *
 * @module
 */
import type { ImageSink } from "../io/byte_sink.ts";
import { pipeSink } from "../io/pipe_sink.ts";
import { OutputClosed } from "./output_stream.ts";

/**
 * Standard output. `signal` ends also a wait for a reader that does not read; writing throws
 * {@linkcode OutputClosed} where the reader has gone.
 */
export function standardOutput(signal: AbortSignal): ImageSink {
  const closed = (error: unknown) =>
    error instanceof Deno.errors.BrokenPipe ? new OutputClosed() : error;
  const pipe = {
    writeSync(bytes: Uint8Array) {
      try {
        return Deno.stdout.writeSync(bytes);
      } catch (error) {
        throw closed(error);
      }
    },
    async write(bytes: Uint8Array) {
      try {
        return await Deno.stdout.write(bytes);
      } catch (error) {
        throw closed(error);
      }
    },
  };
  return pipeSink("standard output", pipe, signal);
}
