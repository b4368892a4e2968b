/**
 * A dm-verity hash tree that is there: its superblock, checked, and where its levels are.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { alignUp } from "../bytes/align.ts";
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { formatUuid } from "./guid.ts";
import {
  readVeritySuperblock,
  VERITY_MAX_SALT_SIZE,
  VERITY_SIGNATURE,
  VERITY_SUPERBLOCK_SIZE,
} from "./verity_superblock.ts";
import { VERITY_ALGORITHMS, verityLevels, type VerityTreeShape } from "./verity_tree.ts";

const MAX_BLOCK_SIZE = 512 * 1024;

/** A level of a tree. */
export interface HashLevel {
  /** Where its first block is, bytes from the start of the source. */
  readonly offset: number;
  /** How many blocks. */
  readonly blockCount: number;
}

/** A hash tree. */
export interface HashTree {
  /** What is hashed, and how. */
  readonly shape: VerityTreeShape;
  /** UUID of the hash device. */
  readonly uuid: string;
  /** The levels, the lowest first; none where one data block is all. */
  readonly levels: readonly HashLevel[];
  /** Where the tree ends, bytes from the start of the source. */
  readonly end: number;
}

/** Whether the superblock of a hash tree is at `offset` of `source`, by its first bytes. */
export function isHashTree(source: ByteSource, offset: number): boolean {
  const bytes = new Uint8Array(VERITY_SIGNATURE.length);
  return source.read(bytes, offset) === bytes.length &&
    VERITY_SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads the superblock at `offset` of `source`. Throws `ImageError` `CORRUPT`, or `UNSUPPORTED` for
 * the old form and for algorithms that are not known.
 */
export function readHashTree(source: ByteSource, offset: number): HashTree {
  const fail = (code: ImageErrorCode, observed: string, expected: string) =>
    new ImageError(
      code,
      `Cannot read hash tree of "${source.name}": ${observed}, expected ${expected}`,
      { where: { source: source.name, offset } },
    );
  const bytes = new Uint8Array(VERITY_SUPERBLOCK_SIZE);
  if (source.read(bytes, offset) < bytes.length || !isHashTree(source, offset)) {
    throw fail("CORRUPT", "there is no superblock", "one of 512 bytes");
  }
  const block = readVeritySuperblock(new DataView(bytes.buffer), 0);
  const { version, hashType, dataBlockSize, hashBlockSize, dataBlocks, saltSize } = block;
  if (version !== 1 || hashType !== 1) {
    throw fail("UNSUPPORTED", `version and type are ${version} and ${hashType}`, "1 and 1");
  }
  const end = block.algorithm.indexOf(0);
  const algorithm = String.fromCharCode(...block.algorithm.subarray(0, end < 0 ? 32 : end));
  if (!VERITY_ALGORITHMS.has(algorithm)) {
    const known = [...VERITY_ALGORITHMS.keys()].join(", ");
    throw fail("UNSUPPORTED", `its algorithm is ${JSON.stringify(algorithm)}`, known);
  }
  for (const size of [dataBlockSize, hashBlockSize]) {
    if (size < 512 || size > MAX_BLOCK_SIZE || Math.log2(size) % 1 !== 0) {
      throw fail("CORRUPT", `a block has ${size} bytes`, `a power of two from 512 on`);
    }
  }
  if (saltSize > VERITY_MAX_SALT_SIZE) {
    throw fail("CORRUPT", `the salt has ${saltSize} bytes`, `at most ${VERITY_MAX_SALT_SIZE}`);
  }
  if (dataBlocks < 1 || dataBlocks * dataBlockSize > Number.MAX_SAFE_INTEGER) {
    throw fail("CORRUPT", `it is of ${dataBlocks} data blocks`, "one or more, below 2^53 bytes");
  }
  const salt = block.salt.subarray(0, saltSize);
  const shape = { algorithm, salt, dataBlockSize, hashBlockSize, dataBlocks };
  return { shape, uuid: formatUuid(block.uuid), ...levelsOf(shape, offset) };
}

/** The digest of one block. */
export function verityDigest({ algorithm, salt }: VerityTreeShape, block: Uint8Array): Uint8Array {
  return createHash(algorithm).update(salt).update(block).digest();
}

/** The root hash by the highest block of the tree, in hexadecimal. */
export function rootHashOf({ shape, levels }: HashTree, data: ByteSource, hashes: ByteSource) {
  const top = levels.at(-1);
  const block = new Uint8Array(top === undefined ? shape.dataBlockSize : shape.hashBlockSize);
  if (top === undefined) data.read(block, 0);
  else hashes.read(block, top.offset);
  return verityDigest(shape, block).toHex();
}

function levelsOf(shape: VerityTreeShape, offset: number): Pick<HashTree, "levels" | "end"> {
  const counts = verityLevels(shape);
  const levels: HashLevel[] = [];
  let end = alignUp(offset + VERITY_SUPERBLOCK_SIZE, shape.hashBlockSize);
  // The highest level comes first.
  for (let level = counts.length - 1; level >= 0; level--) {
    levels[level] = { offset: end, blockCount: counts[level] };
    end += counts[level] * shape.hashBlockSize;
  }
  return { levels, end };
}
