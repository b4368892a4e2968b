/**
 * A qcow2 file: a disk for QEMU in which zeros take no room, and clusters may be compressed.
 *
 * @module
 */
import type { ImageFormat } from "../format/image_format.ts";
import { compressImage, IMAGE_START } from "./qcow2_compressed.ts";
import { Qcow2Sink } from "./qcow2_sink.ts";
import { CLUSTER_SIZE } from "./qcow2_tables.ts";
import { WindowSink } from "./window_sink.ts";
import { expectWrappable, readerOf, wrappedWriter } from "./wrapped_format.ts";

/** Options of {@linkcode qcow2}. */
export interface Qcow2Options {
  /**
   * How clusters are compressed. Compressed ones need an output that can be read back, and QEMU 5.1
   * or later to read them.
   *
   * @default {"none"}
   */
  readonly compression?: "none" | "zstd";
}

/**
 * `format` in a qcow2 file of version 3 with clusters of 64 KiB. Clusters of zeros are not stored.
 *
 * Throws `RangeError` for another compression, `TypeError` for a format that is no filesystem
 * image.
 *
 * @example
 * ```ts
 * import { convert, ext4, memorySink, openImage, qcow2 } from "@x/oci2rootfs";
 *
 * const image = await openImage("testdata/layouts/tiny");
 * const report = await convert(image, qcow2(ext4(), { compression: "zstd" }), memorySink());
 * await image.close();
 * const { diskSize } = report.image.details;
 * console.assert(Number(diskSize) > report.image.imageSize);
 * ```
 */
export function qcow2<C>(format: ImageFormat<C>, options: Qcow2Options = {}): ImageFormat<C> {
  expectWrappable(format, "a qcow2 file");
  const { compression = "none" } = options;
  if (compression !== "none" && compression !== "zstd") {
    throw new RangeError(
      `Cannot use compression "${compression}" for qcow2, expected none or zstd`,
    );
  }
  const details = (diskSize: number) => ({
    diskSize,
    qcow2ClusterSize: CLUSTER_SIZE,
    qcow2Compression: compression,
  });
  return {
    name: format.name,
    streams: false,
    createWriter(file, context) {
      if (compression === "none") {
        const disk = new Qcow2Sink(file);
        const inner = format.createWriter(disk, context);
        return wrappedWriter(inner, "qcow2", (report) => {
          disk.truncate(report.imageSize);
          const { diskSize, fileSize, writtenBytes } = disk.finish();
          return { imageSize: fileSize, writtenBytes, details: details(diskSize) };
        });
      }
      readerOf(file, "a compressed qcow2 file");
      const image = new WindowSink(file, IMAGE_START);
      const inner = format.createWriter(image, context);
      return wrappedWriter(inner, "qcow2", async (report) => {
        const { imageSize } = report;
        const made = await compressImage(file, image, imageSize, context.signal);
        const { diskSize, fileSize, writtenBytes } = made;
        return { imageSize: fileSize, writtenBytes, details: details(diskSize) };
      });
    },
  };
}
