/**
 * `oci2rootfs composefs inspect`: what an image of a repository is.
 *
 * @module
 */
import { imagesOf, openOciImage } from "../../../composefs/oci/oci_image.ts";
import { listReferrers } from "../../../composefs/oci/referrers.ts";
import { chooseVariant } from "../../../composefs/oci/variant_image.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
import type { InspectArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs inspect`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runInspect(
  args: InspectArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (args.manifest && args.config) {
    throw new UsageError("Cannot print both: --manifest and --config exclude each other");
  }
  await withRepository(args, { signal }, async (repository) => {
    const image = await openOciImage(repository, args.image);
    // Documents are printed byte for byte: their digests are those of these bytes.
    if (args.manifest) return await writeAnswer(image.manifestBytes, terminal, signal);
    if (args.config) return await writeAnswer(image.configBytes, terminal, signal);
    const images = imagesOf(image);
    const chosen = (isBootable: boolean, isAsIs: boolean) =>
      chooseVariant(images, repository.metadata, { isBootable, isAsIs });
    const inspection = {
      manifestDigest: image.manifestDigest,
      manifest: JSON.parse(new TextDecoder().decode(image.manifestBytes)),
      config: jsonIn(image.configBytes),
      referrers: listReferrers(repository, image.manifestDigest),
      composefs_erofs: chosen(false, false) ?? chosen(false, true),
      composefs_boot_erofs: chosen(true, false),
      images: Object.fromEntries(images),
    };
    await writeAnswer(`${JSON.stringify(inspection, null, 2)}\n`, terminal, signal);
  });
}

/** A document as JSON; `null` where it is none, as an artifact's configuration may be. */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
