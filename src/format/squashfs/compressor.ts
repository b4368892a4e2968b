/**
 * Compressions of squashfs: their numbers in the superblock, and the options of some, which stand
 * in a metadata block of their own behind it.
 *
 * @module
 */
import type { BlockCompression, BlockDecoder } from "../../compress/block_codec.ts";
import type { Compression, CompressionName } from "../../compress/compression.ts";

/** Compressions that can be written. */
export const WRITTEN_COMPRESSIONS = [
  "zstd",
  "gzip",
  "lz4",
  "none",
] as const satisfies readonly CompressionName[];

/** Compressions by their number in the superblock. */
export const COMPRESSORS: readonly {
  readonly name: CompressionName;
  /** How blocks are read, `null` where they cannot be. */
  readonly decoder: BlockDecoder | null;
}[] = [
  { name: "none", decoder: null }, // Number 0 stands for nothing.
  { name: "gzip", decoder: "zlib" },
  { name: "lzma", decoder: "lzma" },
  { name: "lzo", decoder: null },
  { name: "xz", decoder: "xz" },
  { name: "lz4", decoder: "lz4" },
  { name: "zstd", decoder: "zstd" },
];

/** Levels that are meant where none is given: those of `mksquashfs`. */
const DEFAULT_LEVELS: Partial<Record<CompressionName, number>> = { gzip: 9, zstd: 15 };
/** `windowBits` of zlib. */
const GZIP_WINDOW = 15;
const LZ4_VERSION = 1;

/** How an image is compressed. */
export interface Compressor {
  /** Name and level, the level filled in. */
  readonly compression: Compression;
  /** Number in the superblock. */
  readonly number: number;
  /** How blocks are compressed, `null` for not at all. */
  readonly block: BlockCompression | null;
  /** How blocks are read back. */
  readonly decoder: BlockDecoder;
  /** Options to be stored, `null` where the default needs none. */
  readonly options: Uint8Array | null;
}

/** What a compression means for an image. */
export function compressorFor({ name, level: wanted }: Compression): Compressor {
  const level = wanted ?? DEFAULT_LEVELS[name] ?? null;
  // Without compression the number still has to name one: that of the oldest.
  const number = name === "none" ? 1 : COMPRESSORS.findIndex((it) => it.name === name);
  const decoder = COMPRESSORS[number].decoder!;
  const block = name === "none"
    ? null
    : { codec: decoder as BlockCompression["codec"], level: level ?? undefined };
  const options = compressorOptions(name, level);
  return { compression: { name, level }, number, block, decoder, options };
}

function compressorOptions(name: CompressionName, level: number | null): Uint8Array | null {
  if (name === "lz4") return words([[LZ4_VERSION, 4], [0, 4]]);
  if (level === null || level === DEFAULT_LEVELS[name]) return null;
  // Level, window and strategies of gzip; level of zstd.
  return name === "gzip" ? words([[level, 4], [GZIP_WINDOW, 2], [0, 2]]) : words([[level, 4]]);
}

function words(parts: readonly (readonly [value: number, size: 2 | 4])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, [, size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of parts) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}
