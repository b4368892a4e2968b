/**
 * The inode tables: finds the place of each inode and writes its record with its checksum.
 *
 * @module
 */
import { inodeChecksum } from "./checksum.ts";
import type { Geometry } from "./geometry.ts";
import type { BlockStage } from "./image_bytes.ts";
import { type DiskInode, INODE_GOOD_OLD_SIZE, writeInode } from "./inode.ts";

/** Writes inodes in ascending order of their numbers. */
export class InodeTableWriter {
  readonly #stage: BlockStage;
  readonly #geometry: Geometry;
  readonly #tables: readonly number[];
  readonly #inodesPerGroup: number;
  #block = -1;
  #blockAt = 0;

  /** Creates a writer of tables that start at `tables`. */
  constructor(
    stage: BlockStage,
    geometry: Geometry,
    tables: readonly number[],
    inodesPerGroup: number,
  ) {
    this.#stage = stage;
    this.#geometry = geometry;
    this.#tables = tables;
    this.#inodesPerGroup = inodesPerGroup;
  }

  /** Opens the record of an inode, all zeros, and answers its offset in the stage. */
  open(number: number): number {
    const { inodesPerBlock, inodeSize } = this.#geometry;
    const index = number - 1;
    const group = Math.floor(index / this.#inodesPerGroup);
    const inGroup = index % this.#inodesPerGroup;
    const block = this.#tables[group] + Math.floor(inGroup / inodesPerBlock);
    if (block !== this.#block) {
      this.#blockAt = this.#stage.open(block);
      this.#block = block;
    }
    return this.#blockAt + inGroup % inodesPerBlock * inodeSize;
  }

  /**
   * Writes the fields of the record at `at`, whose `i_block` and attributes are written already,
   * and its checksum. `seed` is the `inodeSeed` of the inode.
   */
  close(at: number, inode: DiskInode, seed: number): void {
    const { bytes, view } = this.#stage;
    const { inodeSize } = this.#geometry;
    writeInode(view, at, inode);
    if (!this.#geometry.hasMetadataCsum) return;
    const checksum = inodeChecksum(seed, bytes, at, inodeSize);
    view.setUint16(at + 0x7c, checksum & 0xffff, true); // l_i_checksum_lo
    if (inodeSize > INODE_GOOD_OLD_SIZE) view.setUint16(at + 0x82, checksum >>> 16, true); // i_checksum_hi
  }
}
