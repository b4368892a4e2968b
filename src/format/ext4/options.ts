/**
 * What a user may choose about an ext4 image, checked and with every default filled in.
 *
 * @module
 */
import { VERITY_BLOCK_SIZE } from "../../fsverity/verity_algorithm.ts";
import { chooseFeatures, type FeatureChoice } from "./feature_choice.ts";
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
   * at least 64 MiB; none with `readOnly`. Not together with `size`.
   */
  readonly free?: FreeRoom;
  /**
   * The smallest image, for what is never written to: no free room, no spare inodes, nothing
   * reserved. The kernel may still write to it unless `features` has `read-only`.
   */
  readonly readOnly?: boolean;
  /** A journal of so many bytes, or `"auto"` for the size that `mke2fs` would choose; default none. */
  readonly journal?: number | "auto";
  /** Volume name, at most 16 bytes of UTF-8. */
  readonly label?: string;
  /** UUID of the filesystem, or `"random"`. Without it, one that depends on the input alone. */
  readonly uuid?: string;
  /** Seed of directory hashes, as a UUID. Without it, one that depends on the input alone. */
  readonly hashSeed?: string;
  /** Oldest kernel that must read the image, as `4.14`. */
  readonly compat?: string;
  /** Features to switch, in the names of `mke2fs -O`: `+metadata_csum_seed,-64bit`. */
  readonly features?: string;
  /**
   * fs-verity for every regular file: a Merkle tree (SHA-256, no salt) against which the kernel
   * checks what it reads, and files that cannot be written to. Needs blocks of 4096 bytes and, to
   * read the files, Linux 5.4 with `CONFIG_FS_VERITY`.
   */
  readonly fsVerity?: boolean;
  /** Bytes of an inode: 128, 256 (default) or 512. With 128, times end in 2038 and have no fractions. */
  readonly inodeSize?: number;
  /** Inodes that the image has at least. */
  readonly inodes?: number;
  /** Bytes of the image for each inode, at least one block; default 16384. */
  readonly inodeRatio?: number;
  /** Percent of the blocks that only root may use, 0 (default) to 50. */
  readonly reservedPercent?: number;
}

/** Options with nothing left open. */
export interface ResolvedOptions {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes of an inode. */
  readonly inodeSize: number;
  /** Bytes of the whole image, `null` for as large as needed. */
  readonly size: number | null;
  /** Room that is left free; `null` for the default. */
  readonly free: FreeRoom | null;
  /** Whether nothing is spare. */
  readonly isReadOnly: boolean;
  /** Blocks of the journal, 0 for none, or `"auto"`. */
  readonly journalBlocks: number | "auto";
  /** Features. */
  readonly features: FeatureChoice;
  /** Least number of inodes. */
  readonly inodes: number;
  /** Bytes of the image for each inode, `null` for no more inodes than needed. */
  readonly inodeRatio: number | null;
  /** Percent of the blocks that only root may use. */
  readonly reservedPercent: number;
  /** Volume name in bytes. */
  readonly label: Uint8Array;
  /** The 16 bytes of a given UUID, `"random"`, or `null` to derive it. */
  readonly uuid: Uint8Array | "random" | null;
  /** The 16 bytes of a given hash seed, or `null` to derive it. */
  readonly hashSeed: Uint8Array | null;
}

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LABEL_SIZE = 16;
/** Bytes of an image for each inode, as `mke2fs` has it. */
const INODE_RATIO = 16384;

/** Checks options and fills in defaults. Throws `RangeError` or `TypeError` for a wrong one. */
export function resolveOptions(options: Ext4Options): ResolvedOptions {
  const blockSize = oneOf("block size", options.blockSize ?? 4096, [1024, 2048, 4096]);
  const inodeSize = oneOf("inode size", options.inodeSize ?? 256, [128, 256, 512]);
  const isReadOnly = options.readOnly ?? false;
  const hasVerity = options.fsVerity ?? false;
  if (hasVerity && blockSize !== VERITY_BLOCK_SIZE) {
    throw new RangeError(
      `Cannot use fs-verity with block size ${blockSize}, expected ${VERITY_BLOCK_SIZE}`,
    );
  }
  if (options.size !== undefined && options.free !== undefined) {
    throw new TypeError("Cannot use size and free together: a fixed size decides what is free");
  }
  const free = options.free === undefined ? null : checkedFree(options.free);
  const features = chooseFeatures(options.compat, isReadOnly, options.features, hasVerity);
  if (features.names.includes("inline_data") && inodeSize < 256) {
    throw new RangeError(
      `Cannot use inline_data with inode size ${inodeSize}, expected 256 or 512`,
    );
  }
  const ratio = options.inodeRatio ?? (isReadOnly ? null : INODE_RATIO);
  return {
    blockSize,
    inodeSize,
    size: options.size === undefined ? null : integer("size", options.size, 1, 2 ** 53 - 1),
    free: free ?? (isReadOnly ? { bytes: 0 } : null),
    isReadOnly,
    journalBlocks: journalBlocks(options.journal, blockSize),
    features,
    inodes: integer("number of inodes", options.inodes ?? 0, 0, 2 ** 32 - 1),
    inodeRatio: ratio === null ? null : integer("inode ratio", ratio, blockSize, 2 ** 26),
    reservedPercent: number("reserved percent", options.reservedPercent ?? 0, 0, 50),
    label: labelBytes(options.label),
    uuid: options.uuid === "random" ? "random" : uuidBytes("UUID", options.uuid),
    hashSeed: uuidBytes("hash seed", options.hashSeed),
  };
}

function journalBlocks(journal: number | "auto" | undefined, blockSize: number): number | "auto" {
  if (journal === undefined || journal === "auto") return journal ?? 0;
  const [least, most] = [JOURNAL_MIN_BLOCKS * blockSize, JOURNAL_MAX_BLOCKS * blockSize];
  return Math.floor(integer("journal size", journal, least, most) / blockSize);
}

/** The room as one of two exact forms, so that equal wishes are equal text. */
function checkedFree(free: FreeRoom): FreeRoom {
  return "bytes" in free
    ? { bytes: integer("free room", free.bytes, 0, 2 ** 53 - 1) }
    : { percent: number("percent of free room", free.percent, 0, 10_000) };
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

function uuidBytes(what: string, text: string | undefined): Uint8Array | null {
  if (text === undefined) return null;
  if (!UUID_PATTERN.test(text)) {
    throw new RangeError(
      `Cannot use ${what} "${text}", expected 32 hexadecimal digits in 5 groups`,
    );
  }
  return Uint8Array.fromHex(text.replaceAll("-", ""));
}

function oneOf(what: string, value: number, allowed: readonly number[]): number {
  if (allowed.includes(value)) return value;
  throw new RangeError(`Cannot use ${what} ${value}, expected ${allowed.join(", ")}`);
}

function integer(what: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value)) return number(what, value, least, most);
  throw new RangeError(`Cannot use ${what} ${value}, expected a whole number`);
}

function number(what: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new RangeError(`Cannot use ${what} ${value}, expected ${least} to ${most}`);
}
