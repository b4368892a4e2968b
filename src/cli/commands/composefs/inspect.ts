/**
 * `oci2rootfs composefs inspect`: what an image of a repository is.
 *
 * @module
 */
import { imagesOf, openOciImage } from "../../../composefs/oci/oci_image.ts";
import { listReferrers } from "../../../composefs/oci/referrers.ts";
import type { Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
import type { InspectArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs inspect`. Throws `UsageError` or `ImageError`. */
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
    if (args.manifest) return void terminal.writeBytes(image.manifestBytes);
    if (args.config) return void terminal.writeBytes(image.configBytes);
    const images = Object.fromEntries(imagesOf(image));
    const boot = Object.entries(images).filter(([name]) => name.startsWith("composefs.image.boot"));
    const plain = Object.entries(images).filter(([name]) =>
      !name.startsWith("composefs.image.boot")
    );
    const inspection = {
      manifestDigest: image.manifestDigest,
      manifest: JSON.parse(new TextDecoder().decode(image.manifestBytes)),
      config: jsonIn(image.configBytes),
      referrers: listReferrers(repository, image.manifestDigest),
      composefs_erofs: plain[0]?.[1] ?? null,
      composefs_boot_erofs: boot[0]?.[1] ?? null,
      images,
    };
    terminal.writeOutput(`${JSON.stringify(inspection, null, 2)}\n`);
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
