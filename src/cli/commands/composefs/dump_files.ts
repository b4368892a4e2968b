/**
 * `oci2rootfs composefs dump-files`: what an image of a repository has of some files.
 *
 * @module
 */
import { displayByteString } from "../../../bytes/byte_string.ts";
import { variantImage } from "../../../composefs/oci/variant_image.ts";
import { objectOf, readStoredImage } from "../../../composefs/repository/image_objects.ts";
import { ImageError } from "../../../image_error.ts";
import { dumpLine, dumpTree } from "../../../tree/dump.ts";
import { escapeField } from "../../../tree/dump_syntax.ts";
import { FileKind } from "../../../tree/inode.ts";
import { objectPath } from "../../../tree/object_content.ts";
import { findPath } from "../../../view/find_path.ts";
import { OutputStream } from "../../output_stream.ts";
import { pathIn } from "../../path_argument.ts";
import type { Terminal } from "../../terminal.ts";
import type { DumpFilesArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs dump-files`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runDumpFiles(
  args: DumpFilesArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { image, paths, bootable, asIs, backingPathOnly } = args;
  await withRepository(args, { signal }, async (repository) => {
    const { objects } = repository;
    const id = await variantImage(repository, image, { isBootable: bootable, isAsIs: asIs });
    const { tree } = readStoredImage(objects, id);
    // All are found before the first is printed.
    const files = paths.map((path) => findPath(tree, pathIn(tree, path), false));
    const output = new OutputStream(terminal, signal);
    for (const { path: relativePath, inode } of files) {
      const path = `/${relativePath}`;
      if (backingPathOnly) {
        if (inode.kind === FileKind.directory) throw directoryError(path);
        const object = inode.content === null ? null : objectOf(inode.content, objects);
        output.write(`${escapeField(path)} ${object === null ? "inline" : objectPath(object)}\n`);
      } else if (inode.kind === FileKind.directory) {
        const at = relativePath === "" ? "" : path;
        for (const line of dumpTree({ root: inode }, (content) => content, at)) {
          output.write(`${line}\n`);
          await output.turn();
        }
      } else output.write(`${dumpLine(path, inode, (content) => content)}\n`);
    }
    await output.flush();
  });
}

function directoryError(path: string): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot tell object of "${displayByteString(path)}": it is a directory, expected a file`,
  );
}
