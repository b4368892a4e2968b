/**
 * `oci2rootfs composefs import-layer`: stores a layer alone.
 *
 * @module
 */
import { importLayerFile } from "../../../composefs/oci/import_layer.ts";
import { layerStream } from "../../../composefs/oci/stream_names.ts";
import { checkRefName } from "../../../composefs/repository/link_directory.ts";
import { spoolStream } from "../../../source/spooled_archive.ts";
import { writeAnswer } from "../../output_stream.ts";
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
  const { file = STANDARD_INPUT, diffId, name } = args;
  if (name !== undefined) checkRefName(name);
  const id = await withRepository(args, { access: "write", signal }, async (repository) => {
    const spooled = file === STANDARD_INPUT ? await spoolStream(Deno.stdin.readable, signal) : null;
    try {
      const id = await importLayerFile(repository, spooled?.path ?? file, diffId, { signal });
      if (name !== undefined) repository.streams.putRef(name, layerStream(diffId));
      return id;
    } finally {
      spooled?.remove();
    }
  });
  await writeAnswer(`${id}\n`, terminal, signal);
}
