/**
 * `oci2rootfs composefs compute-id`: the digest of an image without making it.
 *
 * @module
 */
import { mergedTree, transformTree } from "../../../composefs/oci/image_tree.ts";
import { diffIdsOf, openOciImage } from "../../../composefs/oci/oci_image.ts";
import { imageDigest } from "../../../composefs/repository/store_image.ts";
import type { Terminal } from "../../terminal.ts";
import type { ComputeIdArguments } from "./image_options.ts";
import { versionOf } from "./init.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs compute-id`. Throws `UsageError` or `ImageError`. */
export async function runComputeId(
  args: ComputeIdArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const id = await withRepository(args, { signal }, async (repository) => {
    const image = await openOciImage(repository, args.image);
    const tree = await mergedTree(repository, diffIdsOf(image), undefined, signal);
    transformTree(repository, tree, {
      xattrs: args.xattrs,
      isBootable: args.bootable,
      isAsIs: args.asIs,
    });
    const version = args.erofsVersion === undefined
      ? repository.metadata.imageVersions[0]
      : versionOf(args.erofsVersion);
    return imageDigest(repository, tree, version);
  });
  terminal.writeOutput(`${id}\n`);
}
