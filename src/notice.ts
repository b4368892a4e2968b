/**
 * Things a person should hear of although the work goes on.
 *
 * @module
 */
import type { ErrorPlace } from "./image_error.ts";

/**
 * What a notice is about; stable, for programs.
 *
 * - `MEDIA_TYPE_MISMATCH`: a layer's first bytes contradict its media type (the bytes win).
 * - `SYMLINKED_PARENT`: an entry's parent is a symbolic link of an older layer.
 * - `DIRECTORY_REPLACED_SYMLINK`: an explicit directory took the place of a symbolic link.
 * - `ENTRY_SKIPPED`: a tar entry of a kind that is no file (a volume label, say).
 * - `TRAILING_DATA`: bytes after the end of a compressed stream were ignored.
 * - `CLAMPED`: a value outside the format's range was moved into it.
 * - `NO_JOURNAL`: a journal was asked for, and the image is too small for one.
 * - `LOSS`: something the format cannot hold was left out, as asked.
 * - `LEFTOVER_REMOVED`: an unfinished output of an earlier, killed run was deleted.
 * - `LEFTOVER_KEPT`: what was replaced could not be removed; it stays under a hidden name.
 * - `NOT_VERIFIED`: layers of an engine's store are read from their files, without any digest.
 * - `IMAGE_SKIPPED`: an index entry that is no image was passed over.
 * - `JOURNAL_REPLAYED`: a filesystem image was not unmounted; it is read as its journal says.
 * - `JOURNAL_NOT_REPLAYED`: the same, but (part of) its journal cannot be read.
 */
export type NoticeCode =
  | "MEDIA_TYPE_MISMATCH"
  | "SYMLINKED_PARENT"
  | "DIRECTORY_REPLACED_SYMLINK"
  | "ENTRY_SKIPPED"
  | "TRAILING_DATA"
  | "CLAMPED"
  | "NO_JOURNAL"
  | "LOSS"
  | "LEFTOVER_REMOVED"
  | "LEFTOVER_KEPT"
  | "NOT_VERIFIED"
  | "IMAGE_SKIPPED"
  | "JOURNAL_REPLAYED"
  | "JOURNAL_NOT_REPLAYED";

/** One remark about the input or the result. */
export interface Notice {
  /** What it is about. */
  readonly code: NoticeCode;
  /** One sentence for a person, without a final period. */
  readonly message: string;
  /** Where in the input. */
  readonly where?: ErrorPlace;
}

/** Receives notices as they come up. */
export type NoticeListener = (notice: Notice) => void;
