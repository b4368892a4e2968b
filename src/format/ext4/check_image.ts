/**
 * Everything about an image that opening it does not need, in the order of `e2fsck`: inodes and the
 * blocks they claim, links, bitmaps and counts, copies, and what is in reserved inodes.
 *
 * @module
 */
import { BitmapCheck } from "./check_bitmaps.ts";
import { checkCopies } from "./check_copies.ts";
import { InodeCheck } from "./check_inodes.ts";
import type { CheckReport } from "./check_report.ts";
import { checkSpecial } from "./check_special.ts";
import { checkSuperblock } from "./check_superblock.ts";
import type { NumberSet } from "./number_set.ts";
import type { Ext4Groups } from "./reader_groups.ts";
import type { Ext4Inodes } from "./reader_inodes.ts";
import type { Ext4Volume } from "./reader_volume.ts";
import type { Ext4Xattrs } from "./reader_xattrs.ts";

/** An opened image, whose tree was read. */
export interface CheckedImage {
  /** Its blocks. */
  readonly volume: Ext4Volume;
  /** Its groups. */
  readonly groups: Ext4Groups;
  /** Its inodes. */
  readonly inodes: Ext4Inodes;
  /** Its attributes; those of the tree were read. */
  readonly xattrs: Ext4Xattrs;
  /** What its directories say. */
  readonly names: NamedInodes;
  /** Its journal was replayed in memory: the sums in the superblock are those of before. */
  readonly isReplayed: boolean;
}

/** What the names in directories say about inodes. */
export interface NamedInodes {
  /** Inodes that have a name. */
  readonly numbers: NumberSet;
  /** Links that names make, where they are not 1 of a file and 2 of a directory. */
  readonly links: ReadonlyMap<number, number>;
}

/**
 * Checks an image and reports what is wrong; goes on as far as it can. Yields now and then, so that
 * others get their turn.
 */
export function* checkImage(image: CheckedImage, report: CheckReport): Generator<void, void> {
  checkSuperblock(image, report);
  const claims = image.volume.newClaims(true);
  const inodes = new InodeCheck(image, image.names, claims, report);
  const bitmaps = new BitmapCheck(image, report);
  report.attempt(() => inodes.claimMetadata());
  for (let group = 0; group < image.volume.groupCount; group++) {
    yield;
    const use = inodes.checkGroup(group);
    report.attempt(() => bitmaps.checkInodes(group, use));
  }
  for (const { block, refcount, seen } of image.xattrs.blockReferences()) {
    if (refcount === seen) continue;
    report.wrong(
      `attribute block ${block}`,
      `reference count is ${refcount}`,
      `${seen}`,
      block * image.volume.blockSize,
    );
  }
  yield* bitmaps.checkBlocks(claims.runs());
  bitmaps.checkSums();
  checkCopies(image, report);
  checkSpecial(image, report);
}
