/**
 * What a user may choose about an EROFS image, checked and with every default filled in.
 *
 * @module
 */
import { formatCompression, parseCompression } from "../../compress/compression.ts";

/** Options of {@linkcode erofs}. */
export interface ErofsOptions {
  /**
   * Bytes of a block: a power of two from 512 to 65536, default 4096. A kernel mounts only images
   * whose blocks are not larger than its pages.
   */
  readonly blockSize?: number;
  /**
   * How the contents of files are compressed: `none` (default), `lz4`, `deflate` or `zstd`, the last
   * two also with a level, as `zstd:15`. Linux reads lz4 from 5.13 on, deflate from 6.6 and zstd
   * from 6.10.
   */
  readonly compression?: string;
  /**
   * Bytes of a file that are compressed together: a power of two from two blocks to 1 MiB, default
   * 64 KiB. More make a smaller image, and slower reading of small pieces.
   */
  readonly clusterSize?: number;
  /** Threads that compress; as many as there are processors by default. Any number gives the same bytes. */
  readonly compressionWorkers?: number;
  /** Volume name, at most 15 bytes of UTF-8. */
  readonly label?: string;
  /** UUID of the filesystem, or `"random"`. Without it, one that depends on the input alone. */
  readonly uuid?: string;
}

/** A compression that is written. */
export interface ErofsCompression {
  /** Which. */
  readonly codec: "lz4" | "deflate" | "zstd";
  /** How hard it tries. */
  readonly level: number | undefined;
  /** Bytes of a file that are compressed together. */
  readonly clusterSize: number;
}

/** Options with nothing left open. */
export interface ResolvedOptions {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Name and level of the compression, as the user may write it. */
  readonly compressionName: string;
  /** How contents are compressed, `null` where they are not. */
  readonly compression: ErofsCompression | null;
  /** Volume name in bytes. */
  readonly label: Uint8Array;
  /** The 16 bytes of a given UUID, `"random"`, or `null` to derive it. */
  readonly uuid: Uint8Array | "random" | null;
}

const BLOCK_SIZES = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** The kernel wants a NUL behind the name. */
const LABEL_SIZE = 15;
const CLUSTER_SIZE = 64 * 1024;
/** Largest piece of compressed data (`Z_EROFS_PCLUSTER_MAX_SIZE`). */
const CLUSTER_MAX_SIZE = 1024 * 1024;
const DEFAULT_LEVELS = { lz4: undefined, deflate: 9, zstd: 15 };

/** Checks options and fills in defaults. Throws `RangeError` for a wrong one. */
export function resolveOptions(options: ErofsOptions): ResolvedOptions {
  const blockSize = options.blockSize ?? 4096;
  if (!BLOCK_SIZES.includes(blockSize)) {
    throw new RangeError(`Cannot use block size ${blockSize}, expected ${BLOCK_SIZES.join(", ")}`);
  }
  const wish = parseCompression(options.compression ?? "none", ["none", "lz4", "deflate", "zstd"]);
  let compression: ErofsCompression | null = null;
  if (wish.name === "lz4" || wish.name === "deflate" || wish.name === "zstd") {
    compression = {
      codec: wish.name,
      level: wish.level ?? DEFAULT_LEVELS[wish.name],
      clusterSize: clusterSize(options.clusterSize ?? CLUSTER_SIZE, blockSize),
    };
  } else if (options.clusterSize !== undefined) {
    throw new RangeError("Cannot use a cluster size without compression");
  }
  return {
    blockSize,
    compressionName: formatCompression(
      compression === null ? wish : { name: wish.name, level: compression.level ?? null },
    ),
    compression,
    label: labelBytes(options.label),
    uuid: options.uuid === "random" ? "random" : uuidBytes(options.uuid),
  };
}

function clusterSize(size: number, blockSize: number): number {
  const isPowerOfTwo = Number.isSafeInteger(Math.log2(size));
  if (isPowerOfTwo && size >= 2 * blockSize && size <= CLUSTER_MAX_SIZE) return size;
  throw new RangeError(
    `Cannot use cluster size ${size}, expected a power of two from ${2 * blockSize} to ` +
      `${CLUSTER_MAX_SIZE}`,
  );
}

function labelBytes(label = ""): Uint8Array {
  const bytes = new TextEncoder().encode(label);
  if (bytes.length > LABEL_SIZE || bytes.includes(0)) {
    throw new RangeError(
      `Cannot use label "${label}": ${bytes.length} bytes, expected at most ${LABEL_SIZE} ` +
        "without NUL",
    );
  }
  return bytes;
}

function uuidBytes(text: string | undefined): Uint8Array | null {
  if (text === undefined) return null;
  if (!UUID_PATTERN.test(text)) {
    throw new RangeError(`Cannot use UUID "${text}", expected 32 hexadecimal digits in 5 groups`);
  }
  return Uint8Array.fromHex(text.replaceAll("-", ""));
}
