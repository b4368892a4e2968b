/**
 * The versions of composefs images.
 *
 * @module
 */

/**
 * Version of an image: 0 is what `mkcomposefs` makes, 1 is the same with further marks where there
 * are whiteouts, 2 is the form of early versions of the newer tools.
 */
export type ImageVersion = 0 | 1 | 2;

/** All versions. */
export const IMAGE_VERSIONS: readonly ImageVersion[] = [0, 1, 2];

/** Bytes of a block of every image. */
export const IMAGE_BLOCK_SIZE = 4096;
/** Unit of inode numbers. */
export const INODE_SLOT_SIZE = 32;
