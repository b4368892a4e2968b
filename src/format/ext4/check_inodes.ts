/**
 * Every inode of the inode tables: whether it is in use as names say, what it claims, and what it
 * says of itself. (`e2fsck`, passes 1, 3 and 4.)
 *
 * @module
 */
import { FileKind, kindOfMode } from "../../tree/inode.ts";
import type { BlockClaims } from "./block_claims.ts";
import type { CheckedImage, NamedInodes } from "./check_image.ts";
import { checkFields } from "./check_inode_fields.ts";
import type { CheckReport } from "./check_report.ts";
import type { Ext4Content } from "./content.ts";
import { CompatFeature, IncompatFeature, RoCompatFeature } from "./features.ts";
import {
  INODE_BLOCK_SIZE,
  INODE_EA_INODE,
  INODE_EXTENTS,
  INODE_HUGE_FILE,
  INODE_INLINE_DATA,
  RESIZE_INODE,
  ROOT_INODE,
} from "./inode.ts";
import { readExtents } from "./reader_extents.ts";
import type { FoundInode } from "./reader_inodes.ts";

/** Most links that `i_links_count` can hold; a directory with more has 1. */
const LINK_MAX = 65000;
/** `i_blocks` counts these. */
const SECTOR_SIZE = 512;

/** Which inodes of a group are in use. */
export interface GroupUse {
  /** Index of every inode that is in use. */
  readonly used: ReadonlySet<number>;
  /** How many of them are directories. */
  readonly directories: number;
}

/** Checks inodes. */
export class InodeCheck {
  readonly #image: CheckedImage;
  readonly #named: NamedInodes;
  readonly #claims: BlockClaims;
  readonly #report: CheckReport;
  /** Inodes that have blocks, but no name. */
  readonly #special: ReadonlyMap<number, string>;
  readonly #attributeBlocks = new Set<number>();

  /** Prepares to check the inodes of an image; what they claim goes to `claims`. */
  constructor(
    image: CheckedImage,
    named: NamedInodes,
    claims: BlockClaims,
    report: CheckReport,
  ) {
    this.#image = image;
    this.#named = named;
    this.#claims = claims;
    this.#report = report;
    this.#special = specialInodes(image);
  }

  /** Claims what belongs to no inode. Throws `ImageError`. */
  claimMetadata(): void {
    const { volume, groups } = this.#image;
    groups.eachMetadata((block, count, group) => volume.claim(block, count, `group ${group}`));
    const { featureIncompat, mmpBlock } = volume.superblock;
    if ((featureIncompat & IncompatFeature.mmp) !== 0 && mmpBlock !== 0) {
      volume.checkBlocks(mmpBlock, 1, "superblock");
      volume.claim(mmpBlock, 1, "block of mmp");
    }
    this.#claims.endOwner();
  }

  /** Checks the inodes of a group, as far as its table is in use. */
  checkGroup(group: number): GroupUse {
    const { groups, inodes, volume } = this.#image;
    const { inodesPerGroup, firstInode } = volume.superblock;
    const used = new Set<number>();
    let directories = 0;
    const usable = groups.usableInodes(group);
    for (let index = 0; index < usable; index++) {
      const number = group * inodesPerGroup + index + 1;
      if (number < firstInode && number !== ROOT_INODE) used.add(index);
      const isBlank = this.#report.attempt(() => inodes.isBlank(number)) ?? true;
      if (isBlank) continue;
      const found = inodes.find(number);
      this.#report.attempt(() => inodes.verify(found));
      if (number < firstInode && number !== ROOT_INODE) {
        this.#checkReserved(found);
        continue;
      }
      if (found.fields.linksCount === 0) {
        this.#checkDeleted(found);
        continue;
      }
      used.add(index);
      if (kindOfMode(found.fields.mode) === FileKind.directory) directories++;
      this.#checkUsed(found);
    }
    // Where no table is, the reserved inodes are in use all the same.
    for (let index = usable; group * inodesPerGroup + index + 1 < firstInode; index++) {
      if (index < inodesPerGroup) used.add(index);
    }
    return { used, directories };
  }

  #checkReserved(found: FoundInode): void {
    const what = this.#special.get(found.number);
    if (found.number === RESIZE_INODE) {
      this.#claimResize(found);
    } else if (what !== undefined) {
      this.#checkLinks(found, 1);
      this.#checkBlocks(found);
    } else if (found.fields.linksCount > 0 || hasBlocks(found)) {
      if (found.fields.mode !== 0 && found.number <= 10) this.#checkBlocks(found);
    }
  }

  /** What the resize inode names is claimed already: all but the block that names it. */
  #claimResize(found: FoundInode): void {
    const { volume } = this.#image;
    const block = found.view.getUint32(found.blockAt + 4 * 13, true);
    if (block === 0) return;
    this.#report.attempt(() => {
      volume.checkBlocks(block, 1, "resize inode");
      volume.claim(block, 1, "resize inode");
      this.#claims.endOwner();
    });
  }

  #checkDeleted(found: FoundInode): void {
    const { fields, number, position } = found;
    if (this.#named.numbers.has(number) || fields.mode === 0 || fields.dtime !== 0) return;
    this.#report.wrong(`inode ${number}`, "it is deleted at no time", "a time", position);
  }

  #checkUsed(found: FoundInode): void {
    const { fields, number, position } = found;
    const { numbers, links } = this.#named;
    if ((fields.flags & INODE_EA_INODE) !== 0) {
      this.#checkValueInode(found);
    } else if (this.#special.has(number)) {
      this.#checkLinks(found, 1);
    } else if (!numbers.has(number)) {
      this.#report.wrong(`inode ${number}`, "it has no name", "one", position);
    } else {
      const isDirectory = kindOfMode(fields.mode) === FileKind.directory;
      const count = links.get(number) ?? (isDirectory ? 2 : 1);
      this.#checkLinks(found, isDirectory && count > LINK_MAX ? 1 : count);
    }
    checkFields(this.#image, found, this.#checkBlocks(found), this.#report);
  }

  /** References to the value of attributes stand where its times and its version would. */
  #checkValueInode({ fields, number, position }: FoundInode): void {
    const references = this.#image.xattrs.valueReferences(number);
    const stored = fields.ctime * 2 ** 32 + fields.version;
    if (references === stored) return;
    this.#report.wrong(
      `attribute inode ${number}`,
      `reference count is ${stored}`,
      `${references}`,
      position,
    );
  }

  #checkLinks({ fields, number, position }: FoundInode, expected: number): void {
    if (fields.linksCount === expected) return;
    this.#report.wrong(
      `inode ${number}`,
      `link count is ${fields.linksCount}`,
      `${expected}`,
      position,
    );
  }

  /** Claims the blocks of an inode and compares its own count of them; answers its content. */
  #checkBlocks(found: FoundInode): Ext4Content | null {
    const { volume } = this.#image;
    const { fields, number } = found;
    const charge = this.#image.xattrs.chargeOf(number);
    if (!hasBlocks(found) && fields.fileAcl === 0 && charge === 0) return null;
    const thing = `inode ${number}`;
    let clusters = 0;
    let content: Ext4Content | null = null;
    const isComplete = this.#report.attempt(() => {
      if (hasBlocks(found)) {
        content = readExtents(volume, found);
        clusters = this.#claims.endOwner();
      }
      if (fields.fileAcl === 0) return true;
      if (!this.#attributeBlocks.has(fields.fileAcl)) {
        this.#attributeBlocks.add(fields.fileAcl);
        volume.checkBlocks(fields.fileAcl, 1, thing);
        volume.claim(fields.fileAcl, 1, thing);
        this.#claims.endOwner();
      }
      clusters++;
      return true;
    });
    if (isComplete === null) {
      this.#claims.endOwner();
      return null;
    }
    const expected = (clusters + charge) * volume.clusterRatio * (volume.blockSize / SECTOR_SIZE);
    const stored = this.#storedSectors(found);
    if (stored !== expected) {
      this.#report.wrong(
        thing,
        `it counts ${stored} sectors`,
        `${expected}`,
        found.position,
      );
    }
    return content;
  }

  /** `i_blocks` in sectors: the unit depends on a flag, its upper half on a feature. */
  #storedSectors({ fields }: FoundInode): number {
    const { superblock, blockSize } = this.#image.volume;
    if ((superblock.featureRoCompat & RoCompatFeature.hugeFile) === 0) {
      return fields.blocks % 2 ** 32;
    }
    const isInBlocks = (fields.flags & INODE_HUGE_FILE) !== 0;
    return isInBlocks ? fields.blocks * (blockSize / SECTOR_SIZE) : fields.blocks;
  }
}

/** Whether an inode maps blocks (`ext2fs_inode_has_valid_blocks2`). */
function hasBlocks({ fields }: FoundInode): boolean {
  if ((fields.flags & INODE_INLINE_DATA) !== 0) return false;
  const kind = kindOfMode(fields.mode);
  if (kind === FileKind.symlink) {
    return (fields.flags & INODE_EXTENTS) !== 0 || fields.size >= INODE_BLOCK_SIZE;
  }
  return kind === FileKind.regular || kind === FileKind.directory;
}

function specialInodes({ volume }: CheckedImage): Map<number, string> {
  const { superblock } = volume;
  const { featureCompat, featureRoCompat } = superblock;
  const special = new Map<number, string>();
  const add = (number: number, what: string, isThere: boolean) => {
    if (isThere && number !== 0) special.set(number, what);
  };
  add(superblock.journalInode, "journal", (featureCompat & CompatFeature.hasJournal) !== 0);
  add(superblock.orphanFileInode, "orphan file", (featureCompat & CompatFeature.orphanFile) !== 0);
  const hasQuota = (featureRoCompat & RoCompatFeature.quota) !== 0;
  add(superblock.userQuotaInode, "user quota", hasQuota);
  add(superblock.groupQuotaInode, "group quota", hasQuota);
  const hasProject = hasQuota && (featureRoCompat & RoCompatFeature.project) !== 0;
  add(superblock.projectQuotaInode, "project quota", hasProject);
  return special;
}
