/**
 * The bytes of uncompressed files, placed as they arrive: one file after the other, or several by
 * turns.
 *
 * @module
 */
import type { FileWriter } from "../image_format.ts";
import type { ErofsContent } from "./content.ts";
import type { DataBlocks } from "./data_blocks.ts";
import { FilePlacement, isTail } from "./file_placement.ts";
import type { TailStore } from "./tail_store.ts";

/** Places files. */
export class DataPlacer {
  readonly #blocks: DataBlocks;
  readonly #tails: TailStore;
  readonly #openMax: number;
  // Files that ended, which serve again.
  readonly #idle: FilePlacement[] = [];
  #openCount = 0;
  // The open file whose blocks the next one of the image may continue.
  #current: FilePlacement | null = null;

  /** Creates a placer; at most `openMax` files are open at a time. */
  constructor(blocks: DataBlocks, tails: TailStore, openMax: number) {
    this.#blocks = blocks;
    this.#tails = tails;
    this.#openMax = openMax;
  }

  /** Whether a file of `size` bytes takes no blocks. */
  isTailOnly(size: number): boolean {
    const { blockSize } = this.#blocks;
    return size < blockSize && isTail(size, blockSize);
  }

  /** Begins a file of `size` bytes. Throws `TypeError` while as many are open as can be. */
  begin(size: number): FileWriter<ErofsContent> {
    if (this.#openCount === this.#openMax) {
      throw new TypeError(`Cannot begin a file: ${this.#openMax} are open`);
    }
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`Cannot begin a file of ${size} bytes`);
    }
    this.#openCount++;
    const file = this.#idle.pop() ?? new FilePlacement(this.#blocks, this.#tails, {
      enter: (file) => this.#enter(file),
      leave: (file) => this.#leave(file),
    });
    file.begin(size);
    return file;
  }

  /** Checks that no file is open. */
  finish(): void {
    if (this.#openCount > 0) throw new TypeError("Cannot finish: a file is open");
  }

  #enter(file: FilePlacement): void {
    if (this.#current === file) return;
    this.#current?.reserve();
    this.#current = file;
  }

  #leave(file: FilePlacement): void {
    if (this.#current === file) this.#current = null;
    this.#openCount--;
    this.#idle.push(file);
  }
}
