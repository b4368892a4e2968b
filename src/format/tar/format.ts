/**
 * tar archives: the door of this folder, which is also usable alone. It has the writer and the
 * parser.
 *
 * @example An archive of one file
 * ```ts
 * import { memorySink } from "@x/oci2rootfs";
 * import { FileKind, Inode, type SpooledContent, tar } from "@x/oci2rootfs/tar";
 *
 * const sink = memorySink();
 * const output = sink.open();
 * const writer = tar({ compression: "zstd" }).createWriter(output, {
 *   identity: () => "hello 1",
 *   createdSeconds: 0,
 *   expectedBytes: 0,
 *   onNotice: ({ message }) => console.warn(message),
 * });
 *
 * const bytes = new TextEncoder().encode("Hello, world!\n");
 * const hello = new Inode<SpooledContent>(FileKind.regular, 0o644);
 * hello.size = bytes.length;
 * const file = writer.beginFile(hello.size);
 * file.write(bytes);
 * hello.content = file.end();
 * const root = new Inode<SpooledContent>(FileKind.directory, 0o755);
 * root.children!.set("hello", hello);
 *
 * const { details } = await writer.finish({ root });
 * writer.close!();
 * output.commit();
 * console.assert(details.members === 2);
 * ```
 *
 * @module
 */
import type { ImageFormat } from "../image_format.ts";
import type { SpooledContent } from "../spool.ts";
import { resolveTarOptions, type TarOptions } from "./options.ts";
import { TarWriter } from "./writer.ts";

export * from "../../layer/tar/tar_parser.ts";
export type { ByteSink } from "../../io/byte_sink.ts";
export type { FileTree } from "../../tree/file_tree.ts";
export { FileKind, Inode, type Xattr } from "../../tree/inode.ts";
export type { DirectoryMarks, LayerMarks } from "../../tree/layer_marks.ts";
export type {
  FileWriter,
  ImageFormat,
  ImageWriter,
  WriterContext,
  WriteReport,
} from "../image_format.ts";
export type { OnLoss } from "../loss.ts";
export type { SpooledContent } from "../spool.ts";
export type { TarOptions } from "./options.ts";

/**
 * tar archives in PAX form, members in the order of the tree. The same input and options give the
 * same bytes. Throws `RangeError` for a compression that is not known.
 *
 * @example
 * ```ts
 * import { tar } from "@x/oci2rootfs/tar";
 *
 * const format = tar({ compression: "gzip:9" });
 * console.assert(format.name === "tar" && format.streams);
 * ```
 */
export function tar(options: TarOptions = {}): ImageFormat<SpooledContent> {
  const resolved = resolveTarOptions(options);
  return {
    name: "tar",
    streams: true,
    makesLayer: resolved.keepWhiteouts,
    createWriter: (sink, context) => new TarWriter(sink, context, resolved),
  };
}
