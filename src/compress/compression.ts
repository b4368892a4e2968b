/**
 * Names and levels of compressions, as people write them: `zstd:15`.
 *
 * @module
 */

/** Levels that a compression knows, `null` for one without levels. */
const LEVELS = {
  none: null,
  gzip: [1, 9],
  deflate: [1, 9],
  zstd: [1, 22],
  lz4: null,
  xz: null,
  lzma: null,
  lzo: null,
} as const satisfies Record<string, readonly [number, number] | null>;

/** Name of a compression. */
export type CompressionName = keyof typeof LEVELS;

/** A compression and how hard it tries. */
export interface Compression {
  /** Which. */
  readonly name: CompressionName;
  /** How hard it tries; `null` for the default of whoever uses it. */
  readonly level: number | null;
}

/**
 * Parses `NAME` or `NAME:LEVEL`, where `NAME` is one of `allowed`. Throws `RangeError` for another
 * name, and for a level that the compression does not know.
 */
export function parseCompression(text: string, allowed: readonly CompressionName[]): Compression {
  const [, name, digits] = /^([a-z0-9]+)(?::(\d{1,3}))?$/.exec(text) ?? [];
  const known = allowed.find((it) => it === name);
  if (known === undefined) {
    throw new RangeError(
      `Cannot use compression "${text}", expected ${allowed.join(", ")}, or one with a level`,
    );
  }
  if (digits === undefined) return { name: known, level: null };
  const level = Number(digits);
  const range = LEVELS[known];
  if (range === null) {
    throw new RangeError(`Cannot use compression "${text}": ${known} has no levels`);
  }
  if (level < range[0] || level > range[1]) {
    throw new RangeError(
      `Cannot use compression "${text}": level is ${level}, expected ${range[0]} to ${range[1]}`,
    );
  }
  return { name: known, level };
}

/** The text of a compression, as {@linkcode parseCompression} takes it. */
export function formatCompression({ name, level }: Compression): string {
  return level === null ? name : `${name}:${level}`;
}
