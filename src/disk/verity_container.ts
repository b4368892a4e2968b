/**
 * The hash tree of an image that was found behind it, in a partition, or in a file of its own.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { Disk, DiskContainer } from "./disk_container.ts";
import { isHashTree, readHashTree, rootHashOf } from "./hash_tree.ts";
import { checkHashTree } from "./verity_check.ts";
import { VERITY_SUPERBLOCK_SIZE } from "./verity_superblock.ts";

/** The tree starts at the next whole block of 4 KiB or less, behind the last block of the image. */
const SEARCH_SIZE = 128 * 1024;

/**
 * The hash tree over `data` whose superblock is at `offset` of `hashes`; `hashOffset` is what to tell
 * of its place. What is wrong with the superblock is thrown by `check`.
 */
export function verityContainer(
  data: ByteSource,
  hashes: ByteSource,
  offset: number,
  hashOffset = offset,
): DiskContainer {
  try {
    const tree = readHashTree(hashes, offset);
    const { shape, uuid, end } = tree;
    return {
      name: "verity",
      details: {
        verityRootHash: rootHashOf(tree, data, hashes),
        veritySalt: shape.salt.toHex(),
        verityUuid: uuid,
        verityAlgorithm: shape.algorithm,
        verityDataBlockSize: shape.dataBlockSize,
        verityDataBlocks: shape.dataBlocks,
        verityHashBlockSize: shape.hashBlockSize,
        verityHashOffset: hashOffset,
        verityHashSize: end - offset,
      },
      check: (onProblem, signal) => checkHashTree(tree, data, hashes, onProblem, signal),
    };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return {
      name: "verity",
      details: {},
      check() {
        throw error;
      },
    };
  }
}

/** `disk` with the hash tree that is behind its image of `imageSize` bytes, if there is one. */
export function withAppendedTree(disk: Disk, imageSize: number): Disk {
  if (disk.containers.some(({ name }) => name === "verity")) return disk;
  const { image } = disk;
  const end = Math.min(image.size, imageSize + SEARCH_SIZE);
  const first = Math.ceil(imageSize / VERITY_SUPERBLOCK_SIZE) * VERITY_SUPERBLOCK_SIZE;
  for (let offset = first; offset < end; offset += VERITY_SUPERBLOCK_SIZE) {
    if (!isHashTree(image, offset)) continue;
    return { image, containers: [verityContainer(image, image, offset), ...disk.containers] };
  }
  return disk;
}
