/**
 * `oci2rootfs composefs ls`, `dump`, `image-objects` and `missing-objects`: what image files say, in
 * the form of `composefs-info`.
 *
 * @module
 */
import { join } from "node:path";
import type { ByteString } from "../../../bytes/byte_string.ts";
import { bytesOf } from "../../../bytes/byte_string.ts";
import { systemError } from "../../../io/system_error.ts";
import { dumpTree } from "../../../tree/dump.ts";
import { escapeField } from "../../../tree/dump_syntax.ts";
import { walk } from "../../../tree/file_tree.ts";
import { FileKind } from "../../../tree/inode.ts";
import { OutputStream } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import type {
  DumpImageArguments,
  ImageObjectsArguments,
  LsImageArguments,
  MissingObjectsArguments,
} from "./image_file_options.ts";
import { readImageFile } from "./opened_image_file.ts";

/** Runs `ls`. Throws `ImageError`, `UsageError`, or the reason of `signal`. */
export async function runLsImage(
  args: LsImageArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const output = new OutputStream(terminal, signal);
  for (const image of args.images) {
    for (const { path, inode } of walk(readImageFile(image, args.filter))) {
      if (path === "") continue;
      const { kind, content, target } = inode;
      let end = "";
      if (kind === FileKind.directory) end = "/\t";
      else if (kind === FileKind.symlink) end = `\t-> ${escapeName(target)}`;
      else if (content?.payload !== undefined) end = `\t@ ${escapeName(content.payload)}`;
      output.write(`${escapeName(`/${path}`).replaceAll("\\x20", " ")}${end}\n`);
      await output.turn();
    }
  }
  await output.flush();
}

/** Runs `dump`. Throws like `runLsImage`. */
export async function runDumpImage(
  args: DumpImageArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const output = new OutputStream(terminal, signal);
  for (const image of args.images) {
    for (const line of dumpTree(readImageFile(image, args.filter), (content) => content)) {
      output.write(`${line}\n`);
      await output.turn();
    }
  }
  await output.flush();
}

/** Runs `image-objects`. Throws like `runLsImage`. */
export async function runImageObjects(
  args: ImageObjectsArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  await writePaths(objectsOf(args), terminal, signal);
}

/** Runs `missing-objects`. Throws like `runLsImage`. */
export async function runMissingObjects(
  args: MissingObjectsArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const isMissing = (path: ByteString) => {
    const file = objectFile(args.baseDirectory, path);
    try {
      Deno.statSync(file);
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      throw systemError(error, "find object", file);
    }
  };
  await writePaths(objectsOf(args).filter(isMissing), terminal, signal);
}

/** Where the object with that path in an image is. */
export function objectFile(baseDirectory: string, path: ByteString): string {
  return join(baseDirectory, new TextDecoder().decode(bytesOf(path)));
}

/** The paths of all objects, in order, each once. */
function objectsOf(args: ImageObjectsArguments | MissingObjectsArguments): ByteString[] {
  const paths = new Set<ByteString>();
  for (const image of args.images) {
    for (const { inode } of walk(readImageFile(image, args.filter))) {
      if (inode.content?.payload !== undefined) paths.add(inode.content.payload);
    }
  }
  return [...paths].sort();
}

async function writePaths(
  paths: readonly ByteString[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const output = new OutputStream(terminal, signal);
  for (const path of paths) {
    output.write(`${escapeName(path)}\n`);
    await output.turn();
  }
  await output.flush();
}

/** A name with escapes, which cannot move a cursor. */
function escapeName(name: ByteString): string {
  return name === "-" ? name : escapeField(name);
}
