/**
 * Blocks in the older `.lzma` form: properties, dictionary size and content size, then LZMA data.
 *
 * @module
 */
import { brokenBlock } from "./broken_block.ts";
import { LzmaDecoder } from "./lzma_decoder.ts";

const HEADER_SIZE = 13;

/** Decompresses `input` into `output`; answers the size. */
export function decompressLzma(input: Uint8Array, output: Uint8Array): number {
  if (input.length < HEADER_SIZE) {
    throw brokenBlock("lzma block", `it has ${input.length} bytes`, `${HEADER_SIZE} or more`);
  }
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const low = view.getUint32(5, true);
  const high = view.getUint32(9, true);
  const isOpen = low === 0xffffffff && high === 0xffffffff;
  const size = isOpen ? output.length : low + high * 2 ** 32;
  if (size > output.length) {
    throw brokenBlock("lzma block", `it has ${size} bytes`, `at most ${output.length}`);
  }
  const decoder = new LzmaDecoder(output);
  decoder.setProperties(input[0]);
  decoder.decode(input, HEADER_SIZE, input.length, size, isOpen);
  return decoder.size;
}
