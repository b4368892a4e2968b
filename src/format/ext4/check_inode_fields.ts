/**
 * What an inode in use says of itself beside its blocks and links (`e2fsck`, pass 1).
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { FileKind, kindOfMode } from "../../tree/inode.ts";
import type { CheckedImage } from "./check_image.ts";
import type { CheckReport } from "./check_report.ts";
import { CompatFeature, IncompatFeature, RoCompatFeature } from "./features.ts";
import { INODE_EXTENTS, INODE_INDEX, INODE_INLINE_DATA, INODE_VERITY } from "./inode.ts";
import type { Ext4Content } from "./content.ts";
import type { FoundInode } from "./reader_inodes.ts";

/** `i_flags` `EXT2_IMAGIC_FL`, which nobody used. */
const INODE_IMAGIC = 0x2000;
/** `i_flags` `EXT4_CASEFOLD_FL`; images with the feature are not read. */
const INODE_CASEFOLD = 0x4000_0000;
/** Offset of `i_obso_faddr`. */
const FRAGMENT_OFFSET = 0x70;
/** Files from here on need the feature `large_file`. */
const LARGE_FILE = 2 ** 31;

/** Checks the fields of an inode in use; `content` is `null` where it could not be read. */
export function checkFields(
  { volume }: CheckedImage,
  found: FoundInode,
  content: Ext4Content | null,
  report: CheckReport,
): void {
  const { fields, number, position, view, at } = found;
  const { featureCompat, featureIncompat, featureRoCompat } = volume.superblock;
  const kind = kindOfMode(fields.mode);
  const thing = `inode ${number}`;
  const wrong = (observed: string, expected: string) =>
    report.wrong(thing, observed, expected, position);
  if (fields.dtime !== 0) wrong("it is deleted", "a file in use");
  if (view.getUint32(at + FRAGMENT_OFFSET, true) !== 0) wrong("it has a fragment", "none");
  if ((featureIncompat & IncompatFeature.is64bit) === 0 && fields.fileAcl >= 2 ** 32) {
    wrong(`attribute block is ${fields.fileAcl}`, "32 bits");
  }
  if (fields.fileAcl !== 0 && (featureCompat & CompatFeature.extAttr) === 0) {
    wrong(`attribute block is ${fields.fileAcl}`, "none, without ext_attr");
  }
  if ((fields.flags & INODE_IMAGIC) !== 0) wrong("flag imagic is set", "no such flag");
  if ((fields.flags & INODE_CASEFOLD) !== 0) wrong("flag casefold is set", "none, without it");
  if ((fields.flags & INODE_INDEX) !== 0) {
    const hasIndexes = (featureCompat & CompatFeature.dirIndex) !== 0;
    if (!hasIndexes || kind !== FileKind.directory) wrong("flag of an index is set", "none");
  }
  const hasExtents = (fields.flags & INODE_EXTENTS) !== 0;
  if (hasExtents && (featureIncompat & IncompatFeature.extents) === 0) {
    wrong("it has extents", "block pointers, without the feature");
  }
  if (hasExtents && (fields.flags & INODE_INLINE_DATA) !== 0) {
    wrong("it has extents and inline data", "one of the two");
  }
  if ((fields.flags & INODE_VERITY) !== 0 && (featureRoCompat & RoCompatFeature.verity) === 0) {
    wrong("flag of fs-verity is set", "none, without the feature");
  }
  if (kind === undefined) {
    wrong(`mode is 0${fields.mode.toString(8)}`, "a kind of file");
  } else if (kind >= FileKind.characterDevice && kind <= FileKind.socket) {
    if (fields.size !== 0) wrong(`size is ${fields.size}`, "0");
    const noData = INODE_EXTENTS | INODE_INDEX | INODE_INLINE_DATA;
    if ((fields.flags & noData) !== 0) wrong("flags of data are set", "none");
  } else if (kind === FileKind.regular) {
    if (fields.size >= LARGE_FILE && (featureRoCompat & RoCompatFeature.largeFile) === 0) {
      wrong(`size is ${fields.size}`, `below ${LARGE_FILE}, without large_file`);
    }
  }
  if (content !== null) checkEnd(found, content, wrong, volume.blockSize);
}

/** No block of data is behind the end of a file; a directory ends with its last block. */
function checkEnd(
  { fields }: FoundInode,
  content: Ext4Content,
  wrong: (observed: string, expected: string) => void,
  blockSize: number,
): void {
  const kind = kindOfMode(fields.mode);
  const isFile = kind === FileKind.regular && (fields.flags & INODE_VERITY) === 0;
  if ((fields.flags & INODE_INLINE_DATA) !== 0) return;
  if (!isFile && kind !== FileKind.directory) return;
  const last = content.runs().at(-1);
  const end = last === undefined ? 0 : last.logicalBlock + last.blockCount;
  const blocks = divideUp(fields.size, blockSize);
  if (end > blocks || (kind === FileKind.directory && end < blocks)) {
    wrong(`size is ${fields.size}`, `${end} blocks of ${blockSize}`);
  }
}
