/**
 * cpio archives, as the kernel takes them for an initramfs: the door of this folder.
 *
 * @example An image as an initramfs
 * ```ts
 * import { convert, memorySink, openImage } from "@x/oci2rootfs";
 * import { cpio } from "@x/oci2rootfs/cpio";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const sink = memorySink();
 * await convert(image, cpio({ compression: "zstd", onLoss: "report" }), sink);
 * await image.close();
 * console.assert(sink.bytes.length > 0);
 * ```
 *
 * @module
 */
import type { ImageFormat } from "../image_format.ts";
import type { SpooledContent } from "../spool.ts";
import { parseStreamCompression } from "../stream_compression.ts";
import type { CpioOptions } from "./options.ts";
import { CpioWriter } from "./writer.ts";

export type { OnLoss } from "../loss.ts";
export type { SpooledContent } from "../spool.ts";
export type { CpioOptions } from "./options.ts";

/**
 * cpio archives of the kind `newc`, members in the order of the tree. The same input and options
 * give the same bytes. Throws `RangeError` for a compression that is not known.
 *
 * @example
 * ```ts
 * import { cpio } from "@x/oci2rootfs/cpio";
 *
 * console.assert(cpio({ compression: "gzip:9" }).streams);
 * ```
 */
export function cpio(options: CpioOptions = {}): ImageFormat<SpooledContent> {
  const compression = parseStreamCompression(options.compression ?? "none");
  const onLoss = options.onLoss ?? "error";
  return {
    name: "cpio",
    streams: true,
    createWriter: (sink, context) => new CpioWriter(sink, context, compression, onLoss),
  };
}
