/**
 * Blocks of zstd: one frame each. RFC 8878.
 *
 * The runtime's decoder takes a frame that ends early for a whole one, and stops after the first:
 * so the extent of the frame is found from its headers before it is decoded.
 *
 * @module
 */
import { constants, zstdCompressSync, zstdDecompressSync, type ZstdOptions } from "node:zlib";
import type { ImageError } from "../image_error.ts";
import { brokenBlock } from "./broken_block.ts";

const ZSTD_MAGIC = 0xfd2fb528;
const OVERHEAD = 1024;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
/** Bytes of the field that states the content size, by its two bits; the first is 1 in one segment. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/**
 * Compresses `input` into `output`; answers the size, 0 where it does not fit. A decoder needs to
 * keep 2^`windowLog` bytes at most, where that is given.
 */
export function compressZstd(
  input: Uint8Array,
  output: Uint8Array,
  level: number,
  windowLog?: number,
): number {
  const options: ZstdOptions & { pledgedSrcSize: number } = {
    chunkSize: input.length + OVERHEAD,
    // The encoder then suits its tables to the size, which makes small blocks smaller.
    pledgedSrcSize: input.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      ...windowLog === undefined ? {} : { [constants.ZSTD_c_windowLog]: windowLog },
    },
  };
  const bytes = zstdCompressSync(input, options);
  if (bytes.length > output.length) return 0;
  output.set(bytes);
  return bytes.length;
}

/** Decompresses `input`, one frame, into `output`; answers the size. */
export function decompressZstd(input: Uint8Array, output: Uint8Array): number {
  const stated = checkFrame(input);
  if (stated !== null && stated > output.length) throw tooLarge(stated, output.length);
  let bytes: Uint8Array;
  try {
    bytes = zstdDecompressSync(input, {
      maxOutputLength: output.length,
      chunkSize: Math.max(64, output.length + 1),
    });
  } catch (error) {
    const observed = error instanceof Error ? error.message : `${error}`;
    throw brokenBlock("zstd block", observed, `at most ${output.length} bytes of data`, error);
  }
  if (bytes.length > output.length) throw tooLarge(bytes.length, output.length);
  if (stated !== null && stated !== bytes.length) {
    throw brokenBlock("zstd block", `it has ${bytes.length} bytes`, `${stated}`);
  }
  output.set(bytes);
  return bytes.length;
}

/** How many bytes the frame at the start of `input` has. Throws `ImageError` `CORRUPT`. */
export function zstdFrameSize(input: Uint8Array): number {
  return readFrame(input).size;
}

/**
 * Checks that `input` is exactly one frame; answers the content size that it states, `null` for
 * none. Throws `ImageError` `CORRUPT`.
 */
function checkFrame(input: Uint8Array): number | null {
  const { size, stated } = readFrame(input);
  if (size !== input.length) {
    throw brokenBlock("zstd block", `${input.length - size} bytes are behind the frame`, "none");
  }
  return stated;
}

/** Extent of the frame at the start of `input`, and the content size that it states. */
function readFrame(input: Uint8Array): { size: number; stated: number | null } {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const need = (end: number) => {
    if (end > input.length) {
      throw brokenBlock("zstd block", `it ends at byte ${input.length}`, `${end} or more`);
    }
  };
  need(5);
  const magic = view.getUint32(0, true);
  if (magic !== ZSTD_MAGIC) {
    throw brokenBlock("zstd block", `the magic number is 0x${magic.toString(16)}`, "0xfd2fb528");
  }
  const descriptor = input[4];
  if ((descriptor & 0x0b) !== 0) {
    throw brokenBlock("zstd block", "it has a dictionary or reserved bits", "neither");
  }
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag];
  let at = 5 + (isSingleSegment ? 0 : 1);
  need(at + sizeBytes);
  const stated = statedSize(view, at, sizeBytes);
  at += sizeBytes;
  for (let isLast = false; !isLast;) {
    need(at + 3);
    const header = input[at] + input[at + 1] * 0x100 + input[at + 2] * 0x10000;
    isLast = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    if (type === BLOCK_RESERVED) throw brokenBlock("zstd block", "a part has type 3", "0 to 2");
    at += 3 + (type === BLOCK_RLE ? 1 : header >> 3);
    need(at);
  }
  if ((descriptor & 0x04) !== 0) at += 4;
  need(at);
  return { size: at, stated };
}

function statedSize(view: DataView, at: number, sizeBytes: number): number | null {
  switch (sizeBytes) {
    case 0:
      return null;
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  }
}

function tooLarge(size: number, most: number): ImageError {
  return brokenBlock("zstd block", `it has ${size} bytes`, `at most ${most}`);
}
