/**
 * The files of a container image of a repository as its EROFS has them.
 *
 * @module
 */
import type { ImageContent } from "../../../composefs/image/content.ts";
import { mergedTree, transformTree } from "../../../composefs/oci/image_tree.ts";
import type { XattrMode } from "../../../composefs/oci/image_variant.ts";
import { diffIdsOf, openOciImage } from "../../../composefs/oci/oci_image.ts";
import type { Repository } from "../../../composefs/repository/repository.ts";
import type { FileTree } from "../../../tree/file_tree.ts";

/** What is made of the files. */
export interface VariantArguments {
  /** Which extended attributes stay. */
  readonly xattrs: XattrMode;
  /** To boot from. */
  readonly bootable: boolean;
  /** As the layers have them. */
  readonly asIs: boolean;
}

/** Merges and changes the files of an image. Rejects with `ImageError`, or the reason of `signal`. */
export async function variantTree(
  repository: Repository,
  name: string,
  { xattrs, bootable, asIs }: VariantArguments,
  signal: AbortSignal,
): Promise<FileTree<ImageContent>> {
  const image = await openOciImage(repository, name);
  const tree = await mergedTree(repository, diffIdsOf(image), undefined, signal);
  transformTree(repository, tree, { xattrs, isBootable: bootable, isAsIs: asIs });
  return tree;
}
