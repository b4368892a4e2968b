/**
 * The bytes of files, placed as they arrive: one file after the other, or several by turns. With
 * fs-verity, the blocks of a file's tree are reserved in front of its data, and written one by one
 * while the data comes.
 *
 * @module
 */
import { VERITY_BLOCK_SIZE } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import type { FileWriter } from "../image_format.ts";
import type { Ext4Content } from "./content.ts";
import { DataStage } from "./data_stage.ts";
import { FilePlacement } from "./file_placement.ts";
import type { Geometry } from "./geometry.ts";
import { verityBlockCount, verityStart } from "./verity_metadata.ts";

/** Blocks that a file can have: logical block numbers are 32 bits. */
const MAX_FILE_BLOCKS = 0xffff_ffff;

/** Places files. */
export class DataPlacer {
  readonly #stage: DataStage;
  readonly #openMax: number;
  readonly #hasVerity: boolean;
  readonly #inlineMax: number;
  // Files that are open, and those that ended, which serve again.
  readonly #idle: FilePlacement[] = [];
  #openCount = 0;
  // The file whose block in the making stands at the end of the stage.
  #current: FilePlacement | null = null;

  /**
   * Creates a placer. `gapBlocks` are left free at the start of every backup group. Bytes behind
   * block `endBlock` are placed but not written: the plan will say how many are missing. At most
   * `openMax` files are open at a time. With `hasVerity` (for blocks of 4096) every file gets a
   * tree. Files of up to `inlineMax` bytes are kept in memory, for their inodes.
   */
  constructor(
    sink: ByteSink,
    geometry: Geometry,
    gapBlocks: number,
    endBlock: number,
    openMax: number,
    hasVerity = false,
    inlineMax = 0,
  ) {
    this.#stage = new DataStage(sink, geometry, gapBlocks, endBlock);
    this.#openMax = openMax;
    this.#hasVerity = hasVerity;
    this.#inlineMax = inlineMax;
  }

  /** The block behind the last that was placed, or where group 0 starts while none was. */
  get dataEnd(): number {
    return this.#stage.dataEnd;
  }

  /**
   * Begins a file of `size` bytes. Throws `ImageError` `LIMIT_EXCEEDED` above 2^32 - 1 blocks,
   * and `TypeError` while as many files are open as can be.
   */
  begin(size: number): FileWriter<Ext4Content> {
    if (this.#openCount === this.#openMax) {
      throw new TypeError(`Cannot begin a file: ${this.#openMax} are open`);
    }
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`Cannot begin a file of ${size} bytes`);
    }
    const { blockSize } = this.#stage;
    if (size > MAX_FILE_BLOCKS * blockSize) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot place file: ${size} bytes, expected at most ${
          MAX_FILE_BLOCKS * blockSize
        } with blocks of ${blockSize}`,
      );
    }
    // Nothing is placed of an empty file: its descriptor comes with the metadata.
    const hasTree = this.#hasVerity && size > 0;
    const treeStart = verityStart(size) / VERITY_BLOCK_SIZE;
    if (hasTree && treeStart + verityBlockCount(size) > MAX_FILE_BLOCKS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot place file: ${size} bytes and its fs-verity tree of ${verityBlockCount(size)} ` +
          `blocks, expected at most ${MAX_FILE_BLOCKS} blocks`,
      );
    }
    this.#openCount++;
    const file = this.#idle.pop() ?? new FilePlacement(this.#stage, {
      enter: (file) => this.#enter(file),
      leave: (file) => this.#leave(file),
    });
    file.begin(size, size > 0 && size <= this.#inlineMax, hasTree);
    return file;
  }

  /** Writes what is staged; no file may be open. */
  flush(): void {
    if (this.#openCount > 0) throw new TypeError("Cannot finish: a file is open");
    this.#stage.flush();
  }

  /** Gives `file` the end of the stage. */
  #enter(file: FilePlacement): void {
    if (this.#current === file) return;
    this.#current?.setAside();
    this.#current = file;
    file.takeUp();
  }

  #leave(file: FilePlacement): void {
    if (this.#current === file) this.#current = null;
    this.#openCount--;
    this.#idle.push(file);
  }
}
