/**
 * `oci2rootfs composefs oci dump`: the files of a container image as a dump file.
 *
 * @module
 */
import { dumpTree } from "../../../tree/dump.ts";
import { countLinks } from "../../../tree/file_tree.ts";
import { OutputStream } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type { DumpOciArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";
import { variantTree } from "./variant_tree.ts";

/** Runs `composefs oci dump`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runDumpOci(
  args: DumpOciArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const tree = await withRepository(
    args,
    { signal },
    (repository) => variantTree(repository, args.image, args, signal),
  );
  countLinks(tree);
  const output = new OutputStream(terminal, signal);
  for (const line of dumpTree(tree, (content) => content)) {
    output.write(`${line}\n`);
    await output.turn();
  }
  await output.flush();
}
