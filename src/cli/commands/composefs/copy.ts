/**
 * `oci2rootfs composefs copy`: copies an image from another repository.
 *
 * @module
 */
import { copyOciImage } from "../../../composefs/oci/copy_image.ts";
import { Repository } from "../../../composefs/repository/repository.ts";
import { formatSize } from "../../size_text.ts";
import { writeAnswer } from "../../output_stream.ts";
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
  if (args.json) {
    await writeAnswer(`${JSON.stringify({ ...report, images }, null, 2)}\n`, terminal, signal);
  } else {
    const rows = [["manifest", report.manifestDigest], ...report.images];
    await writeAnswer(rows.map((row) => `${row.join(" ")}\n`).join(""), terminal, signal);
  }
  if (loudnessOf(args) !== "quiet") {
    terminal.writeError(`${newObjects} new objects, ${formatSize(newBytes)}\n`);
  }
}
