/**
 * Directories of this machine: the door of this folder.
 *
 * @example An image as a directory
 * ```ts
 * import { convert, openImage } from "@x/oci2rootfs";
 * import { directory, directorySink } from "@x/oci2rootfs/directory";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const place = await Deno.makeTempDir();
 * const format = directory({ onLoss: "report" });
 * await convert(image, format, directorySink(`${place}/rootfs`));
 * await image.close();
 * console.assert(Deno.statSync(`${place}/rootfs/etc/passwd`).isFile);
 * await Deno.remove(place, { recursive: true });
 * ```
 *
 * @module
 */
import type { ImageFormat } from "../image_format.ts";
import type { DirectoryFormatOptions } from "./options.ts";
import { DirectoryWriter } from "./writer.ts";

export { directorySink } from "../../io/directory_sink.ts";
export type { DirectorySinkOptions } from "../../io/directory_sink.ts";
export type { FileTimes, HostBody, TreeMaker } from "../../io/tree_maker.ts";
export type { OnLoss } from "../loss.ts";
export type { DirectoryFormatOptions } from "./options.ts";

/**
 * Real files in a directory, with owners, permissions, extended attributes, devices, hard links,
 * holes and times. The sink must be a `directorySink()`.
 *
 * @example
 * ```ts
 * import { directory } from "@x/oci2rootfs/directory";
 *
 * console.assert(directory().makesTree);
 * ```
 */
export function directory(options: DirectoryFormatOptions = {}): ImageFormat<number> {
  return {
    name: "directory",
    streams: false,
    makesTree: true,
    createWriter: (sink, context) => new DirectoryWriter(sink, context, options),
  };
}
