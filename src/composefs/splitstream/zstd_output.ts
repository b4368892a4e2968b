/**
 * A zstd frame that is written to a file as its content comes: level 3, without checksum, and
 * without the size of the content, which nobody knows at its start.
 *
 * @module
 */
import { constants, createZstdCompress } from "node:zlib";
import { ImageError } from "../../image_error.ts";

const LEVEL = 3;
/**
 * The frame of nothing. Its size is declared: libzstd knows it where the end is the first thing that
 * it hears, which this runtime's streams do not let it.
 */
const EMPTY_FRAME = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00);

/** A frame in the making. */
export class ZstdOutput {
  readonly #stream = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
  });
  readonly #done: Promise<void>;
  #error: unknown = null;

  /** `take` gets the pieces of the frame; it may throw. */
  constructor(take: (bytes: Uint8Array) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#done = promise;
    // Whoever stops without the end hears of the error that stopped him.
    promise.catch(() => {});
    this.#stream.on("data", (bytes: Uint8Array) => {
      try {
        take(bytes);
      } catch (error) {
        this.#error ??= error;
      }
    });
    this.#stream.on("end", resolve);
    this.#stream.on("error", (cause: unknown) => {
      reject(new ImageError("IO", "Cannot compress stream: zstd failed", { cause }));
    });
  }

  /** Compresses bytes; their memory may be reused when the promise resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    const written = new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve()));
    await Promise.race([written, this.#done]);
    if (this.#error !== null) throw this.#error;
  }

  /** The content is complete. */
  async end(): Promise<void> {
    this.#stream.end();
    await this.#done;
    if (this.#error !== null) throw this.#error;
  }

  /** Gives memory back. */
  close(): void {
    this.#stream.destroy();
  }
}

/** A frame of bytes that are at hand. */
export async function zstdFrame(bytes: Uint8Array): Promise<Uint8Array[]> {
  if (bytes.length === 0) return [EMPTY_FRAME.slice()];
  const pieces: Uint8Array[] = [];
  const output = new ZstdOutput((piece) => pieces.push(piece));
  try {
    await output.write(bytes);
    await output.end();
    return pieces;
  } finally {
    output.close();
  }
}
