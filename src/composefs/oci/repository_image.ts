/**
 * An image of a repository as an image of the program: its files go into any format.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { Image } from "../../source/image.ts";
import { createRequest, type OpenOptions } from "../../source/open_options.ts";
import { countLinks, type FileTree } from "../../tree/file_tree.ts";
import type { ImageContent } from "../image/content.ts";
import { splitDirectory } from "../image/directory_name.ts";
import { ObjectReader } from "../image/object_reader.ts";
import { readStoredImage } from "../repository/image_objects.ts";
import { isObjectId } from "../repository/object_id.ts";
import { Repository } from "../repository/repository.ts";
import { mergedTree } from "./image_tree.ts";
import { containerConfig, openOciImage } from "./oci_image.ts";

/**
 * Opens the image that `DIRECTORY:NAME` means: a repository, and in it a tag, `@` and the digest of a
 * manifest, or the digest of an EROFS. The files of a container image are as its layers have them;
 * every object is compared with its digest when it is read. The repository stays locked until the
 * image is closed.
 *
 * Rejects with `ImageError` `NOT_FOUND`, `CORRUPT`, `DIGEST_MISMATCH`, `UNSUPPORTED`, `PERMISSION` or
 * `IO`; the signal's reason when cancelled.
 */
export async function repositoryImage(rest: string, options: OpenOptions = {}): Promise<Image> {
  const request = createRequest(`composefs:${rest}`, {}, options);
  const { directory, name } = splitDirectory(rest, "composefs:DIRECTORY:NAME");
  const repository = await Repository.open(directory, { signal: options.signal });
  const reader = new ObjectReader(repository.objects.directory);
  const close = () => {
    reader.close();
    repository.close();
    return Promise.resolve();
  };
  try {
    const found = await findImage(repository, name, options.signal);
    return {
      reference: request.reference,
      ...found.facts,
      layers: [{
        index: 0,
        name: `0 (${quote(name)})`,
        size: 0,
        job: {
          kind: "tree",
          tree: found.tree,
          reader,
          declaredCompression: null,
          digest: null,
          diffId: null,
        },
      }],
      notices: request.notices,
      close,
    };
  } catch (error) {
    await close();
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }
}

/** What a tree is an image of. */
interface FoundImage {
  readonly tree: FileTree<ImageContent>;
  readonly facts: Pick<Image, "digest" | "config" | "platform" | "annotations">;
}

async function findImage(
  repository: Repository,
  name: string,
  signal?: AbortSignal,
): Promise<FoundImage> {
  if (isObjectId(name, repository.metadata.algorithm)) {
    const { tree } = readStoredImage(repository.objects, name);
    return { tree, facts: { digest: null, config: null, platform: null, annotations: {} } };
  }
  const image = await openOciImage(repository, name);
  const { config, platform } = containerConfig(image);
  const tree = await mergedTree(repository, config.diffIds, undefined, signal);
  countLinks(tree);
  return {
    tree,
    facts: {
      digest: image.manifestDigest,
      config,
      platform,
      annotations: image.manifest.annotations,
    },
  };
}
