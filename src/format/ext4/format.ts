/**
 * The ext4 format: the door of this folder.
 *
 * @module
 */
import type { ImageFormat } from "../image_format.ts";
import type { Ext4Content } from "./content.ts";
import { type Ext4Options, resolveOptions } from "./options.ts";
import { Ext4Writer } from "./writer.ts";

export { Ext4Content, type Ext4Extent } from "./content.ts";
export type { Ext4Options, FreeRoom } from "./options.ts";
export { EXT4_FORMAT_NUMBER } from "./identity.ts";

/**
 * ext4 images. The same input and options give the same bytes, unless the UUID is `"random"`.
 * Throws `RangeError` or `TypeError` for options out of range.
 *
 * @example
 * ```ts
 * import { ext4 } from "@x/oci2rootfs/ext4";
 *
 * const format = ext4({ label: "root", free: { percent: 20 } });
 * console.assert(format.name === "ext4" && !format.streams);
 * ```
 */
export function ext4(options: Ext4Options = {}): ImageFormat<Ext4Content> {
  const resolved = resolveOptions(options);
  return {
    name: "ext4",
    streams: false,
    createWriter: (sink, context) => new Ext4Writer(sink, context, resolved),
  };
}
