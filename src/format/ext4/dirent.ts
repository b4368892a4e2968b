/**
 * Directory entries (kernel `struct ext4_dir_entry_2`) and the checksum tail of a directory
 * block (`struct ext4_dir_entry_tail`). Little-endian.
 *
 * @module
 */

/** Bytes in front of the name. */
export const DIRENT_HEADER_SIZE = 8;
/** Longest name in bytes. */
export const NAME_MAX = 255;
/** Bytes of the tail that ends every directory block with `metadata_csum`. */
export const DIRENT_TAIL_SIZE = 12;
/** File type of the tail, which makes it look like an unused entry. */
export const DIRENT_TAIL_TYPE = 0xde;

/** An entry without its name, which follows the header. */
export interface Dirent {
  /** Inode number, 0 in an unused entry. */
  inode: number;
  /** Bytes to the next entry. */
  recordLength: number;
  nameLength: number;
  /** A value of `FileKind`. */
  fileType: number;
}

/** Bytes of an entry with a name of `nameLength` bytes: a multiple of 4. */
export function direntSize(nameLength: number): number {
  return (DIRENT_HEADER_SIZE + nameLength + 3) & ~3;
}

/** Writes the header of an entry. */
export function writeDirent(view: DataView, at: number, x: Dirent): void {
  view.setUint32(at + 0x0, x.inode, true); // inode
  view.setUint16(at + 0x4, x.recordLength, true); // rec_len
  view.setUint8(at + 0x6, x.nameLength); // name_len
  view.setUint8(at + 0x7, x.fileType); // file_type
}

/** Reads the header of an entry. */
export function readDirent(view: DataView, at: number): Dirent {
  const recordLength = view.getUint16(at + 0x4, true);
  return {
    inode: view.getUint32(at + 0x0, true), // inode
    // 65536, a whole block, does not fit.
    recordLength: recordLength === 0 || recordLength === 0xffff ? 65536 : recordLength, // rec_len
    nameLength: view.getUint8(at + 0x6), // name_len
    fileType: view.getUint8(at + 0x7), // file_type
  };
}

/** The tail of a directory block. */
export interface DirentTail {
  /** CRC-32C of inode number, generation and the block up to the tail. */
  checksum: number;
}

/** Writes a tail, which readers without `metadata_csum` take for an unused entry. */
export function writeDirentTail(view: DataView, at: number, x: DirentTail): void {
  view.setUint32(at + 0x0, 0, true); // det_reserved_zero1
  view.setUint16(at + 0x4, DIRENT_TAIL_SIZE, true); // det_rec_len
  view.setUint8(at + 0x6, 0); // det_reserved_zero2
  view.setUint8(at + 0x7, DIRENT_TAIL_TYPE); // det_reserved_ft
  view.setUint32(at + 0x8, x.checksum, true); // det_checksum
}

/** Reads a tail, `undefined` where the bytes are none. */
export function readDirentTail(view: DataView, at: number): DirentTail | undefined {
  const isTail = view.getUint32(at + 0x0, true) === 0 && // det_reserved_zero1
    view.getUint16(at + 0x4, true) === DIRENT_TAIL_SIZE && // det_rec_len
    view.getUint8(at + 0x6) === 0 && // det_reserved_zero2
    view.getUint8(at + 0x7) === DIRENT_TAIL_TYPE; // det_reserved_ft
  return isTail ? { checksum: view.getUint32(at + 0x8, true) } : undefined; // det_checksum
}
