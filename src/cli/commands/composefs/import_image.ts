/**
 * `oci2rootfs composefs import-image`: stores an image that was made elsewhere.
 *
 * @module
 */
import { importImage } from "../../../composefs/repository/import_image.ts";
import { spoolStream } from "../../../source/spooled_archive.ts";
import type { Terminal } from "../../terminal.ts";
import type { ImportImageArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs import-image`; prints the digest of the image. Throws `ImageError`. */
export async function runImportImage(
  args: ImportImageArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const id = await withRepository(args, { access: "write", signal }, async (repository) => {
    const spooled = await spoolStream(Deno.stdin.readable, signal);
    try {
      return importImage(repository, spooled.path, args.name);
    } finally {
      spooled.remove();
    }
  });
  terminal.writeOutput(`${id}\n`);
}
