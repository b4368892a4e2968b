/**
 * A pipe as destination: standard output, say. It takes bytes in order only.
 *
 * @module
 */
import type { ImageSink } from "./byte_sink.ts";
import { systemError } from "./system_error.ts";

/** Zeros that are written at once. */
const ZEROS = new Uint8Array(64 * 1024);
/** Bytes that wait for whoever awaits `drain`. */
const WAITING_SIZE = 4 * 1024 * 1024;

/** What a pipe needs to offer; `Deno.stdout` is one. */
export interface PipeWriter {
  /** Writes some of `bytes` and answers how many. */
  writeSync(bytes: Uint8Array): number;
  /** The same without holding up the thread while the pipe is full. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * A pipe; `name` is for messages. Places that are left out are written as zeros. What was written
 * before an error stays written: whoever reads the pipe must heed how the program ends.
 *
 * What is written waits for `drain`, which rejects with the reason of `signal` at once, also while
 * nobody reads; without it, and for `commit`, the thread waits for the reader.
 *
 * Writing throws `ImageError` `IO` where the reader has gone, `RangeError` for a place that has
 * passed.
 */
export function pipeSink(name: string, pipe: PipeWriter, signal?: AbortSignal): ImageSink {
  return {
    name,
    seekable: false,
    open() {
      let position = 0;
      let waiting: Waiting[] = [];
      let waitingBytes = 0;
      // What a compressor hands over in the meantime comes behind what is being written.
      let isDraining = false;
      // Memory that was written, for the next bytes: collecting as much garbage costs more.
      let spare = new Uint8Array(0);
      const copyOf = (bytes: Uint8Array) => {
        const memory = spare.length < bytes.length ? new Uint8Array(bytes.length) : spare;
        spare = new Uint8Array(0);
        memory.set(bytes);
        return memory.subarray(0, bytes.length);
      };
      const keep = ({ buffer }: Uint8Array<ArrayBuffer>) => {
        if (buffer !== ZEROS.buffer) spare = new Uint8Array(buffer);
      };
      const add = (bytes: Uint8Array | null, size: number) => {
        if (size === 0) return;
        if (bytes !== null && waitingBytes + size > WAITING_SIZE && !isDraining) flush();
        waiting.push({ bytes: bytes === null ? null : copyOf(bytes), size });
        waitingBytes += bytes === null ? 0 : size;
        position += size;
      };
      const takeAll = () => {
        const all = waiting;
        waiting = [];
        waitingBytes = 0;
        return pieces(all);
      };
      const flush = () => {
        try {
          for (const piece of takeAll()) {
            for (let done = 0; done < piece.length;) done += pipe.writeSync(piece.subarray(done));
            keep(piece);
          }
        } catch (error) {
          throw systemError(error, "write output", name);
        }
      };
      const advance = (to: number) => {
        if (to < position) {
          throw new RangeError(`Cannot write ${name} at ${to}: ${position} bytes were written`);
        }
        add(null, to - position);
      };
      return {
        write(bytes, at) {
          advance(at);
          add(bytes, bytes.length);
        },
        truncate: advance,
        async drain() {
          isDraining = true;
          try {
            while (waiting.length > 0) {
              for (const piece of takeAll()) {
                for (let done = 0; done < piece.length;) {
                  done += await unlessAborted(pipe.write(piece.subarray(done)), signal);
                }
                keep(piece);
              }
            }
          } catch (error) {
            throw systemError(error, "write output", name);
          } finally {
            isDraining = false;
          }
        },
        commit: flush,
        abort() {
          takeAll();
        },
      };
    },
  };
}

/** Bytes to be written, `null` for zeros. */
interface Waiting {
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly size: number;
}

function* pieces(all: readonly Waiting[]): Generator<Uint8Array<ArrayBuffer>> {
  for (const { bytes, size } of all) {
    if (bytes !== null) {
      yield bytes;
      continue;
    }
    for (let rest = size; rest > 0; rest -= ZEROS.length) {
      yield rest < ZEROS.length ? ZEROS.subarray(0, rest) : ZEROS;
    }
  }
}

/** What `work` resolves to; rejects with the reason of `signal` without waiting for it. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  // It may fail when nobody waits for it any more.
  work.catch(() => {});
  signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
