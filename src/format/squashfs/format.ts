/**
 * squashfs images: the door of this folder, which is also usable alone.
 *
 * Place the bytes of files as they come, hang the files into a tree, and finish:
 *
 * @example An image of one file
 * ```ts
 * import { memorySink } from "@x/oci2rootfs";
 * import { emptyTree, FileKind, Inode, squashfs, type SquashfsContent } from "@x/oci2rootfs/squashfs";
 *
 * const sink = memorySink();
 * const output = sink.open();
 * const writer = squashfs({ compression: "zstd:19" }).createWriter(output, {
 *   identity: () => "hello 1",
 *   createdSeconds: 1_700_000_000,
 *   expectedBytes: 0,
 *   onNotice: ({ message }) => console.warn(message),
 * });
 *
 * const bytes = new TextEncoder().encode("Hello, world!\n");
 * const inode = new Inode<SquashfsContent>(FileKind.regular, 0o644);
 * inode.size = bytes.length;
 * const file = writer.beginFile(inode.size);
 * file.write(bytes);
 * inode.content = file.end();
 *
 * const tree = emptyTree<SquashfsContent>();
 * tree.root.children!.set("hello", inode);
 * const { imageSize } = await writer.finish(tree);
 * writer.close?.();
 * output.commit();
 * console.assert(imageSize === 4096);
 * ```
 *
 * @module
 */
import type { ByteSource } from "../../io/byte_source.ts";
import type { ImageFormat } from "../image_format.ts";
import type { ImageReader } from "../image_reader.ts";
import type { SquashfsContent } from "./content.ts";
import { resolveSquashfsOptions, type SquashfsOptions } from "./options.ts";
import { SquashfsWriter } from "./writer.ts";

export type { ImageDescription, ImageProblem, ImageReader } from "../image_reader.ts";
export type { ContentReader } from "../../tree/content_reader.ts";
export type { ByteSource } from "../../io/byte_source.ts";
export type { ByteString } from "../../bytes/byte_string.ts";
export { ImageError } from "../../image_error.ts";
export type { ErrorPlace, ImageErrorCode, ImageErrorOptions } from "../../image_error.ts";
export type { ByteSink } from "../../io/byte_sink.ts";
export type { Notice, NoticeCode, NoticeListener } from "../../notice.ts";
export { emptyTree, type FileTree } from "../../tree/file_tree.ts";
export { FileKind, Inode, type Xattr } from "../../tree/inode.ts";
export type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
  WriteReport,
} from "../image_format.ts";
export type { OnLoss } from "../loss.ts";
export { SquashfsContent } from "./content.ts";
export type { SquashfsOptions } from "./options.ts";
export { SQUASHFS_FORMAT_NUMBER } from "./writer.ts";

/**
 * squashfs 4.0 images. The same input and options give the same bytes, for any number of workers.
 * Throws `RangeError` for options out of range.
 *
 * @example
 * ```ts
 * import { squashfs } from "@x/oci2rootfs/squashfs";
 *
 * const format = squashfs({ compression: "gzip", blockSize: 1024 * 1024 });
 * console.assert(format.name === "squashfs" && !format.streams);
 * ```
 */
export function squashfs(options: SquashfsOptions = {}): ImageFormat<SquashfsContent> {
  const resolved = resolveSquashfsOptions(options);
  return {
    name: "squashfs",
    streams: false,
    createWriter: (sink, context) => new SquashfsWriter(sink, context, resolved),
  };
}

/**
 * Opens a SquashFS image of version 4 and reads its tree.
 *
 * Rejects with `ImageError` `CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED` or `IO`. The source is the
 * caller's where it rejects, else the reader's.
 *
 * @example
 * ```ts
 * import { convert, fileSink, fileSource, openImage } from "@x/oci2rootfs";
 * import { squashfs, openSquashfs } from "@x/oci2rootfs/squashfs";
 *
 * const path = await Deno.makeTempFile({ suffix: ".squashfs" });
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, squashfs({ onLoss: "report" }), fileSink(path));
 * await image.close();
 *
 * const reader = await openSquashfs(fileSource(path));
 * const passwd = reader.tree.root.children!.get("etc")!.children!.get("passwd")!;
 * const bytes = new Uint8Array(passwd.size);
 * reader.read(passwd.content!, bytes, 0);
 * console.assert(new TextDecoder().decode(bytes).startsWith("root:x:0:0:"));
 * await reader.check(({ message }) => console.error(message));
 * reader.close();
 * await Deno.remove(path);
 * ```
 */
export async function openSquashfs(
  source: ByteSource,
): Promise<ImageReader<SquashfsContent>> {
  const reader = await import("./reader.ts");
  return await reader.openSquashfs(source);
}
