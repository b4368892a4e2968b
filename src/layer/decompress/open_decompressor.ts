/**
 * The table of decompressors.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { NoticeListener } from "../../notice.ts";
import type { BlobInput } from "../blob_input.ts";
import type { Compression } from "../layer.ts";
import type { Decompressor } from "./decompressor.ts";
import { GzipDecompressor } from "./gzip.ts";
import { NativeInflater } from "./inflater.ts";
import { StoredDecompressor } from "./stored.ts";
import { ZstdDecompressor } from "./zstd.ts";
import { NativeZstdDecoder } from "./zstd_frame_decoder.ts";

/**
 * Opens the decompressor of `compression` on `input`. The slow ones are loaded when they are needed.
 */
export async function openDecompressor(
  compression: Compression,
  input: BlobInput,
  onNotice: NoticeListener,
): Promise<Decompressor> {
  switch (compression) {
    case "none":
      return new StoredDecompressor(input);
    case "gzip":
      return new GzipDecompressor(input, NativeInflater.create()!, onNotice);
    case "zstd":
      return new ZstdDecompressor(input, NativeZstdDecoder.create()!);
    default:
      return await Promise.reject(
        new ImageError("UNSUPPORTED", `Cannot decompress "${compression}" data: not available`),
      );
  }
}
