/**
 * EROFS images: the door of this folder, which is also usable alone.
 *
 * @example A directory as a compressed, read-only image
 * ```ts
 * import { convert, memorySink, rootDirectory } from "@x/oci2rootfs";
 * import { erofs } from "@x/oci2rootfs/erofs";
 *
 * const directory = await rootDirectory("testdata/layouts");
 * const sink = memorySink();
 * const { image } = await convert(directory, erofs({ compression: "zstd:3" }), sink);
 * await directory.close();
 * console.assert(image.imageSize === sink.bytes.length);
 * ```
 *
 * @module
 */
import type { ByteSource } from "../../io/byte_source.ts";
import type { ImageFormat } from "../image_format.ts";
import type { ImageReader } from "../image_reader.ts";
import type { ErofsContent } from "./content.ts";
import { type ErofsOptions, resolveOptions } from "./options.ts";
import { ErofsWriter } from "./writer.ts";

export type { ImageDescription, ImageProblem, ImageReader } from "../image_reader.ts";
export type { ContentReader } from "../../tree/content_reader.ts";
export type { ByteSource } from "../../io/byte_source.ts";
export type { ByteString } from "../../bytes/byte_string.ts";
export { ImageError } from "../../image_error.ts";
export type { ErrorPlace, ImageErrorCode, ImageErrorOptions } from "../../image_error.ts";
export type { ByteSink } from "../../io/byte_sink.ts";
export type { FileTimes, HostBody, TreeMaker } from "../../io/tree_maker.ts";
export type { Notice, NoticeCode, NoticeListener } from "../../notice.ts";
export { emptyTree, type FileTree } from "../../tree/file_tree.ts";
export { FileKind, Inode, type Xattr } from "../../tree/inode.ts";
export type { DirectoryMarks, LayerMarks } from "../../tree/layer_marks.ts";
export type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
  WriteReport,
} from "../image_format.ts";
export {
  ChunkedContent,
  CompressedContent,
  type ErofsContent,
  type ErofsRun,
  FlatContent,
} from "./content.ts";
export { EROFS_FORMAT_NUMBER } from "./identity.ts";
export type { ErofsOptions } from "./options.ts";

/**
 * EROFS images. The same input and options give the same bytes, unless the UUID is `"random"`.
 * Throws `RangeError` for options that are not allowed.
 */
export function erofs(options: ErofsOptions = {}): ImageFormat<ErofsContent> {
  const resolved = resolveOptions(options);
  const workers = options.compressionWorkers ?? navigator.hardwareConcurrency;
  if (!Number.isSafeInteger(workers) || workers < 0) {
    throw new RangeError(`Cannot use ${workers} compression workers, expected 0 or more`);
  }
  return {
    name: "erofs",
    streams: false,
    createWriter: (sink, context) => new ErofsWriter(sink, context, resolved, workers),
  };
}

/**
 * Opens an EROFS image and reads its tree.
 *
 * Rejects with `ImageError` `CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED` or `IO`. The source is the
 * caller's where it rejects, else the reader's.
 *
 * @example
 * ```ts
 * import { convert, fileSink, fileSource, openImage } from "@x/oci2rootfs";
 * import { erofs, openErofs } from "@x/oci2rootfs/erofs";
 *
 * const path = await Deno.makeTempFile({ suffix: ".erofs" });
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, erofs(), fileSink(path));
 * await image.close();
 *
 * const reader = await openErofs(fileSource(path));
 * const passwd = reader.tree.root.children!.get("etc")!.children!.get("passwd")!;
 * const bytes = new Uint8Array(passwd.size);
 * reader.read(passwd.content!, bytes, 0);
 * console.assert(new TextDecoder().decode(bytes).startsWith("root:x:0:0:"));
 * await reader.check(({ message }) => console.error(message));
 * reader.close();
 * await Deno.remove(path);
 * ```
 */
export async function openErofs(
  source: ByteSource,
): Promise<ImageReader> {
  const reader = await import("./reader.ts");
  return await reader.openErofs(source);
}
