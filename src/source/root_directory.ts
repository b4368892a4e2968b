/**
 * A directory of this machine as an image of one layer.
 *
 * @module
 */
import type { DirectoryLayerJob, Layer } from "../layer/layer.ts";
import type { DirectoryOptions } from "./directory_options.ts";
import type { Image } from "./image.ts";
import { createRequest, type OpenOptions } from "./open_options.ts";
import { expectKind } from "./path_kind.ts";
import { rootImage } from "./root_image.ts";

/** Options of {@linkcode rootDirectory} and of `overlay2`. */
export interface RootDirectoryOptions extends OpenOptions, DirectoryOptions {}

/**
 * Opens the directory at `path` as a root filesystem: all files below it with owners, times, extended
 * attributes, devices, hard links and holes. Symbolic links in it are kept, never followed. It has
 * neither configuration nor digest. Nobody may change it while it is converted: that is an error.
 *
 * Where the C library cannot be called (`--allow-ffi`, Linux), a notice `LOSS` says what is lost.
 *
 * Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO`.
 */
// deno-lint-ignore require-await -- an error must be a rejection
export async function rootDirectory(
  path: string,
  options: RootDirectoryOptions = {},
): Promise<Image> {
  const request = createRequest(`dir:${path}`, {}, options);
  request.checkCancelled();
  expectKind(path, ["directory"]);
  return rootImage(request, directoryLayer([path], "none", options));
}

/** The only layer of an image: a directory, or the overlay of several, newest first. */
export function directoryLayer(
  directories: readonly string[],
  markers: DirectoryLayerJob["markers"],
  options: DirectoryOptions,
): Layer {
  const what = markers === "none" ? "directory" : "overlay";
  return {
    index: 0,
    name: directories.length === 1 ? `0 (${what})` : `0 (overlay of ${directories.length})`,
    size: 0,
    job: {
      kind: "directory",
      directories,
      markers,
      oneFileSystem: options.oneFileSystem ?? false,
      keepsHostLabels: options.keepHostLabels ?? false,
      declaredCompression: null,
      digest: null,
      diffId: null,
    },
  };
}
