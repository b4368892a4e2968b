/**
 * What was found around an image: a disk file, a partition table, a hash tree.
 *
 * @module
 */
import type { ImageProblem } from "../format/image_reader.ts";
import type { ByteSource } from "../io/byte_source.ts";

/** Something around an image. */
export interface DiskContainer {
  /** What it is, as in the `containers` of a report. */
  readonly name: "verity" | "gpt" | "vhd" | "qcow2";
  /** Facts, by the names that they have in the report of the one who wrote it. */
  readonly details: Readonly<Record<string, string | number>>;
  /**
   * Checks what reading the image does not need. Offsets of problems count from the start of what
   * the container is in. Throws `ImageError` for what cannot be checked, the reason of `signal`.
   */
  check(onProblem: (problem: ImageProblem) => void, signal?: AbortSignal): void | Promise<void>;
}

/** An image, and what is around it. */
export interface Disk {
  /** The image. */
  readonly image: ByteSource;
  /** What is around it, the innermost first. */
  readonly containers: readonly DiskContainer[];
}
