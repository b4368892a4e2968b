/**
 * `oci2rootfs composefs tag` and `untag`: names for the images of a repository.
 *
 * @module
 */
import { tagImage, untagImage } from "../../../composefs/oci/tags.ts";
import type { TagArguments, UntagArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs tag` or `untag`. Throws `UsageError` or `ImageError`. */
export async function runTags(
  args: TagArguments | UntagArguments,
  signal: AbortSignal,
): Promise<void> {
  await withRepository(args, { access: "write", signal }, (repository) => {
    if (args.action === "tag") tagImage(repository, args.image, args.name);
    else untagImage(repository, args.name);
  });
}
