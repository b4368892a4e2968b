/**
 * Runs the commands on image files.
 *
 * @module
 */
import type { Terminal } from "../../terminal.ts";
import type { ImageFileArguments } from "./image_file_options.ts";

/** Runs one. Rejects with `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runImageFile(
  args: ImageFileArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  switch (args.action) {
    case "create-image":
      return await (await import("./create_image.ts")).runCreateImage(args, terminal, signal);
    case "create-dumpfile":
      return await (await import("./create_dumpfile.ts")).runCreateDumpfile(args, terminal, signal);
    case "compute-digest":
      return await (await import("./compute_digest.ts")).runComputeDigest(args, terminal, signal);
    case "cat":
      return await (await import("./cat_image.ts")).runCatImage(args, terminal, signal);
  }
  const commands = await import("./list_image.ts");
  switch (args.action) {
    case "ls":
      return await commands.runLsImage(args, terminal, signal);
    case "dump":
      return await commands.runDumpImage(args, terminal, signal);
    case "image-objects":
      return await commands.runImageObjects(args, terminal, signal);
    case "missing-objects":
      return await commands.runMissingObjects(args, terminal, signal);
  }
}
