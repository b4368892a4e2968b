/**
 * A group descriptor (kernel `struct ext4_group_desc`): 32 bytes, or 64 with the `64bit` feature.
 * Little-endian.
 *
 * @module
 */

/** Bytes of a descriptor without the `64bit` feature. */
export const GROUP_DESCRIPTOR_SIZE_32 = 32;
/** Bytes of a descriptor with the `64bit` feature. */
export const GROUP_DESCRIPTOR_SIZE_64 = 64;
/** Offset of `bg_checksum`. */
export const GROUP_CHECKSUM_OFFSET = 0x1e;

/** `bg_flags`: no inode of the group is in use, its bitmap and table are not read. */
export const GROUP_INODE_UNINIT = 1;
/** `bg_flags`: the block bitmap is not read; only metadata is in use. */
export const GROUP_BLOCK_UNINIT = 2;
/** `bg_flags`: the unused part of the inode table is zero on disk. */
export const GROUP_INODE_ZEROED = 4;

/** Where a group's tables are and what it has left. */
export interface GroupDescriptor {
  /** Block of the block bitmap. */
  blockBitmap: number;
  /** Block of the inode bitmap. */
  inodeBitmap: number;
  /** First block of the inode table. */
  inodeTable: number;
  freeBlocksCount: number;
  freeInodesCount: number;
  usedDirectoriesCount: number;
  /** `GROUP_INODE_UNINIT`, `GROUP_BLOCK_UNINIT`, `GROUP_INODE_ZEROED`. */
  flags: number;
  blockBitmapChecksum: number;
  inodeBitmapChecksum: number;
  /** Inodes at the end of the table that were never used. */
  unusedInodesCount: number;
  checksum: number;
}

/** Writes a descriptor of `size` (32 or 64) bytes. */
export function writeGroupDescriptor(
  view: DataView,
  at: number,
  x: GroupDescriptor,
  size: number,
): void {
  view.setUint32(at + 0x00, x.blockBitmap, true); // bg_block_bitmap_lo
  view.setUint32(at + 0x04, x.inodeBitmap, true); // bg_inode_bitmap_lo
  view.setUint32(at + 0x08, x.inodeTable, true); // bg_inode_table_lo
  view.setUint16(at + 0x0c, x.freeBlocksCount, true); // bg_free_blocks_count_lo
  view.setUint16(at + 0x0e, x.freeInodesCount, true); // bg_free_inodes_count_lo
  view.setUint16(at + 0x10, x.usedDirectoriesCount, true); // bg_used_dirs_count_lo
  view.setUint16(at + 0x12, x.flags, true); // bg_flags
  view.setUint32(at + 0x14, 0, true); // bg_exclude_bitmap_lo
  view.setUint16(at + 0x18, x.blockBitmapChecksum, true); // bg_block_bitmap_csum_lo
  view.setUint16(at + 0x1a, x.inodeBitmapChecksum, true); // bg_inode_bitmap_csum_lo
  view.setUint16(at + 0x1c, x.unusedInodesCount, true); // bg_itable_unused_lo
  view.setUint16(at + 0x1e, x.checksum, true); // bg_checksum
  if (size < GROUP_DESCRIPTOR_SIZE_64) return;
  view.setUint32(at + 0x20, Math.floor(x.blockBitmap / 0x1_0000_0000), true); // bg_block_bitmap_hi
  view.setUint32(at + 0x24, Math.floor(x.inodeBitmap / 0x1_0000_0000), true); // bg_inode_bitmap_hi
  view.setUint32(at + 0x28, Math.floor(x.inodeTable / 0x1_0000_0000), true); // bg_inode_table_hi
  view.setUint16(at + 0x2c, x.freeBlocksCount >>> 16, true); // bg_free_blocks_count_hi
  view.setUint16(at + 0x2e, x.freeInodesCount >>> 16, true); // bg_free_inodes_count_hi
  view.setUint16(at + 0x30, x.usedDirectoriesCount >>> 16, true); // bg_used_dirs_count_hi
  view.setUint16(at + 0x32, x.unusedInodesCount >>> 16, true); // bg_itable_unused_hi
  view.setUint32(at + 0x34, 0, true); // bg_exclude_bitmap_hi
  view.setUint16(at + 0x38, x.blockBitmapChecksum >>> 16, true); // bg_block_bitmap_csum_hi
  view.setUint16(at + 0x3a, x.inodeBitmapChecksum >>> 16, true); // bg_inode_bitmap_csum_hi
  view.setUint32(at + 0x3c, 0, true); // bg_reserved
}

/** Reads a descriptor of `size` (32 or 64) bytes. */
export function readGroupDescriptor(view: DataView, at: number, size: number): GroupDescriptor {
  const wide = size >= GROUP_DESCRIPTOR_SIZE_64;
  const high32 = (offset: number) => wide ? view.getUint32(at + offset, true) * 0x1_0000_0000 : 0;
  const high16 = (offset: number) => wide ? view.getUint16(at + offset, true) * 0x1_0000 : 0;
  return {
    blockBitmap: view.getUint32(at + 0x00, true) + high32(0x20), // bg_block_bitmap
    inodeBitmap: view.getUint32(at + 0x04, true) + high32(0x24), // bg_inode_bitmap
    inodeTable: view.getUint32(at + 0x08, true) + high32(0x28), // bg_inode_table
    freeBlocksCount: view.getUint16(at + 0x0c, true) + high16(0x2c), // bg_free_blocks_count
    freeInodesCount: view.getUint16(at + 0x0e, true) + high16(0x2e), // bg_free_inodes_count
    usedDirectoriesCount: view.getUint16(at + 0x10, true) + high16(0x30), // bg_used_dirs_count
    flags: view.getUint16(at + 0x12, true), // bg_flags
    blockBitmapChecksum: view.getUint16(at + 0x18, true) + high16(0x38), // bg_block_bitmap_csum
    inodeBitmapChecksum: view.getUint16(at + 0x1a, true) + high16(0x3a), // bg_inode_bitmap_csum
    unusedInodesCount: view.getUint16(at + 0x1c, true) + high16(0x32), // bg_itable_unused
    checksum: view.getUint16(at + 0x1e, true), // bg_checksum
  };
}
