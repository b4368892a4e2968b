/**
 * `oci2rootfs composefs gc`: removes what nothing leads to.
 *
 * @module
 */
import { referrerConditions } from "../../../composefs/oci/referrers.ts";
import { collectGarbage } from "../../../composefs/repository/gc.ts";
import { formatSize } from "../../size_text.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { loudnessOf } from "../message_options.ts";
import type { GcArguments } from "./keep_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs gc`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runGc(
  args: GcArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const report = await withRepository(
    args,
    // Who only counts changes nothing, and counts what others have not yet named too.
    { access: args.dryRun ? "read" : "exclusive", signal },
    (repository) =>
      collectGarbage(repository, {
        roots: args.root,
        dryRun: args.dryRun,
        conditional: referrerConditions(repository),
        signal,
      }),
  );
  if (args.json) {
    const result = { ...report, dryRun: args.dryRun };
    return await writeAnswer(`${JSON.stringify(result, null, 2)}\n`, terminal, signal);
  }
  if (loudnessOf(args) === "quiet") return;
  const { objectsRemoved, objectsBytes, imagesPruned, streamsPruned, refsPruned } = report;
  await writeAnswer(
    `${args.dryRun ? "would remove" : "removed"} ${objectsRemoved} objects ` +
      `(${formatSize(objectsBytes)}), ${imagesPruned} images, ${streamsPruned} streams, ` +
      `${refsPruned} names\n`,
    terminal,
    signal,
  );
}
