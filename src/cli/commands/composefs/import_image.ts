/**
 * `oci2rootfs composefs import-image`: stores an image that was made elsewhere.
 *
 * @module
 */
import { importImage } from "../../../composefs/repository/import_image.ts";
import { checkRefName } from "../../../composefs/repository/link_directory.ts";
import { spoolStream } from "../../../source/spooled_archive.ts";
import { writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type { ImportImageArguments } from "./pull_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs import-image`; prints the digest of the image. Throws `ImageError`. */
export async function runImportImage(
  args: ImportImageArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  // What cannot be is found out first; then nobody waits for the repository while this waits for input.
  await withRepository(args, { signal }, () => checkRefName(args.name));
  const spooled = await spoolStream(Deno.stdin.readable, signal);
  try {
    const id = await withRepository(
      args,
      { access: "write", signal },
      (repository) => importImage(repository, spooled.path, args.name),
    );
    await writeAnswer(`${id}\n`, terminal, signal);
  } finally {
    spooled.remove();
  }
}
