/**
 * How an archive that is written in order is compressed as a whole.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { parseCompression } from "../compress/compression.ts";

/** A compression with its level. */
export interface StreamCompression {
  /** Which. */
  readonly name: "none" | "gzip" | "zstd";
  /** How hard it tries; 0 for none. */
  readonly level: number;
}

/** Levels that are fast and small enough for archives. */
const USUAL_LEVELS = { none: 0, gzip: 6, zstd: 3 } as const;

/**
 * Reads `none`, `gzip`, `zstd`, each with a level behind a colon where it has one (`zstd:15`).
 * Throws `RangeError` for anything else.
 */
export function parseStreamCompression(text: string): StreamCompression {
  const { name, level } = parseCompression(text, ["none", "gzip", "zstd"]);
  const known = name as keyof typeof USUAL_LEVELS;
  return { name: known, level: level ?? USUAL_LEVELS[known] };
}

/** A compressor: takes pieces, gives what came of them to a function. */
export interface StreamCompressor {
  /** Takes the next piece over; resolves when more may come. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes; resolves when everything was given away. */
  end(): Promise<void>;
  /** Ends the work without a result. */
  close(): void;
}

/** Starts a compressor for anything but `none`; its work is done beside this thread. */
export function startCompressor(
  { name, level }: StreamCompression,
  take: (bytes: Uint8Array) => void,
): StreamCompressor {
  const stream = name === "gzip"
    ? createGzip({ level })
    : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
  let failure: unknown = null;
  let wake: () => void = () => {};
  const fail = (error: unknown) => {
    failure ??= error;
    wake();
  };
  let isEnded = false;
  stream.on("data", (piece: Buffer) => {
    try {
      if (failure === null) take(piece);
    } catch (error) {
      fail(error);
    }
  });
  stream.on("end", () => {
    isEnded = true;
    wake();
  });
  stream.on("error", fail);
  stream.on("drain", () => wake());
  const waitFor = async (isDone: () => boolean) => {
    while (failure === null && !isDone()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (failure !== null) throw failure;
  };
  return {
    async write(bytes) {
      let isDrained = stream.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (!isDrained) stream.once("drain", () => isDrained = true);
      await waitFor(() => isDrained);
    },
    async end() {
      stream.end();
      await waitFor(() => isEnded);
    },
    close: () => void stream.destroy(),
  };
}
