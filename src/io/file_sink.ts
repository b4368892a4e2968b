/**
 * A file as destination of an image: a regular file, replaced in one step, or a block device.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import type { NoticeListener } from "../notice.ts";
import { openBlockDevice } from "./block_device_sink.ts";
import type { ImageSink, OpenSink } from "./byte_sink.ts";
import { openPartialFile } from "./partial_file.ts";
import { refusedOutput } from "./refused_output.ts";
import { systemError } from "./system_error.ts";

/** As many symbolic links as Linux follows. */
const MAX_LINKS = 40;

/** Options of {@linkcode fileSink}. */
export interface FileSinkOptions {
  /** Lets a block device be overwritten. */
  force?: boolean;
  /** Files that are being read: none of them is replaced. */
  inputs?: readonly string[];
  /** Directories that are being read with all that is in them: the output does not go there. */
  inputTrees?: readonly InputTree[];
}

/** A directory that is being read. */
export interface InputTree {
  /** The directory. */
  readonly path: string;
  /** Directories in which another filesystem is mounted are not read. */
  readonly oneFileSystem: boolean;
}

/**
 * The file at `path` as destination.
 *
 * A regular file is written beside its destination under a hidden name and renamed when it is
 * complete and on the disk: an existing one keeps its content until then and passes its permissions on. A
 * symbolic link is followed. A block device is written in place, only with `force`, and must
 * not be mounted. A directory or anything else is refused.
 *
 * `open()` throws `ImageError` `EXISTS` for a destination that must not be replaced, `PERMISSION`,
 * `NOT_FOUND` where there is no such directory, or `IO`. This throws `TypeError` for an empty path.
 */
export function fileSink(path: string, options: FileSinkOptions = {}): ImageSink {
  if (path === "") throw new TypeError("fileSink(): path is empty, expected the name of a file");
  return { name: path, seekable: true, open: (onNotice = ignore) => open(path, options, onNotice) };
}

function open(path: string, options: FileSinkOptions, onNotice: NoticeListener): OpenSink {
  const destination = followLinks(path);
  const existing = statOrNull(destination);
  expectOutside(path, destination, options.inputTrees ?? []);
  if (existing === null) {
    if (path.endsWith("/")) throw refusedOutput(path, "its name ends with a slash", "a file");
    return openPartialFile(destination, null, onNotice);
  }
  for (const input of options.inputs ?? []) {
    const other = statOrNull(input);
    if (other !== null && other.ino === existing.ino && other.dev === existing.dev) {
      throw refusedOutput(path, `it is the input "${input}"`, "another file");
    }
  }
  if (existing.isFile) {
    const permissions = existing.mode === null ? null : existing.mode % 0o1000;
    return openPartialFile(destination, permissions, onNotice);
  }
  if (existing.isBlockDevice) {
    if (!options.force) {
      const expected = "a regular file, or consent to overwrite it";
      throw refusedOutput(path, "it is a block device", expected, "device");
    }
    return openBlockDevice(destination);
  }
  throw refusedOutput(path, kindName(existing), "a regular file or a block device");
}

/**
 * The file that an output at `path` becomes, whatever links and dots lead to it: two outputs with
 * the same answer would be one.
 */
export function outputPlace(path: string): string {
  try {
    const destination = resolve(followLinks(path));
    return join(Deno.realPathSync(dirname(destination)), basename(destination));
  } catch {
    return resolve(path); // What is wrong with it is told when it is opened.
  }
}

/** Refuses an output that would be part of what is read for it. */
export function expectOutside(
  path: string,
  destination: string,
  trees: readonly InputTree[],
): void {
  for (const tree of trees) {
    const input = visibleOrNull(tree.path);
    // All directories from that of the output up to the root of the machine.
    let directory = resolveDirectory(dirname(destination));
    const home = directory === null ? null : visibleOrNull(directory);
    if (input === null || home === null) continue;
    if (tree.oneFileSystem && home.dev !== input.dev) continue;
    for (; directory !== null; directory = parentOf(directory)) {
      const info = visibleOrNull(directory);
      if (info !== null && info.ino === input.ino && info.dev === input.dev) {
        throw refusedOutput(path, `it is inside the input "${tree.path}"`, "a place outside of it");
      }
    }
  }
}

function resolveDirectory(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null; // What is wrong with it is told when the output is opened.
  }
}

/** What must not be looked at is not the input, which is read. */
function visibleOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

function parentOf(directory: string): string | null {
  const parent = dirname(directory);
  return parent === directory ? null : parent;
}

/**
 * The path that `path` leads to when it is a symbolic link, which need not exist: the link stays
 * and what it names is replaced.
 */
function followLinks(path: string): string {
  let current = path;
  try {
    for (let i = 0; i < MAX_LINKS; i++) {
      const info = lstatOrNull(current);
      if (info === null || !info.isSymlink) return current;
      current = resolve(Deno.realPathSync(dirname(current)), Deno.readLinkSync(current));
    }
  } catch (error) {
    throw systemError(error, "open output", path);
  }
  throw refusedOutput(path, "too many symbolic links", "a file");
}

function statOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw systemError(error, "open output", path);
  }
}

function lstatOrNull(path: string): Deno.FileInfo | null {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function kindName(info: Deno.FileInfo): string {
  if (info.isDirectory) return "it is a directory";
  if (info.isCharDevice) return "it is a character device";
  if (info.isFifo) return "it is a fifo";
  if (info.isSocket) return "it is a socket";
  return "it is no file";
}

function ignore(): void {}
