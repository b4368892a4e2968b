/**
 * A format of plain bytes, and a run of a format that needs no tree.
 *
 * @module
 */
import type { ImageFormat, WriteReport } from "../format/image_format.ts";
import type { ByteSink, ImageSink } from "../io/byte_sink.ts";
import { emptyTree } from "../tree/file_tree.ts";

/** What a format of plain bytes writes: pieces in the order of writing, and its size. */
export interface PlainImage {
  /** Bytes and their place. */
  readonly pieces: readonly { readonly bytes: Uint8Array; readonly position: number }[];
  /** Bytes of the image. */
  readonly size: number;
  /** Facts to report. */
  readonly details?: WriteReport["details"];
}

/** A format that writes the given bytes, then sets its size. */
export function plainFormat(image: PlainImage): ImageFormat<null> {
  return {
    name: "plain",
    streams: false,
    createWriter: (sink: ByteSink) => ({
      beginFile() {
        throw new TypeError("no files");
      },
      release() {},
      finish() {
        for (const { bytes, position } of image.pieces) sink.write(bytes, position);
        sink.truncate(image.size);
        const { size: imageSize, details = {} } = image;
        const writtenBytes = image.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
        return Promise.resolve({ format: "plain", imageSize, writtenBytes, details });
      },
    }),
  };
}

/** The bytes of a plain image. */
export function plainBytes(image: PlainImage): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(image.size);
  for (const { bytes: piece, position } of image.pieces) {
    if (position < image.size) bytes.set(piece.subarray(0, image.size - position), position);
  }
  return bytes;
}

/** Writes an image of `format` to `sink`. */
export async function writeImage(
  format: ImageFormat<null>,
  sink: ImageSink,
  identity = "sha256:0123456789abcdef",
): Promise<WriteReport> {
  const output = sink.open();
  try {
    const writer = format.createWriter(output, {
      identity: () => identity,
      createdSeconds: 1_700_000_000,
      architecture: "amd64",
      expectedBytes: 0,
      onNotice() {},
    });
    const report = await writer.finish(emptyTree<null>());
    writer.close?.();
    output.commit();
    return report;
  } finally {
    output.abort();
  }
}
