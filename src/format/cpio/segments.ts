/**
 * An initramfs may begin with archives as they are and go on compressed: what is behind the first
 * compressed byte is decompressed into a temporary file.
 *
 * @module
 */
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { ScratchFile } from "../../io/scratch_file.ts";

/** Uncompressed bytes that are taken; beyond it somebody means harm. */
const MAX_SIZE = 64 * 2 ** 30;
const READ_SIZE = 256 * 1024;

/** Compressions that are known, by their first bytes. */
const MAGICS: readonly (readonly [name: SegmentCompression, magic: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
/** Those of a kernel's initramfs that are not. */
const UNKNOWN_MAGICS: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["lzma", [0x5d, 0x00, 0x00]],
  ["lzo", [0x89, 0x4c, 0x5a, 0x4f]],
  ["lz4", [0x02, 0x21, 0x4c, 0x18]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
];

/** A compression that can be read. */
export type SegmentCompression = "gzip" | "zstd" | "xz";

/** The compression that begins with these bytes, `null` for none; throws `UNSUPPORTED` for others. */
export function compressionOf(head: Uint8Array): SegmentCompression | null {
  const startsWith = (magic: readonly number[]) => magic.every((byte, i) => head[i] === byte);
  const unknown = UNKNOWN_MAGICS.find(([, magic]) => startsWith(magic));
  if (unknown !== undefined) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read cpio archive: it is compressed with ${unknown[0]}, expected gzip, zstd or xz`,
    );
  }
  return MAGICS.find(([, magic]) => startsWith(magic))?.[0] ?? null;
}

/**
 * What is behind `from` of `source`, decompressed. Closing the answer gives the temporary file back;
 * `source` stays the caller's. Throws `ImageError` `CORRUPT`, `LIMIT_EXCEEDED`, `OUT_OF_SPACE`, `IO`.
 */
export async function decompressedSource(
  source: ByteSource,
  from: number,
  compression: SegmentCompression,
): Promise<ByteSource> {
  const file = ScratchFile.open();
  try {
    let size = 0;
    for await (const piece of decompressed(source, from, compression)) {
      if (size + piece.length > MAX_SIZE) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read cpio archive: it has more than ${MAX_SIZE} bytes uncompressed`,
        );
      }
      file.write(piece, size);
      size += piece.length;
    }
    return {
      name: source.name,
      size,
      read: (into, position) =>
        file.read(into.subarray(0, Math.max(0, Math.min(into.length, size - position))), position),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    if (error instanceof ImageError) throw error;
    throw new ImageError(
      "CORRUPT",
      `Cannot decompress ${compression} data: ${(error as Error).message}, expected a whole stream`,
      { cause: error, where: { offset: from } },
    );
  }
}

async function* decompressed(
  source: ByteSource,
  from: number,
  compression: SegmentCompression,
): AsyncIterable<Uint8Array> {
  const pieces = compressedPieces(source, from);
  if (compression === "xz") {
    const { decompressXzStream } = await import("./xz_stream.ts");
    yield* decompressXzStream(pieces);
    return;
  }
  const decoder = compression === "gzip" ? createGunzip() : createZstdDecompress();
  const input = Readable.from(pieces, { objectMode: false });
  input.on("error", (error) => decoder.destroy(error));
  try {
    for await (const piece of input.pipe(decoder)) yield piece as Uint8Array;
  } finally {
    input.destroy();
    decoder.destroy();
  }
}

function* compressedPieces(source: ByteSource, from: number): Generator<Uint8Array> {
  for (let position = from; position < source.size;) {
    const piece = new Uint8Array(Math.min(READ_SIZE, source.size - position));
    const count = source.read(piece, position);
    if (count === 0) return;
    position += count;
    yield piece.subarray(0, count);
  }
}
