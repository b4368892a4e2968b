/**
 * `oci2rootfs composefs import-layer`: stores a layer alone.
 *
 * @module
 */
import { importLayerFile } from "../../../composefs/oci/import_layer.ts";
import { spoolStream } from "../../../source/spooled_archive.ts";
import type { Terminal } from "../../terminal.ts";
import type { ImportLayerArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Means standard input in place of a path. */
const STANDARD_INPUT = "-";

/** Runs `composefs import-layer`; prints the object of its stream. Throws `ImageError`. */
export async function runImportLayer(
  args: ImportLayerArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { file = STANDARD_INPUT, diffId } = args;
  const id = await withRepository(args, { access: "write", signal }, async (repository) => {
    if (file !== STANDARD_INPUT) return await importLayerFile(repository, file, diffId, { signal });
    const spooled = await spoolStream(Deno.stdin.readable, signal);
    try {
      return await importLayerFile(repository, spooled.path, diffId, { signal });
    } finally {
      spooled.remove();
    }
  });
  terminal.writeOutput(`${id}\n`);
}
