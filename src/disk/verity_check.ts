/**
 * Checks an image against its dm-verity hash tree, and each level of the tree against the next.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ImageProblem } from "../format/image_reader.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { type HashTree, verityDigest } from "./hash_tree.ts";
import { takeTurns } from "./turns.ts";
import { digestsPerBlock, slotSize, type VerityTreeShape } from "./verity_tree.ts";
import { ZeroTest } from "./zero_bytes.ts";

type OnProblem = (problem: ImageProblem) => void;

/** Bytes that are read at once. */
const BATCH_SIZE = 256 * 1024;

/** Blocks that are hashed: those of the image, or a level of the tree. */
interface HashedBlocks {
  /** What they are, with a number behind. */
  readonly name: string;
  readonly source: ByteSource;
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

/**
 * Compares every block of `data` with its digest in the tree in `hashes`, and every block of the
 * tree with its digest in the level above it. Bytes are looked at once; blocks that are wrong one
 * after another are one problem, at the offset of the first, in the file that it is in.
 *
 * Throws the reason of `signal`.
 */
export async function checkHashTree(
  tree: HashTree,
  data: ByteSource,
  hashes: ByteSource,
  onProblem: OnProblem,
  signal?: AbortSignal,
): Promise<void> {
  const { shape, levels, end } = tree;
  const dataEnd = shape.dataBlocks * shape.dataBlockSize;
  for (const [source, needed, what] of [[data, dataEnd, "data"], [hashes, end, "tree"]] as const) {
    if (source.size >= needed) continue;
    const message = `dm-verity: the ${what} ends at ${source.size}, expected ${needed} bytes`;
    return onProblem({ message, offset: source.size });
  }
  let below: HashedBlocks = {
    name: "data block",
    source: data,
    offset: 0,
    size: shape.dataBlockSize,
    count: shape.dataBlocks,
  };
  for (const [i, { offset, blockCount }] of levels.entries()) {
    const level: HashedBlocks = {
      name: `level ${i} of the tree, block`,
      source: hashes,
      offset,
      size: shape.hashBlockSize,
      count: blockCount,
    };
    await checkLevel(shape, below, level, onProblem, signal);
    below = level;
  }
}

async function checkLevel(
  shape: VerityTreeShape,
  below: HashedBlocks,
  level: HashedBlocks,
  onProblem: OnProblem,
  signal?: AbortSignal,
): Promise<void> {
  const perBlock = digestsPerBlock(shape);
  const slot = slotSize(shape.algorithm);
  const zeroTest = new ZeroTest();
  const zeroDigest = verityDigest(shape, new Uint8Array(below.size));
  const digestSize = zeroDigest.length;
  const bad = new BadBlocks(below, onProblem);
  const expected = new Uint8Array(level.size);
  // All are powers of two, so that batches begin with hash blocks.
  const perBatch = Math.min(perBlock, Math.max(1, BATCH_SIZE / below.size));
  const batch = new Uint8Array(perBatch * below.size);
  await takeTurns(numbers(level.count), perBlock * below.size, signal, (index) => {
    const offset = level.offset + index * level.size;
    level.source.read(expected, offset);
    const count = Math.min(perBlock, below.count - index * perBlock);
    for (let i = 0; i < count; i++) {
      const number = index * perBlock + i;
      if (i % perBatch === 0) below.source.read(batch, below.offset + number * below.size);
      const start = i % perBatch * below.size;
      const block = batch.subarray(start, start + below.size);
      const digest = zeroTest.isZero(block) ? zeroDigest : verityDigest(shape, block);
      const at = i * slot;
      if (Buffer.compare(digest, expected.subarray(at, at + digestSize)) !== 0) bad.add(number);
      expected.fill(0, at, at + digestSize);
    }
    // What is left is padding.
    if (!zeroTest.isZero(expected)) {
      const message =
        `dm-verity: ${level.name} ${index} has bytes between its digests, expected zeros`;
      onProblem({ message, offset });
    }
  });
  bad.end();
}

/** Collects blocks that are wrong, in order, to tell those that follow each other at once. */
class BadBlocks {
  readonly #blocks: HashedBlocks;
  readonly #onProblem: OnProblem;
  #first = 0;
  #count = 0;

  constructor(blocks: HashedBlocks, onProblem: OnProblem) {
    this.#blocks = blocks;
    this.#onProblem = onProblem;
  }

  add(number: number): void {
    if (number !== this.#first + this.#count) this.end();
    if (this.#count === 0) this.#first = number;
    this.#count++;
  }

  end(): void {
    if (this.#count === 0) return;
    const { name, offset, size } = this.#blocks;
    const last = this.#count === 1 ? "" : ` to ${this.#first + this.#count - 1}`;
    this.#onProblem({
      message:
        `dm-verity: ${name} ${this.#first}${last} has another digest than the hash tree says`,
      offset: offset + this.#first * size,
    });
    this.#count = 0;
  }
}

function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}
