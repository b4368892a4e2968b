/**
 * Bytes that were placed but are not in the tree: they must not be in the image either.
 *
 * Blocks of a dead file become zeros. In a fragment block, its part becomes zeros and the block is
 * compressed again; where that takes more room than before, the block moves behind all others.
 *
 * @module
 */
import {
  type CompressBlock,
  type DecompressBlock,
  decompressExactly,
} from "../../compress/block_codec.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import type { SquashfsContent } from "./content.ts";
import { type FragmentEntry, storedBytes, UNCOMPRESSED_BLOCK } from "./fragment.ts";
import { NONE } from "./inode.ts";
import type { SequentialOutput } from "./sequential_output.ts";

const PIECE_SIZE = 256 * 1024;

/** What erasing works on. */
export interface EraserParts {
  /** The image, to be read back. */
  readonly sink: ByteSink;
  /** The image, to be written. */
  readonly output: SequentialOutput;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Compresses a fragment block, `null` for never. */
  readonly compress: CompressBlock | null;
  /** Undoes that. */
  readonly decompress: DecompressBlock;
}

/** Makes the bytes of dead files zeros, step by step; all of them are stored. */
export function* eraseDead(
  parts: EraserParts,
  dead: readonly SquashfsContent[],
  fragments: FragmentEntry[],
): Generator<void> {
  const byFragment = new Map<number, SquashfsContent[]>();
  for (const content of dead) {
    const stored = content.blockSizes.reduce((sum, size) => sum + storedBytes(size), 0);
    writeZeros(parts.output, content.start, stored);
    yield;
    if (content.fragment === NONE) continue;
    const others = byFragment.get(content.fragment);
    if (others === undefined) byFragment.set(content.fragment, [content]);
    else others.push(content);
  }
  for (const [number, contents] of [...byFragment].sort(([a], [b]) => a - b)) {
    fragments[number] = eraseInFragment(parts, contents, fragments[number]);
    yield;
  }
}

/** Answers where the fragment block is now. */
function eraseInFragment(
  parts: EraserParts,
  dead: readonly SquashfsContent[],
  entry: FragmentEntry,
): FragmentEntry {
  const { output, blockSize, compress } = parts;
  const block = readFragment(parts, entry);
  for (const { offset, size } of dead) block.fill(0, offset, offset + size % blockSize);
  const packed = new Uint8Array(block.length - 1);
  const packedSize = compress === null ? 0 : compress(block, packed);
  const bytes = packedSize === 0 ? block : packed.subarray(0, packedSize);
  const size = packedSize === 0 ? block.length + UNCOMPRESSED_BLOCK : packedSize;
  const room = storedBytes(entry.size);
  if (bytes.length > room) {
    writeZeros(output, entry.start, room);
    const start = output.position;
    output.write(bytes);
    return { start, size };
  }
  output.writeAt(bytes, entry.start);
  writeZeros(output, entry.start + bytes.length, room - bytes.length);
  return { start: entry.start, size };
}

function readFragment({ sink, output, blockSize, decompress }: EraserParts, entry: FragmentEntry) {
  if (sink.read === undefined) {
    throw new ImageError(
      "UNSUPPORTED",
      "Cannot take dead files out of the image: the output cannot be read back, expected a file",
    );
  }
  output.flush();
  const stored = new Uint8Array(storedBytes(entry.size));
  sink.read(stored, entry.start);
  if (entry.size >= UNCOMPRESSED_BLOCK) return stored;
  const block = new Uint8Array(blockSize);
  const size = decompress(stored, block);
  const exact = block.subarray(0, size);
  decompressExactly(decompress, stored, exact);
  return exact;
}

function writeZeros(output: SequentialOutput, position: number, byteCount: number): void {
  const zeros = new Uint8Array(Math.min(byteCount, PIECE_SIZE));
  for (let done = 0; done < byteCount; done += PIECE_SIZE) {
    const size = Math.min(PIECE_SIZE, byteCount - done);
    output.writeAt(zeros.subarray(0, size), position + done);
  }
}
