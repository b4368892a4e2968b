/**
 * What every format that can be read back offers: the tree, the bytes of its files, and what the
 * image is.
 *
 * @module
 */
import type { NoticeListener } from "../notice.ts";
import type { ByteString } from "../bytes/byte_string.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { ContentReader } from "../tree/content_reader.ts";
import type { FileTree } from "../tree/file_tree.ts";

/** What an image is, for people and programs. */
export interface ImageDescription {
  /** Format name, as `ext4`. */
  readonly format: string;
  /** Volume label, `null` where there is none. */
  readonly label: string | null;
  /** UUID in its usual form, `null` where there is none. */
  readonly uuid: string | null;
  /** When it says that it was made, seconds since 1970; `null` where it does not say. */
  readonly createdSeconds: number | null;
  /** Bytes of a block, `null` where the format has none. */
  readonly blockSize: number | null;
  /** Bytes of the image by its own account. */
  readonly imageSize: number;
  /** Bytes of it that are in use, metadata included. */
  readonly usedBytes: number;
  /** How many files it has (hard links count once), directories included. */
  readonly inodeCount: number;
  /** Features that are switched on, in the names of the format's usual tools. */
  readonly features: readonly string[];
  /** Further facts of the format (`compression`, `inodeSize`, counts…), in the order to show them. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Something that is wrong with an image though its tree can be read. */
export interface ImageProblem {
  /** What: what was observed, and what was expected. */
  readonly message: string;
  /** The file it concerns, where it concerns one. */
  readonly path?: ByteString;
  /** Where in the image, bytes from its start, where it is at one place. */
  readonly offset?: number;
}

/** An opened image. Opening has read and checked all that the tree needs. */
export interface ImageReader<C = unknown> extends ContentReader<C> {
  /** All files. `linkCount` is what the image says. */
  readonly tree: FileTree<C>;
  /** What it is. */
  readonly description: ImageDescription;
  /**
   * Checks what opening and reading do not need: counts, maps of free room, copies, padding, and
   * every byte of content that has a checksum or is compressed. Goes on behind a problem as far as
   * that is possible; answers nothing where all is well. `signal` stops it with its reason.
   */
  check(onProblem: (problem: ImageProblem) => void, signal?: AbortSignal): void | Promise<void>;
  /** Gives the image back. */
  close(): void;
}

/**
 * Opens an image. Throws `ImageError` (`CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED`, `IO`), or the
 * reason of `signal`, which stops those that open by turns; the source is the reader's from then on,
 * and it is the caller's where opening throws.
 */
export type OpenImageReader = (
  source: ByteSource,
  onNotice: NoticeListener,
  signal?: AbortSignal,
) => ImageReader | Promise<ImageReader>;
