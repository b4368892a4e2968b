/**
 * Whether an image is sound by itself: its structure, its checksums, its counts.
 *
 * @module
 */
import type { ImageProblem } from "../format/image_reader.ts";
import type { TreeView } from "../view/tree_view.ts";

/**
 * Checks what opening did not. Of a filesystem image that is everything a checking program would
 * look at; an image of layers was read to its end when it was opened, with all digests, so nothing
 * is left. Problems go to `onProblem`.
 *
 * Rejects with `ImageError` where the image cannot be read on, or with the signal's reason.
 */
export async function checkImage(
  { reader }: TreeView,
  onProblem: (problem: ImageProblem) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  await reader?.check(onProblem, signal);
}
