/**
 * The digest of the image of a root filesystem in a directory, without making it.
 *
 * @module
 */
import { composefsImage } from "../../../composefs/image/image_writer.ts";
import type { XattrMode } from "../../../composefs/oci/image_variant.ts";
import { transformForBoot, transformForOci } from "../../../composefs/oci/oci_transform.ts";
import type { ImageVersion } from "../../../composefs/image/image_version.ts";
import type { RepositoryMetadata } from "../../../composefs/repository/metadata.ts";
import { convert } from "../../../convert/convert.ts";
import { nullSink } from "../../../io/null_sink.ts";
import { rootDirectory } from "../../../source/root_directory.ts";
import { DirectoryContent } from "./directory_content.ts";

/** Which image is meant. */
export interface DirectoryIdOptions {
  /** Version of the image. */
  readonly version: ImageVersion;
  /** Hash function of its digests. */
  readonly algorithm: RepositoryMetadata["algorithm"];
  /** Which extended attributes stay. */
  readonly xattrs: XattrMode;
  /** To boot from. */
  readonly isBootable: boolean;
  /** All files as they are. */
  readonly isAsIs: boolean;
}

/**
 * The digest that an image of a container with these files has. Rejects with `ImageError`, or the
 * reason of `signal`.
 */
export async function directoryId(
  path: string,
  { version, algorithm, xattrs, isBootable, isAsIs }: DirectoryIdOptions,
  signal: AbortSignal,
): Promise<string> {
  const image = await rootDirectory(path, { keepHostLabels: true, signal });
  try {
    const format = composefsImage({
      version,
      maxVersion: 0,
      algorithm,
      transform(tree) {
        if (!isAsIs) transformForOci(tree, xattrs);
        if (isBootable) transformForBoot(tree, new DirectoryContent(path, tree));
      },
    });
    const { image: { details } } = await convert(image, format, nullSink(), { signal });
    return String(details.digest);
  } finally {
    await image.close();
  }
}
