/**
 * The header with which a composefs image begins (`struct lcfs_erofs_header_s` of libcomposefs),
 * 32 bytes, before the superblock. Little-endian.
 *
 * @module
 */

/** Bytes of the header. */
export const IMAGE_HEADER_SIZE = 32;
/** `magic`. */
export const IMAGE_MAGIC = 0xd078_629a;
/** `version`, of the header. */
export const IMAGE_HEADER_VERSION = 1;
/** Bit of `flags`: some file has POSIX access control lists. */
export const IMAGE_FLAG_HAS_ACL = 0x1;

/** The first bytes of an image. */
export interface ImageHeader {
  magic: number;
  /** Version of this header. */
  version: number;
  flags: number;
  /** Version of the image, an `ImageVersion`. */
  imageVersion: number;
}

/** Writes a header to zeros at `at`. */
export function writeImageHeader(view: DataView, at: number, x: ImageHeader): void {
  view.setUint32(at + 0x00, x.magic, true); // magic
  view.setUint32(at + 0x04, x.version, true); // version
  view.setUint32(at + 0x08, x.flags, true); // flags
  view.setUint32(at + 0x0c, x.imageVersion, true); // composefs_version
}

/** Reads a header. */
export function readImageHeader(view: DataView, at: number): ImageHeader {
  return {
    magic: view.getUint32(at + 0x00, true), // magic
    version: view.getUint32(at + 0x04, true), // version
    flags: view.getUint32(at + 0x08, true), // flags
    imageVersion: view.getUint32(at + 0x0c, true), // composefs_version
  };
}
