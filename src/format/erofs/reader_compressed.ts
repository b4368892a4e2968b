/**
 * The bytes of compressed files: finds the piece of a position, and decompresses it.
 *
 * @module
 */
import { blockDecompressor, decompressExactly } from "../../compress/block_codec.ts";
import { ImageError } from "../../image_error.ts";
import { Algorithm, ALGORITHM_NAMES } from "./compression_config.ts";
import { IncompatFeature } from "./features.ts";
import { Advise, LclusterType } from "./lcluster.ts";
import { type FoundCompressed, readCluster } from "./reader_index.ts";
import type { ErofsVolume } from "./reader_volume.ts";

/** Most bytes of a piece, compressed and not (`Z_EROFS_PCLUSTER_MAX_SIZE`, `…_MAX_DSIZE`). */
const COMPRESSED_MAX = 1024 * 1024;
const PIECE_MAX = 12 * 1024 * 1024;
/** Bytes in front of LZMA data in the form of `.lzma`. */
const LZMA_HEADER_SIZE = 13;

/** A piece of a file that is compressed on its own. */
interface Piece {
  /** First byte of the file, and the byte behind the last. */
  readonly start: number;
  readonly end: number;
  /** Where its data is in the image. */
  readonly position: number;
  /** Bytes of its data, padding included. */
  readonly size: number;
  /** Number of the algorithm, `null` where it is not compressed. */
  readonly algorithm: number | null;
  readonly isPartial: boolean;
  /** Whether it stands behind the index. */
  readonly isInline: boolean;
}

/** Reads compressed files; keeps the last piece. */
export class CompressedReader {
  readonly #volume: ErofsVolume;
  #file: FoundCompressed | null = null;
  #piece: Piece | null = null;
  #bytes = new Uint8Array(0);
  // Of the file: where the last piece starts, and where the index ends.
  #tail: { head: number; position: number } | null = null;

  /** Begins. */
  constructor(volume: ErofsVolume) {
    this.#volume = volume;
  }

  /** Fills `into` from `position` of a file; all of it is inside. */
  read(file: FoundCompressed, into: Uint8Array, position: number): void {
    if (file !== this.#file) {
      this.#file = file;
      this.#piece = null;
      this.#tail = null;
    }
    for (let done = 0; done < into.length;) {
      const piece = this.#load(file, position + done);
      const at = position + done - piece.start;
      const count = Math.min(into.length - done, piece.end - position - done);
      into.set(this.#bytes.subarray(at, at + count), done);
      done += count;
    }
  }

  #load(file: FoundCompressed, position: number): Piece {
    const known = this.#piece;
    if (known !== null && known.start <= position && position < known.end) return known;
    const piece = this.#find(file, position);
    this.#piece = null;
    this.#bytes = this.#decode(file, piece);
    this.#piece = piece;
    return piece;
  }

  #find(file: FoundCompressed, position: number): Piece {
    const volume = this.#volume;
    const clusterSize = 2 ** file.clusterBits;
    const head = this.#headOf(file, position);
    const { cluster, number } = head;
    const start = number * clusterSize + cluster.offset;
    const end = this.#endOf(file, number);
    if (end <= position || start > position || end - start > PIECE_MAX) {
      throw volume.corrupt(
        "cluster index",
        `a piece goes from ${start} to ${end}`,
        `one with ${position}, of at most ${PIECE_MAX} bytes`,
      );
    }
    const isInline = file.inlineSize > 0 && this.#tailOf(file).head === number;
    const size = isInline ? file.inlineSize : this.#sizeOf(file, number, cluster.type);
    const isPlain = cluster.type === LclusterType.plain;
    if (size === 0 || size > COMPRESSED_MAX || (isPlain && end - start > size)) {
      throw volume.corrupt(
        "cluster index",
        `${end - start} bytes of content take ${size}`,
        `at most ${COMPRESSED_MAX}, and no fewer where they are not compressed`,
      );
    }
    const isSecond = cluster.type === LclusterType.head2;
    const algorithm = isSecond ? file.algorithms >>> 4 : file.algorithms & 0xf;
    return {
      start,
      end,
      position: isInline ? this.#tailOf(file).position : cluster.startBlock * volume.blockSize,
      size,
      algorithm: isPlain ? null : algorithm,
      isPartial: cluster.isPartial,
      isInline,
    };
  }

  /** The cluster in which the piece of a position starts. */
  #headOf(file: FoundCompressed, position: number) {
    const volume = this.#volume;
    let number = Math.floor(position / 2 ** file.clusterBits);
    let cluster = readCluster(volume, file, number);
    let back = cluster.back;
    if (cluster.type !== LclusterType.nonHead) {
      if (position % 2 ** file.clusterBits >= cluster.offset) return { cluster, number };
      back = 1;
    }
    do {
      if (back === 0 || back > number) {
        throw volume.corrupt(
          "cluster index",
          `a piece starts ${back} clusters before`,
          "1 or more",
        );
      }
      number -= back;
      cluster = readCluster(volume, file, number);
      back = cluster.back;
    } while (cluster.type === LclusterType.nonHead);
    return { cluster, number };
  }

  /** Where the piece ends that starts in cluster `head`. */
  #endOf(file: FoundCompressed, head: number): number {
    const clusterSize = 2 ** file.clusterBits;
    const last = head + PIECE_MAX / clusterSize + 1;
    for (let number = head + 1; number <= last;) {
      if (number * clusterSize >= file.size) return file.size;
      const cluster = readCluster(this.#volume, file, number);
      if (cluster.type !== LclusterType.nonHead) return number * clusterSize + cluster.offset;
      number += Math.max(1, cluster.forward);
    }
    return Infinity;
  }

  /** Bytes of the data of the piece that starts in cluster `head`. */
  #sizeOf(file: FoundCompressed, head: number, type: number): number {
    const clusterSize = 2 ** file.clusterBits;
    const bigBit = type === LclusterType.head2 ? Advise.bigPcluster2 : Advise.bigPcluster1;
    const isBig = type !== LclusterType.plain && (file.advise & bigBit) !== 0;
    if (!isBig || (head + 1) * clusterSize >= file.size) return clusterSize;
    const next = readCluster(this.#volume, file, head + 1);
    if (next.type !== LclusterType.nonHead) return clusterSize;
    return next.blockCount * this.#volume.blockSize;
  }

  /** Where the last piece starts and where its data is, if it stands behind the index. */
  #tailOf(file: FoundCompressed): { head: number; position: number } {
    if (this.#tail === null) {
      const last = Math.floor((file.size - 1) / 2 ** file.clusterBits);
      const { nextPosition } = readCluster(this.#volume, file, last);
      this.#tail = { head: this.#headOf(file, file.size - 1).number, position: nextPosition };
    }
    return this.#tail;
  }

  #decode(file: FoundCompressed, piece: Piece): Uint8Array<ArrayBuffer> {
    const volume = this.#volume;
    const input = new Uint8Array(piece.size);
    volume.readData(input, piece.position);
    const size = piece.end - piece.start;
    if (piece.algorithm === null) {
      const isInterlaced = (file.advise & Advise.interlacedPcluster) !== 0 && !piece.isInline;
      return isInterlaced
        ? unrotated(input, size, piece.start % volume.blockSize, volume.blockSize)
        : input.subarray(0, size);
    }
    try {
      return this.#decompress(input, size, piece);
    } catch (error) {
      throw error instanceof ImageError
        ? error.at({ source: volume.source.name, offset: piece.position })
        : error;
    }
  }

  #decompress(input: Uint8Array, size: number, piece: Piece): Uint8Array<ArrayBuffer> {
    const volume = this.#volume;
    const name = ALGORITHM_NAMES[piece.algorithm!];
    if (name === undefined) {
      throw volume.unsupported("content", `compression is number ${piece.algorithm}`, "0 to 3");
    }
    if ((volume.superblock.featureIncompat & IncompatFeature.zeroPadding) === 0) {
      throw volume.unsupported("content", "compressed data has no 0padding", "the feature");
    }
    if (piece.isPartial) {
      throw volume.unsupported("content", "a piece is a part of what was compressed", "all of it");
    }
    const start = input.findIndex((byte) => byte !== 0);
    const data = input.subarray(start < 0 ? input.length : start);
    const output = new Uint8Array(size);
    const isLzma = piece.algorithm === Algorithm.lzma;
    decompressExactly(blockDecompressor(name), isLzma ? asLzmaFile(data, size) : data, output);
    return output;
  }
}

/** Data that is not compressed and stands in its block as its bytes do in the file's. */
function unrotated(
  input: Uint8Array,
  size: number,
  offset: number,
  blockSize: number,
): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(size);
  const first = Math.min(size, blockSize - offset);
  output.set(input.subarray(offset, offset + first));
  output.set(input.subarray(0, size - first), first);
  return output;
}

/** MicroLZMA (its first byte is the complement of the properties) in the form of `.lzma`. */
function asLzmaFile(data: Uint8Array, size: number): Uint8Array {
  const file = new Uint8Array(LZMA_HEADER_SIZE + Math.max(1, data.length));
  const view = new DataView(file.buffer);
  view.setUint8(0, data.length === 0 ? 0xff : ~data[0]);
  view.setUint32(1, PIECE_MAX, true);
  view.setUint32(5, size, true);
  file.set(data.subarray(1), LZMA_HEADER_SIZE + 1);
  return file;
}
