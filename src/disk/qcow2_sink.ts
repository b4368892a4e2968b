/**
 * The disk inside a qcow2 file, as an output: clusters get their place in the file when something
 * is first written to them.
 *
 * @module
 */
import { alignUp } from "../bytes/align.ts";
import type { ByteSink } from "../io/byte_sink.ts";
import { CLUSTER_SIZE, Qcow2Tables } from "./qcow2_tables.ts";
import { WindowSink } from "./window_sink.ts";
import { readerOf } from "./wrapped_format.ts";
import { ZeroTest } from "./zero_bytes.ts";

/** The disk of one file. */
export class Qcow2Sink implements ByteSink {
  readonly #file: WindowSink;
  readonly #tables = new Qcow2Tables();
  readonly #zeroTest = new ZeroTest();
  // Places of clusters that were cut off; they hold zeros.
  readonly #free: number[] = [];
  // The header has the first cluster.
  #clusterCount = 1;
  /** Bytes of the disk. */
  #size = 0;

  /** Begins a disk in `file`. */
  constructor(file: ByteSink) {
    this.#file = new WindowSink(file, 0);
    if (file.read !== undefined) this.read = (into, position) => this.#read(into, position);
  }

  /** Reads back; absent where the file does not. */
  readonly read?: (into: Uint8Array, position: number) => void;

  /** Writes all of `bytes` at `position` of the disk. */
  write(bytes: Uint8Array, position: number): void {
    this.#size = Math.max(this.#size, position + bytes.length);
    // What follows each other in the file too goes out in one write.
    let runStart = 0;
    let runPosition = 0;
    let runSize = 0;
    const flush = () => {
      if (runSize === 0) return;
      this.#file.write(bytes.subarray(runStart, runStart + runSize), runPosition);
      runSize = 0;
    };
    for (const { cluster, inside, at, size } of pieces(bytes.length, position)) {
      const offset = this.#placeFor(cluster, bytes.subarray(at, at + size));
      if (offset === 0) continue;
      if (runSize === 0 || runPosition + runSize !== offset + inside || runStart + runSize !== at) {
        flush();
        runStart = at;
        runPosition = offset + inside;
      }
      runSize += size;
    }
    flush();
  }

  /** Makes the disk `size` bytes long. */
  truncate(size: number): void {
    if (size < this.#size) this.#cut(size);
    this.#size = size;
  }

  /** Writes header and tables, and answers what there is now. */
  finish(): { diskSize: number; fileSize: number; writtenBytes: number } {
    const diskSize = alignUp(this.#size, 512);
    const fileSize = this.#tables.write(this.#file, diskSize, this.#clusterCount, false);
    return { diskSize, fileSize, writtenBytes: Math.min(fileSize, this.#file.writtenBytes) };
  }

  /** Where the cluster is in the file; 0 where zeros need no place. */
  #placeFor(cluster: number, bytes: Uint8Array): number {
    const known = this.#tables.offsetOf(cluster);
    if (known !== 0 || this.#zeroTest.isZero(bytes)) return known;
    const offset = this.#free.pop() ?? this.#clusterCount++ * CLUSTER_SIZE;
    this.#tables.setCluster(cluster, offset);
    return offset;
  }

  #read(into: Uint8Array, position: number): void {
    const read = readerOf(this.#file, "a qcow2 file");
    for (const { cluster, inside, at, size } of pieces(into.length, position)) {
      const piece = into.subarray(at, at + size);
      const offset = this.#tables.offsetOf(cluster);
      if (offset === 0) piece.fill(0);
      else read(piece, offset + inside);
    }
  }

  /** Nothing that was cut off may stay readable in the file. */
  #cut(size: number): void {
    const zeros = new Uint8Array(CLUSTER_SIZE);
    const last = this.#tables.offsetOf(Math.floor(size / CLUSTER_SIZE));
    const kept = size % CLUSTER_SIZE;
    if (kept > 0 && last !== 0) this.#file.write(zeros.subarray(kept), last + kept);
    for (const offset of this.#tables.cut(Math.ceil(size / CLUSTER_SIZE))) {
      this.#file.write(zeros, offset);
      this.#free.push(offset);
    }
  }
}

/** The clusters that `length` bytes at `position` touch. */
function* pieces(
  length: number,
  position: number,
): Generator<{ cluster: number; inside: number; at: number; size: number }> {
  for (let at = 0; at < length;) {
    const cluster = Math.floor((position + at) / CLUSTER_SIZE);
    const inside = (position + at) % CLUSTER_SIZE;
    const size = Math.min(CLUSTER_SIZE - inside, length - at);
    yield { cluster, inside, at, size };
    at += size;
  }
}
