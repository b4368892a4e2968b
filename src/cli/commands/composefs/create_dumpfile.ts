/**
 * `oci2rootfs composefs create-dumpfile`: any source as a dump file.
 *
 * @module
 */
import type { Terminal } from "../../terminal.ts";
import type { CreateDumpfileArguments } from "./image_file_options.ts";
import { makeImage } from "./make_image.ts";

/** Runs the command. Rejects with `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runCreateDumpfile(
  args: CreateDumpfileArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  await makeImage(args, args.file, { isDump: true }, terminal, signal);
}
