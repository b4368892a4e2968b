/**
 * `oci2rootfs composefs import-layer`: stores a layer alone.
 *
 * @module
 */
import { importLayerFile } from "../../../composefs/oci/import_layer.ts";
import type { Terminal } from "../../terminal.ts";
import type { ImportLayerArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs import-layer`; prints the object of its stream. Throws `ImageError`. */
export async function runImportLayer(
  args: ImportLayerArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const id = await withRepository(
    args,
    { access: "write", signal },
    (repository) => importLayerFile(repository, args.file, args.diffId, { signal }),
  );
  terminal.writeOutput(`${id}\n`);
}
