/**
 * What superblock and descriptors say that can be read, but is not right (`e2fsck`, before pass 1).
 *
 * @module
 */
import type { CheckedImage } from "./check_image.ts";
import type { CheckReport } from "./check_report.ts";
import { CompatFeature, featureNames, IncompatFeature, RoCompatFeature } from "./features.ts";
import { GROUP_BLOCK_UNINIT, GROUP_INODE_UNINIT } from "./group_descriptor.ts";
import { STATE_ERROR, SUPERBLOCK_POSITION } from "./superblock.ts";

/** Checks the superblock alone, then every descriptor. */
export function checkSuperblock(image: CheckedImage, report: CheckReport): void {
  const { volume } = image;
  const s = volume.superblock;
  const wrong = (observed: string, expected: string) =>
    report.wrong("superblock", observed, expected, SUPERBLOCK_POSITION);
  const compat = (bit: number) => (s.featureCompat & bit) !== 0;
  const incompat = (bit: number) => (s.featureIncompat & bit) !== 0;
  const roCompat = (bit: number) => (s.featureRoCompat & bit) !== 0;
  if ((s.state & STATE_ERROR) !== 0) wrong("it notes errors", "none");
  if (s.reservedBlocksCount > s.blocksCount / 2) {
    wrong(`${s.reservedBlocksCount} blocks are reserved`, `at most half of ${s.blocksCount}`);
  }
  if (!compat(CompatFeature.resizeInode) && s.reservedGdtBlocks !== 0) {
    wrong(`${s.reservedGdtBlocks} blocks are reserved for descriptors`, "0 without resize_inode");
  }
  if (compat(CompatFeature.resizeInode) && incompat(IncompatFeature.metaBg)) {
    wrong("features resize_inode, meta_bg", "one of the two");
  }
  if (incompat(IncompatFeature.is64bit) && !incompat(IncompatFeature.extents)) {
    wrong("feature 64bit", "extent too");
  }
  if (incompat(IncompatFeature.csumSeed) && !volume.hasChecksums) {
    wrong("feature metadata_csum_seed", "metadata_csum too");
  }
  if (incompat(IncompatFeature.recover) && !compat(CompatFeature.hasJournal)) {
    wrong("feature needs_recovery", "a journal");
  }
  if (!compat(CompatFeature.hasJournal) && s.journalInode !== 0) {
    wrong(`journal is inode ${s.journalInode}`, "0 without has_journal");
  }
  const isElsewhere = s.journalUuid.some((byte) => byte !== 0);
  if (compat(CompatFeature.hasJournal) && s.journalInode === 0 && !isElsewhere) {
    wrong("journal is inode 0", "an inode, with has_journal");
  }
  const unknown = featureNames({
    compat: s.featureCompat,
    incompat: 0,
    roCompat: s.featureRoCompat,
  }).filter((name) => name.includes(":"));
  if (unknown.length > 0) wrong(`features ${unknown.join(", ")}`, "only known ones");
  if (s.revision === 0 && (s.featureCompat | s.featureIncompat | s.featureRoCompat) !== 0) {
    wrong("it has features", "none in revision 0");
  }
  if (s.lastOrphan !== 0) wrong(`inode ${s.lastOrphan} is on the list of orphans`, "none");
  if (roCompat(RoCompatFeature.orphanPresent) && !compat(CompatFeature.orphanFile)) {
    wrong("feature orphan_present", "orphan_file too");
  }
  for (let group = 0; group < volume.groupCount; group++) checkDescriptor(image, group, report);
}

function checkDescriptor(
  { volume, groups }: CheckedImage,
  group: number,
  report: CheckReport,
): void {
  const { superblock, groupCount } = volume;
  const descriptor = groups.descriptor(group);
  const wrong = (observed: string, expected: string) =>
    report.wrong(`descriptor of group ${group}`, observed, expected);
  if (!groups.hasChecksums && descriptor.unusedInodesCount !== 0) {
    wrong(`${descriptor.unusedInodesCount} unused inodes`, "0 without checksums");
  }
  const isLast = group === groupCount - 1;
  if (isLast && groups.hasChecksums && (descriptor.flags & GROUP_BLOCK_UNINIT) !== 0) {
    wrong("the last group has no block bitmap", "one");
  }
  const usable = groups.usableInodes(group);
  if (groups.hasChecksums && (descriptor.flags & GROUP_INODE_UNINIT) === 0) {
    const unused = superblock.inodesPerGroup - usable;
    if (unused > descriptor.freeInodesCount) {
      wrong(`${unused} unused inodes`, `at most ${descriptor.freeInodesCount}, the free ones`);
    }
  }
  if ((superblock.featureIncompat & IncompatFeature.flexBg) !== 0) return;
  const start = groups.groupStart(group);
  const end = Math.min(start + superblock.blocksPerGroup, superblock.blocksCount);
  const tables = [
    ["block bitmap", descriptor.blockBitmap, 1],
    ["inode bitmap", descriptor.inodeBitmap, 1],
    ["inode table", descriptor.inodeTable, groups.inodeTableBlocks],
  ] as const;
  for (const [what, block, count] of tables) {
    if (block >= start && block + count <= end) continue;
    wrong(`${what} is at block ${block}`, `a place in ${start} to ${end - 1}`);
  }
}
