/**
 * What stands in the files that have no name: the journal, the resize inode, the orphan file.
 *
 * @module
 */
import { FileKind, kindOfMode } from "../../tree/inode.ts";
import { crc32c, crc32cU32 } from "../../bytes/crc32c.ts";
import type { CheckedImage } from "./check_image.ts";
import type { CheckReport } from "./check_report.ts";
import { CompatFeature, RoCompatFeature } from "./features.ts";
import { RESIZE_INODE } from "./inode.ts";
import {
  JOURNAL_MAGIC,
  JOURNAL_SUPERBLOCK_V1,
  JOURNAL_SUPERBLOCK_V2,
  readJournalSuperblock,
} from "./journal_superblock.ts";
import { readExtents } from "./reader_extents.ts";
import { readContent } from "./reader_content.ts";
import { hasSuperblock } from "./reader_geometry.ts";
import { hex } from "./reader_volume.ts";

/** Ends every block of an orphan file (`EXT4_ORPHAN_BLOCK_MAGIC`). */
const ORPHAN_MAGIC = 0x0b10ca04;
/** Magic and checksum. */
const ORPHAN_TAIL_SIZE = 8;
/** The double indirect pointer of `i_block`. */
const DOUBLE_INDIRECT = 13;

/** Checks the files without names. */
export function checkSpecial(image: CheckedImage, report: CheckReport): void {
  // Their blocks were claimed with those of all inodes.
  image.volume.newClaims(false);
  const { featureCompat, journalInode, orphanFileInode } = image.volume.superblock;
  if ((featureCompat & CompatFeature.hasJournal) !== 0 && journalInode !== 0) {
    report.attempt(() => checkJournal(image, journalInode, report));
  }
  report.attempt(() => checkResize(image, report));
  if ((featureCompat & CompatFeature.orphanFile) !== 0) {
    report.attempt(() => checkOrphans(image, orphanFileInode, report));
  }
}

function checkJournal({ volume, inodes }: CheckedImage, number: number, report: CheckReport): void {
  const thing = `journal in inode ${number}`;
  const inode = inodes.read(number);
  if (kindOfMode(inode.fields.mode) !== FileKind.regular) {
    report.wrong(thing, `mode is 0${inode.fields.mode.toString(8)}`, "a regular file");
    return;
  }
  const bytes = new Uint8Array(volume.blockSize);
  readContent(volume, readExtents(volume, inode), bytes, 0);
  const journal = readJournalSuperblock(new DataView(bytes.buffer), 0);
  const { magic, blockType, blockSize, maxLength, errno, users } = journal;
  const isKnown = blockType === JOURNAL_SUPERBLOCK_V1 || blockType === JOURNAL_SUPERBLOCK_V2;
  if (magic !== JOURNAL_MAGIC || !isKnown) {
    report.wrong(thing, `magic is ${hex(magic)} of type ${blockType}`, `${hex(JOURNAL_MAGIC)}`);
    return;
  }
  if (blockSize !== volume.blockSize) {
    report.wrong(thing, `its blocks have ${blockSize} bytes`, `${volume.blockSize}`);
  }
  const blocks = Math.floor(inode.fields.size / volume.blockSize);
  if (maxLength > blocks) report.wrong(thing, `it has ${maxLength} blocks`, `at most ${blocks}`);
  const features = journal.featureCompat | journal.featureIncompat | journal.featureRoCompat;
  if (blockType === JOURNAL_SUPERBLOCK_V1 && (features !== 0 || users !== 0)) {
    report.wrong(thing, "it has features and users", "none in version 1");
  } else if (users > 1) {
    report.wrong(thing, `it has ${users} users`, "1");
  }
  if (errno !== 0) report.wrong(thing, `it notes error ${errno}`, "none");
}

/** The resize inode names the blocks that are reserved for descriptors, and their copies. */
function checkResize({ volume, groups, inodes }: CheckedImage, report: CheckReport): void {
  const { superblock, blockSize, clusterRatio, groupCount, descriptorSize } = volume;
  const { reservedGdtBlocks, blocksPerGroup } = superblock;
  const thing = "resize inode";
  if ((superblock.featureCompat & CompatFeature.resizeInode) === 0) {
    if (inodes.isBlank(RESIZE_INODE)) return;
    const { fields, view, blockAt } = inodes.find(RESIZE_INODE);
    const names = view.getUint32(blockAt + 4 * DOUBLE_INDIRECT, true);
    if (fields.linksCount !== 0 || names !== 0) report.wrong(thing, "it is in use", "none");
    return;
  }
  const { fields, view, blockAt } = inodes.read(RESIZE_INODE);
  const double = view.getUint32(blockAt + 4 * DOUBLE_INDIRECT, true);
  if (double === 0 && reservedGdtBlocks === 0) return;
  if (kindOfMode(fields.mode) !== FileKind.regular || fields.linksCount !== 1) {
    report.wrong(thing, `mode is 0${fields.mode.toString(8)}`, "a regular file of one link");
  }
  const pointersPerBlock = blockSize / 4;
  const descriptorBlocks = Math.ceil(groupCount * descriptorSize / blockSize);
  const first = groups.head(0).descriptors + descriptorBlocks;
  const copies: number[] = [];
  for (let group = 1; group < groupCount; group++) {
    if (hasSuperblock(superblock, group)) copies.push(group * blocksPerGroup);
  }
  const pointers = volume.readBlock(double, thing).view;
  for (let i = 0; i < reservedGdtBlocks; i++) {
    const block = first + i;
    const slot = (descriptorBlocks + i) % pointersPerBlock;
    const named = pointers.getUint32(4 * slot, true);
    if (named !== block) {
      report.wrong(thing, `it names block ${named}`, `${block}`, double * blockSize + 4 * slot);
      continue;
    }
    const copied = volume.readBlock(block, thing).view;
    for (let j = 0; j < Math.min(copies.length, pointersPerBlock); j++) {
      const copy = copied.getUint32(4 * j, true);
      if (copy === block + copies[j]) continue;
      report.wrong(
        thing,
        `it names copy ${copy}`,
        `${block + copies[j]}`,
        block * blockSize + 4 * j,
      );
    }
  }
  const sectors = (1 + reservedGdtBlocks * (1 + copies.length)) * clusterRatio *
    (blockSize / 512);
  if (fields.blocks !== sectors) {
    report.wrong(thing, `it counts ${fields.blocks} sectors`, `${sectors}`);
  }
}

/** The orphan file lists files that were deleted while they were open. */
function checkOrphans({ volume, inodes }: CheckedImage, number: number, report: CheckReport): void {
  const { blockSize, superblock } = volume;
  const thing = `orphan file in inode ${number}`;
  const inode = inodes.read(number);
  const content = readExtents(volume, inode);
  const bytes = new Uint8Array(blockSize);
  const view = new DataView(bytes.buffer);
  const end = blockSize - ORPHAN_TAIL_SIZE;
  const isPresent = (superblock.featureRoCompat & RoCompatFeature.orphanPresent) !== 0;
  for (const run of content.runs()) {
    for (let i = 0; i < run.blockCount; i++) {
      const block = run.startBlock + i;
      readContent(volume, content, bytes, (run.logicalBlock + i) * blockSize);
      const magic = view.getUint32(end, true);
      if (magic !== ORPHAN_MAGIC) {
        report.wrong(thing, `magic is ${hex(magic)}`, hex(ORPHAN_MAGIC), block * blockSize);
        continue;
      }
      if (volume.hasChecksums) {
        const start = crc32cU32(
          crc32cU32(inode.seed, block % 2 ** 32),
          Math.floor(block / 2 ** 32),
        );
        const computed = crc32c(start, bytes, 0, end);
        const stored = view.getUint32(end + 4, true);
        report.attempt(() => volume.checkChecksum(thing, stored, computed, block * blockSize));
      }
      const hasOrphans = bytes.subarray(0, end).some((byte) => byte !== 0);
      if (hasOrphans && !isPresent) {
        report.wrong(thing, "it lists files", "none without orphan_present", block * blockSize);
      }
    }
  }
}
