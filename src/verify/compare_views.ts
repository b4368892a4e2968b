/**
 * Every difference between two images, whatever they are stored in.
 *
 * @module
 */
import type { ImageDescription } from "../format/image_reader.ts";
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
 *
 * @example
 * ```ts
 * import { checkImage, compareViews, convert, DifferenceRules, ext4, fileSink } from "@x/oci2rootfs";
 * import { formatDifference, openImage, openTree } from "@x/oci2rootfs";
 *
 * const directory = await Deno.makeTempDir();
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, ext4(), fileSink(`${directory}/x.ext4`));
 * await image.close();
 *
 * const made = await openTree(`${directory}/x.ext4`);
 * await checkImage(made, ({ message }) => console.error(message));
 * const expected = await openTree("testdata/layouts/tiny", { contents: "digests" });
 * const rules = new DifferenceRules({ ignore: ["mtime"], ignorePath: ["*.pyc"] });
 * for await (const difference of compareViews(made, expected, rules)) {
 *   throw new Error(formatDifference(difference));
 * }
 * await expected.close();
 * await made.close();
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function* compareViews(
  a: TreeView,
  b: TreeView,
  rules: DifferenceRules,
  signal?: AbortSignal,
): AsyncGenerator<TreeDifference> {
  a.takeOutOwnDirectory();
  b.takeOutOwnDirectory();
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
export function hasWholeSeconds({ reader }: TreeView): boolean {
  return reader !== null && keepsWholeSeconds(reader.description);
}

function keepsWholeSeconds({ format, details }: ImageDescription): boolean {
  return WHOLE_SECOND_FORMATS.has(format) || details.inodeSize === 128;
}
