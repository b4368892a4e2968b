/**
 * The files of a container image of a repository, as one tree.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { mergeLayers } from "../../merge/merge.ts";
import type { NoticeListener } from "../../notice.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import type { ImageContent } from "../image/content.ts";
import { ObjectReader } from "../image/object_reader.ts";
import type { Repository } from "../repository/repository.ts";
import { readLayerEntries } from "../splitstream/layer_stream.ts";
import { openStream } from "./document_stream.ts";
import type { ImageVariant } from "./image_variant.ts";
import { transformForBoot, transformForOci } from "./oci_transform.ts";
import { layerStream } from "./stream_names.ts";

/**
 * Merges the layers whose tars have the digests `diffIds`, base first. Rejects with `ImageError`
 * `NOT_FOUND` where the repository does not have one, `CORRUPT`, or the reason of `signal`.
 */
export async function mergedTree(
  repository: Repository,
  diffIds: readonly string[],
  onNotice: NoticeListener = () => {},
  signal?: AbortSignal,
): Promise<FileTree<ImageContent>> {
  const layers = [];
  const present = repository.objects.list();
  for (const diffId of diffIds) {
    signal?.throwIfAborted();
    const stream = await openStream(repository, layerStream(diffId), "ocilayer");
    if (stream === null) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot find layer "${diffId}": the repository does not have it, expected it`,
        { where: { source: repository.path }, subject: "object" },
      );
    }
    const entries = await readLayerEntries(stream, repository.objects, present);
    layers.push({ name: diffId, entries });
  }
  const { tree, notices } = mergeLayers(layers);
  notices.forEach(onNotice);
  return tree;
}

/**
 * Changes a tree that was merged from layers of the repository into that of a variant. Throws
 * `ImageError` as `transformForOci` and `transformForBoot` do.
 */
export function transformTree(
  repository: Repository,
  tree: FileTree<ImageContent>,
  variant: Omit<ImageVariant, "version">,
): void {
  if (variant.isAsIs) return;
  transformForOci(tree, variant.xattrs);
  if (!variant.isBootable) return;
  const content = new ObjectReader(repository.objects.directory);
  try {
    transformForBoot(tree, content);
  } finally {
    content.close();
  }
}
