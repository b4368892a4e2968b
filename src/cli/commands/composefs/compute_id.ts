/**
 * `oci2rootfs composefs compute-id`: the digest of an image without making it.
 *
 * @module
 */
import { composefsImage } from "../../../composefs/image/image_writer.ts";
import { transformForOci } from "../../../composefs/oci/oci_transform.ts";
import { parseAlgorithm } from "../../../composefs/repository/object_id.ts";
import { imageDigest } from "../../../composefs/repository/store_image.ts";
import { convert } from "../../../convert/convert.ts";
import { nullSink } from "../../../io/null_sink.ts";
import { rootDirectory } from "../../../source/root_directory.ts";
import type { Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
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
  const id = isPath ? await idOfDirectory(args, signal) : await idOfImage(args, signal);
  terminal.writeOutput(`${id}\n`);
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

/** The digest of the image of a root filesystem, as that of an image with these files. */
async function idOfDirectory(args: ComputeIdArguments, signal: AbortSignal): Promise<string> {
  if (args.bootable) {
    throw new UsageError(
      "Cannot compute bootable image of a directory: expected an image of a repository",
    );
  }
  const image = await rootDirectory(args.image, { keepHostLabels: true, signal });
  try {
    const format = composefsImage({
      version: versionOf(args.erofsVersion ?? "1"),
      maxVersion: 0,
      algorithm: parseAlgorithm(args.hash ?? "sha512"),
      transform: args.asIs ? undefined : (tree) => transformForOci(tree, args.xattrs),
    });
    const { image: { details } } = await convert(image, format, nullSink(), { signal });
    return String(details.digest);
  } finally {
    await image.close();
  }
}
