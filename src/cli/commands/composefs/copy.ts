/**
 * `oci2rootfs composefs copy`: copies an image from another repository.
 *
 * @module
 */
import { copyOciImage } from "../../../composefs/oci/copy_image.ts";
import { Repository } from "../../../composefs/repository/repository.ts";
import { formatSize } from "../../size_text.ts";
import type { Terminal } from "../../terminal.ts";
import { loudnessOf } from "../message_options.ts";
import type { CopyArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs copy`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runCopy(
  args: CopyArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const report = await withRepository(args, { access: "write", signal }, async (to) => {
    using from = await Repository.open(args.from, { signal });
    const tag = args.name ?? (args.image.startsWith("@") ? null : args.image);
    const { zerocopy: byLink, workers } = args;
    return await copyOciImage(from, to, args.image, { tag, byLink, workers, signal });
  });
  const images = Object.fromEntries(report.images);
  const { newObjects, newBytes } = report.objects;
  if (args.json) terminal.writeOutput(`${JSON.stringify({ ...report, images }, null, 2)}\n`);
  else {
    terminal.writeOutput(`manifest ${report.manifestDigest}\n`);
    for (const [name, id] of report.images) terminal.writeOutput(`${name} ${id}\n`);
  }
  if (loudnessOf(args) !== "quiet") {
    terminal.writeError(`${newObjects} new objects, ${formatSize(newBytes)}\n`);
  }
}
