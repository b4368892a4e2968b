/**
 * The disk inside a qcow2 file, as a source.
 *
 * @module
 */
import { inflateRawSync } from "node:zlib";
import { decompressZstd, zstdFrameSize } from "../compress/zstd_block.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { Disk, DiskContainer } from "./disk_container.ts";
import { checkQcow2 } from "./qcow2_check.ts";
import { entryOffset, isPacked, packedPlace } from "./qcow2_entry.ts";
import {
  QCOW2_LONG_HEADER_SIZE,
  QCOW2_MAGIC,
  Qcow2Compression,
  Qcow2Feature,
  type Qcow2Header,
  readQcow2Header,
} from "./qcow2_header.ts";

const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
/** Bytes of L2 tables that are kept. */
const CACHE_BYTES = 4 * 1024 * 1024;
/** Features that need nothing of a reader, or that it knows. */
const KNOWN_FEATURES = Qcow2Feature.dirty + Qcow2Feature.compressionType;

/** Whether a file that begins with `head` is a qcow2 file. */
export function isQcow2(head: Uint8Array): boolean {
  return head.length >= 8 && [0x51, 0x46, 0x49, 0xfb].every((byte, i) => head[i] === byte);
}

/**
 * The disk in the qcow2 file `file`, plain or compressed; it closes `file` with itself.
 *
 * Throws `ImageError` `CORRUPT`, and `UNSUPPORTED` for a backing file, encryption and features that
 * need more than this; reading throws `CORRUPT`.
 */
export function openQcow2(file: ByteSource): Disk {
  const bytes = new Uint8Array(QCOW2_LONG_HEADER_SIZE);
  const found = file.read(bytes, 0);
  if (found < 72) throw corrupt(file, `it has ${found} bytes`, "a header of 72 or more");
  const header = readQcow2Header(new DataView(bytes.buffer), 0);
  checkHeader(file, header);
  const container: DiskContainer = {
    name: "qcow2",
    details: { diskSize: header.size, qcow2ClusterSize: 2 ** header.clusterBits },
    check: (onProblem, signal) => checkQcow2(file, header, onProblem, signal),
  };
  return { image: new Qcow2Source(file, header), containers: [container] };
}

function checkHeader(file: ByteSource, header: Qcow2Header): void {
  const { version, clusterBits, incompatible, incompatibleHigh, compressionType } = header;
  if (header.magic !== QCOW2_MAGIC) throw corrupt(file, "the magic number is another", "QFI");
  if (version !== 2 && version !== 3) {
    throw unsupported(file, `its version is ${version}`, "2 or 3");
  }
  if (header.backingFileOffset !== 0) {
    throw unsupported(file, "it has a backing file", "a file that has all of the disk");
  }
  if (header.cryptMethod !== 0) throw unsupported(file, "it is encrypted", "a plain one");
  const features = incompatible & ~KNOWN_FEATURES;
  if ((incompatible & Qcow2Feature.corrupt) !== 0) {
    throw corrupt(file, "it is marked as corrupt", "a file that is not");
  }
  if (features !== 0 || incompatibleHigh !== 0) {
    const names = (incompatible & Qcow2Feature.externalData) !== 0
      ? "its data is in another file"
      : (incompatible & Qcow2Feature.extendedL2) !== 0
      ? "it has extended L2 entries"
      : `it has incompatible features 0x${incompatible.toString(16)}`;
    throw unsupported(file, names, "a file without");
  }
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
    throw corrupt(
      file,
      `a cluster has 2^${clusterBits} bytes`,
      `2^${MIN_CLUSTER_BITS} to 2^${MAX_CLUSTER_BITS}`,
    );
  }
  if (compressionType !== Qcow2Compression.deflate && compressionType !== Qcow2Compression.zstd) {
    throw unsupported(file, `its compression type is ${compressionType}`, "0 or 1");
  }
  if (header.size > Number.MAX_SAFE_INTEGER) {
    throw corrupt(file, `the disk has ${header.size} bytes`, "fewer than 2^53");
  }
  const clusterSize = 2 ** clusterBits;
  const needed = Math.ceil(header.size / clusterSize / (clusterSize / 8));
  if (header.l1Size < needed) {
    throw corrupt(file, `the L1 table has ${header.l1Size} entries`, `at least ${needed}`);
  }
}

class Qcow2Source implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: ByteSource;
  readonly #header: Qcow2Header;
  readonly #clusterSize: number;
  // L2 tables by their number, those that were used last at the end.
  readonly #tables = new Map<number, DataView | null>();
  readonly #tableCount: number;
  // The compressed cluster that was read last, by its number.
  readonly #cluster: Uint8Array;
  #clusterNumber = -1;

  constructor(file: ByteSource, header: Qcow2Header) {
    this.name = file.name;
    this.size = header.size;
    this.#file = file;
    this.#header = header;
    this.#clusterSize = 2 ** header.clusterBits;
    this.#tableCount = Math.max(2, CACHE_BYTES / this.#clusterSize);
    this.#cluster = new Uint8Array(this.#clusterSize);
  }

  read(into: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    for (let done = 0; done < length;) {
      const number = Math.floor((position + done) / this.#clusterSize);
      const inside = (position + done) % this.#clusterSize;
      const piece = into.subarray(done, Math.min(length, done + this.#clusterSize - inside));
      this.#readCluster(number, inside, piece);
      done += piece.length;
    }
    return length;
  }

  close(): void {
    this.#file.close();
  }

  #readCluster(number: number, inside: number, piece: Uint8Array): void {
    const perTable = this.#clusterSize / 8;
    const table = this.#table(Math.floor(number / perTable));
    if (table === null) {
      piece.fill(0);
      return;
    }
    const at = number % perTable * 8;
    const [high, low] = [table.getUint32(at), table.getUint32(at + 4)];
    if (isPacked(high)) {
      if (this.#clusterNumber !== number) this.#decompress(number, high, low);
      piece.set(this.#cluster.subarray(inside, inside + piece.length));
      return;
    }
    const offset = entryOffset(high, low);
    // The lowest bit says zeros, whatever is at the offset.
    if (offset === 0 || low % 2 === 1) {
      piece.fill(0);
      return;
    }
    this.#expectAligned(offset, "cluster");
    this.#readAll(piece, offset + inside);
  }

  /** The L2 table of that number, `null` where there is none. */
  #table(number: number): DataView | null {
    let table = this.#tables.get(number);
    if (table === undefined) {
      table = this.#loadTable(number);
      if (this.#tables.size >= this.#tableCount) {
        this.#tables.delete(this.#tables.keys().next().value!);
      }
    } else {
      this.#tables.delete(number);
    }
    this.#tables.set(number, table);
    return table;
  }

  #loadTable(number: number): DataView | null {
    const entry = new DataView(new ArrayBuffer(8));
    this.#readAll(new Uint8Array(entry.buffer), this.#header.l1TableOffset + 8 * number);
    const offset = entryOffset(entry.getUint32(0), entry.getUint32(4));
    if (offset === 0) return null;
    this.#expectAligned(offset, "L2 table");
    const bytes = new Uint8Array(this.#clusterSize);
    this.#readAll(bytes, offset);
    return new DataView(bytes.buffer);
  }

  #decompress(number: number, high: number, low: number): void {
    const { offset, size: wanted } = packedPlace(high, low, this.#header.clusterBits);
    const packed = new Uint8Array(wanted);
    // The last sector may end behind the file.
    const found = offset < this.#file.size ? this.#file.read(packed, offset) : 0;
    this.#clusterNumber = -1;
    const size = this.#unpack(packed.subarray(0, found), offset);
    if (size !== this.#clusterSize) {
      throw corrupt(
        this.#file,
        `a compressed cluster has ${size} bytes`,
        `${this.#clusterSize}`,
        offset,
      );
    }
    this.#clusterNumber = number;
  }

  #unpack(packed: Uint8Array, offset: number): number {
    try {
      if (this.#header.compressionType === Qcow2Compression.zstd) {
        return decompressZstd(packed.subarray(0, zstdFrameSize(packed)), this.#cluster);
      }
      const bytes = inflateRawSync(packed, {
        maxOutputLength: this.#clusterSize,
        chunkSize: this.#clusterSize + 64,
      });
      this.#cluster.set(bytes);
      return bytes.length;
    } catch (error) {
      if (error instanceof ImageError) throw error.at({ source: this.#file.name, offset });
      const observed = error instanceof Error ? error.message : String(error);
      throw corrupt(this.#file, `a compressed cluster is broken (${observed})`, "deflate", offset);
    }
  }

  #readAll(into: Uint8Array, offset: number): void {
    const isInside = offset + into.length <= this.#file.size;
    if (isInside && this.#file.read(into, offset) === into.length) return;
    throw corrupt(this.#file, "it ends early", `${offset + into.length} bytes or more`, offset);
  }

  #expectAligned(offset: number, what: string): void {
    if (offset % this.#clusterSize === 0) return;
    throw corrupt(this.#file, `a ${what} is at ${offset}`, "the start of a cluster", offset);
  }
}

function corrupt(
  file: ByteSource,
  observed: string,
  expected: string,
  offset?: number,
): ImageError {
  return new ImageError("CORRUPT", message(file, observed, expected), {
    where: { source: file.name, offset },
  });
}

function unsupported(file: ByteSource, observed: string, expected: string): ImageError {
  return new ImageError("UNSUPPORTED", message(file, observed, expected), {
    where: { source: file.name },
  });
}

function message(file: ByteSource, observed: string, expected: string): string {
  return `Cannot read qcow2 file "${file.name}": ${observed}, expected ${expected}`;
}
