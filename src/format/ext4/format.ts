/**
 * ext4 images: the door of this folder, which is also usable alone.
 *
 * Place the bytes of files as they come, hang the files into a tree, and finish:
 *
 * @example An image of a few strings, in two directories
 * ```ts
 * import { memorySink } from "@x/oci2rootfs";
 * import { emptyTree, ext4, type Ext4Content, FileKind, Inode } from "@x/oci2rootfs/ext4";
 *
 * const sink = memorySink();
 * const output = sink.open();
 * const writer = ext4({ label: "hello", readOnly: true }).createWriter(output, {
 *   identity: () => "hello 1",
 *   createdSeconds: 1_700_000_000,
 *   expectedBytes: 0,
 *   onNotice: ({ message }) => console.warn(message),
 * });
 *
 * const { root } = emptyTree<Ext4Content>();
 * function addFile(directory: Inode<Ext4Content>, name: string, text: string) {
 *   const bytes = new TextEncoder().encode(text);
 *   const inode = new Inode<Ext4Content>(FileKind.regular, 0o644);
 *   inode.size = bytes.length;
 *   const file = writer.beginFile(inode.size);
 *   file.write(bytes);
 *   inode.content = file.end();
 *   directory.children!.set(name, inode);
 * }
 *
 * addFile(root, "hello", "Hello, world!\n");
 * const etc = new Inode<Ext4Content>(FileKind.directory, 0o755);
 * root.children!.set("etc", etc);
 * addFile(etc, "hostname", "example\n");
 *
 * const { imageSize } = await writer.finish({ root });
 * output.commit();
 * console.assert(imageSize < 100_000);
 * ```
 *
 * @example A directory of this machine
 * ```ts
 * import { convert, memorySink, rootDirectory } from "@x/oci2rootfs";
 * import { ext4 } from "@x/oci2rootfs/ext4";
 *
 * const directory = await rootDirectory("testdata/layouts");
 * const sink = memorySink();
 * const { image, counts } = await convert(directory, ext4({ readOnly: true }), sink);
 * await directory.close();
 * console.assert(image.imageSize === sink.bytes.length && counts.regular > 0);
 * ```
 *
 * @module
 */
import type { ByteSource } from "../../io/byte_source.ts";
import type { NoticeListener } from "../../notice.ts";
import type { ImageFormat } from "../image_format.ts";
import type { ImageReader } from "../image_reader.ts";
import type { Ext4Content } from "./content.ts";
import { type Ext4Options, resolveOptions } from "./options.ts";
import { Ext4Writer } from "./writer.ts";

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
export { Ext4Content, type Ext4Extent, Ext4InlineContent } from "./content.ts";
export { EXT4_FORMAT_NUMBER } from "./identity.ts";
export type { Ext4Options, FreeRoom } from "./options.ts";

/**
 * ext4 images. The same input and options give the same bytes, unless the UUID is `"random"`.
 * Throws `RangeError` or `TypeError` for options out of range.
 *
 * @example
 * ```ts
 * import { ext4 } from "@x/oci2rootfs/ext4";
 *
 * const format = ext4({ label: "root", free: { percent: 20 }, journal: "auto" });
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

/**
 * Opens an ext4, ext3 or ext2 image and reads its tree. The journal of one that was not unmounted is
 * replayed in memory, with a notice.
 *
 * Rejects with `ImageError` `CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED` or `IO`, or the reason of
 * `signal`. The source is the caller's where it rejects, else the reader's.
 *
 * @example
 * ```ts
 * import { convert, fileSink, fileSource, openImage } from "@x/oci2rootfs";
 * import { ext4, openExt4 } from "@x/oci2rootfs/ext4";
 *
 * const path = await Deno.makeTempFile({ suffix: ".ext4" });
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, ext4(), fileSink(path));
 * await image.close();
 *
 * const reader = await openExt4(fileSource(path));
 * const passwd = reader.tree.root.children!.get("etc")!.children!.get("passwd")!;
 * const bytes = new Uint8Array(passwd.size);
 * reader.read(passwd.content!, bytes, 0);
 * console.assert(new TextDecoder().decode(bytes).startsWith("root:x:0:0:"));
 * await reader.check(({ message }) => console.error(message));
 * reader.close();
 * await Deno.remove(path);
 * ```
 */
export async function openExt4(
  source: ByteSource,
  onNotice: NoticeListener = () => {},
  signal?: AbortSignal,
): Promise<ImageReader<Ext4Content>> {
  const reader = await import("./reader.ts");
  return await reader.openExt4ByTurns(source, onNotice, signal);
}
