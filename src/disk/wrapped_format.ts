/**
 * What dm-verity, partition tables and disk files have in common: each is put around an image
 * format and is one itself.
 *
 * @module
 */
import type { ImageFormat, ImageWriter, WriteReport } from "../format/image_format.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import type { FileTree } from "../tree/file_tree.ts";

/** A piece of an image that is a device of its own where the image is partitioned. */
export interface ImagePart {
  /** What it is. */
  readonly role: "root" | "root-verity";
  /** Where it starts, bytes from the start of the image. */
  readonly offset: number;
  /** Its bytes. */
  readonly size: number;
  /** The UUID of its partition, in the order of its text; `null` for any. */
  readonly uuid: Uint8Array | null;
}

/** What a wrapped image looks like. */
export interface WrappedReport extends WriteReport {
  /** Its pieces, where it has several. */
  readonly parts?: readonly ImagePart[];
}

/** What a wrapper found out about an image, and what it made of it. */
export interface WrapResult {
  /** Bytes of all, with what the wrapper added. */
  readonly imageSize: number;
  /** Bytes that were written, those of the image included. */
  readonly writtenBytes: number;
  /** Facts to add to the report. */
  readonly details: WriteReport["details"];
  /** Its pieces, where it has several. */
  readonly parts?: readonly ImagePart[];
}

/** Refuses what is no filesystem image, since it is written in order or is none: `TypeError`. */
export function expectWrappable(format: ImageFormat<unknown>, wrapper: string): void {
  if (format.streams || format.makesTree) {
    throw new TypeError(
      `Cannot put ${format.name} into ${wrapper}: it is no filesystem image, expected ext4, squashfs or erofs`,
    );
  }
}

/**
 * The writer of `inner` with something around it: `wrap` is called with the finished report and
 * adds its bytes. `close` is called once in every case.
 */
export function wrappedWriter<C>(
  inner: ImageWriter<C>,
  name: string,
  wrap: (report: WrappedReport) => WrapResult | Promise<WrapResult>,
): ImageWriter<C> {
  return {
    openFileCount: inner.openFileCount,
    beginFile: (size) => inner.beginFile(size),
    release: (content) => inner.release(content),
    async finish(tree: FileTree<C>): Promise<WrappedReport> {
      const report: WrappedReport = await inner.finish(tree);
      const { details, ...sizes } = await wrap(report);
      const before = report.details.containers;
      const containers = before === undefined ? name : `${before}+${name}`;
      return {
        format: report.format,
        ...sizes,
        details: { ...report.details, ...details, containers },
      };
    },
    close: () => inner.close?.(),
  };
}

/** The reading of a sink; throws `TypeError` where it cannot be read back. */
export function readerOf(sink: ByteSink, purpose: string): (into: Uint8Array, at: number) => void {
  if (sink.read === undefined) {
    throw new TypeError(`Cannot make ${purpose}: the output cannot be read back, expected a file`);
  }
  return (into, at) => sink.read!(into, at);
}
