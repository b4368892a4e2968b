/**
 * A layer directory of Docker's overlay2 driver with all below it, as an image.
 *
 * Such a directory has its files in `diff`, a short name of its own in `link`, and in `lower` the
 * short names of all layers below it, nearest first, as `l/NAME:l/NAME…`: symbolic links beside the
 * layer directories that lead to the `diff` of each (`../ID/diff`).
 *
 * @module
 */
import { lstatSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import { systemError } from "../io/system_error.ts";
import { quote } from "../oci/quote.ts";
import type { Image } from "./image.ts";
import { createRequest } from "./open_options.ts";
import { expectKind, pathExists, pathKind } from "./path_kind.ts";
import { directoryLayer, type RootDirectoryOptions } from "./root_directory.ts";
import { rootImage } from "./root_image.ts";

/** Most layers that the kernel mounts over each other. */
const MOST_LAYERS = 500;
/** Bytes that a `lower` file may have: the options of a mount are a page. */
const LARGEST_LOWER = 65_536;

/**
 * Opens the layer directory at `path` of a Docker overlay2 store and all layers below it: the tree
 * that the kernel shows where they are mounted over each other. It has neither configuration nor
 * digest. Takes the C library (`--allow-ffi`, Linux), and root where root made the store.
 *
 * Throws `ImageError` `NOT_FOUND` (no such directory, or a missing layer), `CORRUPT` (a `lower` file
 * that makes no sense, a layer below itself), `UNSAFE_PATH` (a link that leaves the store),
 * `LIMIT_EXCEEDED`, `PERMISSION` or `IO`.
 */
// deno-lint-ignore require-await -- an error must be a rejection
export async function overlay2(path: string, options: RootDirectoryOptions = {}): Promise<Image> {
  const request = createRequest(`overlay2:${path}`, {}, options);
  request.checkCancelled();
  try {
    return rootImage(request, directoryLayer(overlay2Chain(path), "overlay", options));
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }
}

/** Whether the directory at `path` looks like a layer directory of an overlay2 store. */
export function isOverlay2Layer(path: string): boolean {
  return pathKind(join(path, "diff")) === "directory" && pathKind(join(path, "link")) === "file";
}

/**
 * The directories with the files of the layer directory at `path` and of all layers below it, newest
 * first. Throws like {@linkcode overlay2}.
 */
export function overlay2Chain(path: string): string[] {
  expectKind(path, ["directory"]);
  if (!isOverlay2Layer(path)) {
    throw failure("NOT_FOUND", path, "it has no directory diff and file link", "an overlay2 layer");
  }
  const directory = attempt(path, () => realpathSync(path));
  const store = dirname(directory);
  const seen = new Set<string>();
  return [basename(directory), ...lowerLayers(store, directory)].map((name) => {
    if (seen.has(name)) {
      throw failure("CORRUPT", path, `layer ${quote(name)} is below itself`, "each layer once");
    }
    seen.add(name);
    return layerFiles(join(store, name), path);
  });
}

/**
 * The directory with the files of the layer directory at `directory` alone; `path` names in messages
 * what it was found for. Throws like {@linkcode overlay2}.
 */
export function layerFiles(directory: string, path: string): string {
  const files = join(directory, "diff");
  // A link in place of either could lead anywhere.
  for (const place of [directory, files]) expectRealDirectory(place, path);
  return files;
}

/** Names of the layer directories below the one at `directory`, nearest first. */
function lowerLayers(store: string, directory: string): string[] {
  const file = join(directory, "lower");
  const kind = attempt(file, () => pathKind(file));
  if (kind === null) return [];
  if (kind !== "file") throw failure("CORRUPT", file, "it is no regular file", "a list of layers");
  const { size } = attempt(file, () => lstatSync(file));
  if (size > LARGEST_LOWER) {
    throw failure("LIMIT_EXCEEDED", file, `it has ${size} bytes`, `at most ${LARGEST_LOWER}`);
  }
  const text = attempt(file, () => readFileSync(file, "utf8")).trim();
  const links = text === "" ? [] : text.split(":");
  if (links.length >= MOST_LAYERS) {
    const observed = `it names ${links.length} layers`;
    throw failure("LIMIT_EXCEEDED", file, observed, `fewer than ${MOST_LAYERS}`);
  }
  return links.map((link) => layerOfLink(store, link, file));
}

/** The layer directory that `l/NAME` leads to. */
function layerOfLink(store: string, link: string, file: string): string {
  const parts = link.split("/");
  if (parts.length !== 2 || parts[0] !== "l" || !isName(parts[1])) {
    const code = link.startsWith("/") || parts.includes("..") ? "UNSAFE_PATH" : "CORRUPT";
    throw failure(code, file, `it names ${quote(link)}`, "links l/NAME with a colon between them");
  }
  const place = join(store, link);
  let target: string;
  try {
    target = readlinkSync(place);
  } catch (cause) {
    if ((cause as { code?: unknown }).code === "EINVAL") {
      throw failure("CORRUPT", place, "it is no symbolic link", "one to ../ID/diff");
    }
    throw systemError(cause, "read overlay2 link", place);
  }
  const [up, name, last, ...rest] = target.split("/");
  if (up !== ".." || !isName(name) || last !== "diff" || rest.length > 0) {
    throw failure("UNSAFE_PATH", place, `it leads to ${quote(target)}`, "a layer as ../ID/diff");
  }
  return name;
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== "" && text !== "." && text !== ".." && text !== "l";
}

/**
 * Throws `ImageError` `NOT_FOUND`, `UNSAFE_PATH` for a symbolic link, or `CORRUPT` where no directory
 * is at `place`, which belongs to the layer at `path`.
 */
export function expectRealDirectory(place: string, path: string): void {
  if (!pathExists(place)) {
    throw failure("NOT_FOUND", path, `layer directory ${quote(place)} is not there`, "all layers");
  }
  const stat = attempt(place, () => lstatSync(place));
  if (stat.isDirectory()) return;
  const isLink = stat.isSymbolicLink();
  throw failure(
    isLink ? "UNSAFE_PATH" : "CORRUPT",
    place,
    isLink ? "it is a symbolic link" : "it is no directory",
    "a directory",
  );
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw systemError(error, "read layer directory", path);
  }
}

function failure(
  code: ImageErrorCode,
  path: string,
  observed: string,
  expected: string,
): ImageError {
  return new ImageError(
    code,
    `Cannot read layer directory ${quote(path)}: ${observed}, expected ${expected}`,
    { where: { source: path } },
  );
}
