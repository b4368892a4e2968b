/**
 * The protective MBR: a partition that covers all of the disk, so that programs that know no GPT
 * take no room for free (UEFI specification, section 5.2.3).
 *
 * @module
 */

/** Bytes of the MBR. */
export const MBR_SIZE = 512;
/** Type of a protective partition. */
export const TYPE_GPT_PROTECTIVE = 0xee;

/** An MBR. */
export interface Mbr {
  /** 0xaa55. */
  readonly signature: number;
  /** Its four entries. */
  readonly partitions: readonly {
    /** What it is for, 0 for none. */
    readonly type: number;
    /** First sector. */
    readonly startLba: number;
    /** How many sectors. */
    readonly sectorCount: number;
  }[];
}

/** Writes the MBR of a disk of `sectorCount` sectors at `at`. */
export function writeProtectiveMbr(view: DataView, at: number, sectorCount: number): void {
  view.setUint32(at + 446, 0x00_02_00_00, true); // not bootable, starts at CHS 0/0/2
  view.setUint8(at + 450, TYPE_GPT_PROTECTIVE); // OSType
  view.setUint8(at + 451, 0xff); // EndingCHS: beyond what it can say
  view.setUint16(at + 452, 0xffff, true);
  view.setUint32(at + 454, 1, true); // StartingLBA
  view.setUint32(at + 458, Math.min(sectorCount - 1, 0xffff_ffff), true); // SizeInLBA
  view.setUint16(at + 510, 0xaa55, true); // Signature
}

/** Reads the MBR at `at`. */
export function readMbr(view: DataView, at: number): Mbr {
  const partition = (entry: number) => ({
    type: view.getUint8(entry + 4),
    startLba: view.getUint32(entry + 8, true),
    sectorCount: view.getUint32(entry + 12, true),
  });
  return {
    signature: view.getUint16(at + 510, true),
    partitions: [446, 462, 478, 494].map((entry) => partition(at + entry)),
  };
}
