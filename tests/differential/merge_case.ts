/**
 * One case of what layers mean.
 *
 * @module
 */
import type { CaseEntry } from "./case_entries.ts";

/** One case. */
export interface MergeCase {
  /** What it shows. */
  readonly name: string;
  /** Entries of each layer in the order of its tar, base first. */
  readonly layers: readonly (readonly CaseEntry[])[];
  /** Lines of the merged tree, or the code of the error that the layers are refused with. */
  readonly expected: readonly string[] | { readonly error: string };
  /** Why umoci makes something else; absent where it agrees. */
  readonly umociDiffers?: string;
  /** Why layers that are unpacked one by one and mounted over each other show something else. */
  readonly overlayDiffers?: string;
}

/** The reason of many differences from overlayfs. */
export const UNPACKED_ALONE = "a layer that is unpacked alone does not see the older ones";
