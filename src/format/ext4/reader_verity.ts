/**
 * What stands behind the end of a file with fs-verity: the descriptor is verified here, data and
 * tree in `check`.
 *
 * @module
 */
import { alignDown, divideUp } from "../../bytes/align.ts";
import {
  readVerityDescriptor,
  VERITY_DESCRIPTOR_SIZE,
  type VerityDescriptor,
} from "../../fsverity/verity_descriptor.ts";
import { type Ext4Content, Ext4VerityContent } from "./content.ts";
import { readContent } from "./reader_content.ts";
import type { FoundInode } from "./reader_inodes.ts";
import type { Ext4Volume } from "./reader_volume.ts";
import { verityStart } from "./verity_metadata.ts";

/** Longest descriptor that the kernel takes (`FS_VERITY_MAX_DESCRIPTOR_SIZE`). */
const DESCRIPTOR_SIZE_MAX = 16384;

/**
 * Verifies the descriptor of a file whose blocks are `content`, and answers the blocks of its data
 * alone. Throws `ImageError` `CORRUPT`.
 */
export function readVerity(
  volume: Ext4Volume,
  inode: FoundInode,
  content: Ext4Content,
): Ext4VerityContent {
  const { size } = inode.fields;
  const thing = `fs-verity descriptor of inode ${inode.number}`;
  const { dataSize, version } = readDescriptor(volume, thing, size, content);
  if (version !== 1 || dataSize !== size) {
    throw volume.corrupt(
      thing,
      `version is ${version}, of ${dataSize} bytes`,
      `1, of ${size} bytes`,
    );
  }
  const endBlock = divideUp(size, volume.blockSize);
  const [first, ...more] = content.runs()
    .filter(({ logicalBlock }) => logicalBlock < endBlock)
    .map((run) => ({ ...run, blockCount: Math.min(run.blockCount, endBlock - run.logicalBlock) }));
  return new Ext4VerityContent(first ?? null, more.length === 0 ? null : more, content);
}

/**
 * The descriptor: it begins with a block, and its size ends the last block of the file. Throws
 * `ImageError` `CORRUPT`.
 */
export function readDescriptor(
  volume: Ext4Volume,
  thing: string,
  size: number,
  content: Ext4Content,
): VerityDescriptor {
  const { blockSize } = volume;
  const start = verityStart(size);
  const last = content.runs().at(-1);
  const end = last === undefined ? 0 : (last.logicalBlock + last.blockCount) * blockSize;
  if (end <= start) throw volume.corrupt(thing, `the file ends at ${end}`, `behind ${start}`);
  const field = new DataView(new ArrayBuffer(4));
  readContent(volume, content, new Uint8Array(field.buffer), end - 4);
  const byteCount = field.getUint32(0, true);
  const position = alignDown(end - 4 - byteCount, blockSize);
  const isRight = byteCount >= VERITY_DESCRIPTOR_SIZE && byteCount <= DESCRIPTOR_SIZE_MAX;
  if (!isRight || position < start) {
    throw volume.corrupt(
      thing,
      `it has ${byteCount} bytes at ${position}`,
      `${VERITY_DESCRIPTOR_SIZE} to ${DESCRIPTOR_SIZE_MAX} behind ${start}`,
    );
  }
  const bytes = new Uint8Array(VERITY_DESCRIPTOR_SIZE);
  readContent(volume, content, bytes, position);
  return readVerityDescriptor(new DataView(bytes.buffer), 0);
}
