/**
 * `oci2rootfs composefs import-layer`: stores a layer alone.
 *
 * @module
 */
import { importLayer, openTarLayer } from "../../../composefs/oci/import_layer.ts";
import { systemError } from "../../../io/system_error.ts";
import type { TarLayerJob } from "../../../layer/layer.ts";
import { parseDigest } from "../../../oci/digest.ts";
import type { Terminal } from "../../terminal.ts";
import type { ImportLayerArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs import-layer`; prints the object of its stream. Throws `ImageError`. */
export async function runImportLayer(
  args: ImportLayerArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { diffId, file } = args;
  parseDigest(diffId);
  const size = sizeOf(file);
  const job: TarLayerJob = {
    kind: "tar",
    location: { kind: "file", path: file, offset: 0 },
    size,
    declaredCompression: null,
    digest: null,
    diffId,
  };
  const layer = { layer: { index: 0, name: file, size, job }, job, diffId };
  const id = await withRepository(args, { access: "write", signal }, async (repository) => {
    const chunks = openTarLayer(layer, undefined, { signal });
    try {
      return await importLayer(repository, layer, chunks, { signal });
    } finally {
      chunks.close();
    }
  });
  terminal.writeOutput(`${id}\n`);
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    throw systemError(error, "read", path);
  }
}
