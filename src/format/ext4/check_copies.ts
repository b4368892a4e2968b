/**
 * The copies of superblock and descriptors in other groups. What changes while an image is mounted
 * need not be in them; where things are must.
 *
 * @module
 */
import { superblockChecksum } from "./checksum.ts";
import type { CheckedImage } from "./check_image.ts";
import type { CheckReport } from "./check_report.ts";
import { readGroupDescriptor } from "./group_descriptor.ts";
import { hex } from "./reader_volume.ts";
import { readSuperblock, type Superblock } from "./superblock.ts";

/** Numbers that a copy of the superblock shares with it. */
const SAME_FIELDS = [
  "magic",
  "blocksCount",
  "inodesCount",
  "firstDataBlock",
  "logBlockSize",
  "logClusterSize",
  "blocksPerGroup",
  "inodesPerGroup",
  "inodeSize",
  "reservedGdtBlocks",
] as const;

/** Compares all copies with the first ones. */
export function checkCopies(image: CheckedImage, report: CheckReport): void {
  const { volume, groups } = image;
  for (let group = 0; group < volume.groupCount; group++) {
    const { superblock, descriptors, descriptorBlocks } = groups.head(group);
    if (group > 0 && superblock !== null) {
      report.attempt(() => checkSuperblockCopy(image, group, superblock, report));
    }
    if (descriptorBlocks > 0) {
      report.attempt(() => checkDescriptorCopies(image, group, descriptors, report));
    }
  }
}

function checkSuperblockCopy(
  { volume }: CheckedImage,
  group: number,
  block: number,
  report: CheckReport,
): void {
  const thing = `copy of the superblock in group ${group}`;
  const position = block * volume.blockSize;
  const { view, bytes } = volume.readBlock(block, thing);
  const copy = readSuperblock(view, 0);
  const primary = volume.superblock;
  for (const field of SAME_FIELDS) {
    if (isSame(field, copy, primary)) continue;
    report.wrong(thing, `${field} is ${copy[field]}`, `${primary[field]}`, position);
  }
  if (!copy.uuid.every((byte, i) => byte === primary.uuid[i])) {
    report.wrong(thing, "UUID is another one", "that of the superblock", position);
  }
  if (volume.hasChecksums && copy.checksum !== superblockChecksum(bytes, 0)) {
    const computed = superblockChecksum(bytes, 0);
    report.wrong(thing, `checksum is ${hex(copy.checksum)}`, hex(computed), position);
  }
}

function isSame(
  field: typeof SAME_FIELDS[number],
  copy: Superblock,
  primary: Superblock,
): boolean {
  // Revision 0 has no such field.
  if (field === "inodeSize" && primary.revision === 0) return true;
  return copy[field] === primary[field];
}

/** The descriptors that stand from `block` on in a group: all, or with `meta_bg` a block of them. */
function checkDescriptorCopies(
  { volume, groups }: CheckedImage,
  group: number,
  block: number,
  report: CheckReport,
): void {
  const { descriptorSize, blockSize } = volume;
  const perBlock = blockSize / descriptorSize;
  for (const primary of groups.tableBlocks(group)) {
    const copyBlock = block + primary.offset;
    if (copyBlock === primary.block) continue;
    const thing = `copy of the descriptors in group ${group}`;
    const { view } = volume.readBlock(copyBlock, thing);
    for (let i = 0; i < perBlock; i++) {
      const number = primary.index * perBlock + i;
      if (number >= volume.groupCount) break;
      const copy = readGroupDescriptor(view, i * descriptorSize, descriptorSize);
      const own = groups.descriptor(number);
      const isSame = copy.blockBitmap === own.blockBitmap &&
        copy.inodeBitmap === own.inodeBitmap && copy.inodeTable === own.inodeTable;
      if (isSame) continue;
      report.wrong(
        thing,
        `tables of group ${number} are at ${copy.blockBitmap}, ${copy.inodeBitmap} and ` +
          `${copy.inodeTable}`,
        `${own.blockBitmap}, ${own.inodeBitmap} and ${own.inodeTable}`,
        copyBlock * blockSize + i * descriptorSize,
      );
    }
  }
}
