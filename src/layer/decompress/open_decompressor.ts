/**
 * The table of decompressors.
 *
 * @module
 */
import type { NoticeListener } from "../../notice.ts";
import type { BlobInput } from "../blob_input.ts";
import type { Compression } from "../layer.ts";
import type { Decompressor } from "./decompressor.ts";
import { GzipDecompressor } from "./gzip.ts";
import { type Inflater, NativeInflater } from "./inflater.ts";
import { StoredDecompressor } from "./stored.ts";
import { ZstdDecompressor } from "./zstd.ts";
import { NativeZstdDecoder, type ZstdFrameDecoder } from "./zstd_frame_decoder.ts";

/**
 * Opens the decompressor of `compression` on `input`: the fast decoders of the runtime where it has
 * them, else their fallbacks. What is rarely needed is loaded when it is.
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
      return new GzipDecompressor(input, await createInflater(), onNotice);
    case "zstd":
      return new ZstdDecompressor(input, await createZstdDecoder());
    case "xz": {
      const { XzDecompressor } = await import("./xz.ts");
      return new XzDecompressor(input);
    }
    case "bzip2": {
      const { Bzip2Decompressor } = await import("./bzip2.ts");
      return new Bzip2Decompressor(input, onNotice);
    }
  }
}

async function createInflater(): Promise<Inflater> {
  const native = NativeInflater.create();
  if (native !== null) return native;
  const { StreamInflater } = await import("./stream_inflater.ts");
  return new StreamInflater();
}

async function createZstdDecoder(): Promise<ZstdFrameDecoder> {
  const native = NativeZstdDecoder.create();
  if (native !== null) return native;
  const { WasmZstdDecoder } = await import("./zstd_wasm_decoder.ts");
  return await WasmZstdDecoder.create();
}
