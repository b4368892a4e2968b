/**
 * Whether an image is sound by itself: its structure, its checksums, its counts.
 *
 * @module
 */
import type { DiskContainer } from "../disk/disk_container.ts";
import { verityContainer } from "../disk/verity_container.ts";
import type { ImageProblem } from "../format/image_reader.ts";
import { ImageError } from "../image_error.ts";
import { fileSource } from "../io/file_source.ts";
import type { TreeView } from "../view/tree_view.ts";

/** Options of {@linkcode checkImage}. */
export interface CheckOptions {
  /** Path of the file that has the image's dm-verity hash tree, where it is not with the image. */
  readonly hashTree?: string;
  /** Root hash that the hash tree must have, in hexadecimal. */
  readonly rootHash?: string;
  /** Stops the work with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Checks what opening did not. Of a filesystem image that is everything a checking program would
 * look at, and what is around it: hash tree, partition table, disk file; an image of layers was read
 * to its end when it was opened, with all digests, so nothing is left. Problems go to `onProblem`.
 *
 * Rejects with `ImageError` where the image cannot be read on, `NOT_FOUND` where a hash tree is asked
 * for and there is none, or with the signal's reason.
 */
export async function checkImage(
  view: TreeView,
  onProblem: (problem: ImageProblem) => void,
  options: CheckOptions = {},
): Promise<void> {
  const { hashTree, signal } = options;
  signal?.throwIfAborted();
  const containers = view.disk?.containers ?? [];
  if (hashTree === undefined) {
    checkRootHash(view, containers, options, onProblem);
  } else {
    await checkTreeFile(view, hashTree, options, onProblem);
  }
  // From the outside to the inside, since a fault may be the reason of the next.
  for (const container of [...containers].reverse()) await container.check(onProblem, signal);
  await view.reader?.check(onProblem, signal);
}

async function checkTreeFile(
  view: TreeView,
  path: string,
  options: CheckOptions,
  onProblem: (problem: ImageProblem) => void,
): Promise<void> {
  if (view.disk === null) throw noTree(view, "it is no filesystem image");
  const hashes = fileSource(path);
  try {
    const container = verityContainer(view.disk.image, hashes, 0);
    await container.check(onProblem, options.signal);
    checkRootHash(view, [container], options, onProblem);
  } finally {
    hashes.close();
  }
}

function checkRootHash(
  view: TreeView,
  containers: readonly DiskContainer[],
  { rootHash: expected }: CheckOptions,
  onProblem: (problem: ImageProblem) => void,
): void {
  if (expected === undefined) return;
  const tree = containers.find(({ name }) => name === "verity");
  if (tree === undefined) throw noTree(view, "there is none");
  const { verityRootHash } = tree.details;
  // A tree without one cannot be read, which its check throws.
  if (verityRootHash === undefined || verityRootHash === expected) return;
  onProblem({ message: `dm-verity: the root hash is ${verityRootHash}, expected ${expected}` });
}

function noTree({ reference }: TreeView, observed: string): ImageError {
  return new ImageError(
    "NOT_FOUND",
    `Cannot check hash tree of "${reference}": ${observed}, expected one behind the image, ` +
      "in a partition or in a file",
    { where: { source: reference } },
  );
}
