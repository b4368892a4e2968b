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
import type { ByteSource } from "../../io/byte_source.ts";
import type { NoticeListener } from "../../notice.ts";
import type { ImageFormat } from "../image_format.ts";
import type { ImageReader } from "../image_reader.ts";
import type { SpooledContent } from "../spool.ts";
import { parseStreamCompression } from "../stream_compression.ts";
import type { CpioOptions } from "./options.ts";
import { CpioWriter } from "./writer.ts";

export type { ByteSource } from "../../io/byte_source.ts";
export type { NoticeListener } from "../../notice.ts";
export type { ImageReader } from "../image_reader.ts";
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

/**
 * Opens a cpio archive, plain or compressed as the kernel takes them, several after another too.
 *
 * Rejects with `ImageError` `CORRUPT`, `UNSUPPORTED`, `UNSAFE_PATH`, `LIMIT_EXCEEDED` or `IO`. The
 * source is the caller's where it rejects, else the reader's.
 *
 * @example
 * ```ts
 * import { convert, fileSink, fileSource, openImage } from "@x/oci2rootfs";
 * import { cpio, openCpio } from "@x/oci2rootfs/cpio";
 *
 * const path = await Deno.makeTempFile({ suffix: ".cpio" });
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, cpio({ onLoss: "report" }), fileSink(path));
 * await image.close();
 *
 * const reader = await openCpio(fileSource(path));
 * console.assert(reader.tree.root.children!.has("etc"));
 * reader.close();
 * await Deno.remove(path);
 * ```
 */
export async function openCpio(
  source: ByteSource,
  onNotice: NoticeListener = () => {},
): Promise<ImageReader> {
  const reader = await import("./reader.ts");
  return await reader.openCpio(source, onNotice);
}
