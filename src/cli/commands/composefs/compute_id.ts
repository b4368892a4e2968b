/**
 * `oci2rootfs composefs compute-id`: the digest of an image without making it.
 *
 * @module
 */
import { parseAlgorithm } from "../../../composefs/repository/object_id.ts";
import { imageDigest } from "../../../composefs/repository/store_image.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { directoryId } from "./directory_id.ts";
import type { ComputeIdArguments } from "./image_options.ts";
import { versionOf } from "./init.ts";
import { withRepository } from "./repository_options.ts";
import { variantTree } from "./variant_tree.ts";

/** Runs `composefs compute-id`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runComputeId(
  args: ComputeIdArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const isPath = args.noRepo || /^[/.]/.test(args.image);
  const { xattrs, bootable: isBootable, asIs: isAsIs } = args;
  const algorithm = parseAlgorithm(args.hash ?? "sha512");
  const version = versionOf(args.erofsVersion ?? "1");
  const id = isPath
    ? await directoryId(args.image, { version, algorithm, xattrs, isBootable, isAsIs }, signal)
    : await idOfImage(args, signal);
  await writeAnswer(`${id}\n`, terminal, signal);
}

async function idOfImage(args: ComputeIdArguments, signal: AbortSignal): Promise<string> {
  return await withRepository(args, { signal }, async (repository) => {
    const tree = await variantTree(repository, args.image, args, signal);
    const version = args.erofsVersion === undefined
      ? repository.metadata.imageVersions[0]
      : versionOf(args.erofsVersion);
    return imageDigest(repository, tree, version);
  });
}
