/**
 * The files that a reference may be read from.
 *
 * @module
 */
import type { InputTree } from "../io/file_sink.ts";
import type { Image } from "../source/image.ts";

/**
 * The files that `image`, opened as `reference`, is read from: none of them may be replaced by the
 * output. A compressed archive is read from a temporary copy, so what the reference itself may name
 * is among them, with and without a transport in front and a tag or digest behind; not all of these need exist.
 */
export function inputPaths(reference: string, image: Image): string[] {
  const paths = new Set<string>();
  for (const { job } of image.layers) {
    if (job.kind === "tar" && job.location.kind === "file") paths.add(job.location.path);
  }
  for (const text of [reference, reference.slice(reference.indexOf(":") + 1)]) {
    for (const end of [text.length, text.lastIndexOf(":"), text.lastIndexOf("@")]) {
      if (end > 0) paths.add(text.slice(0, end));
    }
  }
  return [...paths];
}

/** The directories that `image` is read from with all that is in them. */
export function inputTrees(image: Image): InputTree[] {
  return image.layers.flatMap(({ job }) =>
    job.kind === "directory"
      ? job.directories.map((path) => ({ path, oneFileSystem: job.oneFileSystem }))
      : []
  );
}
