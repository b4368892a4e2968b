/**
 * Where bytes go: a file, a block device, a pipe, or memory.
 *
 * @module
 */
import type { NoticeListener } from "../notice.ts";
import type { TreeMaker } from "./tree_maker.ts";

/** Takes bytes at positions. A place that is never written reads as zeros. */
export interface ByteSink {
  /** Writes all of `bytes` at `position` (bytes from the start). */
  write(bytes: Uint8Array, position: number): void;
  /** Makes the output exactly `size` bytes long. */
  truncate(size: number): void;
  /**
   * Fills `into` with what was written at `position`, zeros where nothing was. Absent where what is
   * written cannot be read back.
   */
  read?(into: Uint8Array, position: number): void;
  /**
   * Resolves when all that was written has been taken: it waits in memory until then. Absent where
   * writing waits by itself.
   */
  drain?(): Promise<void>;
  /** Bytes of the block device that is written in place; absent for an output that grows. */
  readonly deviceSize?: number;
  /** Bytes of a sector of that device, absent where they are not known. */
  readonly sectorSize?: number;
  /** Makes real files; where it is there, bytes are not taken. */
  readonly tree?: TreeMaker;
}

/** An output under way: it appears under its name only by `commit`. */
export interface OpenSink extends ByteSink {
  /** A directory for temporary files about as large as the output; absent where none is near. */
  readonly scratchDirectory?: string;
  /**
   * Makes the output durable, so that `commit` has only its name left to give. Absent where there
   * is nothing to wait for.
   */
  sync?(): void;
  /** Makes the output durable and gives it its name. */
  commit(): void;
  /** Leaves nothing behind. Does nothing after `commit`. */
  abort(): void;
}

/** A destination, opened when the work begins. */
export interface ImageSink {
  /** What it is, for messages. */
  readonly name: string;
  /** `false` for a pipe: bytes are taken only in order. */
  readonly seekable: boolean;
  /** Whether it takes the bytes of an image (so where this is absent), real files, or either. */
  readonly takes?: "bytes" | "tree" | "anything";
  /**
   * Opens it; throws `ImageError` `EXISTS`, `PERMISSION`, `NOT_FOUND` or `IO`. `onNotice` hears
   * `LEFTOVER_REMOVED`.
   */
  open(onNotice?: NoticeListener): OpenSink;
}
