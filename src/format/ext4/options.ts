/**
 * What a user may choose about an ext4 image, checked and with every default filled in.
 *
 * @module
 */
import { JOURNAL_MAX_BLOCKS, JOURNAL_MIN_BLOCKS } from "./journal.ts";

/** How much room a new image has beside its content. */
export type FreeRoom = { readonly bytes: number } | { readonly percent: number };

/** Options of {@linkcode ext4}. */
export interface Ext4Options {
  /** Bytes of a block: 1024, 2048 or 4096 (default). */
  readonly blockSize?: number;
  /** Bytes of the whole image. Without it, the image is as large as its content and `free` need. */
  readonly size?: number;
  /**
   * Room that is left free: bytes, or percent of the bytes that the content takes. Default 10 %,
   * at least 64 MiB. Not together with `size`.
   */
  readonly free?: FreeRoom;
  /** A journal of so many bytes, or `"auto"` for the size that `mke2fs` would choose; default none. */
  readonly journal?: number | "auto";
  /** Volume name, at most 16 bytes of UTF-8. */
  readonly label?: string;
  /** UUID of the filesystem, or `"random"`. Without it, one that depends on the input alone. */
  readonly uuid?: string;
}

/** Options with nothing left open. */
export interface ResolvedOptions {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes of the whole image, `null` for as large as needed. */
  readonly size: number | null;
  /** Room that is left free; `null` for the default. */
  readonly free: FreeRoom | null;
  /** Blocks of the journal, 0 for none, or `"auto"`. */
  readonly journalBlocks: number | "auto";
  /** Volume name in bytes. */
  readonly label: Uint8Array;
  /** The 16 bytes of a given UUID, `"random"`, or `null` to derive it. */
  readonly uuid: Uint8Array | "random" | null;
}

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LABEL_SIZE = 16;

/** Checks options and fills in defaults. Throws `RangeError` or `TypeError` for a wrong one. */
export function resolveOptions(options: Ext4Options): ResolvedOptions {
  const blockSize = options.blockSize ?? 4096;
  if (![1024, 2048, 4096].includes(blockSize)) {
    throw new RangeError(`Cannot use block size ${blockSize}, expected 1024, 2048 or 4096`);
  }
  const size = options.size ?? null;
  const free = options.free === undefined ? null : checkedFree(options.free);
  if (size !== null && free !== null) {
    throw new TypeError("Cannot use size and free together: a fixed size decides what is free");
  }
  if (size !== null && !(Number.isSafeInteger(size) && size > 0)) {
    throw new RangeError(`Cannot use size ${size}, expected a positive number of bytes`);
  }
  return {
    blockSize,
    size,
    free,
    journalBlocks: journalBlocks(options.journal, blockSize),
    label: labelBytes(options.label),
    uuid: uuidOf(options.uuid),
  };
}

function journalBlocks(journal: number | "auto" | undefined, blockSize: number): number | "auto" {
  if (journal === undefined || journal === "auto") return journal ?? 0;
  const blocks = Math.floor(journal / blockSize);
  if (blocks >= JOURNAL_MIN_BLOCKS && blocks <= JOURNAL_MAX_BLOCKS) return blocks;
  throw new RangeError(
    `Cannot make a journal of ${journal} bytes, expected ${JOURNAL_MIN_BLOCKS * blockSize} to ` +
      `${JOURNAL_MAX_BLOCKS * blockSize} with blocks of ${blockSize}`,
  );
}

/** The room as one of two exact forms, so that equal wishes are equal text. */
function checkedFree(free: FreeRoom): FreeRoom {
  if ("bytes" in free) {
    if (Number.isSafeInteger(free.bytes) && free.bytes >= 0) return { bytes: free.bytes };
    throw new RangeError(`Cannot leave ${free.bytes} bytes free, expected a number from 0`);
  }
  if (free.percent >= 0 && free.percent <= 10_000) return { percent: free.percent };
  throw new RangeError(`Cannot leave ${free.percent} percent free, expected 0 to 10000`);
}

function labelBytes(label = ""): Uint8Array {
  const bytes = new TextEncoder().encode(label);
  if (bytes.length > LABEL_SIZE || bytes.includes(0)) {
    throw new RangeError(
      `Cannot use label "${label}": ${bytes.length} bytes, expected at most 16 without NUL`,
    );
  }
  return bytes;
}

function uuidOf(uuid: string | undefined): Uint8Array | "random" | null {
  if (uuid === undefined) return null;
  if (uuid === "random") return uuid;
  if (!UUID_PATTERN.test(uuid)) {
    throw new RangeError(`Cannot use UUID "${uuid}", expected 32 hexadecimal digits in 5 groups`);
  }
  return Uint8Array.from(
    uuid.replaceAll("-", "").match(/../g)!,
    (digits) => Number.parseInt(digits, 16),
  );
}
