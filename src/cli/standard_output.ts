/**
 * Standard output as the place of an archive or an image, and of all other output.
 *
 * @module
 */
import type { ImageSink } from "../io/byte_sink.ts";
import { pipeSink, type PipeWriter } from "../io/pipe_sink.ts";

/** Whoever reads the output has gone (`| head`): there is nothing more to do. */
export class OutputClosed extends Error {
  /** Creates the reason to stop. */
  constructor() {
    super("Standard output was closed");
    this.name = "OutputClosed";
  }
}

/** Standard output of this process; writing throws {@linkcode OutputClosed} where the reader has gone. */
export function outputPipe(): PipeWriter {
  const closed = (error: unknown) =>
    error instanceof Deno.errors.BrokenPipe ? new OutputClosed() : error;
  return {
    writeSync(bytes) {
      try {
        return Deno.stdout.writeSync(bytes);
      } catch (error) {
        throw closed(error);
      }
    },
    async write(bytes) {
      try {
        return await Deno.stdout.write(bytes);
      } catch (error) {
        throw closed(error);
      }
    },
  };
}

/** `pipe` as a destination; `signal` ends also a wait for a reader that does not read. */
export function standardOutput(signal: AbortSignal, pipe: PipeWriter = outputPipe()): ImageSink {
  return pipeSink("standard output", pipe, signal);
}
