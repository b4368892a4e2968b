/**
 * Names for the manifests of a repository.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { Repository } from "../repository/repository.ts";
import { resolveName } from "./oci_image.ts";
import { manifestStream, tagRef } from "./stream_names.ts";

/** Gives the image `name` (a tag, or `@` and a digest) the tag `tag`. Throws `ImageError`. */
export function tagImage(repository: Repository, name: string, tag: string): void {
  const ref = tagRef(tag);
  repository.streams.putRef(ref, manifestStream(resolveName(repository, name)));
}

/** Takes a tag away; its image goes with the next collection of garbage. Throws `ImageError`. */
export function untagImage(repository: Repository, tag: string): void {
  if (repository.streams.removeRef(tagRef(tag))) return;
  throw new ImageError(
    "NOT_FOUND",
    `Cannot remove tag ${quote(tag)}: the repository has no such tag, expected one that it has`,
    { where: { source: repository.path } },
  );
}
