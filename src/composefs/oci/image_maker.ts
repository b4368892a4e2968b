/**
 * Makes the EROFS images of a container image whose layers are in the repository.
 *
 * @module
 */
import type { FileTree } from "../../tree/file_tree.ts";
import type { ImageContent } from "../image/content.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import { imageDigest, storeImage } from "../repository/store_image.ts";
import { expectedVariants } from "./expected_digest.ts";
import { mergedTree, transformTree } from "./image_tree.ts";
import { type ImageVariant, variantName } from "./image_variant.ts";
import type { ImageOptions } from "./store_manifest.ts";

/** Makes images of the layers with some digests, base first. */
export class ImageMaker {
  readonly #repository: Repository;
  readonly #diffIds: readonly string[];
  readonly #options: ImageOptions;
  #isMerged = false;

  /** For one container image. */
  constructor(repository: Repository, diffIds: readonly string[], options: ImageOptions) {
    this.#repository = repository;
    this.#diffIds = diffIds;
    this.#options = options;
  }

  /** Makes and stores an image. Rejects with `ImageError`, or the reason of the signal. */
  async store(variant: ImageVariant): Promise<ObjectId> {
    return storeImage(this.#repository, await this.#treeOf(variant), variant.version);
  }

  /**
   * Stores the image that has the digest `digest`, of whatever version and attributes, under the name
   * of its variant; `null` where there is none. Rejects as {@linkcode ImageMaker.store}.
   */
  async storeExpected(digest: string): Promise<readonly [name: string, id: ObjectId] | null> {
    for (const variant of expectedVariants(this.#options.isBootable ?? false)) {
      const tree = await this.#treeOf(variant);
      if (imageDigest(this.#repository, tree, variant.version) !== digest) continue;
      return [variantName(variant), storeImage(this.#repository, tree, variant.version)];
    }
    return null;
  }

  async #treeOf(variant: ImageVariant): Promise<FileTree<ImageContent>> {
    const { onNotice, signal } = this.#options;
    // What merging remarks is told once.
    const listener = this.#isMerged ? undefined : onNotice;
    const tree = await mergedTree(this.#repository, this.#diffIds, listener, signal);
    this.#isMerged = true;
    transformTree(this.#repository, tree, variant);
    return tree;
  }
}
