/**
 * Every difference between two images, whatever they are stored in.
 *
 * @module
 */
import type { ImageDescription } from "../format/image_reader.ts";
import { takeOutOwnDirectory } from "../format/own_directory.ts";
import { pause } from "../layer/pause.ts";
import { compareInSteps, type TreeDifference } from "../tree/compare.ts";
import type { TreeView } from "../view/tree_view.ts";
import type { DifferenceRules } from "./difference_rules.ts";

/** Names after which other work gets its turn. */
const NAMES_OF_A_TURN = 256;

/** Formats that keep whole seconds only. */
const WHOLE_SECOND_FORMATS: ReadonlySet<string> = new Set(["squashfs", "cpio"]);

/**
 * Yields the differences between `a` and `b` that count, directories before their content. Trees of
 * layers must have been opened with digests.
 *
 * What formats add by themselves (an empty `lost+found`) is no difference, and where one of them
 * keeps no fractions of seconds, times are compared without: see {@linkcode hasWholeSeconds}.
 *
 * Throws `ImageError` for files that cannot be read, or the signal's reason.
 */
export async function* compareViews(
  a: TreeView,
  b: TreeView,
  rules: DifferenceRules,
  signal?: AbortSignal,
): AsyncGenerator<TreeDifference> {
  for (const { file } of [a, b]) {
    if (file !== null) takeOutOwnDirectory(file.reader.tree, file.format);
  }
  const steps = compareInSteps(a, b, {
    ...rules.compareOptions,
    wholeSeconds: hasWholeSeconds(a) || hasWholeSeconds(b),
  });
  let names = 0;
  for (const step of steps) {
    if (step !== null) {
      if (rules.counts(step)) yield step;
    } else if (++names % NAMES_OF_A_TURN === 0) {
      await pause();
      signal?.throwIfAborted();
    }
  }
}

/** Whether `view` is of a format that keeps no fractions of seconds. */
export function hasWholeSeconds({ file }: TreeView): boolean {
  return file !== null && keepsWholeSeconds(file.reader.description);
}

function keepsWholeSeconds({ format, details }: ImageDescription): boolean {
  return WHOLE_SECOND_FORMATS.has(format) || details.inodeSize === 128;
}
